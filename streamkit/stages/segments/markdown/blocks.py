"""The lines of Markdown blocks: their kinds, their markers, and where a block of prose begins."""

from __future__ import annotations

import re

from ..ahead import Ahead
from ..line_kinds import BULLET, NEWLINE, line_kind
from .maths import ENVIRONMENT

__all__ = ["MARKERS", "NEWLINE", "BlockTracker", "is_delimiters"]

MARKERS = rf"(?:[ \t]*(?:>|{BULLET}(?=[ \t]|\Z)))*"
"""Quotes and bullets at the beginning of a line."""

_MARKER = re.compile(
    rf"({MARKERS})[ \t]*"
    r"((?:\d{1,9}[.)][ \t]+)?)(?:\[[ xX]\](?:[ \t]+|\Z))?"
    r"(?:\[\^[^\[\]\s]{1,64}\]:[ \t]*)?"
)
"""Quotes, bullets, a number, the box of a task, the label of a footnote. The number is read out."""

_QUOTE = re.compile(r"(\r\n?|\n)[ \t]*>[ \t]?")
_DELIMITERS = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?")
_MATHS = re.compile(rf"(\$\$)|(\\\[)|{ENVIRONMENT.pattern}")


class BlockTracker:
    """Tracks the blocks of a text, from its lines or parts of lines one after the other.

    A block of prose begins after a blank line, and with the marker of a list or quote.
    """

    def __init__(self) -> None:
        self._inside = False
        self._quotes = 0
        self._fence = ""
        self._maths = ""  # the end of the maths that is open; "" outside of maths

    def begins_line(self, breaks: int) -> bool:
        """True if the text after so many line ``breaks`` begins a line."""
        return breaks > 0 or not self._inside

    def leave(self) -> None:
        """End the block: the next text begins a new one."""
        self._inside = False

    def skip(self, breaks: int) -> None:
        """End maths if so many line ``breaks`` make a blank line."""
        if breaks > 1:
            self._maths = ""

    def take(self, text: str, breaks: int = 1) -> tuple[str, bool]:
        """``text``, after so many line ``breaks``, without the markers before it; and True if it begins a block."""
        begins = not self._inside or breaks > 1
        if not begins and not breaks:
            return text, False
        match = _MARKER.match(text)
        assert match is not None
        rest, quotes = match[2] + text[match.end() :], match[1].count(">")
        if quotes:
            rest = _QUOTE.sub(r"\1", rest)
        is_item = bool(match[0].replace(">", "").strip())
        begins = begins or is_item or quotes > self._quotes
        if begins:
            self._quotes = quotes
        self._inside = bool(rest.strip())  # a line of a quote may be blank
        return rest, begins

    def kind(self, line: str) -> str:
        """The kind of segment that ``line`` would be."""
        ink = line.strip()
        if self._fence:
            if ink.startswith(self._fence) and not ink.strip(self._fence[0]):
                self._fence = ""
            return "code"
        if self._maths:
            self._maths = "" if ink.endswith(self._maths) else self._maths
            return "maths"
        if maths := _MATHS.fullmatch(ink):
            self._maths = "$$" if maths[1] else "\\]" if maths[2] else f"\\end{{{maths[3]}}}"
            return "maths"
        if is_delimiters(ink):
            return "table_row"
        kind = line_kind(Ahead(ink, True), 0) if ink else "sentence"
        if kind == "code":
            self._fence = ink[: len(ink) - len(ink.lstrip(ink[0]))]
        return kind


def is_delimiters(line: str) -> bool:
    """True for the line below the header of a table: ``--|:-:``."""
    return _DELIMITERS.fullmatch(line.strip()) is not None
