"""Text of which more may come: every look beyond it says so, so that no decision depends on how it was cut."""

from __future__ import annotations

import re

__all__ = ["FAR", "MANY", "Ahead", "MoreNeeded"]

MANY = 100  # a longer run of white space is not waited for
FAR = 2000  # how far back emphasis is paired off, so that the cost of a mark has a bound

_INK = re.compile(r"\S")


class MoreNeeded(Exception):
    """The answer depends on text that is not there yet; nothing was changed, ask again later."""


class Ahead:
    """A text, and whether it has ``ended``. Behind the end is nothing: the empty string, ``size``."""

    __slots__ = ("ended", "size", "text")

    def __init__(self, text: str, ended: bool) -> None:
        self.text, self.ended, self.size = text, ended, len(text)

    def need(self, at: int) -> None:
        """Raise `MoreNeeded` if the character at ``at`` may still come."""
        if at >= self.size and not self.ended:
            raise MoreNeeded

    def char(self, at: int) -> str:
        self.need(at)
        return self.text[at : at + 1]

    def ink(self, at: int) -> int | None:
        """The next place that is no white space, None if that is too far away or there is none."""
        found = _INK.search(self.text, at, at + MANY)
        if found is None:
            self.need(at + MANY - 1)
        return found.start() if found else None

    def after(self, pattern: re.Pattern[str], at: int) -> int:
        """Where a run of single characters that begins at ``at`` ends."""
        found = pattern.match(self.text, at)
        end = found.end() if found else at
        self.need(end)
        return end

    def whole(self, pattern: re.Pattern[str], start: int, limit: int) -> bool:
        """Whether all there is, up to ``limit`` characters, matches and more of it may come."""
        seen = min(self.size, start + limit)
        return seen < start + limit and not self.ended and pattern.fullmatch(self.text, start, seen) is not None
