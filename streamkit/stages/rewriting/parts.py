"""The parts of a reply that have text, by the names that users give them."""

from __future__ import annotations

from collections.abc import Sequence

from ...events import ReasoningDelta, RefusalDelta, TextDelta, ToolCallDelta

__all__ = ["PARTS", "parts_of"]

PARTS: dict[str, type] = {
    "text": TextDelta,
    "reasoning": ReasoningDelta,
    "refusal": RefusalDelta,
    "tool_calls": ToolCallDelta,
}


def parts_of(names: Sequence[str]) -> frozenset[type]:
    """The kinds of delta that ``names`` of parts mean; ValueError for an unknown one."""
    if isinstance(names, str) or not set(names) <= set(PARTS):
        raise ValueError(f"parts is a list out of {', '.join(PARTS)}, not {names!r}")
    return frozenset(PARTS[name] for name in names)
