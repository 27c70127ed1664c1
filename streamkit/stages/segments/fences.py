"""Fenced code blocks: where one ends, its language and its body (CommonMark 0.31, section 4.5)."""

from __future__ import annotations

import re

from .lines import NEWLINE

__all__ = ["Fence", "closing_line", "parts"]

_MARKS = re.compile("`{3,200}|~{3,200}")
_OPENING = re.compile(r"(`{3,}|~{3,})[ \t]*(\S*)[^\r\n]*(?:\r\n?|\n|\Z)")


class Fence:
    """Finds the lines of one block as they come; each character is looked at once.

    ``line`` is where the next line begins; ``closed`` is set with the closing fence (then it is ``complete`` too), or
    the end of the text.
    """

    __slots__ = ("_close", "_opened", "_seen", "closed", "complete", "line")

    def __init__(self, text: str, start: int) -> None:
        opening = _MARKS.match(text, start)
        assert opening is not None
        self._close = closing_line(opening[0])
        self.line = self._seen = start
        self.closed = self.complete = self._opened = False

    def shift(self, by: int) -> None:
        self.line -= by
        self._seen -= by

    def next_line(self, text: str, ended: bool) -> tuple[int, int] | None:
        """The next whole line, without its line break."""
        found = NEWLINE.search(text, self._seen)
        if found is None and not ended:
            self._seen = len(text)
            return None
        start, end = self.line, found.start() if found else len(text)
        self.complete = self._opened and self._close.fullmatch(text, start, end) is not None
        self.closed = found is None or self.complete
        self.line = self._seen = found.end() if found else end
        self._opened = True
        return start, end


def parts(block: str, indent: int = 0) -> tuple[str, str]:
    """The language tag and the body of a block; the body loses the indentation that its fence has."""
    opening = _OPENING.match(block)
    assert opening is not None
    lines = block[opening.end() :].splitlines(keepends=True)
    if lines and re.fullmatch(rf"[ \t]*{re.escape(opening[1][0])}{{{len(opening[1])},}}\s*", lines[-1]):
        lines.pop()
    if indent:
        lines = [re.sub(rf"^[ \t]{{1,{indent}}}", "", line) for line in lines]
    return opening[2], "".join(lines)


def closing_line(marks: str) -> re.Pattern[str]:
    """All of the line that ends a block which such marks opened."""
    return re.compile(f"[ \\t]{{0,64}}{marks[0]}{{{len(marks)},}}[ \\t]*")
