"""A reply as a content of Gemini's own API, which consists of parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .objects import arguments_object
from .piece import Call, Piece
from .slots import fill

__all__ = ["gemini_turn"]

SIGNATURE = "thoughtSignature"


def gemini_turn(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """One content with the parts in the order of the reply; none if nothing is said. A part with a signature is never
    joined with another, and keeps it if its text was changed.

    Thoughts go back where they stand, as Google's library sends them, except for those without a signature at the end
    of a reply, where they were cut.
    """
    parts = [part for piece in pieces for part in _parts(piece)]
    while parts and parts[-1].get("thought") and SIGNATURE not in parts[-1]:
        parts.pop()
    return [{"role": "model", "parts": parts}] if any(map(_says_something, parts)) else []


def _parts(piece: Piece) -> Iterator[dict[str, Any]]:
    form = fill(piece)
    if piece.call is not None:
        yield _call_part(piece.call)
    elif form is not None:
        yield form
    else:
        if piece.reasoning and piece.form is None:
            yield {"text": piece.reasoning, "thought": True}
        if text := piece.text + piece.refusal:
            yield {"text": text}


def _says_something(part: dict[str, Any]) -> bool:
    silent = ("thought", SIGNATURE) if part.get("text") and not part.get("thought") else ("text", "thought", SIGNATURE)
    return any(name not in silent for name in part)


def _call_part(call: Call) -> dict[str, Any]:
    """The part with a call; ``extra`` has the fields of the part, and of its functionCall, besides the known ones."""
    extra = call.extra or {}
    inner = {
        **extra.get("functionCall", {}),
        "id": call.id,
        "name": call.name,
        "args": arguments_object(call.arguments),
    }
    return {**extra, "functionCall": inner}
