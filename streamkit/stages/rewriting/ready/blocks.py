"""Private keys in text armour: the lines ``-----BEGIN ... PRIVATE KEY-----`` to ``-----END ... PRIVATE KEY-----``.

Lines end as in any system, or with the two characters of an escape (as in a file of settings), or are joined by spaces;
they may be indented, quoted or strings of a program. Where the last line never comes, what there is of a key is hidden
all the same. A sentence about such lines is none.
"""

from __future__ import annotations

import re

from .spans import Span, Spans

__all__ = ["Blocks"]

LONGEST = 32_768  # characters: a key of 16,384 bits has 13,000
SURE = re.compile(r"[A-Za-z0-9+/=]{40}")  # nobody writes that by hand

MARK = "-----BEGIN "
LABEL = r"[A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----"
AROUND = r"[ \t>|#*\"'`+,;.]{0,16}+"  # indentation, quotation, strings
NUMBER = r"[0-9]{1,4}[.:|)]? +"
BREAK = rf"{AROUND}(?:\r?\n|\r|\\{{1,4}}r\\{{1,4}}n|\\{{1,4}}n|<br ?/?>)(?:{NUMBER})?+{AROUND}"
HEADER = r"[A-Za-z][A-Za-z0-9-]{0,40}: [^\n\r\\]{0,200}+"  # RFC 1421, RFC 4880
DATA = r"[A-Za-z0-9+/=]"

FIRST_LINE = re.compile(MARK + LABEL)
BODY = re.compile(
    rf"(?:{BREAK}(?:{HEADER}|{DATA}++)?| ?{DATA}{{16,}}+)*+(?P<rest> {DATA}{{1,15}}+(?={AROUND}(?:-|\Z)))?+"
)
LAST_LINE = re.compile(f"{AROUND}-----END {LABEL}")
GROWING_FIRST_LINE = re.compile(rf"{MARK}[A-Z0-9 ]{{0,50}}-{{0,4}}\Z")
GROWING_END = r"-{1,5}|-----E(?:N(?:D[A-Z0-9 ]{0,51}-{0,4})?)?"
GROWING = re.compile(  # what may stand behind a body that is not complete
    rf" ?[A-Za-z0-9+/=-]{{0,42}}:?\Z"
    rf"|[0-9]{{1,4}}[.:|)]? *\Z|{AROUND}<(?:b(?:r ?/?)?)?\Z|{AROUND}(?:\\{{1,4}}(?:r\\{{0,4}})?|{GROWING_END})?\Z"
)


class Blocks(Spans):
    longest = LONGEST

    def first(self, view: str, at: int, final: bool) -> Span:
        start = view.find(MARK, at)
        while start >= 0:
            end = min(len(view), start + LONGEST)
            block = _block(view, start, end, may_grow=not final and end < start + LONGEST)
            if block is None:
                return start
            if block:
                return start, block
            start = view.find(MARK, start + 1)
        return None if final else _growing_mark(view, at)


def _block(view: str, start: int, end: int, *, may_grow: bool) -> int | None:
    """Where the key ends that begins at ``start``; 0: that is none; None: it may go on behind ``end``."""
    first = FIRST_LINE.match(view, start, end)
    if first is None:
        return None if may_grow and GROWING_FIRST_LINE.match(view, start, end) else 0
    body = BODY.match(view, first.end(), end)
    assert body  # it matches nothing too
    last = LAST_LINE.match(view, body.end(), end)
    if last:
        return last.end()
    if may_grow and GROWING.match(view, body.end(), end):
        return None
    return _unfinished(view, first.end(), body.end() if body["rest"] is None else body.start("rest"))


def _unfinished(view: str, start: int, stop: int) -> int:
    """Where the data ends of a key without a last line; 0 if it is hardly one."""
    if SURE.search(view, start, stop) is None:
        return 0
    return start + len(view[start:stop].rstrip(" \t\r\n>|#*\"'`,;.\\"))


def _growing_mark(view: str, at: int) -> int | None:
    start = view.find("-", max(at, len(view) - len(MARK) + 1))
    while start >= 0:
        if MARK.startswith(view[start:]):
            return start
        start = view.find("-", start + 1)
    return None
