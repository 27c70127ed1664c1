"""Spans that are passed over in one step, for no mark in them ends a sentence: inline code, tags, display maths."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ahead import Ahead, MoreNeeded
from .formulas import Maths, dollars, until
from .html_tags import LONGEST_TAG, TAG, TAG_SO_FAR
from .line_kinds import NEWLINE

__all__ = ["OPAQUE_STARTS", "OpaqueSpan", "opaque_span"]

OPAQUE_STARTS = "`<$\\"
"""The characters with which such a span begins."""

_MOST = 64
_TICKS = re.compile(f"`{{1,{_MOST}}}")
_TAG, _TAG_SO_FAR = re.compile(TAG), re.compile(TAG_SO_FAR)
_BEGIN = re.compile(r"\\begin\{([A-Za-z]{1,20}\*?)\}")
_BEGIN_SO_FAR = re.compile(r"\\b(?:e(?:g(?:i(?:n(?:\{(?:[A-Za-z]{1,20}\*?)?)?)?)?)?)?")


@dataclass(slots=True)
class OpaqueSpan:
    """A span up to ``end``, whose content ends at ``inner``. If that is None there is no span: go on at ``end``."""

    end: int
    inner: int | None = None
    maths: bool = False


def opaque_span(ahead: Ahead, at: int, hold: int, limit: int, *, in_line: bool) -> OpaqueSpan:
    """The span that begins at ``at``; code has ``hold`` characters at most, maths extends up to ``limit``.

    ``in_line``: other text of the same line precedes it.
    """
    match ahead.text[at]:
        case "`":
            return _code(ahead, at, hold)
        case "<":
            return _tag(ahead, at)
        case "$":
            return _maths(dollars(ahead, at, limit, in_line=in_line))
    return _command(ahead, at, limit)


def _code(ahead: Ahead, at: int, hold: int) -> OpaqueSpan:
    """Inline code, from one run of backticks to the next of the same length in the same line."""
    opening = ahead.after(_TICKS, at)
    limit = at + hold
    line = NEWLINE.search(ahead.text, opening, limit)
    for close in _TICKS.finditer(ahead.text, opening, line.start() if line else limit):
        if len(close[0]) == opening - at:
            ahead.need(close.end())
            return OpaqueSpan(close.end(), close.start())
    if line is None:
        ahead.need(limit - 1)
    return OpaqueSpan(opening)


def _tag(ahead: Ahead, at: int) -> OpaqueSpan:
    if ahead.may_continue(_TAG_SO_FAR, at, LONGEST_TAG):
        raise MoreNeeded
    match = _TAG.match(ahead.text, at, at + LONGEST_TAG)
    return OpaqueSpan(match.end(), match.end()) if match else OpaqueSpan(at + 1)


def _command(ahead: Ahead, at: int, limit: int) -> OpaqueSpan:
    following = ahead.char(at + 1)
    if following in {"[", "("}:
        return _maths(until(ahead, at, at + 2, r"\\\]" if following == "[" else r"\\\)", limit))
    if ahead.may_continue(_BEGIN_SO_FAR, at, 30):
        raise MoreNeeded
    if match := _BEGIN.match(ahead.text, at):
        return _maths(until(ahead, at, match.end(), rf"\\end\{{{re.escape(match[1])}\}}", limit))
    return OpaqueSpan(at + 2 if following == "\\" else at + 1)


def _maths(result: Maths | int) -> OpaqueSpan:
    return OpaqueSpan(result) if isinstance(result, int) else OpaqueSpan(result.end, result.inner, maths=True)
