"""The simple units: words, lines, paragraphs."""

from __future__ import annotations

import re

from .ahead import Ahead
from .cutter import Cut, Cutter, strip_end
from .fences import Fence
from .line_kinds import NEWLINE, fence
from .scripts import CJK

__all__ = ["LineCutter", "ParagraphCutter", "WordCutter"]

_WIDE_OPENERS = "「『（《〈【〔〖［"
_WIDE_BEGIN = re.compile(f"[{_WIDE_OPENERS}{CJK}]")
_WIDE = re.compile(f"[{CJK}]")
_OPENERS = re.compile(f"[{_WIDE_OPENERS}]{{,16}}")
_VOICED = "(?![\uff9e\uff9f])"  # voicing marks: separate characters to Unicode, but part of the kana before them
_WORD_END = re.compile(rf"{_VOICED}[\s{_WIDE_OPENERS}{CJK}]")
_WIDE_END = re.compile(rf"{_VOICED}[\s\w{_WIDE_OPENERS}]")
_BLANKS = re.compile(r"[ \t]*")


class WordCutter(Cutter):
    """Cuts runs without spaces; Han and kana one by one, with their adjacent punctuation."""

    def _find(self, ahead: Ahead) -> Cut | None:
        if self._kind is None:
            self._skip(ahead.text)
            if self.start == ahead.size:
                return None
            self._kind = "word"
            self._end = _WORD_END
        if self._at == self.start:
            self._step_in(ahead)
        limit = self._limit(ahead)
        match = self._end.search(ahead.text, self._at, limit)
        self._at = match.start() if match else limit
        return self._cut(self._at) if match or (ahead.ended and limit == ahead.size) else None

    def _step_in(self, ahead: Ahead) -> None:
        first = ahead.after(_OPENERS, self.start) if _WIDE_BEGIN.match(ahead.text, self.start) else self.start
        wide = _WIDE.match(ahead.text, first) is not None
        self._end, self._at = (_WIDE_END if wide else _WORD_END), min(first + 1, ahead.size)


class LineCutter(Cutter):
    """Cuts lines that are not blank, with their indentation."""

    def _find(self, ahead: Ahead) -> Cut | None:
        while True:
            self._kind = "line"
            limit = self._limit(ahead)
            match = NEWLINE.search(ahead.text, self._at, limit)
            self._at = limit
            if match is None and limit == ahead.size and not ahead.ended:
                return None
            end, following = match.span() if match else (limit, limit)
            if ahead.text[self.start : end].strip():
                return self._line(end, following) if match or limit == ahead.size else None
            self._begin(following)
            if following == ahead.size:
                return None

    def _line(self, end: int, following: int) -> Cut:
        cut = self._cut(end)
        self._begin(following)
        return cut


class ParagraphCutter(Cutter):
    """Cuts at blank lines; a fenced block of code is a segment of its own."""

    def _find(self, ahead: Ahead) -> Cut | None:
        if self._kind is None:
            self._skip(ahead.text)
            if self.start == ahead.size:
                return None
            if cut := self._open(ahead):
                return cut
        if self._kind == "code":
            return self._code(ahead)
        limit = self._limit(ahead)
        while match := NEWLINE.search(ahead.text, self._at, limit):
            if self._breaks(ahead, match.end()):
                return self._cut(strip_end(ahead.text, self.start, match.start()))
            self._at = match.end()
        self._at = max(self._at, limit)
        if ahead.ended and self._at >= ahead.size:
            return self._cut(strip_end(ahead.text, self.start, ahead.size))
        return None

    def _open(self, ahead: Ahead) -> Cut | None:
        position = fence(ahead, self.start) if self._margin.fresh else None
        self._kind = "code" if position == self.start else "paragraph"
        if position == self.start:
            self._fence = Fence(ahead.text, position)
        elif position is not None:
            marker = strip_end(ahead.text, self.start, position)
            return self._cut_marker(marker) if marker <= self._limit(ahead) else None
        return None

    def _breaks(self, ahead: Ahead, line: int) -> bool:
        """True if a blank line or a fence comes next."""
        return ahead.char(ahead.after(_BLANKS, line)) in {"", "\r", "\n"} or fence(ahead, line) is not None
