"""How much may wait in front of a slow reader or sink, in items and bytes."""

from __future__ import annotations

from typing import Any

from ...events import LogprobsDelta, Other, TextDelta, ToolCall, ToolCallDelta

__all__ = ["CAPACITY", "MAX_BYTES", "weight"]

CAPACITY = 1024
MAX_BYTES = 16 * 2**20

ENTRY = 64  # what an item weighs besides its text
RAW = 1024  # and what the parsed chunk weighs that it usually holds on to


def weight(item: Any) -> int:
    """About how many bytes an item holds on to, at the price of an estimate: a character counts as one."""
    size = ENTRY if getattr(item, "raw", None) is None else ENTRY + RAW
    if type(item) is TextDelta:  # nearly all are
        return size + len(item.text)
    text = item if isinstance(item, (str, bytes)) else getattr(item, "text", "")
    if isinstance(item, (Other, LogprobsDelta)):  # rare, and as large as a server likes
        text = repr(item.raw)
    elif isinstance(item, (ToolCall, ToolCallDelta)):
        text = item.arguments
    return size + (len(text) if isinstance(text, (str, bytes)) else 0)
