"""Spans of code: from one run of backticks to the next of the same length (CommonMark 0.31, section 6.1)."""

from __future__ import annotations

import re
from collections import deque

__all__ = ["BacktickRuns"]

_RUN = re.compile("`+")


class BacktickRuns:
    """The runs of backticks in a text, asked about from left to right."""

    def __init__(self, text: str) -> None:
        self._places: dict[int, deque[int]] = {}
        for run in _RUN.finditer(text):
            self._places.setdefault(len(run[0]), deque()).append(run.start())

    def next(self, size: int, at: int) -> int | None:
        """Where the next run of that size stands, at or behind ``at``."""
        places = self._places.get(size)
        while places and places[0] < at:
            places.popleft()
        return places[0] if places else None
