"""The JSON of the Responses API: where its events say that they belong, and the texts in its items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ...errors import MalformedError
from ..fields import Chunk, object_in, text_field
from ..fragments import arguments_text
from ..jsoncodec import quote_json
from .outputitems import ItemRef

__all__ = [
    "PARTS",
    "READ",
    "TEXTS",
    "arguments_of",
    "call_id",
    "family_of",
    "is_answer",
    "is_echo",
    "is_free",
    "item_kind",
    "part_of",
    "ref_of",
    "text_in",
    "texts_of",
]

CALLS = ("function_call", "custom_tool_call")
TEXTS = ("text", "content", "reasoning", "thinking", "summary")
SOURCES = {"summary": "summary", "text": "content"}  # fields of a reasoning item
THOUGHTS = ("reasoning_text", "summary_text", "reasoning", "thinking")  # types of parts
PARTS = {"output_text": "text", "refusal": "refusal", "reasoning_text": "reasoning", "summary_text": "reasoning"}
"""Types of parts, and what is said in them."""
READ = frozenset({*CALLS, *PARTS, *THOUGHTS, "message", "text"})
"""Types of items and parts whose texts are read."""
ANSWERS = frozenset({
    "apply_patch_call_output", "computer_call_output", "custom_tool_call_output", "function_call_output",
    "local_shell_call_output", "mcp_approval_response",
})  # fmt: skip
"""Types of items that only the caller tells."""
THOUGHT = re.compile(
    r"response\.(?!.*(?:encrypted|signature))(\w*(?:reasoning|thinking|thought|reflection)[\w.]*)\.\w+"
)


def ref_of(chunk: Chunk, kind: str) -> ItemRef:
    """Where an event about an item of ``kind`` says that it belongs."""
    index, item = chunk.get("output_index"), object_in(chunk, "item")
    id = chunk.get("item_id") or item.get("id")
    call_id = text_field(item, "call_id") if kind == "call" else ""
    return ItemRef(kind, index if isinstance(index, int) else None, id if isinstance(id, str) else "", call_id)


def part_of(chunk: Chunk) -> int | None:
    """Which part of its item."""
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
    """Whether it is a message of what was asked."""
    return item.get("type") == "message" and item.get("role") in ("user", "system", "developer")


def is_answer(item: Chunk) -> bool:
    """Whether it is what came of a call that was made outside the server: told by whoever asks, so no content."""
    return item.get("type") in ANSWERS


@lru_cache(maxsize=64)
def family_of(name: str) -> str:
    """Of the name of an event about reasoning: the part that all events about the same text share; else nothing.

    There are many such names: that of OpenAI has changed twice, and servers have made up their own.
    """
    found = THOUGHT.fullmatch(name)
    return found.group(1) if found is not None else ""


def text_in(chunk: Chunk, *names: str) -> str:
    """The first of the fields that is there: a text, or an object or a list of objects that hold one."""
    for name in names:
        value = chunk.get(name)
        if isinstance(value, (dict, list)):
            value = _joined(value)
        elif value is not None and not isinstance(value, str):
            raise MalformedError(f"{name} is not a text: {quote_json(value)}")
        if value:
            return value
    return ""


def _joined(parts: Any, *names: str) -> str:
    """The texts of a list of parts, or of one of them."""
    if isinstance(parts, str):
        return parts
    forms = parts if isinstance(parts, list) else [parts]
    return "".join(_text(form, names or TEXTS) for form in forms if isinstance(form, dict))


def _text(form: Chunk, names: tuple[str, ...]) -> str:
    return next((text for text in map(form.get, names) if isinstance(text, str) and text), "")


def texts_of(item: Chunk, source: str, preferred: str = "") -> Iterator[tuple[str, str]]:
    """What a whole item says, by word: text and refusal, or reasoning, from its ``source`` or the ``preferred`` one."""
    if item.get("type") == "reasoning":
        sources = (source,) if source else ("text", "summary") if preferred == "text" else ("summary", "text")
        reasoning = next(filter(None, (_joined(item.get(SOURCES[one]), "text") for one in sources)), "")
        if reasoning:
            yield "reasoning", reasoning
    elif item.get("type") == "message":
        content = item.get("content")
        if isinstance(content, list):
            content = [part for part in content if not (isinstance(part, dict) and part.get("type") in THOUGHTS)]
        for word in ("text", "refusal"):
            said = "" if word == "refusal" and isinstance(content, str) else _joined(content, word)
            if said:
                yield word, said


def is_free(item: Chunk) -> bool:
    """Whether the arguments of a call are free text and no JSON."""
    return item.get("type") == "custom_tool_call"


def call_id(item: Chunk) -> str:
    """What an answer to the call refers to."""
    return text_field(item, "call_id") or text_field(item, "id")


def arguments_of(form: Chunk) -> str:
    """The whole arguments of a call."""
    return arguments_text(form.get("arguments", form.get("input")))
