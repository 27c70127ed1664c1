"""Private keys in text armour: the lines ``-----BEGIN ... PRIVATE KEY-----`` to ``-----END ... PRIVATE KEY-----``.

Between them is base64, and between its lines whatever the surrounding text puts there: line ends or their escapes,
numbers, times of a log, quotes and commands of a program. So runs of base64 count that are not far from each other, and
if the last line never comes, the key so far is hidden all the same. A sentence about such lines is not a key.
"""

from __future__ import annotations

import re

from .spans import Span, Spans

__all__ = ["ArmouredKeys"]

LONGEST = 32_768  # characters: a key of 16,384 bits has 13,000
HEADERS = 400
"""Characters that may stand before the first run of base64: line ends, and headers (RFC 1421, RFC 4880)."""
BETWEEN = 96
"""The same between two runs, and before the last line."""
LEAST = 16  # characters of a run
LAST_LINE = 72  # characters at most

MARK = "-{4,5}BEGIN "
LABEL = r"[A-Z0-9 ]{0,32}(?:PRIVATE|SECRET) KEY(?: BLOCK)?-{4,5}"
FIRST_LINE = re.compile(MARK + LABEL, re.IGNORECASE)
GROWING_FIRST_LINE = re.compile(rf"{MARK}[A-Z0-9 ]{{0,50}}-{{0,4}}\Z", re.IGNORECASE)
GROWING_MARK = re.compile(r"-{1,5}(?:(?<=----)B(?:E(?:G(?:I(?:N ?)?)?)?)?)?\Z", re.IGNORECASE)
BEGINNING = re.compile(MARK, re.IGNORECASE)
SENTENCE = re.compile(r"[\"'`*_)\]]{0,4}[.,;:]? [A-Za-z][a-z]{0,15}[ ,.;:]")
"""The text after the first line if that is only mentioned in a sentence."""

DATA = "[A-Za-z0-9+/=]"
PART = re.compile(rf"(?P<data>{DATA}{{{LEAST},}})|-{{4,5}}END {LABEL}", re.IGNORECASE)
ONLY_DATA = re.compile(rf"[\W_]*(?:\\[nr])?{DATA}{{2,}}(?:\\[nr])?[\W_]*")  # of an example
SURE = 40  # characters in all: too many to be written by hand
REST = re.compile(  # a shorter last line
    r"[^A-Za-z0-9+/=]{0,24}?(?:\n|\\n)[ \t>|]{0,16}"
    rf"(?P<data>(?={DATA}*(?:[0-9+/=]|[a-z][A-Z]|[A-Z]{{2}})){DATA}{{1,{LEAST - 1}}})"
    r"(?=[\"'`]?(?:\s|\\n|\Z))"
)


class ArmouredKeys(Spans):
    longest = LONGEST

    def first(self, view: str, at: int, final: bool) -> Span:
        for match in BEGINNING.finditer(view, at):
            start = match.start()
            end = min(len(view), start + LONGEST)
            block = _block(view, start, end, may_grow=not final and end < start + LONGEST)
            if block is None:
                return start
            if block:
                return start, block
        growing = None if final else GROWING_MARK.search(view, max(at, len(view) - 10))
        return growing.start() if growing else None


def _block(view: str, start: int, end: int, *, may_grow: bool) -> int | None:
    """The end of the key that begins at ``start``; 0 if it is not a key; None if it may go on behind ``end``."""
    first = FIRST_LINE.match(view, start, end)
    if first is None:
        return None if may_grow and GROWING_FIRST_LINE.match(view, start, end) else 0
    if SENTENCE.match(view, first.end(), end):
        return 0
    last, amount = first.end(), 0
    while True:
        farthest = last + (BETWEEN if amount else HEADERS)
        begin = PART.search(view, last, min(end, farthest + LAST_LINE))
        if begin is None or begin.start() > farthest:
            if may_grow and end <= farthest + LAST_LINE:
                return None
            break
        part = PART.match(view, begin.start(), end)
        assert part  # it matched with less text behind it
        if part["data"] is None:
            if may_grow and part.end() == end and not part[0].endswith("-----"):
                return None
            return part.end() if amount or ONLY_DATA.fullmatch(view, first.end(), part.start()) else 0
        last, amount = part.end(), amount + part.end() - part.start()
    if amount < SURE:
        return 0
    rest = REST.match(view, last, end)
    return rest.end("data") if rest else last
