"""A reply as a message of Anthropic's Messages API, which consists of blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from .piece import Call, Piece
from .slots import fill

__all__ = ["anthropic_turn", "arguments_object"]

THOUGHTS = ("thinking", "redacted_thinking")


def anthropic_turn(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """One message with the blocks in the order of the reply; none if there are no blocks.

    Thoughts go back with their signature and unchanged, or not at all: the API refuses any other, and thoughts at the
    end of a turn. Blocks of text that are empty are left out, and so is a tool of the server without a result.
    """
    blocks = [block for piece in pieces for block in _blocks(piece)]
    answered = {block.get("tool_use_id") for block in blocks}
    content = [block for block in blocks if block.get("type") != "server_tool_use" or block.get("id") in answered]
    while content and content[-1].get("type") in THOUGHTS:
        content.pop()
    return [{"role": "assistant", "content": content}] if content else []


def _blocks(piece: Piece) -> Iterator[dict[str, Any]]:
    form = fill(piece)
    if piece.call is not None:
        yield _call_block(piece.call)
    elif form is not None:
        if form.get("type") != "text" or form.get("text", "").strip():
            yield form
    elif (text := piece.text or piece.refusal) and text.strip():
        yield {"type": "text", "text": text}


def _call_block(call: Call) -> dict[str, Any]:
    extra = call.extra or {}
    return {"type": "tool_use", **extra, "id": call.id, "name": call.name, "input": arguments_object(call.arguments)}


def arguments_object(arguments: str) -> dict[str, Any]:
    """The arguments as an object. Arguments that are not one are wrapped in one, in the way that Anthropic's page on
    fine-grained tool streaming gives, so that the error which answers them can be understood."""
    if not arguments.strip():
        return {}
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"INVALID_JSON": arguments}
