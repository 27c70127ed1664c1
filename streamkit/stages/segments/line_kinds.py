"""The kind of a line of Markdown, by its first characters, and the test for a next line that continues its sentence."""

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
    "after_markers",
    "continuation",
    "fence",
    "line_kind",
]

CODE_COLUMNS = 4
"""A line is code if it is indented by so many columns after a blank line, a heading, or at the start of the text."""

LIST_COLUMNS = 2
"""A line with a smaller indentation, after a blank line, is outside of a list."""

NEWLINE = re.compile(r"\r\n?|\n")

LineKind = Literal["sentence", "heading", "table_row", "code", "rule"]

_HEADING, _HEADING_SO_FAR = re.compile(r"#{1,6}(?=[ \t\r\n]|\Z)"), re.compile("#{1,6}")
_RULE = re.compile(r"([-*_=])(?:[ \t]*\1){2,}[ \t]*(?=[\r\n]|\Z)")
_RULE_SO_FAR = re.compile(r"([-*_=])(?:[ \t]*\1)*[ \t]*")
_FENCES = frozenset("`~")
_FENCE, _FENCE_SO_FAR = re.compile(r"`{3,}|~{3,}"), re.compile(r"`{1,200}|~{1,200}")
_INFO_SO_FAR = re.compile(r"`{3,}[^`\r\n]*")
QUOTED_FENCE = re.compile(r"(?:>[ \t]{0,3}){1,8}(?=`{3}|~{3})")
_QUOTES_SO_FAR = re.compile(r"[> \t]{1,32}")
_REACH = 200  # a line still undecided after so many characters is taken for what it looks like

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
"""A line shorter than that was not wrapped for its width."""
_NEXT_MARKER = re.compile(r"(?:[a-z]|[ivx]{1,6})[.)](?:\s|\Z)")
_NEXT_MARKER_SO_FAR = re.compile(r"(?:[a-z]|[ivx]{1,6})[.)]?")


def line_kind(ahead: Ahead, start: int, *, deep: bool = False) -> LineKind:
    """The kind of the line that begins at ``start``. List items count as sentences here: their markers do not cut.

    A line that is indented ``deep`` enough, where it does not continue a paragraph, is code unless it begins with the
    marker of a list or quote.
    """
    first = ahead.text[start]
    if deep and first not in "`~>":
        return "sentence" if after_markers(ahead, start)[1] else "code"
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


def _is_heading(ahead: Ahead, start: int) -> LineKind:
    if ahead.may_continue(_HEADING_SO_FAR, start, 7):
        raise MoreNeeded
    return "heading" if _HEADING.match(ahead.text, start) else "sentence"


def _is_fence(ahead: Ahead, start: int) -> LineKind:
    if ahead.may_continue(_FENCE_SO_FAR, start, _REACH):
        raise MoreNeeded
    if _FENCE.match(ahead.text, start) is None:
        return "sentence"
    if ahead.text[start] == "`":  # three backticks may also open a code span, which others close on this line
        if ahead.may_continue(_INFO_SO_FAR, start, _REACH):
            raise MoreNeeded
        info = _INFO_SO_FAR.match(ahead.text, start, start + _REACH)
        if info and ahead.text[info.end() : info.end() + 1] == "`" and info.end() < start + _REACH:
            return "sentence"
    return "code"


def _is_quoted_fence(ahead: Ahead, start: int) -> LineKind:
    at = ahead.after(_QUOTES_SO_FAR, start)
    if ahead.char(at) not in _FENCES or _is_fence(ahead, at) != "code":
        return "sentence"
    return "code" if QUOTED_FENCE.match(ahead.text, start) else "sentence"


def _is_rule(ahead: Ahead, start: int) -> LineKind:
    if ahead.may_continue(_RULE_SO_FAR, start, _REACH):
        raise MoreNeeded
    return "rule" if _RULE.match(ahead.text, start, start + _REACH) else "sentence"


def after_markers(ahead: Ahead, start: int) -> tuple[int, bool]:
    """The position where the text of the line begins, after quote and list markers, and True if it is a list item."""
    if ahead.may_continue(_MARKER_SO_FAR, start, _LONGEST_MARKER):
        raise MoreNeeded
    match = _MARKER.match(ahead.text, start, start + _LONGEST_MARKER)
    assert match is not None
    return match.end(), bool(match[0][len(match[1]) :].strip())


def fence(ahead: Ahead, line: int) -> int | None:
    """The position of an opening fence in the line that begins at ``line``, perhaps after a list marker, or None.

    A fence in a quote does not count: each of its lines has a quote marker.
    """
    at = ahead.after(BLANKS, line)
    if ahead.char(at) not in _FENCES:
        body, is_item = after_markers(ahead, at)
        if not is_item or ">" in ahead.text[at:body]:
            return None
        at = ahead.after(BLANKS, body)
    return at if ahead.char(at) in _FENCES and line_kind(ahead, at) == "code" else None


def continuation(ahead: Ahead, line: int, end: int) -> int | None:
    """The position where the sentence continues after the line ``text[line:end]``, which has no end mark, or None.

    It continues if the line was only wrapped: the line is long enough, and the next one begins with a small letter.
    """
    text = ahead.text
    if end - line < WRAPPED or text[end - 1] in ":：|":
        return None
    following = ahead.ink(end)
    if following is None or not is_lower(text[following]) or len(NEWLINE.findall(text, end, following)) > 1:
        return None
    if ahead.may_continue(_NEXT_MARKER_SO_FAR, following, 8):
        raise MoreNeeded
    return None if _NEXT_MARKER.match(text, following) else following
