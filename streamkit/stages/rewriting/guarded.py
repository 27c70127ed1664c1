"""Text held until a check approves it: cut into pieces to be checked, and joined again from the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...errors import StreamkitError
from ...events import (
    BlockEnd,
    Citation,
    Event,
    Finish,
    LogprobsDelta,
    Reply,
    Restart,
    RoundEnd,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
)
from ...protocols import StageBase
from ..open_calls import OpenCalls
from ..rounds import MESSAGE
from .hiding import bare, require_event, without_raw
from .shown_reply import ShownReply

__all__ = ["CheckRequest", "CheckResult", "GuardCutter", "GuardJoiner", "verdict_of"]

SOON = 1e-3
"""Seconds: text that is due that soon is due now. Timers are a little early, as their clocks round."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """A piece of one choice's text to be checked, and the white space ``before`` it; ``bare`` if it came as str."""

    text: str
    index: int = 0
    bare: bool = False
    before: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The text to show for a piece: its own, another text, or None for nothing from here on."""

    request: CheckRequest
    text: str | None


def verdict_of(request: CheckRequest, verdict: object) -> CheckResult:
    """The result of a check: True approves, a str replaces, False refuses. Anything else is a StreamkitError, also
    None, which a check returns if its return statement was forgotten."""
    if verdict is True:
        return CheckResult(request, request.before + request.text)
    if verdict is False:
        return CheckResult(request, None)
    if isinstance(verdict, str):
        return CheckResult(request, verdict and request.before + verdict)
    raise StreamkitError(
        f"a check gives True, False or a str, not {None if verdict is None else type(verdict).__name__}"
    )


class _ChoiceText:
    """The text of one choice, cut where its segments end; text between two segments goes with the second."""

    def __init__(self, segments: Any) -> None:
        self._segments = segments
        self._held: list[str] = []  # joined only where a segment ends: a long block of code is held as a whole
        self._start = 0
        self.fed = 0.0
        """The time when the last text came."""

    def feed(self, text: str, now: float) -> list[str]:
        self.fed = now
        self._held.append(text)
        return self._pieces(self._segments.feed(text))

    def flush(self) -> list[str]:
        pieces = self._pieces(self._segments.flush())
        rest, self._held = "".join(self._held), []
        return [*pieces, rest] if rest else pieces

    @property
    def until(self) -> float | None:
        """The time when the held text has waited for long enough; None if it may wait for ever."""
        due: float | None = self._segments.due
        return None if due is None else self.fed + due

    def expire(self) -> list[str]:
        return self._pieces(self._segments.expire())

    def _pieces(self, segments: Any) -> list[str]:
        if not segments:
            return []
        text, at, out = "".join(self._held), 0, []
        for segment in segments:
            end = segment.end - self._start
            out.append(text[at:end])
            at = end
        self._held, self._start = [text[at:]], self._start + at
        return out


class GuardCutter(StageBase):
    """A stage, events (or str) in: the text of each choice comes out as `CheckRequest`, the rest without ``raw``.

    A tool call, as soon as it begins, and the end of a message or a choice flush the text that came before; reasoning
    does not, as it may come between the words of a sentence.

    ``make`` returns the `Segments` of a choice. Where these have a ``max_wait``, ``time`` is the clock, in seconds;
    time does not count while the source ``is_held`` back: text that is cut then would not be shown any earlier.
    """

    hides = True

    def __init__(
        self,
        make: Callable[[], Any],
        time: Callable[[], float] = lambda: 0.0,
        is_held: Callable[[], bool] = lambda: False,
    ) -> None:
        self._make, self._time, self._is_held = make, time, is_held
        self._cuts: dict[int, _ChoiceText] = {}
        self._calls = OpenCalls()
        self._bare = False

    def feed(self, event: Any) -> list[Any]:
        if isinstance(event, (str, TextDelta)):
            self._bare = isinstance(event, str)
            text, index = (event, 0) if isinstance(event, str) else (event.text, event.index)
            if not text:
                return []
            cut = self._cuts.get(index)
            if cut is None:
                cut = self._cuts[index] = _ChoiceText(self._make())
            return [self._check_request(piece, index) for piece in cut.feed(text, self._time())]
        require_event(event, "guard")
        begins = isinstance(event, (ToolCall, ToolCallDelta)) and self._calls.begins(event)
        ends = isinstance(event, BlockEnd) and event.kind == MESSAGE  # a paragraph break is shown there
        if begins or ends or isinstance(event, (Finish, ToolCall)):
            return [*self._rest(event.index), without_raw(event)]
        if isinstance(event, (ToolResult, RoundEnd, Reply)):  # another message follows
            self._calls = OpenCalls()
            return [*self.flush(), without_raw(event)]
        if isinstance(event, Restart):  # the kept text comes as it was, so it is checked again
            self._cuts.clear()
            self._calls = OpenCalls()
            return [replace(without_raw(event), kept=""), *self.feed(TextDelta(event.kept))]
        if isinstance(event, Citation):  # its form may quote the text that it belongs to
            return [replace(without_raw(event), form=None)]
        return [] if isinstance(event, LogprobsDelta) else [without_raw(event)]

    def flush(self) -> list[Any]:
        return [request for index in sorted(self._cuts) for request in self._rest(index)]

    @property
    def due(self) -> float | None:
        """Seconds until the text of one choice has waited for long enough."""
        ends = [until for cut in self._cuts.values() if (until := cut.until) is not None]
        return max(0.0, min(ends) - self._time()) if ends else None

    def expire(self) -> list[Any]:
        """The text that has waited for long enough, of each choice by itself: the others may go on meanwhile."""
        now, out = self._time(), []
        for index, cut in sorted(self._cuts.items()):
            if cut.until is None or cut.until > now + SOON:
                continue
            if self._is_held():
                cut.fed = now
            else:
                out += [self._check_request(piece, index) for piece in cut.expire()]
        return out

    def failure(self, error: StreamkitError) -> StreamkitError:
        """``error`` of the source without its quotes of the reply, which no check has approved."""
        return bare(error)

    def _rest(self, index: int) -> list[CheckRequest | CheckResult]:
        cut = self._cuts.pop(index, None)
        return [self._check_request(piece, index) for piece in cut.flush()] if cut is not None else []

    def _check_request(self, piece: str, index: int) -> CheckRequest | CheckResult:
        """A request for a check of ``piece``; white space alone needs none."""
        text = piece.lstrip()
        request = CheckRequest(text, index, self._bare, piece[: len(piece) - len(text)])
        return request if text else CheckResult(request, piece)


class GuardJoiner(ShownReply):
    """A stage, `CheckResult` and events in, events out; the Reply has the approved text, or was stopped."""

    hides = True

    def feed(self, item: CheckResult | Event) -> list[Any]:
        if isinstance(item, Reply):
            return [self._last(item)]
        if not isinstance(item, CheckResult):
            return self._shown([item])
        if item.text is None:
            return self._refused(item.request.bare)
        if item.request.bare:
            return [item.text]
        return self._shown([TextDelta(item.text, item.request.index)]) if item.text else []

    def flush(self) -> tuple[()]:
        return ()

    def _refused(self, bare: bool) -> list[Any]:
        self.done = True
        return [] if bare else [self._stop()]
