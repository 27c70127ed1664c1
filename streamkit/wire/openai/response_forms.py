"""Reads the JSON of the Responses API: the references to items in its events, and the texts in its items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ...errors import MalformedError
from ..fields import Chunk, object_in, text_field
from ..fragments import arguments_text
from ..json_codec import quote_json
from .output_items import ItemRef

__all__ = [
    "PARTS",
    "READ",
    "SOURCES",
    "TEXTS",
    "arguments_of",
    "call_id",
    "family_of",
    "is_echo",
    "is_free",
    "is_input",
    "item_kind",
    "part_of",
    "ref_of",
    "text_in",
    "texts_of",
]

CALLS = ("function_call", "custom_tool_call")
TEXTS = ("text", "content", "reasoning", "thinking", "summary")
SOURCES = {"summary": "summary", "text": "content"}  # the fields of a reasoning item
THOUGHTS = ("reasoning_text", "summary_text", "reasoning", "thinking")  # types of parts
PARTS = {"output_text": "text", "refusal": "refusal", "reasoning_text": "reasoning", "summary_text": "reasoning"}
"""Types of parts, and the kind of text in them."""
READ = frozenset({*CALLS, *PARTS, *THOUGHTS, "message", "text"})
"""Types of items and parts whose texts are read."""
ANSWERS = frozenset({
    "apply_patch_call_output", "computer_call_output", "custom_tool_call_output", "function_call_output",
    "local_shell_call_output", "mcp_approval_response",
})  # fmt: skip
"""Types of items that only the caller sends."""
THOUGHT = re.compile(
    r"response\.(?!.*(?:encrypted|signature))(\w*(?:reasoning|thinking|thought|reflection)[\w.]*)\.\w+"
)


def ref_of(chunk: Chunk, kind: str) -> ItemRef:
    """The reference of an event to its item, which is of ``kind``."""
    index, item = chunk.get("output_index"), object_in(chunk, "item")
    id = chunk.get("item_id") or item.get("id")
    call_id = text_field(item, "call_id") if kind == "call" else ""
    return ItemRef(kind, index if isinstance(index, int) else None, id if isinstance(id, str) else "", call_id)


def part_of(chunk: Chunk) -> int | None:
    """The number of the part in its item that an event is about."""
    index = chunk.get("content_index", chunk.get("summary_index"))
    return index if isinstance(index, int) else None


def item_kind(item: Chunk) -> str:
    """``message``, ``reasoning``, ``call``, or nothing for an item of which nothing is read."""
    kind = item.get("type")
    if kind in CALLS:
        return "call"
    if is_echo(item):
        return ""
    return kind if kind == "message" or kind == "reasoning" else ""


def is_echo(item: Chunk) -> bool:
    """True if it is a message of the request."""
    return item.get("type") == "message" and item.get("role") in ("user", "system", "developer")


def is_input(item: Chunk) -> bool:
    """True if the caller sent it, so that it is not content: a message of the request, or the result of a call that ran
    outside the server."""
    kind = item.get("type")
    return is_echo(item) or (isinstance(kind, str) and kind in ANSWERS)


@lru_cache(maxsize=64)
def family_of(name: str) -> str:
    """The part of the name of an event about reasoning that all events about the same text share; empty for other
    events.

    There are many such names: OpenAI has changed its own twice, and servers have invented others.
    """
    match = THOUGHT.fullmatch(name)
    return match.group(1) if match is not None else ""


def text_in(chunk: Chunk, *names: str) -> str:
    """The text of the first of the fields that has one: a text, or an object or a list of objects with a text."""
    for name in names:
        value = chunk.get(name)
        if isinstance(value, (dict, list)):
            value = _join(value)
        elif value is not None and not isinstance(value, str):
            raise MalformedError(f"{name} is not a text: {quote_json(value)}")
        if value:
            return value
    return ""


def _join(parts: Any, *names: str) -> str:
    """The texts of a list of parts, or of a single part."""
    if isinstance(parts, str):
        return parts
    forms = parts if isinstance(parts, list) else [parts]
    return "".join(_text(form, names or TEXTS) for form in forms if isinstance(form, dict))


def _text(form: Chunk, names: tuple[str, ...]) -> str:
    return next((text for text in map(form.get, names) if isinstance(text, str) and text), "")


def texts_of(item: Chunk, source: str, preferred: str = "") -> Iterator[tuple[str, str]]:
    """The texts of a whole item, by kind: text and refusal, or reasoning, from its ``source`` or the ``preferred``
    one."""
    if item.get("type") == "reasoning":
        sources = (source,) if source else ("text", "summary") if preferred == "text" else ("summary", "text")
        reasoning = next(filter(None, (_join(item.get(SOURCES[one]), "text") for one in sources)), "")
        if reasoning:
            yield "reasoning", reasoning
    elif item.get("type") == "message":
        content = item.get("content")
        if isinstance(content, list):
            content = [part for part in content if not (isinstance(part, dict) and part.get("type") in THOUGHTS)]
        for text_kind in ("text", "refusal"):
            text = "" if text_kind == "refusal" and isinstance(content, str) else _join(content, text_kind)
            if text:
                yield text_kind, text


def is_free(item: Chunk) -> bool:
    """True if the arguments of a call are free text and not JSON."""
    return item.get("type") == "custom_tool_call"


def call_id(item: Chunk) -> str:
    """The id by which the result of a call refers to it."""
    return text_field(item, "call_id") or text_field(item, "id")


def arguments_of(form: Chunk) -> str:
    """The whole arguments of a call."""
    return arguments_text(form.get("arguments", form.get("input")))
