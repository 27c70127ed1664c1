"""The operator `time_limits`: limits of time for any stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SerialDisposable

from ..checks import check_number
from ..engine.streams import keeping_operator
from ..engine.upstream import RunScheduler, TimedGate, scheduler_for
from ..errors import StalledError
from ..stages import commits

__all__ = ["time_limits"]

S = TypeVar("S")

T = TypeVar("T")


def time_limits(
    *, first: float | None = None, between: float | None = None, total: float | None = None
) -> Callable[[S], S]:
    """Items → the same items, or `StalledError` (its ``clock`` says which limit) and the source cancelled.

    Seconds until the first item, between two of them, and in all. The first two stand still while a slow sink holds
    the source. Of an event stream only content counts, not `Start`, `UsageUpdate` and `Other`.
    """
    limits = {"first": first, "between": between, "total": total}
    what = "a number of seconds"
    limits = {name: check_number(name, limit, optional=True, what=what) for name, limit in limits.items()}
    if all(limit is None for limit in limits.values()):
        raise ValueError("time_limits needs at least one limit: first=, between= or total=, in seconds")

    def connect(
        source: Observable[T], observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        return _TimeLimits(limits, observer, scheduler_for(scheduler)).connect(source)

    return keeping_operator("time_limits", connect)


class _TimeLimits(abc.ObserverBase[Any]):
    """One subscription. One timer serves the first two limits and is moved lazily: when it fires, it waits again if
    items came since it was set."""

    def __init__(
        self, limits: dict[str, float | None], observer: abc.ObserverBase[Any], scheduler: RunScheduler
    ) -> None:
        self._limits, self._observer = limits, observer
        self._gate = TimedGate(scheduler.loop.time, self._on_gate_open, scheduler.gate)
        self._scheduler = scheduler.with_place().derive(gate=self._gate)
        self._upstream, self._idle, self._total = SerialDisposable(), SerialDisposable(), SerialDisposable()
        self._clock = "first"
        self._last = self._gate.open_time
        self._ended = self._sleeps = False

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        total = self._limits["total"]
        if total is not None:
            self._total.disposable = self._scheduler.schedule_relative(total, lambda *_: self._expire("total"))
        self._check()
        self._upstream.disposable = source.subscribe(self, scheduler=self._scheduler)
        return CompositeDisposable(self._upstream, self._idle, self._total)

    def on_next(self, item: Any) -> None:
        if self._ended:
            return
        if commits(item):
            self._last = self._gate.open_time
            if self._clock == "first":
                self._clock = "between"
                self._check()
        self._observer.on_next(item)

    def on_error(self, error: Exception) -> None:
        self._end(lambda: self._observer.on_error(error))

    def on_completed(self) -> None:
        self._end(self._observer.on_completed)

    def _check(self, *_: Any) -> None:
        limit = self._limits[self._clock]
        if self._ended or limit is None:
            self._idle.disposable = None
            return
        remaining = self._last + limit - self._gate.open_time
        if remaining <= 1e-6:
            self._expire(self._clock)
        elif self._gate.closed:
            self._sleeps = True
        else:
            self._idle.disposable = self._scheduler.schedule_relative(remaining, self._check)

    def _on_gate_open(self) -> None:
        if self._sleeps:
            self._sleeps = False
            self._check()

    def _expire(self, clock: str) -> None:
        error = StalledError(
            f"the {clock} limit of {self._limits[clock]:g} s ran out",
            clock=clock,
            retryable=clock == "first",
            partial=self._scheduler.place.reply(),
        )
        self._end(lambda: self._observer.on_error(error))

    def _end(self, notify: Callable[[], None]) -> None:
        if not self._ended:
            self._ended = True
            self._idle.dispose()
            self._total.dispose()
            notify()
            self._upstream.dispose()
