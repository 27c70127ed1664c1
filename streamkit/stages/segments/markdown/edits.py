"""Edits of a text: parts that are removed or replaced; the rest of the text stays as it is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Edit", "apply_edits"]

_BLANKS = " \t"


class Edit(NamedTuple):
    """Replace ``text[start:end]`` by ``new``. If ``silent``, the blanks on both sides of it become one."""

    start: int
    end: int
    new: str = ""
    silent: bool = False


def apply_edits(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    """``text[start:end]`` after the ``edits``, which are in order; of one that reaches beyond, only the part within."""
    out: list[str] = []
    at, last = start, ""
    first = max(bisect_right(edits, (start,)) - 1, 0)  # this one may begin before ``start`` and reach into the text
    for edit in edits[first : bisect_left(edits, (end,))]:
        if edit.end <= start:
            continue
        if edit.start > at:
            out.append(text[at : edit.start])
            last = text[edit.start - 1]
        new, at = edit.new, max(at, edit.end)
        if edit.silent:
            apart = not last or last.isspace()
            new = "" if apart or text[at : at + 1].isspace() else new
            while apart and at < end and text[at] in _BLANKS:
                at += 1
        if new and edit.start >= start:
            out.append(new)
            last = new[-1]
    out.append(text[at:end])
    return "".join(out)
