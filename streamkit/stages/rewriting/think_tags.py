"""Stages that separate text between tags from the rest, however the tags are cut, and that stop at a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...events import ReasoningDelta
from ...protocols import StageBase
from .literals import LiteralWords
from .markdown import REACH, Fences
from .matching import Find, Pattern
from .scan import HOLD, Replaced, Scan
from .text_stages import Piece

__all__ = ["StopAt", "ThinkTags"]

_MARKS = rf"`{{1,{REACH}}}|~{{1,{REACH}}}|\\[\\`]?|\r\n?|\n"
"""The marks that decide what is code. An escaped backtick is not a mark, an escaped backslash escapes nothing. A run of
more than 200 marks, which does not occur in practice, counts as several, so it is not read again and again while it
grows."""
_TICKS_OR_BREAK = re.compile(rf"`{{1,{REACH}}}|[\r\n]")
_NO_TICKS = re.compile(r"[^`\r\n]*+(?!`)")


class ThinkTags:
    """A text stage: text between ``<tag>`` and ``</tag>`` becomes reasoning, the tags themselves are dropped.

    Only whole tags count, as they are written. An opening tag does not count where the answer shows code: in a fenced
    block, or in a span of backticks that is closed on its line. Where that is not known yet, the text is held from that
    tag on, for some 8,192 characters at most. The first closing tag ends a thought, whatever stands around it; an open
    thought ends with the text at the latest. With ``inside`` the text begins within the first tag, as with models whose
    prompt already opened it.
    """

    # Plan. `_text` is read up to `_position`: to its end, or to the first mark whose meaning is not known yet, such as
    # a backtick whose line is not over. The text that follows is emitted all the same, up to `_emitted`: the first tag
    # that may open a thought, or the end.

    def __init__(self, tags: Sequence[str] = ("think",), *, inside: bool = False) -> None:
        if not tags:
            raise ValueError("no tags")
        self._closing_tags = {f"<{tag}>": f"</{tag}>" for tag in tags}
        every = {*self._closing_tags, *self._closing_tags.values()}
        self._opening = re.compile(_any_of(self._closing_tags))
        self._mark = re.compile(rf"{self._opening.pattern}|{_MARKS}")
        self._cut = re.compile(rf"(?:{_any_of(tag[:size] for tag in every for size in range(1, len(tag)))})\Z")
        self._longest = max(map(len, every))
        self._closing_tag = self._closing_tags[f"<{tags[0]}>"] if inside else ""
        self._fences = Fences()
        self._text = ""
        self._position = self._emitted = 0
        self._searched = 0  # the end of the search for the end of the span that may begin at `_position`

    def feed(self, text: str) -> list[Piece]:
        self._text += text
        cut = self._cut.search(self._text, max(self._position, len(self._text) - self._longest))
        return self._read(cut.start() if cut else len(self._text), final=False)

    def flush(self) -> list[Piece]:
        return self._read(len(self._text), final=True)

    def _read(self, end: int, final: bool) -> list[Piece]:
        out = [*self._pieces(end, final)]
        cut = min(self._position, self._emitted)
        self._text = self._text[cut:]
        self._position, self._emitted, self._searched = self._position - cut, self._emitted - cut, self._searched - cut
        return out

    def _pieces(self, end: int, final: bool) -> Iterator[Piece]:
        while True:
            closing_tag = self._closing_tag
            yield from self._thought(end) if closing_tag else self._answer(end, final)
            if self._closing_tag == closing_tag:
                return

    def _thought(self, end: int) -> Iterator[Piece]:
        position = self._text.find(self._closing_tag, self._position)
        stop = end if position < 0 else position
        if stop > self._position:
            yield ReasoningDelta, self._text[self._position : stop]
        self._position = self._emitted = stop
        if position >= 0:
            self._position = self._emitted = position + len(self._closing_tag)
            self._closing_tag = ""

    def _answer(self, end: int, final: bool) -> Iterator[Piece]:
        tag = self._next_thought(end, final)
        waiting = tag or self._opening.search(self._text, max(self._position, self._emitted), end)
        stop = waiting.start() if waiting else end
        if stop > self._emitted:
            yield self._text[self._emitted : stop]
            self._emitted = stop
        if tag:
            self._position = self._emitted = tag.end()
            self._closing_tag = self._closing_tags[tag[0]]

    def _next_thought(self, end: int, final: bool) -> re.Match[str] | None:
        """Read on, up to the next tag that opens a thought; None if no such tag is known yet."""
        while mark := self._mark.search(self._text, self._position, end):
            self._advance(mark.start())
            if mark.end() == end and not final:
                return None  # more may belong to it
            self._fences.leave_quote()
            kind, in_block = mark[0][0], self._fences.inside
            if kind in "\r\n":
                self._fences.end_line()
                self._position = mark.end()
            elif kind == "\\" or in_block:
                self._advance(mark.end())
            elif kind == "<":
                return mark
            elif not self._advance_run(mark, final):
                return None
        self._advance(end)
        return None

    def _advance(self, to: int) -> None:
        self._fences.add(self._text[self._position : to])
        self._position = to

    def _advance_run(self, run: re.Match[str], final: bool) -> bool:
        """Move behind the run, or behind the span that it opens; False if it is not known yet whether it opens one."""
        is_tick = run[0][0] == "`"
        end = self._span_end(run, final) if is_tick else run.end()
        if end is None:
            return False
        if end == run.end() and self._fences.may_open(run[0]):
            far = run.start() + HOLD
            if not is_tick or _NO_TICKS.match(self._text, end, far):
                self._fences.open(run[0])
        self._advance(end)
        return True

    def _span_end(self, run: re.Match[str], final: bool) -> int | None:
        """The position behind the next run of that length in the line, or behind ``run`` if there is none; None if one
        may still come."""
        far = run.start() + HOLD
        limit = min(len(self._text), far)
        is_known, end = final or limit == far, run.end()
        start, self._searched = max(self._searched, end), limit
        for mark in _TICKS_OR_BREAK.finditer(self._text, start, limit):
            if mark[0] in "\r\n":
                is_known = True
                break
            if mark.end() == limit and not final:
                self._searched = mark.start()  # more may belong to it
            elif mark[0] == run[0]:
                is_known, end = True, mark.end()
                break
        if not is_known:
            return None
        self._searched = 0
        return end


def _any_of(words: Iterable[str]) -> str:
    """A pattern for one of ``words``, the longest that matches."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


class StopAt(StageBase):
    """A text stage: text up to the first match of a pattern, then ``done``. A str is meant literally.

    The possible beginning of a match is held back. A match that more than ``hold`` characters could not decide does not
    count.
    """

    def __init__(self, *patterns: Any, hold: int = HOLD) -> None:
        words = [pattern for pattern in patterns if isinstance(pattern, str)]
        finds: list[Find] = [LiteralWords(words, str)] if words else []
        finds += [Pattern(pattern, str) for pattern in patterns if not isinstance(pattern, str)]
        if not finds:
            raise ValueError("no patterns")
        self._scan = Scan(finds, hold)
        self.done = False

    def feed(self, text: str) -> list[str]:
        return [] if self.done else self._before(self._scan.feed(text))

    def flush(self) -> list[str]:
        return [] if self.done else self._before(self._scan.flush())

    def _before(self, parts: Sequence[Any]) -> list[str]:
        out: list[str] = []
        for part in parts:
            if isinstance(part, Replaced):
                self.done = True
                break
            out.append(part if isinstance(part, str) else part.text)
        return out
