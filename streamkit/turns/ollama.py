"""A reply as a message of Ollama's own API, which has thoughts in a field and arguments of calls as objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .objects import arguments_object
from .piece import Call, Piece
from .slots import fill

__all__ = ["ollama_turn"]


def ollama_turn(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """One message with the thoughts, the text, the images and the calls; none if there is nothing but thoughts.

    The thoughts stand beside the text and the calls, as the page on tool calling asks for (ollama/ollama:
    docs/capabilities/tool-calling.mdx); templates of models leave out those that a model does not want.
    """
    text = "".join(piece.text + piece.refusal for piece in pieces)
    thinking = "".join(piece.reasoning for piece in pieces)
    calls = [_call_entry(piece.call) for piece in pieces if piece.call is not None]
    images = [image for piece in pieces for image in (fill(piece) or {}).get("images", ())]
    if not (text or calls or images):
        return []
    further = {"thinking": thinking, "images": images, "tool_calls": calls}
    message = {"role": "assistant", "content": text}
    return [message | {name: value for name, value in further.items() if value}]


def _call_entry(call: Call) -> dict[str, Any]:
    """The entry of ``tool_calls``; ``extra`` has the fields of the entry, and of its function, besides the known
    ones."""
    extra = call.extra or {}
    known = {"name": call.name, "arguments": arguments_object(call.arguments)}
    return {**extra, "id": call.id, "function": {**extra.get("function", {}), **known}}
