"""What servers send instead of comments to keep a connection open."""

from __future__ import annotations

import re
from types import NoneType
from typing import Any

from .loads import shown

__all__ = ["bare_word", "is_comment", "is_end", "is_heartbeat"]

NAME = re.compile(r"(?:^|[._-])(?:heart[_-]?beat|keep[_-]?alive|ping)(?:$|[._-])", re.IGNORECASE)
WORD = re.compile(r"""(?!.*(?:error|fail))(?![\d.+-]+$)(?:\[\w+\]|[^\s{}\[\]"<>]{1,64}|keep.?alive)""", re.IGNORECASE)
"""One word that is no number, bare or in brackets, unless it speaks of an error."""


def is_end(word: str) -> bool:
    """Whether a `bare_word` is the mark of the end, which some servers write small, or without its brackets."""
    return word == "DONE" or word.lower() == "[done]"


def is_comment(data: str) -> bool:
    """Whether a comment was wrapped into data."""
    return data.startswith(":")


def is_heartbeat(name: str) -> bool:
    """Whether the name of an event gives it away as a heartbeat, whatever its data is."""
    return NAME.search(name.strip()) is not None


def bare_word(value: Any) -> str:
    """The word that stands where an object should (text that is no JSON, or the value of JSON); empty if it is none."""
    if not isinstance(value, (str, float, bool, NoneType)):
        return ""
    text = value.strip() if isinstance(value, str) else shown(value)
    return text if WORD.fullmatch(text) else ""
