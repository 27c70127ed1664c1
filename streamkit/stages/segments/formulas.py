"""Display maths: its opening, its end, and the signs that it is something else (a price, a process, prose)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ahead import Ahead
from .line_kinds import BLANKS, LIST_LINE
from .scripts import is_lower

__all__ = ["LONGEST_MATHS", "Maths", "dollars", "maths_end", "until"]

LONGEST_MATHS = 2000
"""Text after an opening that is not closed within so many characters is not maths."""

_MOST = 64
_DOLLARS = re.compile(rf"\${{1,{_MOST}}}")
_CLOSING = r"(?<!\$)\$\$(?!\$)"
_BLANK_LINE = r"(?:\r\n?+|\n)[ \t]*+[\r\n]"
_CAPITAL = "[^\\W\\d_a-zß-öø-ÿα-ωа-џ]"
_NONE = re.compile(r"[.,;:!?)\]}'\"’”*_~/–—-]")  # follows the marks of a price or a process, but does not begin maths

_END = rf"[.!?][\"'”’)]{{0,2}}[ \t]{{1,8}}{_CAPITAL}|[。！？]"
_WORDS = rf"[^\\{{}}=^$\r\n]*?(?:(?<=[^\W\d_]{{2}})(?:{_END}))"

_PROSE = re.compile(rf"{_WORDS}|[ \t]*(?:\r\n?|\n)(?:[^\\{{}}=^$\s]++[ \t]+){{2}}{_WORDS}")
"""Words with the end of a sentence before any character of maths; in a line of their own, at least three words."""

_SENTENCE = re.compile(rf"[^$\r\n]*?(?:{_END})")


@dataclass(slots=True)
class Maths:
    """Maths up to ``end``, whose content ends at ``inner``."""

    inner: int
    end: int


def dollars(ahead: Ahead, at: int, limit: int, *, in_line: bool) -> Maths | int:
    """Maths between two ``$$``, else where to go on. If ``in_line``, after other text, both must be in one sentence."""
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
    """Maths up to its ``closing``, else where to go on if a blank line, prose or the limit comes first.

    A list item stops the search too, unless the opening has a line of its own: then ``- b`` may continue a sum.
    """
    alone = ahead.char(ahead.after(BLANKS, inside)) in {"\r", "\n"}
    stop = _BLANK_LINE if alone else rf"{_BLANK_LINE}|{LIST_LINE}"
    return _search(ahead, at, inside, rf"({closing})|{stop}", limit, _PROSE)


def _search(ahead: Ahead, at: int, inside: int, pattern: str, limit: int, prose: re.Pattern[str]) -> Maths | int:
    limit = min(limit, at + LONGEST_MATHS)
    if prose.match(ahead.text, inside, limit):
        return inside
    match = re.compile(pattern).search(ahead.text, inside, limit)
    if match is None:
        ahead.need(limit - 1)
        return inside
    ahead.need(match.end())
    return inside if match[1] is None else Maths(match.start(), match.end())


def maths_end(ahead: Ahead, at: int, inner: int, end: int, *, alone: bool, held: bool) -> int | None:
    """The end of the segment if it ends with this maths, else None.

    It does if the maths is ``alone`` in its lines, or if a full stop inside the maths ends the sentence.
    """
    following = ahead.after(BLANKS, end)
    if alone and ahead.char(following) in {"", "\r", "\n"}:
        return end
    stopped = ahead.text[at:inner].rstrip().endswith((".", "!", "?"))
    if not stopped or following == end or held:
        return None
    return None if is_lower(ahead.char(following)) else end
