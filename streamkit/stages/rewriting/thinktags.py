"""Text between tags told apart from the rest, wherever the tags are cut; and text up to a place to stop at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...events import ReasoningDelta
from ...protocols import StageBase
from .literals import LiteralWords
from .markdown import REACH, Fences
from .matching import Find, Pattern
from .rewriter import Piece
from .scan import HOLD, Replaced, Scan

__all__ = ["StopAt", "ThinkTags"]

_MARKS = rf"`{{1,{REACH}}}|~{{1,{REACH}}}|\\[\\`]?|\r\n?|\n"
"""What code may depend on. An escaped backtick is none, an escaped backslash escapes nothing, and a run of more than
200 marks, which nobody writes, counts as several: so it need not be read again and again while it grows."""
_TICKS_OR_BREAK = re.compile(rf"`{{1,{REACH}}}|[\r\n]")
_NO_TICKS = re.compile(r"[^`\r\n]*+(?!`)")


class ThinkTags:
    """A text stage: what stands between ``<tag>`` and ``</tag>`` becomes reasoning, the tags themselves go.

    Only whole tags count, as they are written. One that would open a thought does not where the answer shows code: in
    a fenced block, or in a span of backticks that is closed on its line. Where that is not known yet, the text waits
    from that tag on, for some 8,192 characters at most. In a thought the first closing tag ends it, whatever stands
    around; one that is open ends with the text at the latest. With ``inside`` the text begins within the first tag, as
    with models whose prompt already opened it.
    """

    # Plan. `_text` is read up to `_at`: to its end, or to the first mark of which it is not known what it is, such as
    # a backtick whose line is not over. What follows that is given out all the same, up to `_out`: the first tag that
    # may open a thought, or the end.

    def __init__(self, tags: Sequence[str] = ("think",), *, inside: bool = False) -> None:
        if not tags:
            raise ValueError("no tags")
        self._closing = {f"<{tag}>": f"</{tag}>" for tag in tags}
        every = {*self._closing, *self._closing.values()}
        self._opening = re.compile(_any_of(self._closing))
        self._mark = re.compile(rf"{self._opening.pattern}|{_MARKS}")
        self._cut = re.compile(rf"(?:{_any_of(tag[:size] for tag in every for size in range(1, len(tag)))})\Z")
        self._longest = max(map(len, every))
        self._until = self._closing[f"<{tags[0]}>"] if inside else ""
        self._fences = Fences()
        self._text = ""
        self._at = self._out = 0
        self._looked = 0  # how far for the end of the span that may begin at `_at`

    def feed(self, text: str) -> list[Piece]:
        self._text += text
        cut = self._cut.search(self._text, max(self._at, len(self._text) - self._longest))
        return self._read(cut.start() if cut else len(self._text), ended=False)

    def flush(self) -> list[Piece]:
        return self._read(len(self._text), ended=True)

    def _read(self, end: int, ended: bool) -> list[Piece]:
        out = [*self._pieces(end, ended)]
        over = min(self._at, self._out)
        self._text = self._text[over:]
        self._at, self._out, self._looked = self._at - over, self._out - over, self._looked - over
        return out

    def _pieces(self, end: int, ended: bool) -> Iterator[Piece]:
        while True:
            until = self._until
            yield from self._thought(end) if until else self._answer(end, ended)
            if self._until == until:
                return

    def _thought(self, end: int) -> Iterator[Piece]:
        found = self._text.find(self._until, self._at)
        stop = end if found < 0 else found
        if stop > self._at:
            yield ReasoningDelta, self._text[self._at : stop]
        self._at = self._out = stop
        if found >= 0:
            self._at = self._out = found + len(self._until)
            self._until = ""

    def _answer(self, end: int, ended: bool) -> Iterator[Piece]:
        tag = self._next_thought(end, ended)
        waiting = tag or self._opening.search(self._text, max(self._at, self._out), end)
        stop = waiting.start() if waiting else end
        if stop > self._out:
            yield self._text[self._out : stop]
            self._out = stop
        if tag:
            self._at = self._out = tag.end()
            self._until = self._closing[tag[0]]

    def _next_thought(self, end: int, ended: bool) -> re.Match[str] | None:
        """Read on, up to the next tag that opens a thought; None if none is known to come."""
        while mark := self._mark.search(self._text, self._at, end):
            self._pass(mark.start())
            if mark.end() == end and not ended:
                return None  # more may belong to it
            self._fences.leave_quote()
            kind, in_block = mark[0][0], self._fences.inside
            if kind in "\r\n":
                self._fences.end_line()
                self._at = mark.end()
            elif kind == "\\" or in_block:
                self._pass(mark.end())
            elif kind == "<":
                return mark
            elif not self._pass_run(mark, ended):
                return None
        self._pass(end)
        return None

    def _pass(self, to: int) -> None:
        self._fences.add(self._text[self._at : to])
        self._at = to

    def _pass_run(self, run: re.Match[str], ended: bool) -> bool:
        """Go behind the run, or behind the span that it opens; False if it is not known yet whether it opens one."""
        is_tick = run[0][0] == "`"
        end = self._span_end(run, ended) if is_tick else run.end()
        if end is None:
            return False
        if end == run.end() and self._fences.may_open(run[0]):
            far = run.start() + HOLD
            if not is_tick or _NO_TICKS.match(self._text, end, far):
                self._fences.open(run[0])
        self._pass(end)
        return True

    def _span_end(self, run: re.Match[str], ended: bool) -> int | None:
        """Behind the next run of that length in the line; behind ``run`` if there is none, None if one may come."""
        far = run.start() + HOLD
        there = min(len(self._text), far)
        is_known, end = ended or there == far, run.end()
        start, self._looked = max(self._looked, end), there
        for found in _TICKS_OR_BREAK.finditer(self._text, start, there):
            if found[0] in "\r\n":
                is_known = True
                break
            if found.end() == there and not ended:
                self._looked = found.start()  # more may belong to it
            elif found[0] == run[0]:
                is_known, end = True, found.end()
                break
        if not is_known:
            return None
        self._looked = 0
        return end


def _any_of(words: Iterable[str]) -> str:
    """Matches one of them, the longest that it can."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


class StopAt(StageBase):
    """A text stage: text up to the first match of a pattern, then ``done``. A str is meant literally.

    What could be the beginning of a match is held back. A match that more than ``hold`` characters could not decide is
    taken for none.
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
