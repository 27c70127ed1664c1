"""Blocks of code: their end, their language and their body (CommonMark 0.31, sections 4.4, 4.5 and 5.1)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from textwrap import dedent

from .line_kinds import CODE_COLUMNS, NEWLINE, QUOTED_FENCE

__all__ = ["CodeBlock", "Fence", "Indented", "block_of", "tag_and_body"]

_MARKS = re.compile("`{3,200}|~{3,200}")
_OPENING = re.compile(r"(`{3,}|~{3,})[ \t]*(\S*)[^\r\n]*(?:\r\n?|\n|\Z)")
_QUOTE = r"[ \t]{0,64}>[ \t]?"
_BLANKS = re.compile(r"^[ \t]+", re.MULTILINE)
_INK, _INK_IN_LINE = re.compile(r"\S"), re.compile(r"[^ \t]")


class CodeBlock(ABC):
    """Finds the lines of one block as the text arrives; each character is read once or twice.

    ``line`` is where the next line begins. ``closed`` is set with the last line: the closing fence (then the block is
    ``complete`` too), the line before one that does not belong to the block, or the end of the text.
    """

    def __init__(self, start: int) -> None:
        self.line = self._searched = self._blank = start
        self.closed = self.complete = False

    def shift(self, by: int) -> None:
        self.line -= by
        self._searched -= by
        self._blank -= by

    @abstractmethod
    def next_line(self, text: str, ended: bool) -> tuple[int, int] | None:
        """The next whole line, without its line break."""

    def _ink(self, ink: re.Pattern[str], text: str, at: int) -> int:
        """The position of the next ``ink`` from ``at`` on; the end of the text if there is none."""
        match = ink.search(text, max(self._blank, at))
        self._blank = match.start() if match else len(text)
        return self._blank


class Fence(CodeBlock):
    """A block between fences, the first of which is at ``marks``; in a quote if ``marks`` lies after ``start``."""

    def __init__(self, text: str, start: int, marks: int | None = None) -> None:
        super().__init__(start)
        at = start if marks is None else marks
        opening = _MARKS.match(text, at)
        assert opening is not None
        self._quoted, self._opened = at > start, False
        quote = f"(?:{_QUOTE}){{1,{text.count('>', start, at)}}}" if self._quoted else ""
        self._close = re.compile(f"{quote}[ \\t]{{0,64}}{text[at]}{{{len(opening[0])},}}[ \\t]*")

    def next_line(self, text: str, ended: bool) -> tuple[int, int] | None:
        match = NEWLINE.search(text, self._searched)
        if match is None and not ended:
            self._searched = len(text)
            return None
        start, end = self.line, match.start() if match else len(text)
        following = match.end() if match else end
        goes_on = True
        if self._quoted and match is not None:
            ink = self._ink(_INK_IN_LINE, text, following)
            if ink == len(text) and not ended:
                self._searched = match.start()
                return None
            goes_on = text[ink : ink + 1] == ">"
        self.complete = self._opened and self._close.fullmatch(text, start, end) is not None
        self.closed = match is None or self.complete or not goes_on
        self.line = self._searched = following
        self._opened = True
        return start, end


class Indented(CodeBlock):
    """A block of lines indented by ``least`` columns or more; blank lines belong to it, except at its end."""

    def __init__(self, start: int, least: int = CODE_COLUMNS) -> None:
        super().__init__(start)
        self._least = least

    def next_line(self, text: str, ended: bool) -> tuple[int, int] | None:
        match = NEWLINE.search(text, self._searched)
        ink = self._ink(_INK, text, match.end()) if match else len(text)
        if ink == len(text) and not ended:
            self._searched = match.start() if match else len(text)
            return None
        start, end = self.line, match.start() if match else len(text)
        begin = max(text.rfind("\n", end, ink), text.rfind("\r", end, ink)) + 1
        self.complete = self.closed = ink == len(text) or _columns(text[begin:ink]) < self._least
        self.line = self._searched = begin if match else end
        return start, end


def block_of(text: str, start: int, least: int) -> CodeBlock:
    """The block of code that begins at ``start``, fenced or indented by ``least`` columns."""
    quoted = QUOTED_FENCE.match(text, start)
    if quoted is not None or _MARKS.match(text, start):
        return Fence(text, start, quoted and quoted.end())
    return Indented(start, least)


def _columns(blanks: str) -> int:
    """The width of ``blanks`` in columns; 0 if one of them is neither a space nor a tab."""
    return len(blanks.expandtabs(4)) if not blanks.strip(" \t") else 0


def tag_and_body(block: str, indent: int = 0) -> tuple[str, str]:
    """The language tag and the body of a block, without the indentation of its fence or the one that made it code."""
    quoted = QUOTED_FENCE.match(block)
    if quoted is not None:
        levels, indent = quoted[0].count(">"), 0
        block = re.sub(rf"^(?:{_QUOTE}){{1,{levels}}}", "", block[quoted.end() :], flags=re.MULTILINE)
    opening = _OPENING.match(block)
    if opening is None:
        return "", dedent(_BLANKS.sub(lambda blanks: blanks[0].expandtabs(4), " " * indent + block))
    lines = block[opening.end() :].splitlines(keepends=True)
    if lines and re.fullmatch(rf"[ \t]*{re.escape(opening[1][0])}{{{len(opening[1])},}}\s*", lines[-1]):
        lines.pop()
    if indent:
        lines = [re.sub(rf"^[ \t]{{1,{indent}}}", "", line) for line in lines]
    return opening[2], "".join(lines)
