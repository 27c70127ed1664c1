"""What servers send instead of comments to keep a connection open."""

from __future__ import annotations

import re
from types import NoneType
from typing import Any

from ..errors import MalformedError
from ..events import Other
from .loads import load, shown
from .sse import ServerSentEvent

__all__ = ["bare_word", "is_comment", "is_end", "named_heartbeat"]

NAME = re.compile(r"(?:^|[._-])(?:heart[_-]?beat|keep[_-]?alive|ping)(?:$|[._-])", re.IGNORECASE)
WORD = re.compile(r"""(?!.*(?:error|fail))(?![\d.+-]+$)(?:\[\w+\]|[^\s{}\[\]"<>]{1,64}|keep.?alive)""", re.IGNORECASE)
"""One word that is no number, bare or in brackets, unless it speaks of an error."""


def is_end(word: str) -> bool:
    """Whether a `bare_word` is the mark of the end, which some servers write small, or without its brackets."""
    return word == "DONE" or word.lower() == "[done]"


def is_comment(data: str) -> bool:
    """Whether a comment was wrapped into data."""
    return data.startswith(":")


def named_heartbeat(sse: ServerSentEvent) -> Other | None:
    """The event for a heartbeat that its name gives away, whatever its data is; None for anything else."""
    if NAME.search(sse.event.strip()) is None:
        return None
    try:
        form = load(sse.data)
    except MalformedError:
        form = None
    return Other(sse.event, raw=form if isinstance(form, dict) else {"type": sse.event})


def bare_word(value: Any) -> str:
    """The word that stands where an object should (text that is no JSON, or the value of JSON); empty if it is none."""
    if not isinstance(value, (str, float, bool, NoneType)):
        return ""
    text = value.strip() if isinstance(value, str) else shown(value)
    return text if WORD.fullmatch(text) else ""
