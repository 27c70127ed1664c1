"""Requests of chat completions taken apart, for APIs that want the same in a form of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import MalformedError, excerpt
from .loads import load

__all__ = ["called", "inlined", "instructs", "names_of", "parts_of", "without"]

DEFAULTS = {"parallel_tool_calls": True, "stream_options": {"include_usage": True}}
"""Parameters with a value that says what an API without them does anyway."""
MISSING = frozenset({
    *DEFAULTS, "audio", "best_of", "echo", "function_call", "functions", "logit_bias", "metadata", "modalities",
    "moderation", "prediction", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier",
    "suffix", "user", "verbosity", "web_search_options",
})  # fmt: skip
"""Parameters that only OpenAI's APIs have, and their like."""
DATA = re.compile(r"data:([^;,]+)(?:;[^;,]*)*;base64,(.*)", re.DOTALL)


def without(params: Mapping[str, Any], api: str, missing: Iterable[str] = MISSING) -> dict[str, Any]:
    """``params`` without those of ``missing`` that ask for nothing; ValueError that names the others."""
    kept = {name: value for name, value in params.items() if name not in DEFAULTS or value != DEFAULTS[name]}
    odd = sorted(kept.keys() & missing)
    if odd:
        raise ValueError(f"{api} has no {', '.join(odd)}: leave it out")
    return kept


def instructs(message: Mapping[str, Any]) -> bool:
    """Whether a message is an instruction, and no turn."""
    return message.get("role") in ("system", "developer")


def parts_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a message says, as parts; a text is one."""
    content = message.get("content") or message.get("refusal") or ()
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, (list, tuple)) or not all(isinstance(part, Mapping) for part in content):
        raise ValueError(f"the content of a message is not a text or a list of parts: {excerpt(repr(content))}")
    return list(content)


def inlined(part: Mapping[str, Any]) -> tuple[str | None, str] | None:
    """The media type and the data (base64) of a part that holds a file; None and its address if it is elsewhere, None
    for a part of text or of another kind."""
    kind = part.get("type")
    held = part.get(kind) if isinstance(kind, str) else None
    held = {"url": held} if isinstance(held, str) else held
    if not isinstance(held, Mapping):
        return None
    if kind == "input_audio":
        return f"audio/{held.get('format')}", str(held.get("data"))
    url = held.get("url") if kind == "image_url" else held.get("file_data") if kind == "file" else None
    if not isinstance(url, str):
        return None
    data = DATA.fullmatch(url)
    return (data[1], data[2]) if data else (None, url)


def called(call: Any) -> tuple[str, str, dict[str, Any]]:
    """The id, the name and the arguments of an entry of ``tool_calls``. ValueError if these are not an object."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise TypeError(f"an entry of tool_calls is not a function with a name and arguments: {excerpt(repr(call))}")
    arguments = function.get("arguments") or "{}"
    try:
        value = load(arguments) if isinstance(arguments, str) else arguments
    except MalformedError:
        value = None
    if value is None or not isinstance(value, Mapping):
        told = f"{excerpt(function['name'])} are not a JSON object: {excerpt(str(arguments))}"
        raise ValueError(f"the arguments of the call of {told}")
    return str(call.get("id") or ""), function["name"], dict(value)


def names_of(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """For each message the name of the tool whose result it is, else an empty text. ValueError for the result of a
    call that no message before it made."""
    known: dict[Any, str] = {}
    names = []
    for message in messages:
        known |= {id: name for id, name, _ in map(called, message.get("tool_calls") or ())}
        if message.get("role") == "tool" and message.get("tool_call_id") not in known:
            told = excerpt(repr(message.get("tool_call_id")))
            raise ValueError(f"a tool message answers the call {told}, which no message before it made")
        names.append(known[message.get("tool_call_id")] if message.get("role") == "tool" else "")
    return names
