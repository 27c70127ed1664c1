"""Sentences, found by position: a decision at a character depends on the text alone, never on how the text was split.

Plan. The first characters of a line give its kind: code, heading, table row and rule are one segment. In prose a
compiled search jumps from one interesting character to the next: end marks, brackets and quotes, backticks, line
breaks. Each is decided from the text between the start of the segment and a look-ahead that the text defines ("to the
next word"). While that is not there, `MoreNeeded` leaves everything unchanged, and the next call returns to the same
position.
"""

from __future__ import annotations

import re
import sys

from .ahead import FAR, MANY, Ahead
from .brackets import CLOSERS, OPENERS, EndCandidate, OpenBrackets
from .cutter import Cut, Cutter, Kind, strip_end
from .ends import Ends
from .fences import block_of
from .formulas import maths_end
from .line_kinds import CODE_COLUMNS, LIST_COLUMNS, NEWLINE, after_markers, continuation, fence, line_kind
from .marks import FACES, MARKS, extent, face, is_stopped
from .opaque import OPAQUE_STARTS, opaque_span
from .scripts import CJK, is_lower

__all__ = ["SentenceCutter"]

FIRST_CHARS, FIRST_WIDE_CHARS, FIRST_MOST_CHARS = 24, 8, 60
"""For the first piece: its least size, the same without spaces between words, the size from which any space cuts."""

_CLAUSE, _WIDE_CLAUSE = ",;:—،؛", "，、；："
_MARKED = re.escape(MARKS + OPENERS + CLOSERS + OPAQUE_STARTS + "'\r\n")
_INTERESTING = re.compile(f"[{_MARKED}{FACES}]")
_INTERESTING_FIRST = re.compile(rf"[{_MARKED}{FACES}{_CLAUSE}{_WIDE_CLAUSE}\s]")
_CLAUSES = frozenset(_CLAUSE + _WIDE_CLAUSE)
_BRACKETS = frozenset(OPENERS + CLOSERS + "'")
_ENDS = frozenset(MARKS)
_WIDE = re.compile(f"[{CJK}]")
_WHOLE_LINES = frozenset({"heading", "rule", "table_row"})
_APART = frozenset({None, "heading", "rule", "code"})  # after these, or at the very start, code needs no blank line


class SentenceCutter(Cutter):
    """Cuts sentences; headings, table rows, rules and code blocks whole."""

    def __init__(self, ends: Ends, *, first_fast: bool, max_chars: int | None, hold: int, code_lines: bool) -> None:
        self._ends, self._hold, self._first = ends, hold, first_fast
        self._item = 0  # the column where the text of the last list item begins; 0 outside of lists
        self._after_question = False  # the segment before was a question
        self._last: Kind | None = None  # the kind of the segment before
        super().__init__(max_chars, code_lines=code_lines)

    def _begin(self, start: int) -> None:
        super()._begin(start)
        self._line = start
        self._body: int | None = None  # the start of the text, after markers; None if not known yet
        self._brackets = OpenBrackets(start)
        self._spans: list[tuple[int, int]] = []  # inline code, tags, maths

    def shift(self, by: int) -> None:
        super().shift(by)
        self._line -= by
        if self._body is not None:
            self._body -= by
        self._brackets.shift(by)
        self._spans = [(first - by, last - by) for first, last in self._spans]

    def _cut(self, end: int, *, forced: bool = False) -> Cut:
        self._first = self._after_question = False
        self._last = self._kind
        return super()._cut(end, forced=forced)

    @property
    def may_force(self) -> bool:
        return self._body is not None

    @property
    def _farthest(self) -> int:
        """The last position where the segment may be cut, whether that much text is there or not."""
        return sys.maxsize if self._max is None else self.start + self._max

    @property
    def _body_start(self) -> int:
        return self.start if self._body is None else self._body

    def _timer_limit(self, text: str) -> int:
        return self._at if text.startswith(tuple(OPAQUE_STARTS), self._at) else len(text)

    def _is_complete(self, text: str, end: int) -> bool:
        return is_stopped(text[max(self._body_start, end - FAR) : end].rpartition(" ")[2])

    def _is_free(self, position: int) -> bool:
        return not any(first < position < last for first, last in self._spans)

    def passes(self, item: str, size: int) -> bool:
        """A short cut for most items: in prose only what the search jumps to can cut, an open bracket, or the limit."""
        plain = self._body is not None and not (self._first or self._brackets.open) and size < self._farthest
        if not plain or self._at != size - len(item) or _INTERESTING.search(item) is not None:
            return False
        self._at = size
        return True

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
        kind = line_kind(ahead, self.start, deep=deep) if margin.fresh else "sentence"
        self._begin(self.start)
        self._kind = kind
        if kind == "code":
            self._fence = block_of(ahead.text, self.start, least)
        elif margin.fresh and margin.columns < LIST_COLUMNS and (margin.lines > 1 or kind != "sentence"):
            self._item = 0
        return True

    def _whole_line(self, ahead: Ahead) -> Cut | None:
        limit = self._limit(ahead)
        match = NEWLINE.search(ahead.text, self._at, limit)
        if match is None:
            self._at = limit
            if not ahead.ended or limit < ahead.size:
                return None
        return self._cut(strip_end(ahead.text, self.start, match.start() if match else limit))

    # --- prose

    def _prose(self, ahead: Ahead) -> Cut | None:
        if self._body is None and (cut := self._open_text(ahead)):
            return cut
        limit, text = self._limit(ahead), ahead.text
        search = (_INTERESTING_FIRST if self._first else _INTERESTING).search
        while True:
            match = search(text, self._at, limit)
            at = match.start() if match else limit
            cut = self._release_overdue(ahead, at)
            if cut is not None:
                return cut
            self._at = at
            if match is None:
                return self._rest(ahead) if ahead.ended and at >= ahead.size else None
            cut = self._decide(ahead, at, match[0])
            if cut is not None:
                return cut

    def _open_text(self, ahead: Ahead) -> Cut | None:
        """Find the start of the text in the line, after its markers."""
        body, is_item = after_markers(ahead, self.start) if self._margin.fresh else (self.start, False)
        before_fence = is_item and body <= self._limit(ahead) and fence(ahead, self.start) is not None
        self._kind = "list_item" if is_item else "sentence"
        if is_item:
            self._item = self._margin.columns + body + 1 - self.start
        if before_fence:
            return self._cut_marker(body)
        self._body, self._at = body, max(self._at, body)
        return None

    def _decide(self, ahead: Ahead, at: int, char: str) -> Cut | None:
        if char in _ENDS and not (
            char == ";" and self._first and not self._ends.is_question(ahead.text, self._body_start, at)
        ):
            return self._mark(ahead, at)
        if char in _BRACKETS:
            self._brackets.update(ahead, at)
            self._at = at + 1
            return None
        if char in "\r\n":
            return self._newline(ahead, at)
        if char in OPAQUE_STARTS:
            return self._pass_over(ahead, at)
        if char.isspace():
            return self._space(ahead.text, at)
        return self._clause(ahead, at, char) if char in _CLAUSES else self._face(ahead, at)

    def _rest(self, ahead: Ahead) -> Cut:
        """The next segment at the end of the text, or of a line: nothing is held back any more."""
        return self._release(ahead, len(self._brackets.open)) or self._cut(strip_end(ahead.text, self.start, self._at))

    def _release(self, ahead: Ahead, levels: int) -> Cut | None:
        """Stop the outermost ``levels`` of brackets from holding ends back; cut at the first end that is free then."""
        brackets = self._brackets
        for _ in range(levels):
            for candidate in [candidate for candidate in brackets.held_ends if candidate.depth == 1]:
                if self._is_end(ahead, candidate):
                    return self._end(ahead, candidate)
                brackets.held_ends.remove(candidate)
            brackets.drop_outermost()
        return None

    def _release_overdue(self, ahead: Ahead, at: int) -> Cut | None:
        """Release the ends in brackets that were not closed within ``hold`` characters."""
        brackets = self._brackets
        while brackets.open and at >= brackets.open[0].position + self._hold:
            if cut := self._release(ahead, 1):
                return cut
        return None

    def _is_end(self, ahead: Ahead, candidate: EndCandidate) -> bool:
        return self._ends.decide(ahead, self._body_start, candidate, self._spans)

    def _end(self, ahead: Ahead, candidate: EndCandidate) -> Cut:
        cut = self._cut(candidate.end)
        self._after_question = "?" in ahead.text[candidate.mark : candidate.run]
        return cut

    def _mark(self, ahead: Ahead, at: int) -> Cut | None:
        candidate = extent(ahead, at, self._body_start, self._brackets)
        candidate.after_question = self._after_question
        return self._try_end(ahead, candidate)

    def _try_end(self, ahead: Ahead, candidate: EndCandidate) -> Cut | None:
        """Cut at the candidate if the sentence ends there; hold it back if a bracket does."""
        if candidate.end > self._limit(ahead):
            self._at = candidate.end
            return None  # `next` cuts at the limit
        brackets, closing = self._brackets, ahead.text[candidate.run : candidate.end]
        if brackets.holding(closing) == 0 and self._is_end(ahead, candidate):
            return self._end(ahead, candidate)
        for char in closing:
            brackets.close(char)
        if brackets.holding():
            brackets.hold(candidate)
        self._at = candidate.end
        return None

    def _pass_over(self, ahead: Ahead, at: int) -> Cut | None:
        """Pass over code, a tag or maths; cut if the sentence ends with it."""
        text = ahead.text
        in_line = not self._begins_line(text, at)
        span = opaque_span(ahead, at, self._hold, self._farthest, in_line=in_line)
        if span.inner is None:
            self._at = span.end
            return None
        if span.maths:
            alone, held = not in_line and self._line == self.start, self._brackets.holding() > 0
            if end := maths_end(ahead, at, span.inner, span.end, alone=alone, held=held):
                return self._cut(end)
        elif text[at] == "`" and (cut := self._cut_after_code(ahead, span.inner, span.end)):
            return cut
        self._spans.append((at, span.end))
        line = max(text.rfind("\n", at, span.end), text.rfind("\r", at, span.end))
        self._at, self._line = span.end, max(self._line, line + 1)
        return None

    def _begins_line(self, text: str, at: int) -> bool:
        """True if only markers and some blanks precede ``at`` in its line."""
        line = self._line if self._line > self.start else self._body_start
        fresh = self._margin.fresh or self._line > self.start
        return fresh and at - line < MANY and not text[line:at].strip(" \t")

    def _cut_after_code(self, ahead: Ahead, inner: int, end: int) -> Cut | None:
        """Cut at a full stop before the closing backtick, which ends the sentence like one before a closing quote."""
        if ahead.text[inner - 1] in ".!?" and ahead.text[inner - 2].isalpha() and ahead.char(end).isspace():
            return self._try_end(ahead, EndCandidate(inner - 1, inner, end))
        return None

    def _newline(self, ahead: Ahead, at: int) -> Cut | None:
        small = self._kind == "sentence" and is_lower(ahead.text[self._body_start])  # in a chat lines are sentences
        following = None if small else continuation(ahead, self._line, at)
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
        if at + 1 - self.start >= least and apart and self._may_break(ahead.text, at):
            return self._cut(at + 1)
        self._at = at + 1
        return None

    def _space(self, text: str, at: int) -> Cut | None:
        if at >= self.start + FIRST_MOST_CHARS and self._may_break(text, at):
            return self._cut(strip_end(text, self.start, at))
        self._at = at + 1
        return None

    def _may_break(self, text: str, at: int) -> bool:
        return not self._brackets.holding() and text.count("**", max(self.start, at - FAR), at) % 2 == 0
