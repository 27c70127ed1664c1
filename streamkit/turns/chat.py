"""A reply as a message of chat completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .piece import Call, Piece
from .slots import fill_field, is_sealed

__all__ = ["chat_turn", "is_legacy", "tool_call_part"]

MESSAGE = "message"
"""The kind of the piece whose form has the further fields of the message."""
LEGACY = "function_call"
"""The type of a call in the form before ``tool_calls``: a field of its own, without an id."""
OTHERS = ("responses", "anthropic", "gemini", "ollama")
"""The APIs with forms of their own."""


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
        if piece.kind == MESSAGE and piece.form is not None and "type" not in piece.form:  # an item has a type
            whole.form = piece.form
    calls = [piece.call for piece in pieces if piece.call is not None]
    fields = _further_fields(whole, bool(calls))
    if not (whole.text or whole.refusal or calls or "audio" in fields):
        return []
    return [{"role": "assistant", "content": _content(whole), **_called(calls), **fields}]


def _content(whole: Piece) -> Any:
    if not whole.refusal:
        return whole.text or None
    text = [{"type": "text", "text": whole.text}] if whole.text else []
    return [*text, {"type": "refusal", "refusal": whole.refusal}]


def _called(calls: Sequence[Call]) -> dict[str, Any]:
    """The fields that hold the calls."""
    legacy = next((call for call in calls if is_legacy(call)), None)
    parts = [_with_arguments(tool_call_part(call)) for call in calls if call is not legacy]
    fields: dict[str, Any] = {"tool_calls": parts} if parts else {}
    if legacy is not None:
        fields[LEGACY] = {"name": legacy.name, "arguments": legacy.arguments or "{}"}
    return fields


def _with_arguments(part: dict[str, Any]) -> dict[str, Any]:
    """A call whose arguments are those of an empty object if there are none: servers refuse a text that is not JSON,
    and with it every later request (MetaFARS/codex-relay #57)."""
    function = part.get("function")
    return {**part, "function": {**function, "arguments": function["arguments"] or "{}"}} if function else part


def _further_fields(whole: Piece, has_calls: bool) -> dict[str, Any]:
    """The fields of the form that fit. Where one did not because its text was changed, thoughts go back as plain text,
    unless a signature says what they were."""
    plain = {"reasoning_content": whole.reasoning} if has_calls and whole.reasoning else {}
    if whole.form is None:
        return plain
    fields = {name: _filled(name, value, whole) for name, value in whole.form.items()}
    lost = [whole.form[name] for name, value in fields.items() if value is None]
    fields = {name: value for name, value in fields.items() if value is not None}
    return plain | fields if lost and not any(map(is_sealed, lost)) else fields


def _filled(name: str, value: Any, whole: Piece) -> Any:
    """A field with the texts of the message in its slots; None if they do not fit."""
    form = fill_field(name, value, whole)
    if form is None or name != "content":
        return None if form is None else form[name]
    return [part for part in form[name] if part != {"type": "text", "text": ""}]


def _extra(call: Call) -> dict[str, Any]:
    """The further fields of a call in this form; those of other APIs have no place here."""
    extra = call.extra or {}
    if call.api in OTHERS:
        return {"type": "custom"} if extra.get("type") == "custom_tool_call" else {}
    return dict(extra)


def is_legacy(call: Call) -> bool:
    """True if a call came in the form before ``tool_calls``."""
    return _extra(call).get("type") == LEGACY


def tool_call_part(call: Call) -> dict[str, Any]:
    """The entry of ``tool_calls`` for a call."""
    extra = _extra(call)
    kind = "custom" if extra.pop("type", "") == "custom" else "function"
    inner = {"name": call.name, "input" if kind == "custom" else "arguments": call.arguments}
    return {"id": call.id, "type": kind, kind: {**extra.pop(kind, {}), **inner}, **extra}
