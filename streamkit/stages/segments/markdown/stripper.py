"""The stripper that takes Markdown off a sequence of segments, in order.

A mark that opens in one segment may close in a later one of the same block. So a segment with an open mark waits until
the mark is closed, its block ends, or ``hold`` characters have followed. Then the open mark is text like any other;
but where the block goes on, two or more of the same character at the beginning of a sentence (``**The``) are taken for
marks, and so are the ones that close them. Decisions are final, and only the text after the first open mark is read
again with the next segment, so that the cost of a character has a bound.
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
from .inline import INTERESTING, InlineMarks
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
    """`add` and `end` return each item with its text without Markdown, perhaps "", as soon as that is certain."""

    def __init__(self, hold: int) -> None:
        self._hold = hold
        self._waiting: deque[_Waiting[T]] = deque()
        self._blocks = BlockTracker()
        self._text = ""  # the text of the segments that wait
        self._before, self._after = "\n", "\n"  # the characters around that text
        self._decided = 0  # the position up to which the text is decided
        self._edits: list[Edit] = []  # the edits up to there
        self._opened: list[DelimiterRun] = []  # runs that were taken for marks before they were closed
        self._ticks: set[int] = set()  # the lengths of runs of backticks that were taken for text
        self._hidden = HiddenHtml()
        self._comment_end = ""  # the end mark of a long comment, until which the text is not read again

    @property
    def waits(self) -> bool:
        """True if a segment is held back."""
        return bool(self._waiting)

    def add(self, item: T, text: str, kind: str, gap: str, after: str) -> list[tuple[T, str]]:
        """Add the ``text`` of an item, after the white space ``gap`` and before the character ``after``."""
        breaks, was_hidden = len(NEWLINE.findall(gap)), bool(self._hidden)
        self._blocks.skip(breaks)
        if kind == "line" and not was_hidden:
            kind = self._blocks.kind(text)
        begins = self._blocks.begins_line(breaks)
        visible = self._hidden.visible(text, gap, begins=begins, is_code=kind in {"code", "maths"})
        if visible == text and not was_hidden:
            return self._take(item, text, kind, gap, after)
        ready = self.end()
        self._blocks.leave()
        if not visible.strip():
            return [*ready, (item, "")]
        if kind in {"line", "code"}:
            kind = self._blocks.kind(visible) if kind == "line" else "paragraph"
        return [*ready, *self._take(item, visible, kind, "", after)]

    def _take(self, item: T, text: str, kind: str, gap: str, after: str) -> list[tuple[T, str]]:
        if kind in _PROSE and is_delimiters(text):
            kind = "table_row"
        if kind not in _PROSE:
            self._blocks.leave()
            return [*self.end(), (item, strip_markdown(text, kind))]
        text, begins = self._blocks.take(text, len(NEWLINE.findall(gap)))
        if not begins and kind != "list_item":
            return self._read(item, text, gap, after)
        ready = self.end()
        if is_definition(text):
            self._blocks.leave()
            return [*ready, (item, "")]
        return [*ready, *self._read(item, text, "", after)]

    def end(self) -> list[tuple[T, str]]:
        """End the block and return what waits in it: marks that are still open are text."""
        ready = self._give(len(self._text), self._inline(), goes_on=False) if self._waiting else []
        self._before, self._comment_end = "\n", ""
        self._opened.clear()
        self._ticks.clear()
        return ready

    def release(self) -> list[tuple[T, str]]:
        """Return the items that wait, for they have waited too long, except those that a comment may hide."""
        return self._give_certain(self._inline(), len(self._text)) if self._waiting else []

    def _read(self, item: T, text: str, gap: str, after: str) -> list[tuple[T, str]]:
        if not self._waiting and not INTERESTING.search(text):
            self._before = text[-1:] or self._before
            return [(item, text.strip())]
        start = len(self._text) + len(gap)
        self._text += gap + text
        self._waiting.append(_Waiting(item, start, len(self._text)))
        self._after = after
        if self._comment_end and self._text.find(self._comment_end, start - len(gap) - len(self._comment_end)) < 0:
            return []
        return self._give_certain(self._inline(), len(self._text) - self._hold)

    def _give_certain(self, marks: InlineMarks, since: int) -> list[tuple[T, str]]:
        """Return the items that are certain; marks that opened before ``since`` are too old to wait for."""
        position = marks.undecided_from(since - self._decided)
        is_old = marks.open_comment is not None and marks.open_comment[0] < since - self._decided
        self._comment_end = marks.open_comment[1] if marks.open_comment and is_old else ""
        return self._give(len(self._text) if position is None else self._decided + position, marks)

    def _inline(self) -> InlineMarks:
        """The marks of the text that is not decided yet."""
        before = self._text[self._decided - 1] if self._decided else self._before
        return InlineMarks(self._text[self._decided :], before, self._after, self._opened, self._ticks)

    def _give(self, certain: int, marks: InlineMarks, *, goes_on: bool = True) -> list[tuple[T, str]]:
        """Return the items that end up to the position ``certain``; the block goes on or has ended."""
        self._edits += [Edit(edit.start + self._decided, edit.end + self._decided, *edit[2:]) for edit in marks.edits]
        if goes_on:
            self._assume(certain, marks)
        ready = []
        while self._waiting and self._waiting[0].end <= certain:
            first = self._waiting.popleft()
            ready.append((first.item, apply_edits(self._text, first.start, first.end, self._edits).strip()))
        self._forget(certain)
        return ready

    def _assume(self, certain: int, marks: InlineMarks) -> None:
        """Drop the assumed runs that are closed now, and take runs at the beginning of a sentence for marks."""
        closed = {first for first, last in marks.pairs if first < 0 and last + self._decided < certain}
        self._opened = [run for at, run in enumerate(self._opened, start=-len(self._opened)) if at not in closed]
        starts = {waiting.start for waiting in self._waiting}
        for run in marks.open_runs:
            start, end = run.at + self._decided, run.end + self._decided
            is_first = start in starts and start < certain and len(run) > 1
            if is_first and end < len(self._text) and not is_lower(self._text[end]):
                self._edits.append(Edit(start, end))
                self._opened.append(run)
        del self._opened[:-_MOST_OPENED]
        self._ticks.difference_update(size for at, size in marks.backticks.closed if at + self._decided < certain)
        self._ticks.update(size for at, size in marks.backticks.open if at + self._decided < certain)
        self._edits.sort()

    def _forget(self, certain: int) -> None:
        """Keep only the text from the first item that waits, and the edits of it."""
        by = min(certain, self._waiting[0].start) if self._waiting else len(self._text)
        if by:
            self._before = self._text[by - 1]
        self._text, self._decided = self._text[by:], certain - by
        self._edits = [
            Edit(edit.start - by, edit.end - by, *edit[2:])
            for edit in self._edits
            if by < edit.end and edit.start < certain
        ]
        for waiting in self._waiting:
            waiting.start, waiting.end = waiting.start - by, waiting.end - by
