"""What operators have in common that wait for a time: one timer, that runs while there is something to wait for."""

from __future__ import annotations

from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SerialDisposable

from ..engine.upstream import clock

__all__ = ["Paced"]


class Paced(abc.ObserverBase[Any]):
    def __init__(self, observer: abc.ObserverBase[Any], every: float, scheduler: abc.SchedulerBase | None) -> None:
        self._observer, self._every = observer, every
        self._scheduler, self._clock = scheduler, clock(scheduler)
        self._upstream, self._timer = SerialDisposable(), SerialDisposable()
        self._all = CompositeDisposable(self._upstream, self._timer)
        self._ticking = self._over = False

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        self._upstream.disposable = source.subscribe(self, scheduler=self._scheduler)
        return self._all

    def on_error(self, error: Exception) -> None:
        self._end(error)

    def on_completed(self) -> None:
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        self._over = True
        self._timer.dispose()
        self._let_out()
        self._tell(error)

    def _tell(self, error: Exception | None) -> None:
        if error is None:
            self._observer.on_completed()
        else:
            self._observer.on_error(error)

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
