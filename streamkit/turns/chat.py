"""A reply as a message of chat completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .piece import Call, Piece
from .slots import fill

__all__ = ["chat_turn", "tool_call_part"]

MESSAGE = "message"
"""The kind of the piece whose form has the further fields of the message."""


def chat_turn(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """One message with the text, the refusal as a part of its content, and the calls; none if there is nothing.

    The further fields (thoughts under the server's name for them, signatures) are those that the server's entry in the
    table of `wire` asked for when the reply was read. Where that is not known, thoughts stand beside calls only: models
    that think between calls want them back, and others may refuse them.
    """
    whole = Piece(MESSAGE)
    for piece in pieces:
        whole.text, whole.reasoning = whole.text + piece.text, whole.reasoning + piece.reasoning
        whole.refusal += piece.refusal
        whole.form = piece.form if piece.kind == MESSAGE and piece.form is not None else whole.form
    calls = [tool_call_part(piece.call) for piece in pieces if piece.call is not None]
    if not (whole.text or whole.refusal or calls):
        return []
    message: dict[str, Any] = {"role": "assistant", "content": _content(whole)}
    if calls:
        message["tool_calls"] = calls
    return [message | _further_fields(whole, bool(calls))]


def _content(whole: Piece) -> Any:
    if not whole.refusal:
        return whole.text or None
    text = [{"type": "text", "text": whole.text}] if whole.text else []
    return [*text, {"type": "refusal", "refusal": whole.refusal}]


def _further_fields(whole: Piece, has_calls: bool) -> dict[str, Any]:
    plain = {"reasoning_content": whole.reasoning} if has_calls and whole.reasoning else {}
    if whole.form is None:
        return plain
    used = _kinds_in(whole.form)
    texts = {kind: getattr(whole, kind) if kind in used else "" for kind in ("text", "reasoning", "refusal")}
    filled = fill(Piece(MESSAGE, texts["text"], texts["reasoning"], texts["refusal"], form=whole.form))
    return plain if filled is None else filled


def _kinds_in(form: Any) -> set[str]:
    """The kinds of text for which a form has slots."""
    if isinstance(form, dict):
        own = {name[1:] for name in form if name in ("@text", "@reasoning", "@refusal")}
        return own.union(*map(_kinds_in, form.values()))
    return set().union(*map(_kinds_in, form)) if isinstance(form, list) else set()


def tool_call_part(call: Call) -> dict[str, Any]:
    """The entry of ``tool_calls`` for a call."""
    extra = call.extra or {}
    kind = extra.get("type", "function")
    inner = {"name": call.name, "input" if kind == "custom" else "arguments": call.arguments}
    return {
        "id": call.id,
        "type": kind,
        kind: inner,
        **{name: value for name, value in extra.items() if name != "type"},
    }
