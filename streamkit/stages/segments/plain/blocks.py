"""Where a block of prose begins: behind a blank line, and with the mark of a list or quote."""

from __future__ import annotations

import re

from ..ahead import Ahead
from ..lines import NEWLINE, block

__all__ = ["NEWLINE", "Blocks"]

_MARKER = re.compile(
    r"((?:[ \t]*(?:>|[-*+•‣◦▪●○](?=[ \t]|\Z)))*)[ \t]*"
    r"((?:\d{1,9}[.)][ \t]+)?)(?:\[[ xX]\](?:[ \t]+|\Z))?"
    r"(?:\[\^[^\[\]\s]{1,64}\]:[ \t]*)?"
)
"""Quotes, bullets, a number, the box of a task, the label of a footnote. The number is read out."""


class Blocks:
    """Takes lines, or parts of lines, one after the other."""

    def __init__(self) -> None:
        self._inside = False
        self._quotes = 0
        self._fence = ""

    def begins_line(self, breaks: int) -> bool:
        """Whether what comes behind so many line breaks begins a line."""
        return breaks > 0 or not self._inside

    def leave(self) -> None:
        """What comes now begins a block."""
        self._inside = False

    def take(self, text: str, breaks: int = 1) -> tuple[str, bool]:
        """``text``, behind so many line breaks, without the marks in front of it, and whether it begins a block."""
        begins = not self._inside or breaks > 1
        if not begins and not breaks:
            return text, False
        found = _MARKER.match(text)
        assert found is not None
        rest, quotes = found[2] + text[found.end() :], found[1].count(">")
        is_item = bool(found[0].replace(">", "").strip())
        begins = begins or is_item or quotes > self._quotes
        if begins:
            self._quotes = quotes
        self._inside = bool(rest.strip())  # a line of a quote may be blank
        return rest, begins

    def kind(self, line: str) -> str:
        """What kind of segment a line would be."""
        ink = line.strip()
        if self._fence:
            if ink.startswith(self._fence) and not ink.strip(self._fence[0]):
                self._fence = ""
            return "code"
        kind = block(Ahead(ink, True), 0) if ink else "sentence"
        if kind == "code":
            self._fence = ink[: len(ink) - len(ink.lstrip(ink[0]))]
        return kind
