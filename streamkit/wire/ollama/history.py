"""Messages of earlier turns in Ollama's own form: what of them other models and other APIs understand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

from ...turns import object_of
from ..api import Form
from ..chat_requests import answered_call, chat_call, spare_id, without
from ..json_codec import dumps

__all__ = ["further_fields", "further_of_calls", "is_own", "plain", "to_chat"]

OWN = ("thinking", "images", "tool_name")
"""Fields of messages that chat completions do not have."""
KNOWN = ("arguments", "function", "id", "index", "name", "type")
"""The usual fields of calls. The number of a call is that of its place among the calls."""


def further_fields(entry: Mapping[str, Any]) -> Form:
    """The fields of a call, and of its function, that go back with it besides the usual ones."""
    function = entry.get("function")
    inner = _filled(function) if isinstance(function, Mapping) else {}
    return {**_filled(entry), **({"function": inner} if inner else {})}


def _filled(form: Mapping[str, Any]) -> Form:
    return {name: value for name, value in without(form, *KNOWN).items() if value}


def further_of_calls(message: Mapping[str, Any]) -> Iterator[Form]:
    """The `further_fields` of each call of a message, none for calls in the form of chat completions; without end."""
    if _has_own_calls(message):
        yield from map(further_fields, message["tool_calls"])
    yield from repeat({})


def _has_own_calls(message: Mapping[str, Any]) -> bool:
    """True if all calls of a message have their arguments as objects; in chat completions they are text."""
    calls = message.get("tool_calls")
    return isinstance(calls, (list, tuple)) and bool(calls) and all(map(_is_own_call, calls))


def _is_own_call(call: Any) -> bool:
    function = call.get("function") if isinstance(call, Mapping) else None
    return isinstance(function, Mapping) and isinstance(function.get("arguments"), Mapping)


def is_own(message: Mapping[str, Any]) -> bool:
    """True for a message that only this API has in this form."""
    images = message.get("images")
    has_images = isinstance(images, list) and bool(images) and all(isinstance(one, str) for one in images)
    return has_images or any(message.get(name) for name in ("thinking", "tool_name")) or _has_own_calls(message)


def plain(message: Form) -> Form | None:
    """A message without its thoughts, and without the fields of calls that are those of its model; None if nothing is
    left."""
    kept = without(message, "thinking")
    if _has_own_calls(message):
        kept["tool_calls"] = [_plain_call(call) for call in message["tool_calls"]]
    return kept if any(kept.get(name) for name in ("content", "images", "tool_calls")) or _is_result(kept) else None


def _plain_call(call: Mapping[str, Any]) -> Form:
    function = {name: call["function"].get(name) for name in ("name", "arguments")}
    return {**({"id": call["id"]} if call.get("id") else {}), "function": function}


def _is_result(message: Form) -> bool:
    return message.get("role") == "tool"


def to_chat(messages: Sequence[Form]) -> Iterator[Form]:
    """Messages as those of chat completions, without thoughts. A result without an id belongs to the first call of its
    tool that has none yet."""
    waiting: list[Form] = []
    for number, message in enumerate(messages):
        form = without(message, *OWN)
        images = [_chat_image(one) for one in message.get("images") or ()]
        if images and message.get("role") != "assistant":  # an assistant's message holds no images there
            text = [{"type": "text", "text": message["content"]}] if message.get("content") else []
            form["content"] = [*text, *images]
        if _has_own_calls(message):
            spare = spare_id(number, message)
            waiting = [_chat_call(call, f"{spare}-{at}") for at, call in enumerate(message["tool_calls"])]
            form |= {"content": message.get("content") or None, "tool_calls": list(waiting)}
        if _is_result(message):
            form["tool_call_id"] = answered_call(message.get("tool_call_id"), message.get("tool_name"), waiting)
        yield form


def _chat_call(call: Mapping[str, Any], spare: str) -> Form:
    function = call["function"]
    return chat_call(call.get("id") or spare, function.get("name", ""), dumps(object_of(function["arguments"]) or {}))


def _chat_image(data: Any) -> Form:
    """An image, whose kind its first bytes say."""
    return {"type": "image_url", "image_url": {"url": f"data:{_media(str(data))};base64,{data}"}}


def _media(data: str) -> str:
    return next((media for start, media in STARTS.items() if data.startswith(start)), "image/png")


STARTS = {"/9j/": "image/jpeg", "iVBORw": "image/png", "R0lGOD": "image/gif", "UklGR": "image/webp"}
"""The beginnings of images in base64."""
