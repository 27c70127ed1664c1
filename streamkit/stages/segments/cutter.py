"""What all cutters share: a place in the text, a limit, and the way to a good place for a forced cut."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from .ahead import Ahead, MoreNeeded
from .fences import Block, Indented
from .scripts import between_graphemes

__all__ = ["Cut", "Cutter", "Kind", "strip_end"]

Kind = Literal["sentence", "heading", "list_item", "table_row", "code", "rule", "word", "line", "paragraph"]

_PLACES = (re.compile(r"(?<=[,;:—،؛])(?=\s)|(?<=[，、；：。！？])(?!\d)"), re.compile(r"\s"))
_LONGEST_GRAPHEME = 64


@dataclass(slots=True)
class Cut:
    """One segment found: ``text[start:end]``; only white space lies between it and the next."""

    start: int
    end: int
    kind: Kind
    forced: bool = False
    indent: int = 0


@dataclass(slots=True)
class Margin:
    """The white space before a segment: whether a line begins there, how far it is indented, and how many lines it is.

    ``columns`` counts as Markdown does, where a tab reaches to the next fourth one; wide spaces, which begin
    paragraphs, count for nothing there.
    """

    fresh: bool = True
    indent: int = 0
    columns: int = 0
    lines: int = 1
    last: str = ""

    def see(self, char: str) -> None:
        if char in "\r\n":
            self.lines += char == "\r" or self.last != "\r"
            self.fresh, self.indent, self.columns = True, 0, 0
        else:
            self.indent += 1
            self.columns += 1 if char == " " else 4 - self.columns % 4 if char == "\t" else 0
        self.last = char


class Cutter(ABC):
    """Finds segments one after the other. ``start`` is where the next begins: what lies before it may be dropped.

    A subclass answers `_find` from the text alone, between ``start`` and a look-ahead that the text defines; where that
    is not there yet it raises `MoreNeeded` (or gives None) and is asked again. ``_at`` is how far it is done.
    """

    def __init__(self, max_chars: int | None, *, code_lines: bool = False) -> None:
        self._max, self._code_lines = max_chars, code_lines
        self._fence: Block | None = None
        self._margin = Margin()
        self._begin(0)

    def _begin(self, start: int) -> None:
        """Forget the segment; the next one begins at ``start`` or behind the white space there."""
        self.start = self._at = start
        self._kind: Kind | None = None  # of the segment, None while that is not known

    @abstractmethod
    def _find(self, ahead: Ahead) -> Cut | None: ...

    def shift(self, by: int) -> None:
        """The first ``by`` characters of the text were dropped."""
        self.start -= by
        self._at -= by
        if self._fence is not None:
            self._fence.shift(by)

    def next(self, ahead: Ahead) -> Cut | None:
        """The next segment, or None until more text is there."""
        try:
            cut = self._find(ahead)
        except MoreNeeded:
            cut = None
        if cut is None and self._kind != "code" and self._max is not None and self._at >= self.start + self._max:
            return self._force(ahead, self.start + self._max)
        return cut

    @property
    def may_force(self) -> bool:
        """Not where the kind is not known yet, nor within code, which is never cut."""
        return self._kind not in {None, "code"}

    def force(self, text: str) -> Cut | None:
        """What there is, up to its last good place; None if it has none."""
        if not self.may_force:
            return None
        end = strip_end(text, self.start, self._known(text))
        whole = end > self._body_start and (text[end : end + 1].isspace() or self._is_whole(text, end))
        place = end if whole else self._good_place(text, end)
        return None if place is None else self._cut(place, forced=True)

    def _force(self, ahead: Ahead, limit: int) -> Cut | None:
        if limit >= ahead.size and not ahead.ended:
            return None  # whether a grapheme ends there is not known yet
        limit = min(limit, ahead.size)
        return self._cut(self._good_place(ahead.text, limit) or self._any_place(ahead.text, limit), forced=True)

    def _known(self, text: str) -> int:
        """How far a timer may look: what is there may still turn out to be code."""
        return len(text)

    def _is_whole(self, text: str, end: int) -> bool:
        """Whether a timer may give out the text up to ``end`` as it is."""
        return False

    @property
    def _body_start(self) -> int:
        return self.start

    def _is_free(self, place: int) -> bool:
        return True

    def _good_place(self, text: str, limit: int) -> int | None:
        """Behind the last clause before ``limit``, else the last word; None if there is neither."""
        for pattern in _PLACES:
            places = [found.start() for found in pattern.finditer(text, self._body_start + 1, limit)]
            for place in reversed(places):
                if self._is_free(place):
                    return max(strip_end(text, self.start, place), self.start + 1)
        return None

    def _any_place(self, text: str, limit: int) -> int:
        """Between two graphemes, if these are not longer than all there may be."""
        place = limit
        while place > max(self.start + 1, limit - _LONGEST_GRAPHEME) and not self._between(text, place):
            place -= 1
        return place if self._between(text, place) else limit

    def _between(self, text: str, place: int) -> bool:
        return between_graphemes(text, place, self.start)

    def _cut(self, end: int, *, forced: bool = False) -> Cut:
        cut = Cut(self.start, end, self._kind or "sentence", forced)
        self._margin = Margin(fresh=False, lines=0)
        self._begin(end)
        return cut

    def _cut_marker(self, end: int) -> Cut:
        """The marker of a list in front of a fence is a segment of its own."""
        indent = self._margin.indent + end - self.start
        cut = self._cut(end)
        self._margin = Margin(indent=indent, lines=0)
        return cut

    def _limit(self, ahead: Ahead) -> int:
        return ahead.size if self._max is None else min(ahead.size, self.start + self._max)

    def _skip(self, text: str) -> None:
        """To the next segment, minding line breaks and indentation."""
        at = self.start
        while at < len(text) and text[at].isspace():
            self._margin.see(text[at])
            at += 1
        self.start = self._at = at

    def _code(self, ahead: Ahead) -> Cut | None:
        """A block, or its next line."""
        fence = self._fence
        assert fence is not None
        line = fence.next_line(ahead.text, ahead.ended)
        while line is not None and not self._code_lines and not fence.closed:
            line = fence.next_line(ahead.text, ahead.ended)
        if line is None:
            return None
        start, end = line if self._code_lines else (self.start, strip_end(ahead.text, self.start, line[1]))
        margin = self._margin
        indent = margin.columns if isinstance(fence, Indented) else margin.indent
        cut = Cut(start, end, "code", fence.closed and not fence.complete, indent)
        if fence.closed:
            self._fence, self._margin = None, Margin(fresh=False, lines=0)
            self._begin(line[1])
        else:
            self.start = self._at = fence.line
        return cut


def strip_end(text: str, start: int, end: int) -> int:
    """``end`` without the white space before it."""
    return start + len(text[start:end].rstrip())
