"""Messages of a conversation: plain dicts in the shape that chat APIs take, so they mix with the user's own, and with
the message objects of the official library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, Literal, Protocol, Required, TypeAlias, TypedDict

from .checks import quote_refused, type_name
from .turns import FromModel

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
    "user",
]

PARSED = frozenset({"parsed", "parsed_arguments"})
PARTS = frozenset({"content", "function", "output", "tool_calls"})
"""Fields of a message that hold further parts of it."""
ASKING = ("user", "system", "developer")
CONTENTS = ("content", "parts", "images")
"""The fields that say something in messages of these roles, in the form of any API."""


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


def messages_of(messages: Messages) -> list[Mapping[str, Any]]:
    """The conversation as plain dicts, each a copy, which keeps the origin of what a model wrote; TypeError for
    anything else, ValueError for a message that is nested too deeply or contains itself."""
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    _refuse_reply("messages are a str or a list of dicts with a role", messages)
    if not isinstance(messages, Iterable) or isinstance(messages, (Mapping, bytes)) or _is_model(messages):
        hint = ": write [message]" if isinstance(messages, Mapping) or _is_model(messages) else ""
        hint = ": of a reply write reply.messages" if hasattr(messages, "outcome") else hint
        raise TypeError(f"messages are a str or a list of dicts with a role, not {type_name(messages)}{hint}")
    return [_as_message(one) for one in messages]


def prompt_of(prompt: Any) -> str | list[Any]:
    """The prompt of a legacy completion: a text, texts, tokens, or lists of tokens; TypeError for anything else."""
    if isinstance(prompt, str):
        return prompt
    what = "a prompt is a str, or a list of str, of tokens (int) or of lists of tokens"
    _refuse_reply(what, prompt)
    hint = ": a conversation is for client.chat(messages)"
    if not isinstance(prompt, Iterable) or isinstance(prompt, (Mapping, bytes)):
        raise TypeError(f"{what}, not {type_name(prompt)}{hint if isinstance(prompt, Mapping) else ''}")
    parts = list(prompt)
    if not any(all(fits(one) for one in parts) for fits in (_is_text, _is_token, _is_tokens)):
        odd = [one for one in parts if not (_is_text(one) or _is_token(one) or _is_tokens(one))]
        raise TypeError(f"{what}, not of {type_name(odd[0])}{hint}" if odd else f"{what}, not of several kinds")
    return parts


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_tokens(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_token(one) for one in value)


def _refuse_reply(what: str, value: Any) -> None:
    """TypeError for a stream or a run. Both are iterable, but to iterate over one would be to send the request and to
    wait for the whole reply."""
    is_run = hasattr(value, "cancel") and hasattr(value, "result")
    if is_run or callable(getattr(value, "subscribe", None)):
        get = "its result() is a reply" if is_run else "sk.run(stream) gives its reply"
        raise TypeError(f"{what}, not a {type(value).__name__}: {get}, and reply.text what it says")


def _instead_of(value: Any) -> str:
    """The hint to one who gave ``value`` as a message."""
    if hasattr(value, "outcome"):
        return "of a reply write *reply.messages"
    if isinstance(value, (list, tuple)):
        return "add each of its messages, as in history += reply.messages"
    if isinstance(value, str) and value in ("role", "type"):
        return "history += message adds the keys of the message: write history.append(message)"
    if callable(getattr(value, "subscribe", None)):
        return "sk.run(stream) gives its reply, and reply.messages are what to add"
    if hasattr(value, "as_part"):
        return "calls are in reply.messages, and call.result(value) answers one"
    return "write result.message" if isinstance(getattr(value, "message", None), Mapping) else "write sk.user(text)"


def _as_message(value: Any) -> Mapping[str, Any]:
    if not (isinstance(value, Mapping) or _is_model(value)):
        kind = type_name(value)
        raise TypeError(f"messages are a str or a list of dicts with a role, not of {kind}: {_instead_of(value)}")
    try:
        form: dict[str, Any] = _without_models(value)
    except RecursionError as exc:
        raise ValueError("a message is nested too deeply, or holds itself") from exc
    if _is_model(value) and "role" in form and hasattr(value, "content"):
        form.setdefault("content", None)  # a turn of calls alone: some servers refuse it without this field
        form.pop("annotations", None)  # only replies have them, and some servers refuse them (razzant/ouroboros #33)
    if not ("role" in form or "type" in form or form.keys() == {"id"}):  # an id alone refers to an item of the server
        raise TypeError(f"a message is a dict with a role, as sk.user(text) gives it; one has only {sorted(form)}")
    _refuse_foreign(form)
    _refuse_odd_type(form)
    return value.with_form(form) if isinstance(value, FromModel) else form


def _refuse_foreign(form: Mapping[str, Any]) -> None:
    """TypeError for messages in the forms of other libraries: taken for an item of the Responses API, or for a content
    of Gemini's, they would lose in silence what they say."""
    content = form.get("content", form.get("data"))
    if "role" not in form and (isinstance(content, (str, Mapping)) or "additional_kwargs" in form):
        kind = quote_refused(form.get("type"))
        raise TypeError(
            f"a message is a dict with a role, not one of the type {kind} as LangChain has them: "
            "its convert_to_openai_messages gives them"
        )
    if form.get("role") in ASKING and all(form.get(name) is None for name in CONTENTS):
        raise TypeError(f"a message of the role {form['role']!r} has no content; it has only {sorted(form)}")
    parts = form.get("parts")
    listed = parts if isinstance(parts, (list, tuple)) else ()
    kinds = [part["type"] for part in listed if isinstance(part, Mapping) and "type" in part]
    if kinds:
        raise TypeError(
            f"a message has its text as its content, not in parts of the type {quote_refused(kinds[0])} as messages of "
            "a user interface have it (the AI SDK's UIMessage): write their role and their text as content"
        )


def _refuse_odd_type(form: Mapping[str, Any]) -> None:
    """TypeError for a message, or a part of one, whose type is not a str."""
    content = form.get("content")
    for one in (form, *(content if isinstance(content, list) else ())):
        kind = one.get("type") if isinstance(one, Mapping) else None
        if not isinstance(kind, (str, NoneType)):
            what = "a message" if one is form else "a part of a message"
            raise TypeError(f"the type of {what} is a str, such as 'text', not {type_name(kind)}")


def _is_model(value: Any) -> bool:
    return callable(getattr(value, "model_dump", None)) and not isinstance(value, type)


def _without_models(value: Any) -> Any:
    """Models, also within dicts, as dicts. Fields of a model that are null are left out: they were not set."""
    if isinstance(value, Mapping):
        return {name: _without_models(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_models(item) for item in value]
    if not _is_model(value):
        return value
    return _without_parsed(value.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False))


def _without_parsed(form: Any) -> Any:
    """Leave out the parsed values that helpers of the official library add, in the places where they add them: no
    server knows these fields."""
    if isinstance(form, list):
        return [_without_parsed(item) for item in form]
    if not isinstance(form, dict):
        return form
    return {name: _without_parsed(item) if name in PARTS else item for name, item in form.items() if name not in PARSED}
