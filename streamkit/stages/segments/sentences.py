"""Sentences, found by position: what is decided at a character depends on the text alone, never on how it was cut.

Plan. A line is told from its first characters: code, heading, table row and rule are one segment. In prose a compiled
search jumps from one interesting character to the next: end marks, brackets and quotes, backticks, line breaks. Each is
decided from the text between the start of the segment and a look-ahead that the text defines ("to the next word").
While that is not there, `MoreNeeded` leaves everything as it is, and the next call comes back to the same place.
"""

from __future__ import annotations

import re
import sys

from .ahead import FAR, MANY, Ahead
from .brackets import CLOSERS, OPENERS, Brackets, Candidate
from .cutter import Cut, Cutter, Kind, strip_end
from .ends import Ends
from .fences import block_of
from .formulas import maths_end
from .linekinds import CODE_COLUMNS, LIST_COLUMNS, NEWLINE, block, fence, goes_on, marker
from .marks import FACES, MARKS, extent, face, is_stopped
from .scripts import CJK, is_lower
from .wholes import WHOLES, whole

__all__ = ["Sentences"]

FIRST_CHARS, FIRST_WIDE_CHARS, FIRST_MOST_CHARS = 24, 8, 60
"""Of the first piece for a voice: least, least where words have no spaces, and from where any space will do."""

_CLAUSE, _WIDE_CLAUSE = ",;:—،؛", "，、；："
_MARKED = re.escape(MARKS + OPENERS + CLOSERS + WHOLES + "'\r\n")
_INTERESTING = re.compile(f"[{_MARKED}{FACES}]")
_INTERESTING_FIRST = re.compile(rf"[{_MARKED}{FACES}{_CLAUSE}{_WIDE_CLAUSE}\s]")
_CLAUSES = frozenset(_CLAUSE + _WIDE_CLAUSE)
_BRACKETS = frozenset(OPENERS + CLOSERS + "'")
_ENDS = frozenset(MARKS)
_WIDE = re.compile(f"[{CJK}]")
_WHOLE_LINES = frozenset({"heading", "rule", "table_row"})
_APART = frozenset({None, "heading", "rule", "code"})  # behind them, or at the very start, code needs no blank line


class Sentences(Cutter):
    """Sentences; headings, table rows, rules and code blocks whole."""

    def __init__(self, ends: Ends, *, first_fast: bool, max_chars: int | None, hold: int, code_lines: bool) -> None:
        self._ends, self._hold, self._first = ends, hold, first_fast
        self._item = 0  # the column where the text of the last list item begins and goes on; 0 outside of lists
        self._answers = False  # the segment before was a question
        self._last: Kind | None = None  # the kind of the segment before
        super().__init__(max_chars, code_lines=code_lines)

    def _begin(self, start: int) -> None:
        super()._begin(start)
        self._line = start
        self._body: int | None = None  # where the text begins, behind markers; None if not known yet
        self._brackets = Brackets(start)
        self._spans: list[tuple[int, int]] = []  # inline code, tags, maths

    def shift(self, by: int) -> None:
        super().shift(by)
        self._line -= by
        if self._body is not None:
            self._body -= by
        self._brackets.shift(by)
        self._spans = [(first - by, last - by) for first, last in self._spans]

    def _cut(self, end: int, *, forced: bool = False) -> Cut:
        self._first = self._answers = False
        self._last = self._kind
        return super()._cut(end, forced=forced)

    @property
    def may_force(self) -> bool:
        return self._body is not None

    @property
    def _farthest(self) -> int:
        """Where the segment is cut at the latest, whether that much is there or not."""
        return sys.maxsize if self._max is None else self.start + self._max

    @property
    def _body_start(self) -> int:
        return self.start if self._body is None else self._body

    def _known(self, text: str) -> int:
        return self._at if text.startswith(tuple(WHOLES), self._at) else len(text)

    def _is_whole(self, text: str, end: int) -> bool:
        return is_stopped(text[max(self._body_start, end - FAR) : end].rpartition(" ")[2])

    def _is_free(self, place: int) -> bool:
        return not any(first < place < last for first, last in self._spans)

    def _find(self, ahead: Ahead) -> Cut | None:
        if self._kind is None and not self._open(ahead):
            return None
        if self._kind == "code":
            self._first, self._last = False, "code"
            return self._code(ahead)
        return self._whole_line(ahead) if self._kind in _WHOLE_LINES else self._prose(ahead)

    def _open(self, ahead: Ahead) -> bool:
        self._skip(ahead.text)
        if self.start == ahead.size:
            return False
        margin = self._margin
        least = self._item + CODE_COLUMNS
        apart = margin.lines > 1 or self._last in _APART
        deep = apart and margin.columns >= least
        kind = block(ahead, self.start, deep=deep) if margin.fresh else "sentence"
        self._begin(self.start)
        self._kind = kind
        if kind == "code":
            self._fence = block_of(ahead.text, self.start, least)
        elif margin.fresh and margin.columns < LIST_COLUMNS and (margin.lines > 1 or kind != "sentence"):
            self._item = 0
        return True

    def _whole_line(self, ahead: Ahead) -> Cut | None:
        limit = self._limit(ahead)
        found = NEWLINE.search(ahead.text, self._at, limit)
        if found is None:
            self._at = limit
            if not ahead.ended or limit < ahead.size:
                return None
        return self._cut(strip_end(ahead.text, self.start, found.start() if found else limit))

    # --- prose

    def _prose(self, ahead: Ahead) -> Cut | None:
        if self._body is None and (cut := self._open_text(ahead)):
            return cut
        limit, text = self._limit(ahead), ahead.text
        search = (_INTERESTING_FIRST if self._first else _INTERESTING).search
        while True:
            found = search(text, self._at, limit)
            at = found.start() if found else limit
            cut = self._give_up(ahead, at)
            if cut is not None:
                return cut
            self._at = at
            if found is None:
                return self._rest(ahead) if ahead.ended and at >= ahead.size else None
            cut = self._look(ahead, at, found[0])
            if cut is not None:
                return cut

    def _open_text(self, ahead: Ahead) -> Cut | None:
        """See where the text of the line begins."""
        body, is_item = marker(ahead, self.start) if self._margin.fresh else (self.start, False)
        before_fence = is_item and body <= self._limit(ahead) and fence(ahead, self.start) is not None
        self._kind = "list_item" if is_item else "sentence"
        if is_item:
            self._item = self._margin.columns + body + 1 - self.start
        if before_fence:
            return self._cut_marker(body)
        self._body, self._at = body, max(self._at, body)
        return None

    def _look(self, ahead: Ahead, at: int, char: str) -> Cut | None:
        if char in _ENDS and not (
            char == ";" and self._first and not self._ends.is_question(ahead.text, self._body_start, at)
        ):
            return self._mark(ahead, at)
        if char in _BRACKETS:
            self._brackets.see(ahead, at)
            self._at = at + 1
            return None
        if char in "\r\n":
            return self._newline(ahead, at)
        if char in WHOLES:
            return self._whole(ahead, at)
        if char.isspace():
            return self._space(ahead.text, at)
        return self._clause(ahead, at, char) if char in _CLAUSES else self._face(ahead, at)

    def _rest(self, ahead: Ahead) -> Cut:
        """At the end of the text, or of a line, nothing is held any more."""
        return self._release(ahead, len(self._brackets.open)) or self._cut(strip_end(ahead.text, self.start, self._at))

    def _release(self, ahead: Ahead, levels: int) -> Cut | None:
        """Stop the outermost brackets from holding: the first end that nothing else holds is one."""
        brackets = self._brackets
        for _ in range(levels):
            for one in [one for one in brackets.held if one.depth == 1]:
                if self._is_end(ahead, one):
                    return self._end(ahead, one)
                brackets.held.remove(one)
            brackets.drop_outermost()
        return None

    def _give_up(self, ahead: Ahead, at: int) -> Cut | None:
        """Brackets that were not closed within ``hold`` characters hold nothing."""
        brackets = self._brackets
        while brackets.open and at >= brackets.open[0].place + self._hold:
            if cut := self._release(ahead, 1):
                return cut
        return None

    def _is_end(self, ahead: Ahead, one: Candidate) -> bool:
        return self._ends.decide(ahead, self._body_start, one, self._spans)

    def _end(self, ahead: Ahead, one: Candidate) -> Cut:
        cut = self._cut(one.end)
        self._answers = "?" in ahead.text[one.mark : one.run]
        return cut

    def _mark(self, ahead: Ahead, at: int) -> Cut | None:
        one = extent(ahead, at, self._body_start, self._brackets)
        one.answers = self._answers
        return self._try(ahead, one)

    def _try(self, ahead: Ahead, one: Candidate) -> Cut | None:
        if one.end > self._limit(ahead):
            self._at = one.end
            return None  # it is cut at the limit
        brackets, closing = self._brackets, ahead.text[one.run : one.end]
        if brackets.holding(closing) == 0 and self._is_end(ahead, one):
            return self._end(ahead, one)
        for char in closing:
            brackets.close(char)
        if brackets.holding():
            brackets.hold(one)
        self._at = one.end
        return None

    def _whole(self, ahead: Ahead, at: int) -> Cut | None:
        """Pass over code, a tag or maths."""
        text = ahead.text
        in_line = not self._begins_line(text, at)
        found = whole(ahead, at, self._hold, self._farthest, in_line=in_line)
        if found.inner is None:
            self._at = found.end
            return None
        if found.maths:
            alone, held = not in_line and self._line == self.start, self._brackets.holding() > 0
            if end := maths_end(ahead, at, found.inner, found.end, alone=alone, held=held):
                return self._cut(end)
        elif text[at] == "`" and (cut := self._behind_code(ahead, found.inner, found.end)):
            return cut
        self._spans.append((at, found.end))
        line = max(text.rfind("\n", at, found.end), text.rfind("\r", at, found.end))
        self._at, self._line = found.end, max(self._line, line + 1)
        return None

    def _begins_line(self, text: str, at: int) -> bool:
        """Whether no text of its line stands before ``at``, but for markers and some blanks."""
        line = self._line if self._line > self.start else self._body_start
        fresh = self._margin.fresh or self._line > self.start
        return fresh and at - line < MANY and not text[line:at].strip(" \t")

    def _behind_code(self, ahead: Ahead, inner: int, end: int) -> Cut | None:
        """A stop inside the closing backtick ends the sentence as one inside a quote does."""
        if ahead.text[inner - 1] in ".!?" and ahead.text[inner - 2].isalpha() and ahead.char(end).isspace():
            return self._try(ahead, Candidate(inner - 1, inner, end))
        return None

    def _newline(self, ahead: Ahead, at: int) -> Cut | None:
        small = self._kind == "sentence" and is_lower(ahead.text[self._body_start])  # of a chat: each line is one
        following = None if small else goes_on(ahead, self._line, at)
        if following is None:
            return self._rest(ahead)
        self._at = self._line = following
        return None

    def _face(self, ahead: Ahead, at: int) -> Cut | None:
        end, closes = face(ahead, at, self.start)
        self._at = end
        return self._cut(end) if closes and not self._brackets.holding() and end <= self._limit(ahead) else None

    # --- the first piece, for a voice to begin early

    def _clause(self, ahead: Ahead, at: int, char: str) -> Cut | None:
        following = ahead.char(at + 1)
        wide = char in _WIDE_CLAUSE or _WIDE.match(ahead.text[at - 1]) is not None
        least = FIRST_WIDE_CHARS if wide else FIRST_CHARS
        apart = following.isspace() or (wide and not following.isdigit())
        if at + 1 - self.start >= least and apart and self._is_plain(ahead.text, at):
            return self._cut(at + 1)
        self._at = at + 1
        return None

    def _space(self, text: str, at: int) -> Cut | None:
        if at >= self.start + FIRST_MOST_CHARS and self._is_plain(text, at):
            return self._cut(strip_end(text, self.start, at))
        self._at = at + 1
        return None

    def _is_plain(self, text: str, at: int) -> bool:
        return not self._brackets.holding() and text.count("**", max(self.start, at - FAR), at) % 2 == 0
