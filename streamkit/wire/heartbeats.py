"""What servers send instead of comments to keep a connection open."""

from __future__ import annotations

import re
from types import NoneType
from typing import Any

from .jsoncodec import quote_json
from .problems import BESIDE_NAMES
from .unread import are_all_fine

__all__ = ["bare_word", "is_bare", "is_comment", "is_end", "is_heartbeat"]

NAME = re.compile(r"(?:^|[._-])(?:heart[_-]?beat|keep[_-]?alive|ping)(?:$|[._-])", re.IGNORECASE)
WORD = re.compile(r"""(?!.*(?:error|fail))(?![\d.+-]+$)(?:\[\w+\]|[^\s{}\[\]"<>]{1,64}|keep.?alive)""", re.IGNORECASE)
"""One word that is no number, bare or in brackets, unless it speaks of an error."""

KINDS = ("type", "event", "object")
MARKS = frozenset({
    "id", "event_id", "sequence_number", "seq", "timestamp", "time", "ts", "created", "created_at",
})  # fmt: skip
"""Fields of a heartbeat that nobody misses."""


def is_end(word: str) -> bool:
    """Whether a `bare_word` is the mark of the end, which some servers write small, or without its brackets."""
    return word == "DONE" or word.lower() == "[done]"


def is_comment(data: str) -> bool:
    """Whether a comment was wrapped into data."""
    return data.startswith(":")


def is_heartbeat(name: str) -> bool:
    """Whether the name of an event is that of a heartbeat; what its data holds may be something else (`is_bare`)."""
    return NAME.search(name.strip()) is not None


def is_bare(chunk: dict[str, Any]) -> bool:
    """Whether the data of a heartbeat is nothing but its name, its number and its time."""
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
    """The word that stands where an object should (text that is no JSON, or the value of JSON); empty if it is none."""
    if not isinstance(value, (str, float, bool, NoneType)):
        return ""
    text = value.strip() if isinstance(value, str) else quote_json(value)
    return text if WORD.fullmatch(text) else ""
