"""A reply as a content of Gemini's own API, which consists of parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .anthropic import arguments_object
from .piece import Call, Piece
from .slots import fill

__all__ = ["gemini_turn"]


def gemini_turn(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """One content with the parts in the order of the reply; none if there are no parts. A part with a signature is
    never joined with another."""
    parts = [part for piece in pieces for part in _parts(piece)]
    return [{"role": "model", "parts": parts}] if parts else []


def _parts(piece: Piece) -> Iterator[dict[str, Any]]:
    form = fill(piece)
    if piece.call is not None:
        yield _call_part(piece.call)
    elif form is not None:
        yield form
    elif text := piece.text or piece.refusal:
        yield {"text": text}


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
