"""The requests of OpenAI's Responses API: made from conversations, and read to count their tokens.

A conversation in the form of chat completions is translated: instructions that come first go to the top, calls and
their results become items, and parts of messages get the names that they have here. Anything that is in this API's own
form already passes as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...turns import FromModel, Origin
from ...wording import excerpt
from ..api import Form, Messages, Prompt
from ..chat_requests import supported_params, without
from ..servers import OPAQUE, THOUGHTS
from .response_chat import to_chat
from .response_history import CallIds, encrypted_thoughts, new_items, readable_items

__all__ = ["body", "choice", "prompt", "tool", "with_format"]

NAME = "the Responses API"
STORED_ON_SERVER = ("previous_response_id", "conversation", "prompt")
"""Parameters that stand for text which is stored on the server."""
LIMITS = ("max_completion_tokens", "max_tokens")
SUPPORTED = (
    "logprobs", "metadata", "moderation", "parallel_tool_calls", "prompt_cache_key", "prompt_cache_retention",
    "safety_identifier", "service_tier", "store", "stream_options", "tool_choice", "top_logprobs", "user", "verbosity",
)  # fmt: skip
"""Parameters of chat completions that this API has as well, by these names or others."""
LOGPROBS = "message.output_text.logprobs"
INSTRUCTIONS = ("system", "developer")
TEXTS = ("text", "input_text")
OF_CHAT = ("text", "image_url")
"""Types of parts that only chat completions have."""
UNSENT = ("name", "refusal", "tool_calls", "annotations", "audio", "function_call", *THOUGHTS, *OPAQUE)
"""Fields of messages that become parts or items, or do not exist here."""


# -- parameters --------------------------------------------------------------------------------------------------------


def body(messages: Messages, params: Form) -> Form:
    """The body of a request. ValueError for parameters and messages that this API does not have."""
    request = supported_params(params, NAME, SUPPORTED)
    if request.pop("stop", None):
        raise ValueError(f"{NAME} does not have stop: leave it out")
    rest = list(messages)
    if rest and "instructions" not in request and (instructions := _instructions(rest[0])) is not None:
        request |= {"instructions": instructions} if instructions else {}
        del rest[0]
    limits = [request.pop(name) for name in LIMITS if name in request]
    if limits:
        request.setdefault("max_output_tokens", limits[0])
    if "reasoning_effort" in request:
        request["reasoning"] = {"effort": request.pop("reasoning_effort"), **request.get("reasoning", {})}
    if "verbosity" in request:
        request["text"] = {"verbosity": request.pop("verbosity"), **request.get("text", {})}
    if "response_format" in request:
        request = with_format(request, request.pop("response_format"))
    if request.pop("logprobs", False):
        request["include"] = [*{LOGPROBS: None, **dict.fromkeys(request.get("include", ()))}]
    return {"input": list(_items(rest)), **_with_tools(_with_options(request))}


def finished(request: Form, target: Origin) -> Form:
    """The body of a request as it goes to a server, from any body: messages of chat completions in the conversation are
    translated, and what the server has already is left out (see `response_history`)."""
    given, host = request.get("input"), target.host
    if isinstance(given, (list, tuple)):
        items: Sequence[Mapping[str, Any]] = list(_items(new_items(given, request, host), others_pass=True))
        request = {**request, "input": list(readable_items(items) if request.get("store") is False else items)}
    return encrypted_thoughts(request, host)


def _with_options(request: Form) -> Form:
    """The request without the option that asks for token figures: this API always sends them."""
    options = request.pop("stream_options", None)
    if not isinstance(options, Mapping):
        return request if options is None else {**request, "stream_options": options}
    others = without(options, "include_usage")
    return {**request, "stream_options": others} if others else request


def _with_tools(request: Form) -> Form:
    if "tools" in request:
        request["tools"] = [_flatten(tool, strict=False) for tool in request["tools"]]
    if "tool_choice" in request:
        request["tool_choice"] = _flatten(request["tool_choice"])
    return request


def _flatten(form: Any, **defaults: Any) -> Any:
    """A tool, a choice or a format: the fields that chat completions nest under the name of its type are flat here.
    ``defaults`` are the defaults of chat completions for a function."""
    kind = form.get("type", "function") if isinstance(form, Mapping) else None
    inner = form.get(kind) if isinstance(kind, str) else None
    if not isinstance(inner, Mapping):
        return form
    flat = {"type": kind, **(defaults if kind == "function" else {}), **inner}
    if isinstance(flat.get("format"), Mapping):  # that of a custom tool
        flat["format"] = _flatten(flat["format"])
    if kind == "allowed_tools":
        flat["tools"] = [_flatten(tool) for tool in flat.get("tools", ())]
    return flat


def tool(function: Form) -> Form:
    """An entry of ``tools``. A schema that is not strict by default in chat completions is strict by default here, so
    ``strict`` is set."""
    return {"type": "function", "strict": False, **function}


def choice(name: str) -> Form:
    return {"type": "function", "name": name}


def with_format(params: Form, spec: Any) -> Form:
    if not isinstance(spec, Mapping):
        raise TypeError(f"response_format is a dict, as {{'type': 'json_object'}}, not {excerpt(repr(spec))}")
    return {**params, "text": {**(params.get("text") or {}), "format": _flatten(spec)}}


# -- messages ----------------------------------------------------------------------------------------------------------


def _instructions(message: Mapping[str, Any]) -> str | None:
    """The text of a message, if it is one of instructions and has nothing but text."""
    content = message.get("content")
    if message.get("role") not in INSTRUCTIONS or "type" in message:
        return None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, (list, tuple)) else ()
    texts = [part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") in TEXTS]
    whole = len(texts) == len(parts) and all(isinstance(text, str) for text in texts)
    return "\n\n".join(map(str, texts)) if whole else None


def _items(messages: Iterable[Mapping[str, Any]], *, others_pass: bool = False) -> Iterator[Mapping[str, Any]]:
    """The items for messages of chat completions. If ``others_pass``, messages that may be in this API's form are not
    looked at any further."""
    custom: set[Any] = set()  # ids of the calls of tools that take a text
    ids = CallIds()
    for message in messages:
        role = message.get("role")
        custom |= {message.get("call_id")} if message.get("type") == "custom_tool_call" else set()
        if role is None or "type" in message or (others_pass and not _is_of_chat(message)):
            yield _with_id(message, ids)
        elif role == "function" or message.get("function_call") or message.get("audio"):
            refused = "a message of the role 'function', function_call or audio"
            raise ValueError(f"{refused} is not one that the Responses API has: write tool_calls and their results")
        elif role == "tool":
            id, output = message.get("tool_call_id"), _parts(message.get("content"), "user")
            kind = "custom_tool_call_output" if id in custom else "function_call_output"
            yield {"type": kind, "call_id": ids.answered(id), "output": output or ""}
        else:
            calls = list(map(_call, message.get("tool_calls") or ()))
            custom |= {call["call_id"] for call in calls if call["type"] == "custom_tool_call"}
            yield from _message_item(message, str(role))
            yield from (_with_id(call, ids) for call in calls)


def _with_id(item: Mapping[str, Any], ids: CallIds) -> Mapping[str, Any]:
    """An item with the id of a call that goes to the server, if it has one."""
    id = item.get("call_id")
    new = ids.answered(id) if str(item.get("type")).endswith("_output") else ids.called(id)
    if new == id:
        return item
    form = {**item, "call_id": new}
    return item.with_form(form) if isinstance(item, FromModel) else form


def _is_of_chat(message: Mapping[str, Any]) -> bool:
    """True for a message that only chat completions have: a result, one with fields or parts of theirs, if only null
    ones, as a dump of the library's message has them."""
    if message.get("role") in ("tool", "function") or any(name in message for name in UNSENT):
        return True
    content = message.get("content")
    parts = content if isinstance(content, (list, tuple)) else ()
    return any(isinstance(part, Mapping) and (part.get("type") in OF_CHAT or "file" in part) for part in parts)


def _message_item(message: Mapping[str, Any], role: str) -> Iterator[Mapping[str, Any]]:
    """The content of a message without its calls. An empty message of the model is left out."""
    content = _parts(message.get("content"), role)
    if refusal := message.get("refusal"):
        parts = [{"type": "output_text", "text": content}] if content and isinstance(content, str) else content or ()
        content = [*parts, {"type": "refusal", "refusal": refusal}]
    if content or role != "assistant":
        yield {**without(message, *UNSENT), "content": content or ""}


def _parts(content: Any, role: str) -> Any:
    if not isinstance(content, (list, tuple)):
        return content
    text = "output_text" if role == "assistant" else "input_text"
    return [_part({"type": "text", "text": part} if isinstance(part, str) else part, text) for part in content]


def _part(part: Any, text: str) -> Any:
    kind = part.get("type") if isinstance(part, Mapping) else None
    inner = part.get(kind) if isinstance(kind, str) else None
    if kind == "text":
        return {**part, "type": text}
    if kind == "image_url":
        image = {"image_url": inner.get("url"), **without(inner, "url")} if isinstance(inner, Mapping) else {}
        return {"detail": "auto", **part, **image, "type": "input_image"}
    if kind == "file" and isinstance(inner, Mapping):
        return {**without(part, "file"), **inner, "type": "input_file"}
    if kind in ("file", "input_audio"):
        raise ValueError(f"a part of the type {kind!r} is not one that the Responses API has: write one of its own")
    return part


def _call(call: Any) -> Form:
    """An entry of ``tool_calls`` as an item."""
    kind = call.get("type") or "function" if isinstance(call, Mapping) else None
    inner = call.get(kind) if isinstance(kind, str) else None
    if kind not in ("function", "custom") or not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise ValueError(f"an entry of tool_calls is not a call with a name and arguments: {excerpt(repr(call))}")
    named = {"call_id": call.get("id"), "name": inner["name"]}
    if kind == "custom":
        return {"type": "custom_tool_call", **named, "input": inner.get("input") or ""}
    return {"type": "function_call", **named, "arguments": inner.get("arguments") or "{}"}


# -- counting ----------------------------------------------------------------------------------------------------------


def prompt(request: Mapping[str, Any]) -> Prompt:
    items = request["input"]
    turns: list[Mapping[str, Any]]
    turns = [{"role": "system", "content": request["instructions"]}] if request.get("instructions") else []
    turns += [{"role": "user", "content": items}] if isinstance(items, str) else map(_countable, to_chat(items))
    notes = ["how the Responses API frames messages is not known"]
    notes += [f"what {name} stands for is not counted" for name in STORED_ON_SERVER if request.get(name)]
    if request.get("text", {}).get("format", {}).get("type", "text") == "json_schema":
        notes.append("the schema of the answer is not counted")
    return Prompt(turns, request.get("tools"), request.get("tool_choice"), notes=tuple(notes))


def _countable(message: Form) -> Form:
    """A message whose calls are all in the form that the token count supports."""
    calls = [
        {"function": call.get("function") or _as_function(call["custom"])} for call in message.get("tool_calls", ())
    ]
    return {**message, "tool_calls": calls} if calls else message


def _as_function(custom: Mapping[str, Any]) -> Form:
    return {"name": custom.get("name"), "arguments": custom.get("input")}
