"""Snapshots: the text, or the whole reply, so far."""

from __future__ import annotations

from typing import Any, Literal, overload

from reactivex import Observable, abc

from ..checks import check_flag, check_number
from ..engine.streams import Operator, Scheduler, not_events, operator_of
from ..events import (
    CONTENT,
    Citation,
    Event,
    File,
    Reply,
    Restart,
    RoundEnd,
    ServerTool,
    TextDelta,
    ToolCall,
    ToolResult,
    UsageUpdate,
)
from ..stages import Fold, JoinedRounds, begins_message, with_answer
from .above import Above
from .paced import Paced

__all__ = ["snapshots"]

CHANGES = CONTENT | {Citation, File, Restart, ServerTool, ToolCall, ToolResult, UsageUpdate}
"""The events that change what a Reply shows."""


@overload
def snapshots(every: float | None = None, *, whole: Literal[False] = False) -> Operator[Event | str, str]: ...
@overload
def snapshots(every: float | None = None, *, whole: Literal[True]) -> Operator[Event, Reply]: ...
def snapshots(every: float | None = None, *, whole: bool = False) -> Operator[Any, Any]:
    """Events → the whole text so far, after each piece, or at most once in ``every`` seconds; with ``whole`` the whole
    `Reply` so far, after each event that changes it.

    The first piece is shown at once and the last state always, also before an error. Text that a `Restart` voids is
    replaced once new text comes, or at the end, and so is a round of a tool loop: the last item is ``reply.text``, with
    a paragraph break between two messages of one response; with ``whole`` it is the final `Reply`. Until then the
    ``outcome`` of a Reply is not known and reads ``truncated``. With ``every`` the cost is linear in the pieces;
    without, each piece copies the text.
    """
    every = check_number("every", every, optional=True)
    check_flag("whole", whole)
    make = _WholeSnapshot if whole else _Snapshot

    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        return make(observer, every, scheduler).connect(source)

    operator = operator_of("snapshots", connect)
    return operator.with_kinds("events", "events") if whole else operator


class _Snapshot(Paced):
    """A throttle with leading and trailing edge; the timer runs only after something was emitted."""

    def __init__(self, observer: abc.ObserverBase[str], every: float | None, scheduler: Scheduler) -> None:
        super().__init__(observer, every, scheduler)
        self._text = ""
        self._pieces: list[str] = []
        self._void = False  # the emitted text holds something that no longer counts
        self._paragraphs = JoinedRounds()

    def on_next(self, item: Any) -> None:
        if type(item) is TextDelta:
            if not item.index:
                self._add(self._paragraphs.feed(item.text))
        elif type(item) is str:
            self._add(item)
        elif type(item) is Restart:
            self._begin(item.kept)
        elif type(item) is RoundEnd and not item.last:
            self._begin("")
        elif begins_message(item):
            self._paragraphs.next_message()

    def _begin(self, kept: str) -> None:
        self._void = self._void or kept != self._text
        self._paragraphs = JoinedRounds()
        self._text, self._pieces = self._paragraphs.feed(kept), []

    def _add(self, piece: str) -> None:
        self._pieces.append(piece)
        if not self._ticking:
            self._emit()

    def _tick(self) -> None:
        if self._pieces:
            self._emit()

    def _emit_rest(self) -> None:
        if self._pieces or self._void:
            self._emit()

    def _emit(self) -> None:
        self._text += "".join(self._pieces)
        self._pieces.clear()
        self._void = False
        self._tick_later()
        self._observer.on_next(self._text)


class _WholeSnapshot(Paced):
    """The same for the Reply that the events make up."""

    def __init__(self, observer: abc.ObserverBase[Reply], every: float | None, scheduler: Scheduler) -> None:
        self._above = Above(scheduler)
        super().__init__(observer, every, self._above.scheduler)
        self._fold = Fold()
        self._has_changed = self._has_ended = self._has_texts = self._has_events = False

    def on_next(self, item: Any) -> None:
        if type(item) is str:
            self._has_texts = True
            return
        self._has_events = True
        if isinstance(item, Reply):
            self._has_changed = False
            self._has_ended = True
            self._observer.on_next(item)
            return
        self._fold.feed(item)
        self._has_changed = self._has_changed or type(item) in CHANGES
        if self._has_changed and not self._ticking:
            self._emit()

    def on_completed(self) -> None:
        if self._has_texts and not self._has_events:
            self.on_error(not_events("snapshots(whole=True)"))
        else:
            super().on_completed()

    def _tick(self) -> None:
        if self._has_changed and not self._has_ended:
            self._emit()

    def _emit_rest(self) -> None:
        self._tick()

    def _emit(self) -> None:
        self._has_changed = False
        self._tick_later()
        self._observer.on_next(with_answer(self._fold.reply("truncated"), self._above.reply()))
