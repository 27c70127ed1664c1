"""The target of a link, ``(destination "title")`` (CommonMark 0.31, section 6.3)."""

from __future__ import annotations

import re

__all__ = ["target"]

_BLANKS = re.compile(r"[ \t\r\n]*")
_ANGLE = re.compile(r"<(?:[^<>\\\r\n]|\\.)*+>")
_STOP = re.compile(r"[()\x00-\x20\x7f]|\\[^\x00-\x20]")
_TITLE = re.compile(r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\)""", re.DOTALL)
_DEEPEST = 32  # brackets within brackets, so that the way to the end has a bound


def target(text: str, at: int) -> int | None:
    """Where the target that begins with the bracket at ``at`` ends; None if it is none."""
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
    """The end of a destination without ``<>``: brackets in it come in pairs."""
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
