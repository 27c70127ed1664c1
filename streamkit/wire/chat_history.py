"""A conversation of chat completions as it goes to one server: thoughts under its key and where it wants them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from ..turns import FromModel, Origin, arguments_object, object_of
from .api import Form, Messages
from .json_codec import dumps
from .origins import is_from_model, is_from_server
from .servers import OPAQUE, SENTINEL, THOUGHTS, Server, server_of, wants_signatures

__all__ = [
    "chat_returned",
    "returned_fields",
    "says_nothing",
    "with_files_apart",
    "without_extras",
    "without_fields",
]

TEXTS = ("text", "refusal")
"""The types of parts that a message of a model may have on any server."""
CALLS = ("tool_calls", "function_call")
UNSIGNED = {"google": {"thought_signature": SENTINEL}}
"""The ``extra_content`` of a call without a signature."""


def chat_returned(target: Origin, messages: Messages, params: Mapping[str, Any]) -> Messages:
    """``messages`` as they go to ``target`` in a request with ``params``."""
    server = server_of(target.host, target.model)
    has_rules = server.filler or server.signs or server.ids
    if not (has_rules or any(isinstance(message, FromModel) for message in messages)):
        return messages
    history = _History(target, server, messages)
    adapted = [history.adapted(place, message) for place, message in enumerate(messages)]
    if server.filler and not _is_off(params):
        adapted = list(_filled(server, adapted, history.turns))
    if server.signs and wants_signatures(target.model):
        adapted = list(_signed(adapted, history.last_user))
    if server.ids:
        adapted = list(_with_fitting_ids(re.compile(server.ids), adapted))
    return [message for message in adapted if not (isinstance(message, FromModel) and says_nothing(message))]


def says_nothing(message: Mapping[str, Any]) -> bool:
    """True for a message of a model without content and calls, which servers refuse."""
    has_content = message.get("content") or message.get("audio") or any(message.get(name) for name in CALLS)
    return message.get("role") == "assistant" and not has_content


def with_files_apart(messages: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Messages of other APIs whose results hold texts only; their pictures and files follow in a message of the user,
    where they are allowed (OpenHands/OpenHands #7700)."""
    files: list[Any] = []
    for message in messages:
        content = message.get("content") if message.get("role") == "tool" else None
        if files and message.get("role") != "tool":
            yield {"role": "user", "content": files}
            files = []
        if isinstance(content, list) and all(isinstance(part, Mapping) for part in content):
            texts = [str(part.get("text") or "") for part in content if part.get("type") == "text"]
            files += [part for part in content if part.get("type") != "text"]
            message = {**message, "content": "\n".join(texts)}
        yield message
    if files:
        yield {"role": "user", "content": files}


def returned_fields(message: Mapping[str, Any]) -> set[str]:
    """The names of the fields of a message, and of its calls, that not every server knows."""
    calls = message.get("tool_calls") or ()
    forms = [message, *(call for call in calls if isinstance(call, Mapping))]
    return {name for form in forms for name in form if name in THOUGHTS or name in OPAQUE}


def _is_off(params: Mapping[str, Any]) -> bool:
    """True if a request turns thinking off, so that no thoughts are missed."""
    thinking = params.get("thinking")
    return isinstance(thinking, Mapping) and thinking.get("type") == "disabled"


class _History:
    """The messages, and the turns that they belong to: a turn begins with a message of the user."""

    def __init__(self, target: Origin, server: Server, messages: Messages) -> None:
        self._target, self._server = target, server
        users = [place for place, message in enumerate(messages) if message.get("role") == "user"]
        self.last_user = users[-1] if users else -1
        self.turns = _turns_with_calls(messages)

    def adapted(self, place: int, message: Mapping[str, Any]) -> Mapping[str, Any]:
        if not isinstance(message, FromModel):
            return message
        form: Form = dict(_with_calls(message, _with_object))
        if not is_from_server(self._target, message.origin):
            return without_extras(message.with_form(form))
        if not (self._server.opaque and is_from_model(self._target, message.origin)):
            form = without_fields(form, OPAQUE)
        keys = [name for name in THOUGHTS if isinstance(form.get(name), str)]
        if not keys and not isinstance(form.get("content"), list):
            return message.with_form(form)
        if not self._takes_thoughts(place):
            return message.with_form(_without_thoughts(form))
        return message.with_form(_under_key(form, keys, self._server.thoughts))

    def _takes_thoughts(self, place: int) -> bool:
        when = self._server.when
        if when in ("never", "always"):
            return when == "always"
        return place > self.last_user or (when == "calls" and self.turns[place])


def _turns_with_calls(messages: Messages) -> list[bool]:
    """For each message, whether its turn has calls."""
    found: list[bool] = []
    start = 0
    for place in range(len(messages) + 1):
        if place == len(messages) or messages[place].get("role") == "user":
            has_calls = any(message.get(name) for message in messages[start:place] for name in CALLS)
            found += [has_calls] * (place - start)
            start = place
    return found


def without_extras(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message of a model without all that only its own server understands: thoughts, signatures, sound."""
    form = _without_thoughts(without_fields(message, (*OPAQUE, "audio")))
    return message.with_form(form) if isinstance(message, FromModel) else form


def _without_thoughts(form: Mapping[str, Any]) -> Form:
    form = {name: value for name, value in form.items() if name not in THOUGHTS}
    content = form.get("content")
    if isinstance(content, list):
        parts = [part for part in content if not isinstance(part, Mapping) or part.get("type", "text") in TEXTS]
        texts = [part for part in parts if isinstance(part, Mapping) and part.get("type", "text") == "text"]
        plain = "".join(str(part.get("text") or "") for part in texts) or None
        form["content"] = plain if len(texts) == len(parts) else parts
    return form


def without_fields(form: Mapping[str, Any], names: Collection[str]) -> Form:
    """A message without fields of these names, in its calls too."""
    form = {name: value for name, value in form.items() if name not in names}
    if isinstance(form.get("tool_calls"), list):
        form["tool_calls"] = [_call_without(call, names) for call in form["tool_calls"]]
    return form


def _call_without(call: Any, names: Collection[str]) -> Any:
    if not isinstance(call, Mapping):
        return call
    form = {name: value for name, value in call.items() if name not in names}
    if isinstance(form.get("function"), Mapping):
        form["function"] = {name: value for name, value in form["function"].items() if name not in names}
    return form


def _with_calls(
    message: Mapping[str, Any], change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The message with a change to each of its calls."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    changed = [change(call) if isinstance(call, Mapping) else call for call in calls]
    form = {**message, "tool_calls": changed}
    return message if changed == calls else message.with_form(form) if isinstance(message, FromModel) else form


def _with_object(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """A call whose arguments are an object, as in the other APIs: servers that fill a template with them refuse any
    other text, and with it every later request (ggml-org/llama.cpp #25510, vllm-project/vllm #43995)."""
    function = call.get("function")
    text = function.get("arguments") if isinstance(function, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(text, str) or object_of(text) is not None:
        return call
    return {**call, "function": {**function, "arguments": dumps(arguments_object(text))}}


def _with_fitting_ids(fits: re.Pattern[str], messages: Messages) -> Iterator[Mapping[str, Any]]:
    """The messages, with other ids for calls whose ids the server refuses, and for their results."""
    ids: dict[Any, str] = {}

    def change(call: Mapping[str, Any]) -> Mapping[str, Any]:
        id = call.get("id")
        if not isinstance(id, str) or fits.fullmatch(id):
            return call
        ids[id] = sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:9]
        return {**call, "id": ids[id]}

    for message in messages:
        id = message.get("tool_call_id")
        if isinstance(id, str) and id in ids:
            yield {**message, "tool_call_id": ids[id]}
        else:
            yield _with_calls(message, change)


def _under_key(form: Form, keys: list[str], wanted: str) -> Form:
    """A message with its thoughts where the server wants them. Those in parts or details stay there."""
    if not wanted or not keys or keys == [wanted]:
        return form
    if any(form.get(name) for name in OPAQUE[:2]):  # they repeat the text with its signature
        return {name: value for name, value in form.items() if name not in keys}
    thoughts = form[keys[0]]
    form = {name: value for name, value in form.items() if name not in keys}
    if wanted not in ("parts", "tags"):
        return {**form, wanted: thoughts}
    if not thoughts:
        return form
    content = form.get("content")
    if wanted == "tags":
        return {**form, "content": f"<think>\n{thoughts}\n</think>\n{content if isinstance(content, str) else ''}"}
    part = {"type": "thinking", "thinking": [{"type": "text", "text": thoughts}]}
    rest = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
    return {**form, "content": [part, *rest]}


def _filled(server: Server, messages: Messages, turns: Sequence[bool]) -> Iterator[Mapping[str, Any]]:
    """The messages, with empty thoughts where the turn has calls and a message of the model has none: servers refuse
    them without, whoever wrote them."""
    used = (name for message in messages for name in THOUGHTS if isinstance(message.get(name), str))
    key = next(used, "reasoning_content") if server.gateway else server.thoughts
    for message, has_calls in zip(messages, turns, strict=True):
        lacks = not any(name in message for name in (key, *OPAQUE[:2]))
        if has_calls and lacks and message.get("role") == "assistant":
            origin = message.origin if isinstance(message, FromModel) else Origin()
            yield FromModel({**message, key: ""}, origin)
        else:
            yield message


def _signed(messages: Messages, last_user: int) -> Iterator[Mapping[str, Any]]:
    """The messages, with a sentinel at the first call of each message of the current turn that has no signature."""
    for place, message in enumerate(messages):
        calls = message.get("tool_calls") or []
        first = calls[0] if place > last_user and isinstance(calls, list) and calls else None
        if isinstance(first, Mapping) and not first.get("extra_content"):
            form = {**message, "tool_calls": [{**first, "extra_content": UNSIGNED}, *calls[1:]]}
            yield message.with_form(form) if isinstance(message, FromModel) else form
        else:
            yield message
