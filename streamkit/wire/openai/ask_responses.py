"""How OpenAI's Responses API is asked, and what its requests say.

A conversation in the form of chat completions is translated: instructions that come first go to the top, calls and
their results become items, and parts of messages get the names that they have here. What is in this API's own form
already passes as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...wording import excerpt
from ..api import Form, Messages, Prompt
from ..turns import supported, without

__all__ = ["body", "choice", "prompt", "tool", "with_format"]

NAME = "the Responses API"
ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""Parameters that stand for text which the server keeps."""
LIMITS = ("max_completion_tokens", "max_tokens")
HAS = (
    "logprobs", "metadata", "moderation", "parallel_tool_calls", "prompt_cache_key", "prompt_cache_retention",
    "safety_identifier", "service_tier", "store", "stream_options", "tool_choice", "top_logprobs", "user", "verbosity",
)  # fmt: skip
"""Parameters of chat completions that this API has as well, by these names or others."""
LOGPROBS = "message.output_text.logprobs"
INSTRUCTIONS = ("system", "developer")
TEXTS = ("text", "input_text")
UNSENT = ("name", "refusal", "tool_calls", "reasoning_content", "annotations", "audio", "function_call")
"""Fields of messages that become parts or items, or have no place here."""


# -- parameters --------------------------------------------------------------------------------------------------------


def body(messages: Messages, params: Form) -> Form:
    """ValueError for what this API does not have."""
    asked = supported(params, NAME, HAS)
    if asked.pop("stop", None):
        raise ValueError(f"{NAME} does not have stop: leave it out")
    rest = list(messages)
    if rest and "instructions" not in asked and (told := _instructions(rest[0])) is not None:
        asked |= {"instructions": told} if told else {}
        del rest[0]
    limits = [asked.pop(name) for name in LIMITS if name in asked]
    if limits:
        asked.setdefault("max_output_tokens", limits[0])
    if "reasoning_effort" in asked:
        asked["reasoning"] = {"effort": asked.pop("reasoning_effort"), **asked.get("reasoning", {})}
    if "verbosity" in asked:
        asked["text"] = {"verbosity": asked.pop("verbosity"), **asked.get("text", {})}
    if "response_format" in asked:
        asked = with_format(asked, asked.pop("response_format"))
    if asked.pop("logprobs", False):
        asked["include"] = [*{LOGPROBS: None, **dict.fromkeys(asked.get("include", ()))}]
    return {"input": list(_items(rest)), **_with_tools(_with_options(asked))}


def _with_options(asked: Form) -> Form:
    """Token figures are told always, so what asks for them is left out."""
    options = asked.pop("stream_options", None)
    if not isinstance(options, Mapping):
        return asked if options is None else {**asked, "stream_options": options}
    kept = without(options, "include_usage")
    return {**asked, "stream_options": kept} if kept else asked


def _with_tools(asked: Form) -> Form:
    if "tools" in asked:
        asked["tools"] = [_flattened(tool, strict=False) for tool in asked["tools"]]
    if "tool_choice" in asked:
        asked["tool_choice"] = _flattened(asked["tool_choice"])
    return asked


def _flattened(form: Any, **defaults: Any) -> Any:
    """A tool, a choice or a format: what is nested in chat completions, under the name of its type, is flat here.
    ``defaults`` are what chat completions take of a function that does not say it."""
    kind = form.get("type", "function") if isinstance(form, Mapping) else None
    inner = form.get(kind) if isinstance(kind, str) else None
    if not isinstance(inner, Mapping):
        return form
    flat = {"type": kind, **(defaults if kind == "function" else {}), **inner}
    if isinstance(flat.get("format"), Mapping):  # of a custom tool
        flat["format"] = _flattened(flat["format"])
    if kind == "allowed_tools":
        flat["tools"] = [_flattened(tool) for tool in flat.get("tools", ())]
    return flat


def tool(function: Form) -> Form:
    """What chat completions leave loose by default, this API takes as strict."""
    return {"type": "function", **function, "strict": False}


def choice(name: str) -> Form:
    return {"type": "function", "name": name}


def with_format(params: Form, asked: Any) -> Form:
    if not isinstance(asked, Mapping):
        raise TypeError(f"response_format is a dict, as {{'type': 'json_object'}}, not {excerpt(repr(asked))}")
    return {**params, "text": {**(params.get("text") or {}), "format": _flattened(asked)}}


# -- messages ----------------------------------------------------------------------------------------------------------


def _instructions(message: Mapping[str, Any]) -> str | None:
    """The text of a message, if it is one of instructions and says nothing but text."""
    content = message.get("content")
    if message.get("role") not in INSTRUCTIONS or "type" in message:
        return None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, (list, tuple)) else ()
    texts = [part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") in TEXTS]
    whole = len(texts) == len(parts) and all(isinstance(text, str) for text in texts)
    return "\n\n".join(map(str, texts)) if whole else None


def _items(messages: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The items that say what messages of chat completions do."""
    custom: set[Any] = set()  # the ids of calls of tools that take a text
    for message in messages:
        role = message.get("role")
        if role is None or "type" in message:  # in the API's own form
            yield message
        elif role == "function" or message.get("function_call") or message.get("audio"):
            what = "a message of the role 'function', function_call or audio"
            raise ValueError(f"{what} is not one that the Responses API has: write tool_calls and their results")
        elif role == "tool":
            id, output = message.get("tool_call_id"), _parts(message.get("content"), "user")
            kind = "custom_tool_call_output" if id in custom else "function_call_output"
            yield {"type": kind, "call_id": id, "output": output or ""}
        else:
            calls = list(map(_call, message.get("tool_calls") or ()))
            custom |= {call["call_id"] for call in calls if call["type"] == "custom_tool_call"}
            yield from _said(message, str(role))
            yield from calls


def _said(message: Mapping[str, Any], role: str) -> Iterator[Mapping[str, Any]]:
    """What a message says besides its calls. One of the model that says nothing is left out."""
    content = _parts(message.get("content"), role)
    if refusal := message.get("refusal"):
        told = [{"type": "output_text", "text": content}] if content and isinstance(content, str) else content or ()
        content = [*told, {"type": "refusal", "refusal": refusal}]
    if content or role != "assistant":
        yield {**without(message, *UNSENT), "content": content or ""}


def _parts(content: Any, role: str) -> Any:
    if not isinstance(content, (list, tuple)):
        return content
    text = "output_text" if role == "assistant" else "input_text"
    return [_part({"type": "text", "text": part} if isinstance(part, str) else part, text) for part in content]


def _part(part: Any, text: str) -> Any:
    kind = part.get("type") if isinstance(part, Mapping) else None
    held = part.get(kind) if isinstance(kind, str) else None
    if kind == "text":
        return {**part, "type": text}
    if kind == "image_url":
        image = {"image_url": held.get("url"), **without(held, "url")} if isinstance(held, Mapping) else {}
        return {"detail": "auto", **part, **image, "type": "input_image"}
    if kind == "file" and isinstance(held, Mapping):
        return {**without(part, "file"), **held, "type": "input_file"}
    if kind in ("file", "input_audio"):
        raise ValueError(f"a part of the type {kind!r} is not one that the Responses API has: write one of its own")
    return part


def _call(call: Any) -> Form:
    """An entry of ``tool_calls`` as an item."""
    kind = call.get("type") or "function" if isinstance(call, Mapping) else None
    held = call.get(kind) if isinstance(kind, str) else None
    if kind not in ("function", "custom") or not isinstance(held, Mapping) or not isinstance(held.get("name"), str):
        raise ValueError(f"an entry of tool_calls is not a call with a name and arguments: {excerpt(repr(call))}")
    named = {"call_id": call.get("id"), "name": held["name"]}
    if kind == "custom":
        return {"type": "custom_tool_call", **named, "input": held.get("input") or ""}
    return {"type": "function_call", **named, "arguments": held.get("arguments") or "{}"}


# -- counting ----------------------------------------------------------------------------------------------------------


def prompt(asked: Mapping[str, Any]) -> Prompt:
    told = asked["input"]
    turns: list[Mapping[str, Any]]
    turns = [{"role": "system", "content": asked["instructions"]}] if asked.get("instructions") else []
    turns += [{"role": "user", "content": told}] if isinstance(told, str) else _turns(told)
    notes = ["how the Responses API frames messages is not known"]
    notes += [f"what {name} stands for is not counted" for name in ELSEWHERE if asked.get(name)]
    if asked.get("text", {}).get("format", {}).get("type", "text") == "json_schema":
        notes.append("the schema of the answer is not counted")
    return Prompt(turns, asked.get("tools"), asked.get("tool_choice"), notes=tuple(notes))


def _turns(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Items as messages of chat completions."""
    for item in items:
        kind = item.get("type")
        if kind in ("function_call", "custom_tool_call"):
            yield {"role": "assistant", "tool_calls": [{"function": {"arguments": item.get("input"), **item}}]}
        elif kind in ("function_call_output", "custom_tool_call_output"):
            yield {"role": "tool", "content": item.get("output")}
        elif "role" in item:
            yield {"role": item["role"], "content": _counted(item.get("content"))}


def _counted(content: Any) -> Any:
    """Pictures in the form in which their tokens are known."""
    return [_as_image(part) for part in content] if isinstance(content, list) else content


def _as_image(part: Any) -> Any:
    if part.get("type") != "input_image":
        return part
    return {"type": "image_url", "image_url": {"url": part.get("image_url"), "detail": part.get("detail")}}
