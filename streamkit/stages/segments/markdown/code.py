"""Spans of code: from one run of backticks to the next of the same length (CommonMark 0.31, section 6.1)."""

from __future__ import annotations

import re
from collections import deque

__all__ = ["BacktickRuns"]

_RUN = re.compile("`+")


class BacktickRuns:
    """The runs of backticks in a text, looked up from left to right."""

    def __init__(self, text: str) -> None:
        self._positions: dict[int, deque[int]] = {}
        for run in _RUN.finditer(text):
            self._positions.setdefault(len(run[0]), deque()).append(run.start())

    def next(self, size: int, at: int) -> int | None:
        """The position of the next run of that size from ``at`` on; None if there is none."""
        positions = self._positions.get(size)
        while positions and positions[0] < at:
            positions.popleft()
        return positions[0] if positions else None
