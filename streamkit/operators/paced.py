"""The base class of operators that emit at intervals: one timer, which runs only while something is waiting."""

from __future__ import annotations

from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SerialDisposable

from ..engine.streams import Scheduler
from ..engine.upstream import clock, pass_end

__all__ = ["Paced"]


class Paced(abc.ObserverBase[Any]):
    """The observer of one subscription; without ``every`` nothing waits. Subclasses define `_tick`, which the timer
    calls, and `_emit_rest`, which emits everything that is held."""

    def __init__(self, observer: abc.ObserverBase[Any], every: float | None, scheduler: Scheduler) -> None:
        self._observer, self._every, self._scheduler = observer, every, scheduler
        self._clock = None if every is None else clock(scheduler)
        self._upstream, self._timer = SerialDisposable(), SerialDisposable()
        self._all = CompositeDisposable(self._upstream, self._timer)
        self._ticking = self._finished = False

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        self._upstream.disposable = source.subscribe(self, scheduler=self._scheduler)
        return self._all

    def on_error(self, error: Exception) -> None:
        self._end(error)

    def on_completed(self) -> None:
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        self._finished = True
        self._timer.dispose()
        self._emit_rest()
        pass_end(self._observer, error)

    def _tick_later(self) -> None:
        if self._clock is not None and self._every is not None and not (self._ticking or self._finished):
            self._ticking = True
            self._timer.disposable = self._clock.schedule_relative(self._every, self._fire)

    def _fire(self, scheduler: abc.SchedulerBase, state: Any = None) -> None:
        self._ticking = False
        self._tick()

    def _tick(self) -> None:
        raise NotImplementedError

    def _emit_rest(self) -> None:
        raise NotImplementedError
