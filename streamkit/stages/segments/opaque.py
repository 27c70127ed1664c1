"""What is passed over in one step, for no mark within ends a sentence: inline code, tags, display maths."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ahead import Ahead, MoreNeeded
from .formulas import Maths, dollars, until
from .htmltags import LONGEST_TAG, TAG, TAG_SO_FAR
from .linekinds import NEWLINE

__all__ = ["WHOLES", "Whole", "whole"]

WHOLES = "`<$\\"
"""What they begin with."""

_MOST = 64
_TICKS = re.compile(f"`{{1,{_MOST}}}")
_TAG, _TAG_SO_FAR = re.compile(TAG), re.compile(TAG_SO_FAR)
_BEGIN = re.compile(r"\\begin\{([A-Za-z]{1,20}\*?)\}")
_BEGIN_SO_FAR = re.compile(r"\\b(?:e(?:g(?:i(?:n(?:\{(?:[A-Za-z]{1,20}\*?)?)?)?)?)?)?")


@dataclass(slots=True)
class Whole:
    """It goes on to ``end``; what it says ends at ``inner``. None there: what begins is no whole, go on at ``end``."""

    end: int
    inner: int | None = None
    maths: bool = False


def whole(ahead: Ahead, at: int, hold: int, limit: int, *, in_line: bool) -> Whole:
    """What begins at ``at``; code goes on for ``hold`` characters at most, maths up to ``limit``.

    ``in_line`` says that text of its line stands before it.
    """
    match ahead.text[at]:
        case "`":
            return _code(ahead, at, hold)
        case "<":
            return _tag(ahead, at)
        case "$":
            return _of(dollars(ahead, at, limit, in_line=in_line))
    return _command(ahead, at, limit)


def _code(ahead: Ahead, at: int, hold: int) -> Whole:
    """From one run of backticks to the next of the same length, in one line."""
    opening = ahead.after(_TICKS, at)
    limit = at + hold
    line = NEWLINE.search(ahead.text, opening, limit)
    for close in _TICKS.finditer(ahead.text, opening, line.start() if line else limit):
        if len(close[0]) == opening - at:
            ahead.need(close.end())
            return Whole(close.end(), close.start())
    if line is None:
        ahead.need(limit - 1)
    return Whole(opening)


def _tag(ahead: Ahead, at: int) -> Whole:
    if ahead.whole(_TAG_SO_FAR, at, LONGEST_TAG):
        raise MoreNeeded
    found = _TAG.match(ahead.text, at, at + LONGEST_TAG)
    return Whole(found.end(), found.end()) if found else Whole(at + 1)


def _command(ahead: Ahead, at: int, limit: int) -> Whole:
    following = ahead.char(at + 1)
    if following in {"[", "("}:
        return _of(until(ahead, at, at + 2, r"\\\]" if following == "[" else r"\\\)", limit))
    if ahead.whole(_BEGIN_SO_FAR, at, 30):
        raise MoreNeeded
    if found := _BEGIN.match(ahead.text, at):
        return _of(until(ahead, at, found.end(), rf"\\end\{{{re.escape(found[1])}\}}", limit))
    return Whole(at + 2 if following == "\\" else at + 1)


def _of(found: Maths | int) -> Whole:
    return Whole(found) if isinstance(found, int) else Whole(found.end, found.inner, maths=True)
