"""Messages of a conversation: plain dicts in the shape that chat APIs take, so they mix with the user's own, and with
the message objects of the official library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, Required, TypeAlias, TypedDict

from .checks import type_name

__all__ = [
    "FunctionCall",
    "Message",
    "MessageModel",
    "Messages",
    "ToolCallPart",
    "assistant",
    "messages_of",
    "prompt_of",
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


def assistant(text: str | None) -> Message:
    """A turn of the model, for conversations that do not start empty; None for one of calls alone."""
    return {"role": "assistant", "content": None if text is None else _content(text)}


def _content(text: Any) -> Any:
    """A text; or a list of parts, which servers take too."""
    if not isinstance(text, (str, list, tuple)):
        hint = ": write reply.text" if hasattr(text, "outcome") else ""
        raise TypeError(f"the text of a message is a str, not {type_name(text)}{hint}")
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
    _refuse_reply("messages are a str or a list of dicts with a role", given)
    if not isinstance(given, Iterable) or isinstance(given, (Mapping, bytes)) or _is_model(given):
        hint = ": write [message]" if isinstance(given, Mapping) or _is_model(given) else ""
        raise TypeError(f"messages are a str or a list of dicts with a role, not {type_name(given)}{hint}")
    return [_as_message(one) for one in given]


def prompt_of(given: Any) -> str | list[Any]:
    """What a legacy completion continues: a text, texts, tokens, or lists of tokens; TypeError for anything else."""
    if isinstance(given, str):
        return given
    what = "a prompt is a str, or a list of str, of tokens (int) or of lists of tokens"
    _refuse_reply(what, given)
    hint = ": a conversation is for client.chat(messages)"
    if not isinstance(given, Iterable) or isinstance(given, (Mapping, bytes)):
        raise TypeError(f"{what}, not {type_name(given)}{hint if isinstance(given, Mapping) else ''}")
    prompt = list(given)
    if not any(all(fits(one) for one in prompt) for fits in (_is_text, _is_token, _is_tokens)):
        odd = [one for one in prompt if not (_is_text(one) or _is_token(one) or _is_tokens(one))]
        raise TypeError(f"{what}, not of {type_name(odd[0])}{hint}" if odd else f"{what}, not of several kinds")
    return prompt


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_tokens(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_token(one) for one in value)


def _refuse_reply(what: str, given: Any) -> None:
    """A stream or a run is iterable: to look into it would be to ask the server, and to wait for all that it says."""
    is_run = hasattr(given, "cancel") and hasattr(given, "result")
    if is_run or callable(getattr(given, "subscribe", None)):
        get = "its result() is a reply" if is_run else "sk.run(stream) gives its reply"
        raise TypeError(f"{what}, not a {type(given).__name__}: {get}, and reply.text what it says")


def _as_message(given: Any) -> Mapping[str, Any]:
    if not (isinstance(given, Mapping) or _is_model(given)):
        hint = "of a reply write *reply.messages" if hasattr(given, "outcome") else "write sk.user(text)"
        raise TypeError(f"messages are a str or a list of dicts with a role, not of {type_name(given)}: {hint}")
    try:
        form: dict[str, Any] = _plain(given)
    except RecursionError as exc:
        raise ValueError("a message is nested too deeply, or holds itself") from exc
    if _is_model(given) and "role" in form and hasattr(given, "content"):
        form.setdefault("content", None)  # a turn of calls alone: not every server takes it without
    if not ("role" in form or "type" in form or form.keys() == {"id"}):  # an id alone refers to an item of the server
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
