"""A reply as items of the Responses API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .piece import Call, Piece
from .slots import fill

__all__ = ["responses_turn"]


def responses_turn(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """The items in the order of the reply.

    A reasoning item stands directly before what it led to; one that nothing follows, as in a reply that was cut, is
    left out: the API refuses it. Text that is in no item, or that was changed, is a message without an id.
    """
    turn: list[dict[str, Any]] = []
    has_follower = False
    for piece in reversed(pieces):
        item = _item(piece)
        if item is not None and (has_follower or item.get("type") != "reasoning"):
            turn.append(item)
            has_follower = True
        else:
            has_follower = False
    return turn[::-1]


def _item(piece: Piece) -> dict[str, Any] | None:
    if piece.call is not None:
        return _call_item(piece.call)
    form = fill(piece)
    if form is not None or not (piece.text or piece.refusal):
        return form
    if not piece.refusal:
        return {"role": "assistant", "content": piece.text}
    text = [{"type": "output_text", "text": piece.text}] if piece.text else []
    return {"role": "assistant", "content": [*text, {"type": "refusal", "refusal": piece.refusal}]}


def _call_item(call: Call) -> dict[str, Any]:
    extra = call.extra or {}
    kind = extra.get("type", "function_call")
    given = "input" if kind == "custom_tool_call" else "arguments"
    return {"type": kind, **extra, "call_id": call.id, "name": call.name, given: call.arguments}
