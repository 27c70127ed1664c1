"""Segments without their marks, in order. What opens in one segment may close in a later one of the same block.

So a segment in which something is open waits: until that is closed, its block is over, or ``hold`` characters have
followed. Then an open mark is text like any other; but where the block goes on, two or more of the same with which a
sentence begins (``**The``) are taken for marks, and so is what closes them. What is decided stays decided, and only
what lies behind the first open mark is read again with the next segment, so that the cost of a character has a bound.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..scripts import is_lower
from .blocks import NEWLINE, BlockTracker, is_delimiters
from .edits import Edit, apply_edits
from .emphasis import DelimiterRun
from .hidden import HiddenHtml
from .inline import INTERESTING, Inline
from .strip import is_definition, strip_markdown

__all__ = ["MarkdownStripper"]

T = TypeVar("T")

_PROSE = frozenset({"sentence", "list_item", "word"})
_MOST_OPENED = 8


@dataclass(slots=True)
class _Waiting(Generic[T]):
    item: T
    start: int
    end: int


class MarkdownStripper(Generic[T]):
    """`add` and `end` give each item with its text, "" if nothing is left to say, as soon as that is certain."""

    def __init__(self, hold: int) -> None:
        self._hold = hold
        self._waiting: deque[_Waiting[T]] = deque()
        self._blocks = BlockTracker()
        self._text = ""  # what waits,
        self._before, self._after = "\n", "\n"  # and the characters around it
        self._done = 0  # up to there the text was read for good,
        self._settled: list[Edit] = []  # and this came of it
        self._opened: list[DelimiterRun] = []  # marks that were taken for such before their end was seen
        self._ticks: set[int] = set()  # the lengths of runs of backticks that were taken for text
        self._hidden = HiddenHtml()
        self._awaited = ""  # the end of a comment that is open for long, without which nothing is read again

    @property
    def waits(self) -> bool:
        """Whether something is held back."""
        return bool(self._waiting)

    def add(self, item: T, text: str, kind: str, gap: str, after: str) -> list[tuple[T, str]]:
        """Take the ``text`` of an item, behind the white space ``gap`` and in front of the character ``after``."""
        breaks, was_hidden = len(NEWLINE.findall(gap)), bool(self._hidden)
        self._blocks.skip(breaks)
        if kind == "line" and not was_hidden:
            kind = self._blocks.kind(text)
        begins = self._blocks.begins_line(breaks)
        shown = self._hidden.shown(text, gap, begins=begins, is_code=kind in {"code", "maths"})
        if shown == text and not was_hidden:
            return self._take(item, text, kind, gap, after)
        found = self.end()
        self._blocks.leave()
        if not shown.strip():
            return [*found, (item, "")]
        if kind in {"line", "code"}:
            kind = self._blocks.kind(shown) if kind == "line" else "paragraph"
        return [*found, *self._take(item, shown, kind, "", after)]

    def _take(self, item: T, text: str, kind: str, gap: str, after: str) -> list[tuple[T, str]]:
        if kind in _PROSE and is_delimiters(text):
            kind = "table_row"
        if kind not in _PROSE:
            self._blocks.leave()
            return [*self.end(), (item, strip_markdown(text, kind))]
        text, begins = self._blocks.take(text, len(NEWLINE.findall(gap)))
        if not begins and kind != "list_item":
            return self._read(item, text, gap, after)
        found = self.end()
        if is_definition(text):
            self._blocks.leave()
            return [*found, (item, "")]
        return [*found, *self._read(item, text, "", after)]

    def end(self) -> list[tuple[T, str]]:
        """The block is over: what is open stays open."""
        found = self._give(len(self._text), self._inline(), goes_on=False) if self._waiting else []
        self._before, self._awaited = "\n", ""
        self._opened.clear()
        self._ticks.clear()
        return found

    def release(self) -> list[tuple[T, str]]:
        """What waits has waited too long, unless it may be hidden."""
        return self._settle(self._inline(), len(self._text)) if self._waiting else []

    def _read(self, item: T, text: str, gap: str, after: str) -> list[tuple[T, str]]:
        if not self._waiting and not INTERESTING.search(text):
            self._before = text[-1:] or self._before
            return [(item, text.strip())]
        start = len(self._text) + len(gap)
        self._text += gap + text
        self._waiting.append(_Waiting(item, start, len(self._text)))
        self._after = after
        if self._awaited and self._text.find(self._awaited, start - len(gap) - len(self._awaited)) < 0:
            return []
        return self._settle(self._inline(), len(self._text) - self._hold)

    def _settle(self, read: Inline, since: int) -> list[tuple[T, str]]:
        """Give what is certain if marks that opened before ``since`` are too old to wait for."""
        place = read.unsettled(since - self._done)
        is_old = read.hiding is not None and read.hiding[0] < since - self._done
        self._awaited = read.hiding[1] if read.hiding and is_old else ""
        return self._give(len(self._text) if place is None else self._done + place, read)

    def _inline(self) -> Inline:
        """What is not decided yet, read anew."""
        before = self._text[self._done - 1] if self._done else self._before
        return Inline(self._text[self._done :], before, self._after, self._opened, self._ticks)

    def _give(self, certain: int, read: Inline, *, goes_on: bool = True) -> list[tuple[T, str]]:
        """What is certain up to that place, in a block that goes on or is over."""
        self._settled += [Edit(edit.start + self._done, edit.end + self._done, *edit[2:]) for edit in read.edits]
        if goes_on:
            self._assume(certain, read)
        found = []
        while self._waiting and self._waiting[0].end <= certain:
            one = self._waiting.popleft()
            found.append((one.item, apply_edits(self._text, one.start, one.end, self._settled).strip()))
        self._forget(certain)
        return found

    def _assume(self, certain: int, read: Inline) -> None:
        """See which marks of long ago are closed now, and take those for marks with which a sentence begins."""
        closed = {first for first, last in read.pairs if first < 0 and last + self._done < certain}
        self._opened = [run for at, run in enumerate(self._opened, start=-len(self._opened)) if at not in closed]
        starts = {one.start for one in self._waiting}
        for run in read.left:
            start, end = run.at + self._done, run.end + self._done
            is_first = start in starts and start < certain and len(run) > 1
            if is_first and end < len(self._text) and not is_lower(self._text[end]):
                self._settled.append(Edit(start, end))
                self._opened.append(run)
        del self._opened[:-_MOST_OPENED]
        self._ticks.difference_update(size for at, size in read.closed_ticks if at + self._done < certain)
        self._ticks.update(size for at, size in read.open_ticks if at + self._done < certain)
        self._settled.sort()

    def _forget(self, certain: int) -> None:
        """Keep the text from the first item that waits, and what was decided about it."""
        by = min(certain, self._waiting[0].start) if self._waiting else len(self._text)
        if by:
            self._before = self._text[by - 1]
        self._text, self._done = self._text[by:], certain - by
        self._settled = [
            Edit(e.start - by, e.end - by, *e[2:]) for e in self._settled if by < e.end and e.start < certain
        ]
        for one in self._waiting:
            one.start, one.end = one.start - by, one.end - by
