"""Recognises heartbeats: data that servers send instead of comments to keep a connection open."""

from __future__ import annotations

import re
from types import NoneType
from typing import Any

from .json_codec import quote_json
from .problems import BESIDE_NAMES
from .unread import are_all_fine

__all__ = ["bare_word", "is_bare", "is_comment", "is_end", "is_heartbeat"]

NAME = re.compile(r"(?:^|[._-])(?:heart[_-]?beat|keep[_-]?alive|ping)(?:$|[._-])", re.IGNORECASE)
WORD = re.compile(r"""(?!.*(?:error|fail))(?![\d.+-]+$)(?:\[\w+\]|[^\s{}\[\]"<>]{1,64}|keep.?alive)""", re.IGNORECASE)
"""One word that is not a number, bare or in brackets, unless it mentions an error."""

KINDS = ("type", "event", "object")
MARKS = frozenset({
    "id", "event_id", "sequence_number", "seq", "timestamp", "time", "ts", "created", "created_at",
})  # fmt: skip
"""Fields of a heartbeat that need no event."""


def is_end(word: str) -> bool:
    """True if a `bare_word` is the end mark, which some servers write in lower case, or without its brackets."""
    return word == "DONE" or word.lower() == "[done]"


def is_comment(data: str) -> bool:
    """True if ``data`` is a comment that was wrapped into data."""
    return data.startswith(":")


def is_heartbeat(name: str) -> bool:
    """True if the name of an event is that of a heartbeat; its data may be something else (see `is_bare`)."""
    return NAME.search(name.strip()) is not None


def is_bare(chunk: dict[str, Any]) -> bool:
    """True if the data of a heartbeat holds nothing but its name, its number and its time."""
    return all(_is_mark(name, value) for name, value in chunk.items())


def _is_mark(name: str, value: Any) -> bool:
    if value is None or value == "":
        return True
    if name in KINDS:
        return isinstance(value, str) and is_heartbeat(value)
    if name in BESIDE_NAMES:
        return are_all_fine(value)
    return name in MARKS and not isinstance(value, (dict, list))


def bare_word(value: Any) -> str:
    """The word that stands in place of an object (text that is not JSON, or a JSON value); empty if it is not a
    word."""
    if not isinstance(value, (str, float, bool, NoneType)):
        return ""
    text = value.strip() if isinstance(value, str) else quote_json(value)
    return text if WORD.fullmatch(text) else ""
