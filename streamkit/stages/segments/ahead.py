"""A growing text that reports every look beyond its end, so that no decision depends on how the text was cut."""

from __future__ import annotations

import re

__all__ = ["FAR", "MANY", "Ahead", "MoreNeeded"]

MANY = 100  # the end of a longer run of white space is not waited for
FAR = 2000  # how far back emphasis is paired off, so that the cost of a mark has a bound

_INK = re.compile(r"\S")


class MoreNeeded(Exception):
    """The answer depends on text that is not there yet; nothing was changed, ask again later."""


class Ahead:
    """A text, and whether it has ``ended``. After the end of the text a character is "", and its position ``size``."""

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
        """The position of the next character that is not white space; None if it is too far away or there is none."""
        match = _INK.search(self.text, at, at + MANY)
        if match is None:
            self.need(at + MANY - 1)
        return match.start() if match else None

    def after(self, pattern: re.Pattern[str], at: int) -> int:
        """The end of the run of single characters that begins at ``at``."""
        match = pattern.match(self.text, at)
        end = match.end() if match else at
        self.need(end)
        return end

    def may_continue(self, pattern: re.Pattern[str], start: int, limit: int) -> bool:
        """True if all the text there is from ``start``, less than ``limit`` characters, matches and more may come."""
        end = min(self.size, start + limit)
        return end < start + limit and not self.ended and pattern.fullmatch(self.text, start, end) is not None
