"""The extent of an end mark: the run of marks, and all brackets and quotes that close with it."""

from __future__ import annotations

import re

from .ahead import FAR, Ahead, MoreNeeded
from .brackets import CLOSERS, OPENERS, EndCandidate, OpenBrackets
from .html_tags import CLOSING_TAG, TAG_SO_FAR, VOID_TAG
from .scripts import CJK, STRONG

__all__ = ["FACES", "MARKS", "extent", "face", "is_stopped"]

MARKS = ".!?…‼⁇⁈⁉;\u037e" + STRONG
EMOJI = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f\u200d\u20e3\U000e0020-\U000e007f"

FACES = "\u2764\U0001f389\U0001f38a\U0001f44d-\U0001f44f\U0001f600-\U0001f64f\U0001f910-\U0001f92f\U0001f970-\U0001f97a"
"""Emoji that may end a sentence as a mark does."""

_LOVES = re.compile(r"(?:^|\s)(?:I|[Ww]e|[Yy]ou|[Tt]hey)\s\Z")  # a heart after these is a verb

MOST = 64
"""A longer run of marks, closers or dots is read in parts, so that repeated work has a bound."""

_BLANK = " \u00a0\u202f"
_END_MARKS = re.escape(MARKS.replace(";", "").replace("\u037e", ""))
_RUN = re.compile(
    rf"[{re.escape(MARKS)}][{_END_MARKS}]{{,{MOST}}}(?:[{_BLANK}][!?！？](?=[\s!?！？]|\Z)){{,{MOST // 2}}}"
)
_SPACED_DOTS = re.compile(rf"\.(?:[ \u00a0]\.){{2,{MOST // 2}}}")
_SPACED_SO_FAR = re.compile(r"\.(?:[ \u00a0]\.)*[ \u00a0]?")
_QUOTES = "".join(char for char in CLOSERS if char not in "]“") + "'"
_EITHER_WAY = frozenset("“«‹")
_CLOSING = re.compile(
    rf"[{re.escape(_QUOTES)}{_END_MARKS}]"
    r"|\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\))?"  # of a link, with its target
    r"|\*{1,3}|_{1,3}|~~"
    r"|\[\^?\w{1,3}\](?!\()"  # a footnote
    rf"|<sup>[^<>\s]{{1,8}}</sup>|[ ]?{CLOSING_TAG}|{VOID_TAG}"
    r"|[¹²³⁰⁴-⁹]{1,3}"
    rf"|[ ]?(?:[{EMOJI}]{{1,{MOST}}}|[:;]-?[)(D](?![\w)]))"
)
_LONGEST_TARGET = 400
_EMOJIS, _LETTER = re.compile(f"[{EMOJI}]{{1,{MOST}}}"), re.compile(r"[^\W_]")
_CLOSED = re.escape("".join(sorted(set(CLOSERS) - set(OPENERS))))
_WHOLE = re.compile(rf"(?:(?<!\d)[{re.escape(MARKS)}]|[{_CLOSED}{CJK}])\Z")
_WITHIN = re.compile(r"\w[.:/@]\w|://")  # the last mark may belong to an address, a number or an abbreviation
_CLOSING_SO_FAR = re.compile(
    r"\]?\(\S*|\[\^?\w{0,3}\]?|<sup>[^<>\s]{0,8}(?:</?\w{0,3})?|[ ]?"
    + TAG_SO_FAR
    + r"|~|[ ]?[:;]-?[)(D]?"
    + f"|[{_BLANK}]+"
)


def extent(ahead: Ahead, at: int, body: int, brackets: OpenBrackets) -> EndCandidate:
    """The mark at ``at`` with what belongs to it: more marks, closing quotes and brackets, footnotes, emoji."""
    text = ahead.text
    if text[at] == "." and text[at + 1 : at + 2] in " \u00a0":
        if ahead.may_continue(_SPACED_SO_FAR, at, MOST + 2):
            raise MoreNeeded
        if dots := _SPACED_DOTS.match(text, at):
            return _spaced_dots(ahead, at, dots.end(), body)
    match = _RUN.match(text, at)
    assert match is not None
    run = end = match.end()
    ahead.need(end)
    while end < run + MOST and (closed := _closing_end(ahead, end, body, brackets)) > end:
        end = closed
        ahead.need(end)
    closing = text[run:end]
    depth = brackets.depth_after(closing)
    is_whole = depth < len(brackets.open) and brackets.open[depth].position == body
    return EndCandidate(at, run, end, any(char in _END_MARKS for char in closing), is_whole)


def _closing_end(ahead: Ahead, at: int, body: int, brackets: OpenBrackets) -> int:
    """The end of the closing bracket, quote or the like that begins at ``at``; ``at`` if there is none."""
    text = ahead.text
    if ahead.may_continue(_CLOSING_SO_FAR, at, _LONGEST_TARGET):
        raise MoreNeeded
    end = at + 1 if ahead.char(at) not in _BLANK else at + 2
    if text[end - 1 : end] in _EITHER_WAY or (end == at + 2 and text[at + 1 : end] == "»"):
        return end if brackets.expects(text[end - 1]) else at
    match = _CLOSING.match(text, at, at + _LONGEST_TARGET)
    if match is None:
        return at
    if match[0][0] in "*_":
        after = ahead.char(match.end())
        odd = text.count(match[0], max(body, at - FAR), at) % 2 == 1
        return match.end() if odd or not after.strip() or after in CLOSERS else at
    return match.end()


def _spaced_dots(ahead: Ahead, at: int, run: int, body: int) -> EndCandidate:
    """Dots with spaces between them. After a word the first of four is its full stop, the others are an ellipsis."""
    following = ahead.ink(run)
    attached = at > body and not ahead.text[at - 1].isspace()
    if attached and run - at >= 7 and following is not None and ahead.text[following].isupper():
        return EndCandidate(at, at + 1, at + 1)
    end = run
    while end < run + MOST and ahead.char(end) and ahead.text[end] in _QUOTES:
        end += 1
    return EndCandidate(at, run, end)


def face(ahead: Ahead, at: int, start: int) -> tuple[int, bool]:
    """The end of a run of emoji, and True if it ends the sentence as a mark does; else it may stand for a word."""
    end = ahead.after(_EMOJIS, at)
    following = ahead.ink(end) if ahead.char(end).isspace() else None
    if following is None or not ahead.text[following].isupper():
        return end, False
    before = ahead.text[max(start, at - FAR) : at]
    return end, _LETTER.search(before) is not None and not _LOVES.search(before)


def is_stopped(word: str) -> bool:
    """True if ``word``, the last one there is so far, seems to end a sentence."""
    return _WHOLE.search(word) is not None and _WITHIN.search(word) is None
