"""A conversation as it goes to its server: parts of other models and other APIs are translated or left out.

Messages of the user pass as they are, as far as they are in a form that the target takes. Those that a model wrote know
their `Origin`: signatures and encrypted thoughts go back to that model only, thoughts to that server only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from ..turns import FromModel, Origin
from .api import Api, Form, Messages
from .apis import APIS
from .chat_history import (
    chat_returned,
    returned_fields,
    says_nothing,
    with_files_apart,
    without_extras,
    without_fields,
)
from .origins import is_from_model, is_from_server
from .suggested import without_suggestions

__all__ = ["refused_fields", "returned", "returned_body", "without_refused"]

COMMON = frozenset(
    {"audio", "content", "function_call", "name", "reasoning_content", "refusal", "role", "tool_call_id", "tool_calls"}
)
"""Fields of messages that only have a meaning in chat completions."""
PARTS = ("text", "image_url", "input_audio", "file", "refusal")
"""The types of parts of a content in chat completions."""
LACKING = re.compile(r"missing|is required|must be (?:passed|provided|present|included|sent)", re.IGNORECASE)
"""Words of an error that asks for a field in place of refusing it."""


def returned(api: Api, target: Origin, messages: Messages, params: Mapping[str, Any]) -> Messages:
    """``messages`` as they go to ``target``, by ``api``, in a request with ``params``. Nothing is changed in place."""
    if api.body is None:
        return messages
    adapted: list[Mapping[str, Any]] = []
    for name, group in groupby(messages, lambda message: _form_of(message, api)):
        own = list(group)
        if name == api.name or name == "chat":
            adapted += own
        else:
            forms = _translated(APIS[name], own)
            adapted += with_files_apart(forms) if api.native else forms
    if api.native:
        return chat_returned(target, adapted, params)
    return [form for message in adapted if (form := _plain(api, target, message)) is not None]


def returned_body(api: Api, target: Origin, body: Form) -> Form:
    """The body of a request with its conversation as it goes to ``target``, if it has one in the form of ``api``."""
    given = body.get(api.conversation)
    return {**body, api.conversation: list(returned(api, target, given, body))} if isinstance(given, list) else body


def _form_of(message: Mapping[str, Any], target: Api) -> str:
    """The name of the API in whose form a message is; that of chat completions if it may be of any."""
    if isinstance(message, FromModel):
        name = message.origin.api
        is_other = name != target.name and (name not in APIS or APIS[name].own is None)
        return "chat" if is_other else name
    if COMMON.issuperset(message) and not (
        _has_foreign_parts(message.get("content")) or _has_arguments_as_objects(message)
    ):
        return "chat"
    form = dict(message)
    apis = [target, *(api for api in APIS.values() if api is not target)]
    return next((api.name for api in apis if api.own is not None and api.own.is_own(form)), "chat")


def _has_arguments_as_objects(message: Mapping[str, Any]) -> bool:
    """True if a call has its arguments as an object; in chat completions they are text."""
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, Mapping)] if calls else ()
    return any(isinstance(one, Mapping) and isinstance(one.get("arguments"), Mapping) for one in functions)


def _has_foreign_parts(content: Any) -> bool:
    """True if a content has parts of a type that chat completions do not have."""
    parts = content if isinstance(content, (list, tuple)) else ()
    return any(isinstance(part, Mapping) and part.get("type") not in PARTS for part in parts)


def _translated(api: Api, messages: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Messages in the form of ``api`` in that of chat completions."""
    return messages if api.own is None else api.own.to_chat([dict(message) for message in messages])


def _plain(api: Api, target: Origin, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A message for a server with an API of its own form; None if nothing of it can be sent there."""
    if not isinstance(message, FromModel):
        return message
    if _form_of(message, api) != api.name:
        form = without_extras(message)
        return None if says_nothing(form) else form
    if api.own is None or is_from_model(target, message.origin):
        return message
    fit = api.own.plain if is_from_server(target, message.origin) else api.own.movable
    fitting = fit(dict(message))
    return None if fitting is None else FromModel(fitting, message.origin, message.reply)  # without its request fields


# -- fields that a server refuses --------------------------------------------------------------------------------------


def refused_fields(body: Mapping[str, Any], told: str) -> set[str]:
    """The fields of messages of models in the body of a request that the error of a server names: it does not know
    them."""
    names = {name for message in _from_models(body) for name in returned_fields(message)}
    return set() if LACKING.search(told) else {name for name in names if re.search(rf"\b{name}\b", told)}


def without_refused(body: Form, names: Collection[str]) -> Form:
    """The body of a request without these fields, in messages of models and where they were suggested."""
    body = without_suggestions(body, names) if names else body
    if not names or not any(_from_models(body)):
        return body
    messages = [
        without_fields(message, names) if isinstance(message, FromModel) else message for message in body["messages"]
    ]
    return {**body, "messages": messages}


def _from_models(body: Mapping[str, Any]) -> Iterator[FromModel]:
    messages = body.get("messages")
    for message in messages if isinstance(messages, (list, tuple)) else ():
        if isinstance(message, FromModel):
            yield message
