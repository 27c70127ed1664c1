"""Rewriters of time: text in a steady rhythm, or joined into larger pieces."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import ceil
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SerialDisposable

from ..engine import Gate, clock, scheduler_for
from ..events import ReasoningDelta, TextDelta
from ..protocols import Op
from ..stages.pieces import UNITS, Unit, cut_into, stands_alone
from .link import link

__all__ = ["smooth", "throttle_text"]

T = TypeVar("T")
TEXT = (TextDelta, ReasoningDelta)
BACKLOG = 4096
"""Pieces that may wait for their time before the source is held back."""


def smooth(unit: Unit = "word", *, every: float = 0.02, lag: float = 0.5) -> Op[T, T]:
    """Events → the same events, text (and reasoning) in pieces at a steady rhythm: one every ``every`` seconds.

    A word is what stands between white space, in Chinese and Japanese each character. Pieces are those of the text,
    not of its deltas: one that may still grow waits for what follows it, or until it is its time. When more has come
    than the rhythm can show within ``lag`` seconds, more is shown at a time, so the reader is never further behind; the
    end, an error and the last of a choice come at once with all that is left. Works over str too.
    """
    if unit not in UNITS:
        raise ValueError(f"unit is one of {', '.join(UNITS)}, not {unit!r}")
    if every <= 0 or lag < 0:
        raise ValueError("every must be positive and lag not negative")
    cut, ticks = cut_into(unit), max(1.0, lag / every)

    def connect(
        source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        return _Smooth(observer, cut, every, ticks, scheduler).connect(source)

    return link("smooth", connect)


class _Paced(abc.ObserverBase[Any]):
    """What both have in common: one timer that runs while there is something to wait for."""

    def __init__(self, observer: abc.ObserverBase[Any], every: float, scheduler: abc.SchedulerBase | None) -> None:
        self._observer, self._every = observer, every
        self._scheduler, self._clock = scheduler, clock(scheduler)
        self._timer = SerialDisposable()
        self._ticking = self._over = False

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        return CompositeDisposable(source.subscribe(self, scheduler=self._scheduler), self._timer)

    def on_error(self, error: Exception) -> None:
        self._end(lambda: self._observer.on_error(error))

    def on_completed(self) -> None:
        self._end(self._observer.on_completed)

    def _end(self, tell: Callable[[], None]) -> None:
        self._over = True
        self._timer.dispose()
        self._let_out()
        tell()

    def _tick_later(self) -> None:
        if not self._ticking and not self._over:
            self._ticking = True
            self._timer.disposable = self._clock.schedule_relative(self._every, self._fire)

    def _fire(self, scheduler: abc.SchedulerBase, state: Any = None) -> None:
        self._ticking = False
        self._tick()

    def _tick(self) -> None:
        raise NotImplementedError

    def _let_out(self) -> None:
        raise NotImplementedError


class _Smooth(_Paced):
    def __init__(
        self,
        observer: abc.ObserverBase[Any],
        cut: Callable[[str], list[str]],
        every: float,
        ticks: float,
        scheduler: abc.SchedulerBase | None,
    ) -> None:
        run = scheduler_for(scheduler)
        self._gate = Gate(run.gate)
        super().__init__(observer, every, run.derive(gate=self._gate) if run is scheduler else scheduler)
        self._cut, self._ticks = cut, ticks
        self._waiting: deque[Any] = deque()
        self._rate = 1  # pieces a tick; only grows until all are shown, so that none waits longer than the lag
        self._held = False
        self._idle = False  # nothing was shown for a while: the timer runs only for a piece that may still grow

    def on_next(self, item: Any) -> None:
        if type(item) is str or type(item) in TEXT:
            if self._waiting and _same(self._waiting[-1], item) and not _is_whole(self._waiting[-1]):
                item = _joined(self._waiting.pop(), item)  # what came last may go on
            self._waiting.extend(_pieces(item, self._cut))
            self._rate = max(self._rate, ceil(len(self._waiting) / self._ticks))
            self._hold(len(self._waiting) >= BACKLOG)
            if len(self._waiting) == 1 and not _is_whole(self._waiting[0]):
                self._idle = self._idle or not self._ticking
                self._tick_later()
            elif self._idle or not self._ticking:
                self._ticking = False
                self._tick()
        else:  # what is not text has no rhythm, and does not overtake
            self._let_out()
            self._observer.on_next(item)

    def _tick(self) -> None:
        self._idle = False
        count = len(self._waiting)
        if count > 1 and not _is_whole(self._waiting[-1]):
            count -= 1
        for _ in range(min(self._rate, count)):
            self._observer.on_next(self._waiting.popleft())
        self._hold(len(self._waiting) >= BACKLOG)
        if not self._waiting:
            self._rate = 1
        if count:  # the next one has to wait, also if it is not here yet
            self._tick_later()

    def _let_out(self) -> None:
        while self._waiting:
            self._observer.on_next(self._waiting.popleft())
        self._hold(False)

    def _hold(self, hold: bool) -> None:
        if hold != self._held:
            self._held = hold
            if hold:
                self._gate.hold()
            else:
                self._gate.release()


def _text(item: Any) -> str:
    return item if type(item) is str else item.text


def _same(one: Any, other: Any) -> bool:
    """Whether two pieces are of one kind and choice."""
    return type(one) is type(other) and (type(one) is str or one.index == other.index)


def _like(item: Any, text: str) -> Any:
    return text if type(item) is str else type(item)(text, item.index)


def _joined(one: Any, other: Any) -> Any:
    return _like(one, _text(one) + _text(other))


def _is_whole(item: Any) -> bool:
    return stands_alone(_text(item))


def _pieces(item: Any, cut: Callable[[str], list[str]]) -> list[Any]:
    """An event or str cut into pieces; one that is a piece already stays as it is."""
    texts = cut(_text(item))
    return [item] if len(texts) <= 1 else [_like(item, text) for text in texts]


def throttle_text(every: float) -> Op[T, T]:
    """Events → the same events, pieces of text (and of reasoning) joined: at most one of a kind in ``every`` seconds.

    The first piece comes at once, the rest of a window at its end, everything before an event of another kind, the
    end or an error: nothing is lost, moved or late. Works over str too.
    """
    if every <= 0:
        raise ValueError("every must be positive")

    def connect(
        source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        return _Throttle(observer, every, scheduler).connect(source)

    return link("throttle_text", connect)


class _Throttle(_Paced):
    """What waits is of one kind and choice; it goes out before anything else comes in."""

    def __init__(self, observer: abc.ObserverBase[Any], every: float, scheduler: abc.SchedulerBase | None) -> None:
        super().__init__(observer, every, scheduler)
        self._like: Any = None
        self._texts: list[str] = []

    def on_next(self, item: Any) -> None:
        if type(item) is not str and type(item) not in TEXT:
            self._let_out()
            self._observer.on_next(item)
        elif not self._ticking:
            self._observer.on_next(item)
            self._tick_later()
        else:
            if self._texts and not _same(item, self._like):
                self._let_out()
            self._like = item
            self._texts.append(_text(item))

    def _tick(self) -> None:
        if self._texts:
            self._let_out()
            self._tick_later()

    def _let_out(self) -> None:
        if self._texts:
            text, like = "".join(self._texts), self._like
            single = len(self._texts) == 1
            self._texts.clear()
            self._observer.on_next(like if single else _like(like, text))
