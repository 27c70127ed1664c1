"""The fenced blocks of a growing Markdown text."""

from __future__ import annotations

import re

from ..segments import Ahead, fence

__all__ = ["REACH", "Fences"]

REACH = 200
"""The most characters of a line that are searched for a fence, which begins after them or is the whole line."""

_QUOTES, _QUOTE = re.compile(r"(?:[ \t]*>)*"), re.compile(r"[ \t]*>")


class Fences:
    """The fenced blocks of a text by CommonMark 0.31 (section 4.5), except that fences may follow any white space.

    ``inside``: the next text is in a block, or in the line that opens it.
    """

    def __init__(self) -> None:
        self._line = ""  # the beginning of the line
        self._closing: re.Pattern[str] | None = None  # the line that ends the block
        self._opened = self._quoted = False  # the block begins in this line; it stands in a quote

    @property
    def inside(self) -> bool:
        return self._closing is not None

    def add(self, text: str) -> None:
        """Add ``text`` to the line."""
        self._line = (self._line + text[: REACH + 1])[: REACH + 1]

    def leave_quote(self) -> None:
        """End the quote, and its block, if the line has no ``>``. Call it when the line is known up to its first mark
        or its end."""
        if self._quoted and _QUOTE.match(self._line) is None:
            self._closing, self._quoted = None, False

    def end_line(self) -> None:
        line = self._line[self._quote_end() :] if self._quoted else self._line
        may_close = not self._opened and len(self._line) <= REACH
        if may_close and self._closing is not None and self._closing.fullmatch(line):
            self._closing, self._quoted = None, False
        self._line, self._opened = "", False

    def may_open(self, marks: str) -> bool:
        """True if that run of marks begins a block for `Segments` too, or does so in a quote."""
        if len(marks) < 3 or len(self._line) > REACH:
            return False
        line = self._line[self._quote_end() :]
        return fence(Ahead(line + marks[:3], ended=True), 0) == len(line)

    def open(self, marks: str) -> None:
        self._closing = re.compile(rf"[ \t]*{marks[0]}{{{len(marks)},}}[ \t]*")
        self._opened, self._quoted = True, self._quote_end() > 0

    def _quote_end(self) -> int:
        quotes = _QUOTES.match(self._line)
        return quotes.end() if quotes else 0
