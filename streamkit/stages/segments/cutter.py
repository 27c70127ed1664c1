"""The base class of all cutters: a position in the text, a limit, and the search for a good place for a forced cut."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from .ahead import Ahead, MoreNeeded
from .fences import CodeBlock, Indented
from .scripts import between_graphemes

__all__ = ["Cut", "Cutter", "Kind", "strip_end"]

Kind = Literal["sentence", "heading", "list_item", "table_row", "code", "rule", "word", "line", "paragraph"]

_GOOD_POSITIONS = (re.compile(r"(?<=[,;:—،؛])(?=\s)|(?<=[，、；：。！？])(?!\d)"), re.compile(r"\s"))
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
    """The white space before a segment: whether a line begins there, its indentation, and its number of line breaks.

    ``indent`` counts characters. ``columns`` counts as Markdown does, where a tab extends to the next multiple of four
    and wide spaces, which begin paragraphs, count as nothing.
    """

    fresh: bool = True
    indent: int = 0
    columns: int = 0
    lines: int = 1
    last: str = ""

    def add(self, char: str) -> None:
        if char in "\r\n":
            self.lines += char == "\r" or self.last != "\r"
            self.fresh, self.indent, self.columns = True, 0, 0
        else:
            self.indent += 1
            self.columns += 1 if char == " " else 4 - self.columns % 4 if char == "\t" else 0
        self.last = char


class Cutter(ABC):
    """Finds segments one after the other. ``start`` is where the next begins: the text before it may be dropped.

    A subclass implements `_find` from the text alone, between ``start`` and a look-ahead that the text defines. Where
    that look-ahead is not there yet, `_find` raises `MoreNeeded` (or returns None) and is called again with more text.
    ``_at`` is the position up to which the text has been read.
    """

    def __init__(self, max_chars: int | None, *, code_lines: bool = False) -> None:
        self._max, self._code_lines = max_chars, code_lines
        self._fence: CodeBlock | None = None
        self._margin = Margin()
        self._begin(0)

    def _begin(self, start: int) -> None:
        """Forget the segment; the next one begins at ``start`` or after the white space there."""
        self.start = self._at = start
        self._kind: Kind | None = None  # of the segment; None while it is not known

    @abstractmethod
    def _find(self, ahead: Ahead) -> Cut | None: ...

    def shift(self, by: int) -> None:
        """Adjust the positions after the first ``by`` characters of the text were dropped."""
        self.start -= by
        self._at -= by
        if self._fence is not None:
            self._fence.shift(by)

    def passes(self, item: str, size: int) -> bool:
        """Read ``item``, with which the text has ``size`` characters, if it obviously changes nothing; True if so."""
        return False

    def next(self, ahead: Ahead) -> Cut | None:
        """The next segment, or None if that needs more text."""
        try:
            cut = self._find(ahead)
        except MoreNeeded:
            cut = None
        if cut is None and self._kind != "code" and self._max is not None and self._at >= self.start + self._max:
            return self._force(ahead, self.start + self._max)
        return cut

    @property
    def may_force(self) -> bool:
        """False while the kind is not known yet, and within code, which is never cut."""
        return self._kind not in {None, "code"}

    def force(self, text: str) -> Cut | None:
        """Cut the text there is at its last good position; None if it has none."""
        if not self.may_force:
            return None
        end = strip_end(text, self.start, self._timer_limit(text))
        complete = end > self._body_start and (text[end : end + 1].isspace() or self._is_complete(text, end))
        position = end if complete else self._good_position(text, end)
        return None if position is None else self._cut(position, forced=True)

    def _force(self, ahead: Ahead, limit: int) -> Cut | None:
        if limit >= ahead.size and not ahead.ended:
            return None  # it is not known yet whether a grapheme ends there
        limit = min(limit, ahead.size)
        return self._cut(self._good_position(ahead.text, limit) or self._any_position(ahead.text, limit), forced=True)

    def _timer_limit(self, text: str) -> int:
        """The position up to which a timer may cut: text that may still turn out to be code is excluded."""
        return len(text)

    def _is_complete(self, text: str, end: int) -> bool:
        """True if a timer may emit the text up to ``end`` as it is."""
        return False

    @property
    def _body_start(self) -> int:
        return self.start

    def _is_free(self, position: int) -> bool:
        return True

    def _good_position(self, text: str, limit: int) -> int | None:
        """The end of the last clause before ``limit``, else of the last word; None if there is neither."""
        for pattern in _GOOD_POSITIONS:
            positions = [match.start() for match in pattern.finditer(text, self._body_start + 1, limit)]
            for position in reversed(positions):
                if self._is_free(position):
                    return max(strip_end(text, self.start, position), self.start + 1)
        return None

    def _any_position(self, text: str, limit: int) -> int:
        """The last position between two graphemes; ``limit`` itself within a grapheme of more than 64 characters."""
        position = limit
        while position > max(self.start + 1, limit - _LONGEST_GRAPHEME) and not self._between(text, position):
            position -= 1
        return position if self._between(text, position) else limit

    def _between(self, text: str, position: int) -> bool:
        return between_graphemes(text, position, self.start)

    def _cut(self, end: int, *, forced: bool = False) -> Cut:
        cut = Cut(self.start, end, self._kind or "sentence", forced)
        self._margin = Margin(fresh=False, lines=0)
        self._begin(end)
        return cut

    def _cut_marker(self, end: int) -> Cut:
        """Cut off the marker of a list in front of a fence, which is a segment of its own."""
        indent = self._margin.indent + end - self.start
        cut = self._cut(end)
        self._margin = Margin(indent=indent, lines=0)
        return cut

    def _limit(self, ahead: Ahead) -> int:
        return ahead.size if self._max is None else min(ahead.size, self.start + self._max)

    def _skip(self, text: str) -> None:
        """Skip the white space before the next segment, and record its line breaks and indentation."""
        at = self.start
        while at < len(text) and text[at].isspace():
            self._margin.add(text[at])
            at += 1
        self.start = self._at = at

    def _code(self, ahead: Ahead) -> Cut | None:
        """The next segment of code: a whole block, or its next line."""
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
