"""The limits of what may wait in front of a slow reader or sink, in items and bytes."""

from __future__ import annotations

from typing import Any

from ...event_class import has_raw
from ...events import BlockEnd, Citation, File, LogprobsDelta, Other, ServerTool, TextDelta, ToolCall, ToolCallDelta

__all__ = ["CAPACITY", "MAX_BYTES", "weight"]

CAPACITY = 1024
MAX_BYTES = 16 * 2**20

ENTRY = 64  # bytes of an item without its text
RAW = 1024  # bytes of the parsed chunk that an item usually refers to


def weight(item: Any) -> int:
    """The approximate number of bytes that an item keeps in memory. A cheap estimate: a character counts as one
    byte."""
    if type(item) is TextDelta:  # nearly all items are
        return ENTRY + (RAW if has_raw(item) else 0) + len(item.text)
    size = ENTRY if getattr(item, "raw", None) is None else ENTRY + RAW
    text = item if isinstance(item, (str, bytes)) else getattr(item, "text", "")
    if isinstance(item, (Other, LogprobsDelta)):  # rare, and of any size the server chooses
        text = repr(item.raw)
    elif isinstance(item, (BlockEnd, Citation, File, ServerTool)):
        text = repr(item.form) + (item.data if isinstance(item, File) else "")
    elif isinstance(item, (ToolCall, ToolCallDelta)):
        text = item.arguments
    return size + (len(text) if isinstance(text, (str, bytes)) else 0)
