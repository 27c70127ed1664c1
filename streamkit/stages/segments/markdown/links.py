"""Links and images: the brackets of their labels, and their targets (CommonMark 0.31, sections 6.3 and 6.4).

``[label](address "title")`` is a link, ``[label][name]`` too: the definition of the name is not looked for.
``[label]`` by itself is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["MASKED", "Bracket", "LabelBrackets", "target_end"]

MASKED = "redacted"
"""`redact` replaces text by this word in brackets, which is not the label of a link."""

_REFERENCE = re.compile(r"\[[^\[\]]{0,999}+\]")
_BLANKS = re.compile(r"[ \t\r\n]*")
_ANGLE = re.compile(r"<(?:[^<>\\\r\n]|\\.)*+>")
_STOP = re.compile(r"[()\x00-\x20\x7f]|\\[^\x00-\x20]")
_TITLE = re.compile(r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\)""", re.DOTALL)
_DEEPEST = 32  # the most brackets within brackets, so that the search for the end has a bound


@dataclass(slots=True)
class Bracket:
    """A bracket that opens a label; ``runs`` is the number of runs of other marks before it."""

    at: int
    image: bool
    runs: int


class LabelBrackets:
    """The open brackets of one text, outermost first."""

    def __init__(self) -> None:
        self._open: list[Bracket] = []
        self._inactive = 0  # so many, from the outermost, contain a link already and cannot be one

    @property
    def active(self) -> list[Bracket]:
        """The brackets that may still open a link or an image."""
        return self._open[self._inactive :] + [bracket for bracket in self._open[: self._inactive] if bracket.image]

    def open(self, bracket: Bracket) -> None:
        self._open.append(bracket)

    def pop(self) -> Bracket | None:
        """Remove the innermost bracket, which is closed now; None if there is none or it cannot be a link."""
        if not self._open:
            return None
        bracket = self._open.pop()
        inactive = len(self._open) < self._inactive and not bracket.image
        self._inactive = min(self._inactive, len(self._open))
        return None if inactive else bracket

    def deactivate_outer(self, bracket: Bracket) -> None:
        """Deactivate the brackets around a link: links cannot contain links, images can."""
        if not bracket.image:
            self._inactive = len(self._open)


def target_end(text: str, at: int, before: str) -> int | None:
    """The end of the target that begins at ``at``, None if there is none; ``before`` precedes the label."""
    if text.startswith("(", at):
        return _address_end(text, at)
    is_index = before.isalnum() or before in "_])"  # `a[i][j]`
    match = None if is_index else _REFERENCE.match(text, at)
    return match.end() if match else None


def _address_end(text: str, at: int) -> int | None:
    """The end of ``(address "title")``; None if that is not what begins at ``at``."""
    start = _match_end(_BLANKS, text, at + 1)
    end = _match_end(_ANGLE, text, start) if text.startswith("<", start) else _bare_address_end(text, start)
    if end is None or (end == start and text.startswith("<", start)):
        return None
    close = _match_end(_BLANKS, text, end)
    if close > end:
        close = _match_end(_BLANKS, text, _match_end(_TITLE, text, close))
    return close + 1 if text.startswith(")", close) else None


def _match_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _bare_address_end(text: str, at: int) -> int | None:
    """The end of an address without ``<>``, in which brackets come in pairs; None if there is none."""
    depth = 0
    for match in _STOP.finditer(text, at):
        char = match[0]
        if char == "(":
            depth += 1
            if depth > _DEEPEST:
                return None
        elif char == ")" and depth:
            depth -= 1
        elif char[0] != "\\":
            return match.start() if depth == 0 else None
    return len(text) if depth == 0 else None
