"""What is taken out of a text, or put in its place; all else is shown as it stands."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Edit", "apply_edits"]

_BLANKS = " \t"


class Edit(NamedTuple):
    """``text[start:end]`` is shown as ``new``. If it is ``silent`` the blanks around it are one."""

    start: int
    end: int
    new: str = ""
    silent: bool = False


def apply_edits(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    """``text[start:end]`` after the ``edits``, which are in order; of one that reaches beyond, the part within."""
    out: list[str] = []
    at, last = start, ""
    first = max(bisect_right(edits, (start,)) - 1, 0)  # it may begin before the text and reach into it
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
