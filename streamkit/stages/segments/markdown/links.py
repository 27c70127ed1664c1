"""Links and images: the brackets of their labels, and their targets (CommonMark 0.31, sections 6.3 and 6.4).

``[label](address "title")`` is a link, ``[label][name]`` too: where the definition of the name stands, or whether, is
not looked for. ``[label]`` by itself is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["MASKED", "Bracket", "LabelBrackets", "target"]

MASKED = "redacted"
"""What `redact` puts in the place of what it hides stands in brackets, and is no label of a link."""

_REFERENCE = re.compile(r"\[[^\[\]]{0,999}+\]")
_BLANKS = re.compile(r"[ \t\r\n]*")
_ANGLE = re.compile(r"<(?:[^<>\\\r\n]|\\.)*+>")
_STOP = re.compile(r"[()\x00-\x20\x7f]|\\[^\x00-\x20]")
_TITLE = re.compile(r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\)""", re.DOTALL)
_DEEPEST = 32  # brackets within brackets, so that the way to the end has a bound


@dataclass(slots=True)
class Bracket:
    """One that opens a label; ``runs`` is how many runs of other marks stand before it."""

    at: int
    image: bool
    runs: int


class LabelBrackets:
    """Those of one text that are open."""

    def __init__(self) -> None:
        self._open: list[Bracket] = []
        self._dead = 0  # so many of them, from the outermost, hold a link already and can be none

    @property
    def alive(self) -> list[Bracket]:
        """Those that may still open a link."""
        return self._open[self._dead :] + [one for one in self._open[: self._dead] if one.image]

    def open(self, bracket: Bracket) -> None:
        self._open.append(bracket)

    def pop(self) -> Bracket | None:
        """The innermost one, which is closed now; None if there is none, or it can be no link."""
        if not self._open:
            return None
        bracket = self._open.pop()
        dead = len(self._open) < self._dead and not bracket.image
        self._dead = min(self._dead, len(self._open))
        return None if dead else bracket

    def is_link(self, bracket: Bracket) -> None:
        """Links hold no links, images do."""
        if not bracket.image:
            self._dead = len(self._open)


def target(text: str, at: int, before: str) -> int | None:
    """Where the target that begins at ``at`` ends; ``before`` stands in front of the label. None if there is none."""
    if text.startswith("(", at):
        return _address(text, at)
    is_index = before.isalnum() or before in "_])"  # `a[i][j]`
    found = None if is_index else _REFERENCE.match(text, at)
    return found.end() if found else None


def _address(text: str, at: int) -> int | None:
    """Where ``(address "title")`` ends."""
    start = _behind(_BLANKS, text, at + 1)
    end = _behind(_ANGLE, text, start) if text.startswith("<", start) else _bare(text, start)
    if end is None or (end == start and text.startswith("<", start)):
        return None
    close = _behind(_BLANKS, text, end)
    if close > end:
        close = _behind(_BLANKS, text, _behind(_TITLE, text, close))
    return close + 1 if text.startswith(")", close) else None


def _behind(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _bare(text: str, at: int) -> int | None:
    """The end of an address without ``<>``: brackets in it come in pairs."""
    depth = 0
    for found in _STOP.finditer(text, at):
        char = found[0]
        if char == "(":
            depth += 1
            if depth > _DEEPEST:
                return None
        elif char == ")" and depth:
            depth -= 1
        elif char[0] != "\\":
            return found.start() if depth == 0 else None
    return len(text) if depth == 0 else None
