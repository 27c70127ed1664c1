"""What a line of Markdown is, told from its first characters, and whether the next line goes on with the sentence."""

from __future__ import annotations

import re
from typing import Literal

from .ahead import Ahead, MoreNeeded
from .scripts import is_lower

__all__ = [
    "BLANKS",
    "BULLET",
    "CODE_COLUMNS",
    "LIST_COLUMNS",
    "LIST_LINE",
    "NEWLINE",
    "QUOTED_FENCE",
    "block",
    "fence",
    "goes_on",
    "marker",
]

CODE_COLUMNS = 4
"""A line behind a blank one, a heading or nothing at all that is indented so far is code."""

LIST_COLUMNS = 2
"""What stands more to the left than that, behind a blank line, is outside of a list."""

NEWLINE = re.compile(r"\r\n?|\n")

Block = Literal["sentence", "heading", "table_row", "code", "rule"]

_HEADING, _HEADING_SO_FAR = re.compile(r"#{1,6}(?=[ \t\r\n]|\Z)"), re.compile("#{1,6}")
_RULE = re.compile(r"([-*_=])(?:[ \t]*\1){2,}[ \t]*(?=[\r\n]|\Z)")
_RULE_SO_FAR = re.compile(r"([-*_=])(?:[ \t]*\1)*[ \t]*")
_FENCES = frozenset("`~")
_FENCE, _FENCE_SO_FAR = re.compile(r"`{3,}|~{3,}"), re.compile(r"`{1,200}|~{1,200}")
_INFO_SO_FAR = re.compile(r"`{3,}[^`\r\n]*")
QUOTED_FENCE = re.compile(r"(?:>[ \t]{0,3}){1,8}(?=`{3}|~{3})")
_QUOTES_SO_FAR = re.compile(r"[> \t]{1,32}")
_REACH = 200  # what is still undecided so far into a line is taken for what it looks like

BULLET = "[-*+•‣◦▪●○]"
_EMPHASIS = r"(?:\*{1,3}|_{1,3})?"
_NUMBER = (
    r"(?:\(?(?:\d{1,4}(?:\.\d{1,3}){0,4}|[a-zA-Z]|[ivxIVX]{1,6})\.\)|\(?\d{1,4}(?:\.\d{1,3}){0,4}[.)]"
    r"|\(?(?:[a-z]|[ivx]{1,6})[.)]|\(?(?:[A-Z]|[IVX]{1,6})\)|[IVX]{2,6}\.|\d{1,3}\.）|[①-⓿])"
)
LIST_LINE = rf"(?:\r\n?+|\n)[ \t>]{{0,32}}(?:{BULLET}|\d{{1,4}}[.)])[ \t]"
"""A line break and the marker of a list item."""
_WIDE_NUMBER = r"(?:[（(]?\d{1,3}[．）、])(?!\d)"
_MARKER = re.compile(
    rf"((?:>[ \t]?)*)[ \t]*(?:(?:{BULLET}[ \t]+)?(?:\[[ xX]\]|{_EMPHASIS}{_NUMBER}{_EMPHASIS})(?=[ \t\u3000])"
    rf"|(?:{BULLET}[ \t]+)?{_WIDE_NUMBER}|{BULLET}(?=[ \t]))?"
)
_MARKER_SO_FAR = re.compile(
    rf"[>\s]*(?:{BULLET}\s*)?(?:\[?[ xX]?\]?"
    rf"|{_EMPHASIS}[（(]?(?:\d{{0,4}}(?:\.\d{{0,3}}){{0,4}}|[a-zA-Z]?|[ivxIVX]{{0,6}}|[①-⓿])[.．、]?[)）]?{_EMPHASIS})"
)
_LONGEST_MARKER = 40
BLANKS = re.compile(r"[ \t]*")

WRAPPED = 24
"""A line shorter than that was not broken for its width."""
_NEXT_MARKER = re.compile(r"(?:[a-z]|[ivx]{1,6})[.)](?:\s|\Z)")
_NEXT_MARKER_SO_FAR = re.compile(r"(?:[a-z]|[ivx]{1,6})[.)]?")


def block(ahead: Ahead, start: int, *, deep: bool = False) -> Block:
    """The kind of the line that begins at ``start``. Lists count as sentences here: their markers cut nothing.

    One that is indented ``deep`` enough, where no paragraph goes on, is code unless it begins with a mark of a list or
    quote.
    """
    first = ahead.text[start]
    if deep and first not in "`~>":
        return "sentence" if marker(ahead, start)[1] else "code"
    if first == ">":
        return _is_quoted_fence(ahead, start)
    if first == "|":
        return "table_row"
    if first == "#":
        return _is_heading(ahead, start)
    if first in "`~":
        return _is_fence(ahead, start)
    if first in "-*_=":
        return _is_rule(ahead, start)
    return "sentence"


def _is_heading(ahead: Ahead, start: int) -> Block:
    if ahead.whole(_HEADING_SO_FAR, start, 7):
        raise MoreNeeded
    return "heading" if _HEADING.match(ahead.text, start) else "sentence"


def _is_fence(ahead: Ahead, start: int) -> Block:
    if ahead.whole(_FENCE_SO_FAR, start, _REACH):
        raise MoreNeeded
    if _FENCE.match(ahead.text, start) is None:
        return "sentence"
    if ahead.text[start] == "`":  # three marks may also open a code span: then others close it on this line
        if ahead.whole(_INFO_SO_FAR, start, _REACH):
            raise MoreNeeded
        info = _INFO_SO_FAR.match(ahead.text, start, start + _REACH)
        if info and ahead.text[info.end() : info.end() + 1] == "`" and info.end() < start + _REACH:
            return "sentence"
    return "code"


def _is_quoted_fence(ahead: Ahead, start: int) -> Block:
    at = ahead.after(_QUOTES_SO_FAR, start)
    if ahead.char(at) not in _FENCES or _is_fence(ahead, at) != "code":
        return "sentence"
    return "code" if QUOTED_FENCE.match(ahead.text, start) else "sentence"


def _is_rule(ahead: Ahead, start: int) -> Block:
    if ahead.whole(_RULE_SO_FAR, start, _REACH):
        raise MoreNeeded
    return "rule" if _RULE.match(ahead.text, start, start + _REACH) else "sentence"


def marker(ahead: Ahead, start: int) -> tuple[int, bool]:
    """Where the text of the line begins, behind quote and list markers, and whether it is a list item."""
    if ahead.whole(_MARKER_SO_FAR, start, _LONGEST_MARKER):
        raise MoreNeeded
    found = _MARKER.match(ahead.text, start, start + _LONGEST_MARKER)
    assert found is not None
    return found.end(), bool(found[0][len(found[1]) :].strip())


def fence(ahead: Ahead, line: int) -> int | None:
    """Where a fence opens in the line that begins at ``line``, perhaps behind the marker of a list; None if none does.

    In quotes none does: each line of theirs has a mark.
    """
    at = ahead.after(BLANKS, line)
    if ahead.char(at) not in _FENCES:
        body, is_item = marker(ahead, at)
        if not is_item or ">" in ahead.text[at:body]:
            return None
        at = ahead.after(BLANKS, body)
    return at if ahead.char(at) in _FENCES and block(ahead, at) == "code" else None


def goes_on(ahead: Ahead, line: int, end: int) -> int | None:
    """Where the sentence goes on behind the line ``text[line:end]``, which has no end mark; None if it does not.

    It does if the line was only wrapped: it is long enough, and the next one begins with a small letter.
    """
    text = ahead.text
    if end - line < WRAPPED or text[end - 1] in ":：|":
        return None
    following = ahead.ink(end)
    if following is None or not is_lower(text[following]) or len(NEWLINE.findall(text, end, following)) > 1:
        return None
    if ahead.whole(_NEXT_MARKER_SO_FAR, following, 8):
        raise MoreNeeded
    return None if _NEXT_MARKER.match(text, following) else following
