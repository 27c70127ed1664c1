"""Spans of code: from one run of backticks to the next of the same length (CommonMark 0.31, section 6.1)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

__all__ = ["BacktickRuns"]

_RUN = re.compile("`+")


class BacktickRuns:
    """The runs of backticks in a text, which are looked up from left to right.

    ``as_text`` are the lengths of runs in earlier text that were taken for text: the runs that close them are, too.
    ``open`` are the positions and lengths of such runs in this text, ``closed`` those of the runs that close one.
    """

    def __init__(self, text: str, as_text: Iterable[int]) -> None:
        self._as_text = set(as_text)
        self._positions: dict[int, deque[int]] = {}
        for run in _RUN.finditer(text):
            self._positions.setdefault(len(run[0]), deque()).append(run.start())
        self.open: list[tuple[int, int]] = []
        self.closed: list[tuple[int, int]] = []

    def closing(self, at: int, size: int) -> int | None:
        """The position of the run that closes the one at ``at``; None if that is text, or may be closed later."""
        if size in self._as_text:
            self._as_text.remove(size)
            self.closed.append((at, size))
            return None
        positions = self._positions.get(size)
        while positions and positions[0] < at + size:
            positions.popleft()
        if positions:
            return positions[0]
        self.open.append((at, size))
        return None
