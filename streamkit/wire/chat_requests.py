"""Parses requests of chat completions, for APIs that take the same content in another form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

from ..turns import arguments_object
from ..wording import excerpt
from .api import Messages

__all__ = [
    "MessageCall",
    "Turn",
    "answer_format",
    "answered_call",
    "chat_call",
    "check_end",
    "fields_of",
    "file_in",
    "function_of",
    "is_thought",
    "spare_id",
    "supported_params",
    "turns_of",
    "without",
]

NO_EFFECT: Mapping[str, tuple[Any, ...]] = {
    "audio": (), "best_of": (1,), "echo": (False,), "frequency_penalty": (0,), "function_call": ("auto", "none"),
    "functions": ([],), "logit_bias": ({},), "logprobs": (False,), "metadata": ({},), "modalities": (["text"],),
    "moderation": (), "n": (1,), "parallel_tool_calls": (True,), "prediction": (), "presence_penalty": (0,),
    "prompt_cache_key": (), "prompt_cache_retention": (), "safety_identifier": (), "seed": (),
    "service_tier": ("auto", "default"), "store": (False,), "stream_options": (), "suffix": ("",),
    "tool_choice": ("auto",), "top_logprobs": (0,), "user": (), "verbosity": ("medium",), "web_search_options": (),
}  # fmt: skip
"""Parameters that only OpenAI's APIs and similar ones have, each with the values that have no effect."""
INSTRUCTIONS = ("system", "developer")
RESULTS = ("tool", "function")
DATA = re.compile(r"data:([^;,]*)(?:;[^;,]*)*;base64,(.*)", re.DOTALL)


# -- parameters --------------------------------------------------------------------------------------------------------


def supported_params(params: Mapping[str, Any], api: str, has: Iterable[str] = ()) -> dict[str, Any]:
    """``params`` without those that are None, and without those that the API does not have: of `NO_EFFECT` it has the
    ones in ``has``. ValueError with the names of parameters that it does not have and that would have an effect."""
    present = {name: value for name, value in params.items() if value is not None}
    missing = present.keys() & (NO_EFFECT.keys() - {*has})
    odd = sorted(name for name in missing if name != "stream_options" and present[name] not in NO_EFFECT[name])
    if odd:
        raise ValueError(f"{api} does not have {', '.join(odd)}: leave out what it does not have")
    return {name: value for name, value in present.items() if name not in missing}


def fields_of(value: Any, name: str) -> dict[str, Any]:
    """The fields of a parameter that is a JSON object, also one of a library's own type; no fields if it is None."""
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        value = dump(mode="json", by_alias=True, exclude_none=True)
    if not isinstance(value, (Mapping, type(None))):
        raise TypeError(f"{name} is not a dict: {excerpt(repr(value))}")
    return dict(value or {})


def answer_format(spec: Any, api: str) -> tuple[str, Mapping[str, Any]]:
    """The type of a ``response_format``, and its schema if it has one."""
    kind, nested = (spec.get("type"), spec.get("json_schema")) if isinstance(spec, Mapping) else (None, None)
    if kind in ("text", "json_object"):
        return str(kind), {}
    schema = nested.get("schema") if kind == "json_schema" and isinstance(nested, Mapping) else None
    if isinstance(schema, Mapping):
        return "json_schema", schema
    forms = "text, json_object or json_schema with its schema"
    raise ValueError(f"response_format is not {forms}, as {api} can be asked for: {excerpt(repr(spec))}")


def function_of(tool: Mapping[str, Any], api: str) -> dict[str, Any] | None:
    """The function that an entry of ``tools`` describes in one of OpenAI's forms; None for an entry in the API's
    form."""
    if isinstance(tool.get("function"), Mapping):
        return dict(tool["function"])
    if "custom" in tool:
        raise ValueError(f"{api} does not have custom tools: write one of the type function")
    if not isinstance(tool.get("name"), str) or not (tool.get("type") == "function" or "parameters" in tool):
        return None
    return without(tool, "type")


def without(form: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """``form`` without the fields of these names."""
    return {name: value for name, value in form.items() if name not in names}


# -- messages ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class MessageCall:
    """A tool call in a message of the model; ``id`` is empty if it has none."""

    id: str
    name: str
    arguments: dict[str, Any]


class Turn(NamedTuple):
    """The content of a message.

    Attributes:
        role: ``system``, ``user``, ``assistant``, ``tool``, or any other role of the message.
        message: the message itself, unchanged.
        parts: its content, and its refusal, as parts; empty texts are left out.
        calls: its tool calls.
        answered: the call whose result it is, if that call is in a message before it.
    """

    role: Any
    message: Mapping[str, Any]
    parts: list[Mapping[str, Any]]
    calls: list[MessageCall]
    answered: MessageCall | None

    @property
    def id(self) -> str:
        """The id of the call whose result it is; empty if that is not known."""
        return self.answered.id if self.answered else str(self.message.get("tool_call_id") or "")

    @property
    def tool(self) -> str:
        """The name of the tool whose result it is; empty if that is not known."""
        return self.answered.name if self.answered else _own_name(self.message)


def turns_of(messages: Messages, api: str) -> list[Turn]:
    """The content of each message. A result without an id belongs to the first call without a result (of its tool, if
    it names one). ValueError for anything that is not a message, or has no counterpart in other APIs."""
    turns: list[Turn] = []
    known: dict[str, MessageCall] = {}
    waiting: list[MessageCall] = []  # calls that wait for their results, the latest turn first
    for message in messages:
        if message.get("audio"):
            raise ValueError(f"{api} does not have the audio of a message: leave it out")
        role, answered = message.get("role"), None
        calls = list(_calls(message, api))
        waiting = [*calls, *waiting]
        known |= {call.id: call for call in calls if call.id}
        if role in RESULTS:
            answered = _answered(message, waiting) or known.get(str(message.get("tool_call_id") or ""))
            waiting = [call for call in waiting if call is not answered]
        role = "system" if role in INSTRUCTIONS else "tool" if role in RESULTS else role
        turns.append(Turn(role, message, list(_parts(message, api)), calls, answered))
    return turns


def check_end(turn: Turn, turns: list[Turn], before: Any) -> None:
    """ValueError for an empty ``turn`` that is the last one of ``turns``, if it is the user's and follows the model's
    (its role is ``before``): if it were left out like any other, the model would go on with its own text."""
    last = next((one for one in reversed(turns) if one.role != "system"), None)
    if turn is last and turn.role == "user" and before in ("assistant", "model"):
        raise ValueError("the last message of the user is empty: leave it out if the model is to go on with its text")


def _answered(message: Mapping[str, Any], waiting: list[MessageCall]) -> MessageCall | None:
    id, name = str(message.get("tool_call_id") or ""), _own_name(message)
    fits = (call for call in waiting if (call.id == id if id else name in ("", call.name)))
    return next(fits, None)


def _own_name(message: Mapping[str, Any]) -> str:
    return str(message.get("tool_name") or message.get("name") or "")


def _calls(message: Mapping[str, Any], api: str) -> Iterator[MessageCall]:
    entries = message.get("tool_calls") or ()
    if not isinstance(entries, (list, tuple)):
        raise TypeError(f"the tool_calls of a message are not a list: {excerpt(repr(entries))}")
    legacy = message.get("function_call")
    for entry in [*entries, {"function": legacy}] if legacy else entries:
        function = entry.get("function") if isinstance(entry, Mapping) else None
        if isinstance(entry, Mapping) and "custom" in entry:
            raise ValueError(f"{api} does not have calls of custom tools: leave them out")
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            quoted = excerpt(repr(entry))
            raise TypeError(f"a call for {api} is not a function with a name and arguments: {quoted}")
        yield MessageCall(str(entry.get("id") or ""), function["name"], arguments_object(function.get("arguments")))


def chat_call(id: Any, name: Any, arguments: str) -> dict[str, Any]:
    """An entry of ``tool_calls``."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def answered_call(id: Any, name: Any, waiting: list[dict[str, Any]]) -> str:
    """The id of the entry of ``tool_calls`` that a result answers, which is then no longer among those that wait: the
    one with the ``id`` of the result, else the first of its tool, as far as it names that."""
    fits = (call for call in waiting if (call["id"] == id if id else name in (None, "", call["function"]["name"])))
    call = next(fits, None)
    if call is not None:
        waiting.remove(call)
    return str(id or (call["id"] if call else name))


def spare_id(position: int, message: Mapping[str, Any]) -> str:
    """The beginning of ids for the calls of a message that have none: mostly another one for each message."""
    return f"call_{position}-{crc32(json.dumps(message, sort_keys=True, default=str).encode()):08x}"


def _parts(message: Mapping[str, Any], api: str) -> Iterator[Mapping[str, Any]]:
    content, refusal = message.get("content") or (), message.get("refusal")
    if not isinstance(content, (str, list, tuple)):
        raise TypeError(f"the content of a message is not a text or a list of parts: {excerpt(repr(content))}")
    for part in [content] if isinstance(content, str) else content:
        part = {"type": "text", "text": part} if isinstance(part, str) else part
        if not isinstance(part, Mapping):
            raise TypeError(f"a part of a message for {api} is not a dict or a text: {excerpt(repr(part))}")
        if part.get("type") == "refusal":
            part = {"type": "text", "text": part.get("refusal")}
        if part.get("type") != "text":
            yield part
        elif not isinstance(part.get("text"), (str, type(None))):
            raise TypeError(f"the text of a part is not a str: {excerpt(repr(part))}")
        elif part.get("text"):
            yield part
    if refusal:
        yield {"type": "text", "text": refusal}


def is_thought(part: Mapping[str, Any]) -> bool:
    """True for a part with the thoughts of a model, as Mistral and SGLang have them in the content of a message."""
    return part.get("type") in ("thinking", "reasoning")


def file_in(part: Mapping[str, Any]) -> tuple[str | None, str] | None:
    """The media type and the data (base64) of a part that holds a file; None and its address if it holds an address;
    None for a part of text or of another kind."""
    kind = part.get("type")
    content = part.get(kind) if isinstance(kind, str) else None
    content = {"url": content} if isinstance(content, str) else content
    if not isinstance(content, Mapping):
        return None
    if kind == "input_audio":
        return f"audio/{content.get('format')}", str(content.get("data"))
    url = content.get("url") if kind == "image_url" else content.get("file_data") if kind == "file" else None
    if not isinstance(url, str):
        return None
    data = DATA.fullmatch(url)
    if data is None and url.startswith("data:"):
        raise ValueError(
            f"the data of a part is not in base64: write data:image/png;base64,… and not {excerpt(url, 40)}"
        )
    return (data[1], data[2]) if data else (None, url)
