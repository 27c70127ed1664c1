"""The simple units: words, lines, paragraphs."""

from __future__ import annotations

import re

from .ahead import Ahead, Cut, strip_end
from .fences import Fence
from .lines import NEWLINE, block
from .scripts import CJK, between_graphemes

__all__ = ["Lines", "Paragraphs", "Words"]


class Lines:
    """Lines that are not blank, with their indentation."""

    kind = "line"

    def __init__(self, max_chars: int | None) -> None:
        self._max = max_chars
        self.start = self._at = 0

    def shift(self, by: int) -> None:
        self.start -= by
        self._at -= by

    @property
    def may_force(self) -> bool:
        return True

    def next(self, ahead: Ahead) -> Cut | None:
        while True:
            limit = ahead.size if self._max is None else min(ahead.size, self.start + self._max)
            found = NEWLINE.search(ahead.text, self._at, limit)
            if found is None:
                self._at = limit
                if ahead.ended and limit == ahead.size:
                    return self._take(self.start, ahead.size, ahead.size) if ahead.size > self.start else None
                return self._too_long(ahead, limit)
            cut = self._take(self.start, found.start(), found.end())
            if ahead.text[cut.start : cut.end].strip():
                return cut

    def _take(self, start: int, end: int, resume: int, *, forced: bool = False) -> Cut:
        self.start = self._at = resume
        return Cut(start, end, self.kind, forced)

    def _too_long(self, ahead: Ahead, limit: int) -> Cut | None:
        if self._max is None or limit < self.start + self._max or (limit == ahead.size and not ahead.ended):
            return None
        return self._take(self.start, *_good_place(ahead.text, self.start, limit), forced=True)

    def force(self, ahead: Ahead) -> Cut | None:
        if not ahead.text[self.start :].strip():
            return None
        return self._take(self.start, *_good_place(ahead.text, self.start, ahead.size), forced=True)


def _good_place(text: str, start: int, limit: int) -> tuple[int, int]:
    """The last space before ``limit``, else a place between two graphemes; twice, for nothing is skipped."""
    space = max(text.rfind(" ", start + 1, limit), text.rfind("\n", start + 1, limit))
    if space > 0:
        return space, space
    place = limit
    while place > max(start + 1, limit - 64) and not between_graphemes(text, place):
        place -= 1
    place = place if between_graphemes(text, place) else limit
    return place, place
