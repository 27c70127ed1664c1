"""Display maths: what opens it, where it closes, and what shows that it was none (a price, a process, prose)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ahead import Ahead
from .linekinds import BLANKS, LIST_LINE
from .scripts import is_lower

__all__ = ["LONGEST_MATHS", "Maths", "dollars", "maths_end", "until"]

LONGEST_MATHS = 2000
"""Maths that nothing closes so far are none."""

_MOST = 64
_DOLLARS = re.compile(rf"\${{1,{_MOST}}}")
_CLOSING = r"(?<!\$)\$\$(?!\$)"
_BLANK_LINE = r"(?:\r\n?+|\n)[ \t]*+[\r\n]"
_CAPITAL = "[^\\W\\d_a-zß-öø-ÿα-ωа-џ]"
_NONE = re.compile(r"[.,;:!?)\]}'\"’”*_~/–—-]")  # what follows the marks of a price or a process, but opens no maths

_END = rf"[.!?][\"'”’)]{{0,2}}[ \t]{{1,8}}{_CAPITAL}|[。！？]"
_WORDS = rf"[^\\{{}}=^$\r\n]*?(?:(?<=[^\W\d_]{{2}})(?:{_END}))"

_PROSE = re.compile(rf"{_WORDS}|[ \t]*(?:\r\n?|\n)(?:[^\\{{}}=^$\s]++[ \t]+){{2}}{_WORDS}")
"""Words with the end of a sentence, before anything that only maths have, are none; not so few in a line of its own."""

_SENTENCE = re.compile(rf"[^$\r\n]*?(?:{_END})")


@dataclass(slots=True)
class Maths:
    """It goes on to ``end``; what it says ends at ``inner``."""

    inner: int
    end: int


def dollars(ahead: Ahead, at: int, limit: int, *, in_line: bool) -> Maths | int:
    """Maths between two ``$$``, else where to go on. ``in_line``, behind other text, both stand in one sentence."""
    end = ahead.after(_DOLLARS, at)
    if end - at != 2:
        return end
    if not in_line:
        return until(ahead, at, end, _CLOSING, limit)
    following = ahead.char(end)
    if _NONE.match(following):
        return end
    prose = _SENTENCE if following.isspace() else _PROSE
    return _search(ahead, at, end, rf"({_CLOSING})|[\r\n]", limit, prose)


def until(ahead: Ahead, at: int, inside: int, closing: str, limit: int) -> Maths | int:
    """Up to its ``closing``, unless a blank line, prose or the limit comes before.

    A list item ends it too, unless the opening has a line of its own: then ``- b`` may go on with a sum.
    """
    alone = ahead.char(ahead.after(BLANKS, inside)) in {"\r", "\n"}
    stop = _BLANK_LINE if alone else rf"{_BLANK_LINE}|{LIST_LINE}"
    return _search(ahead, at, inside, rf"({closing})|{stop}", limit, _PROSE)


def _search(ahead: Ahead, at: int, inside: int, pattern: str, limit: int, prose: re.Pattern[str]) -> Maths | int:
    limit = min(limit, at + LONGEST_MATHS)
    if prose.match(ahead.text, inside, limit):
        return inside
    found = re.compile(pattern).search(ahead.text, inside, limit)
    if found is None:
        ahead.need(limit - 1)
        return inside
    ahead.need(found.end())
    return inside if found[1] is None else Maths(found.start(), found.end())


def maths_end(ahead: Ahead, at: int, inner: int, end: int, *, alone: bool, held: bool) -> int | None:
    """Where the segment ends with maths: those in lines of their own are one, others may have a stop inside."""
    following = ahead.after(BLANKS, end)
    if alone and ahead.char(following) in {"", "\r", "\n"}:
        return end
    stopped = ahead.text[at:inner].rstrip().endswith((".", "!", "?"))
    if not stopped or following == end or held:
        return None
    return None if is_lower(ahead.char(following)) else end
