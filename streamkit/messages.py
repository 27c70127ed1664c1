"""Messages of a conversation: plain dicts in the shape that chat APIs take, so they mix with the user's own, and with
the message objects of the official library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, Required, TypeAlias, TypedDict

from .checks import kind_of

__all__ = [
    "FunctionCall",
    "Message",
    "MessageModel",
    "Messages",
    "ToolCallPart",
    "assistant",
    "messages_of",
    "system",
    "turn",
    "user",
]

PARSED = frozenset({"parsed", "parsed_arguments"})
PARTS = frozenset({"content", "function", "output", "tool_calls"})
"""Fields of a message that hold further parts of it."""


class MessageModel(Protocol):
    """A message as a pydantic model, as the official library gives it."""

    def model_dump(self, *, mode: str, by_alias: bool, exclude_none: bool, warnings: bool) -> dict[str, Any]: ...


Messages: TypeAlias = "str | Sequence[Mapping[str, Any] | MessageModel]"
"""A conversation, or a single turn of the user."""


class FunctionCall(TypedDict):
    """Name and arguments (JSON text, as the model wrote it) of one call."""

    name: str
    arguments: str


class ToolCallPart(TypedDict):
    """One entry of an assistant message's ``tool_calls``."""

    id: str
    type: Literal["function"]
    function: FunctionCall


class Message(TypedDict, total=False):
    """One turn. Any other key that a server understands may stand beside these."""

    role: Required[str]
    content: Required[str | list[dict[str, Any]] | None]
    name: str
    refusal: str
    reasoning_content: str
    tool_calls: list[ToolCallPart]
    tool_call_id: str


def system(text: str) -> Message:
    """An instruction to the model."""
    return {"role": "system", "content": _content(text)}


def user(text: str) -> Message:
    """A turn of the user."""
    return {"role": "user", "content": _content(text)}


def assistant(text: str) -> Message:
    """A turn of the model, for conversations that do not start empty."""
    return {"role": "assistant", "content": _content(text)}


def _content(text: Any) -> Any:
    """A text; or a list of parts, which servers take too."""
    if not isinstance(text, (str, list)):
        hint = ": write reply.text" if hasattr(text, "outcome") else ""
        raise TypeError(f"the text of a message is a str, not {kind_of(text)}{hint}")
    return text


def turn(text: str, refusal: str, reasoning: str, calls: list[ToolCallPart]) -> Message:
    """What the model said in one turn. Reasoning goes along with calls only: models that think between calls want it
    back, and others may refuse it."""
    message: Message = {"role": "assistant", "content": text}
    if refusal:
        message["refusal"] = refusal
    if calls:
        message["content"] = text or None
        message["tool_calls"] = calls
        if reasoning:
            message["reasoning_content"] = reasoning
    return message


def messages_of(given: Messages) -> list[Mapping[str, Any]]:
    """The conversation as plain dicts, each a copy; TypeError for anything else, ValueError for what has no end."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, Iterable) or isinstance(given, (Mapping, bytes)) or _is_model(given):
        hint = ": write [message]" if isinstance(given, Mapping) or _is_model(given) else ""
        raise TypeError(f"messages are a str or a list of dicts with a role, not {kind_of(given)}{hint}")
    return [_as_message(one) for one in given]


def _as_message(given: Any) -> Mapping[str, Any]:
    if not (isinstance(given, Mapping) or _is_model(given)):
        hint = "of a reply write *reply.messages" if hasattr(given, "outcome") else "write sk.user(text)"
        raise TypeError(f"messages are a str or a list of dicts with a role, not of {kind_of(given)}: {hint}")
    try:
        form: dict[str, Any] = _plain(given)
    except RecursionError as exc:
        raise ValueError("a message is nested too deeply, or holds itself") from exc
    if _is_model(given) and "role" in form and hasattr(given, "content"):
        form.setdefault("content", None)  # a turn of calls alone: not every server takes it without
    if not ("role" in form or "type" in form):
        raise TypeError(f"a message is a dict with a role, as sk.user(text) gives it; one has only {sorted(form)}")
    return form


def _is_model(value: Any) -> bool:
    return callable(getattr(value, "model_dump", None)) and not isinstance(value, type)


def _plain(value: Any) -> Any:
    """Models, also within dicts, as dicts. What is null in one was not said."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if not _is_model(value):
        return value
    return _said(value.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False))


def _said(form: Any) -> Any:
    """What helpers of the official library have parsed is left out, where they put it: no server knows it."""
    if isinstance(form, list):
        return [_said(item) for item in form]
    if not isinstance(form, dict):
        return form
    return {name: _said(item) if name in PARTS else item for name, item in form.items() if name not in PARSED}
