"""The operator `time_limits`: limits of time for any stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable, SerialDisposable

from ..checks import check_number
from ..engine.streams import Scheduler, keeping_operator
from ..engine.upstream import Deadline, RunScheduler, TimedGate, pass_end, scheduler_for
from ..errors import StalledError
from ..prelude import commits

__all__ = ["time_limits"]

S = TypeVar("S")

T = TypeVar("T")


def time_limits(
    *, first: float | None = None, between: float | None = None, total: float | None = None
) -> Callable[[S], S]:
    """Items → the same items, or `StalledError` (its ``clock`` says which limit) and the source cancelled.

    Seconds until the first item, between two of them, and in all. The first two stand still while a slow sink holds
    the source. Of an event stream only content counts, not what may come before it (`Start`, `UsageUpdate`, `Other`).
    """
    limits = {"first": first, "between": between, "total": total}
    what = "a number of seconds"
    limits = {name: check_number(name, limit, optional=True, what=what) for name, limit in limits.items()}
    if all(limit is None for limit in limits.values()):
        raise ValueError("time_limits needs at least one limit: first=, between= or total=, in seconds")

    def connect(source: Observable[T], observer: abc.ObserverBase[T], scheduler: Scheduler) -> abc.DisposableBase:
        return _TimeLimits(limits, observer, scheduler_for(scheduler)).connect(source)

    return keeping_operator("time_limits", connect)


class _TimeLimits(abc.ObserverBase[Any]):
    """One subscription. ``clock`` is the one of the first two limits that runs, while the gate is open."""

    def __init__(
        self, limits: dict[str, float | None], observer: abc.ObserverBase[Any], scheduler: RunScheduler
    ) -> None:
        self._limits, self._observer = limits, observer
        self._scheduler = scheduler.with_place()
        self._deadline = Deadline(self._scheduler, self._remaining, self._expire)
        self._gate = TimedGate(scheduler.loop.time, self._deadline.set, scheduler.gate)
        self._upstream = SerialDisposable()
        self._clock = "first"
        self._began, self._last = self._deadline.time(), self._gate.open_time
        self._ended = False

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        self._deadline.set()
        self._upstream.disposable = source.subscribe(self, scheduler=self._scheduler.derive(gate=self._gate))
        return CompositeDisposable(self._upstream, Disposable(self._deadline.stop))

    def on_next(self, item: Any) -> None:
        if self._ended:
            return
        if commits(item):
            self._last = self._gate.open_time
            if self._clock == "first":
                self._clock = "between"
                self._deadline.set()
        self._observer.on_next(item)

    def on_error(self, error: Exception) -> None:
        self._end(error)

    def on_completed(self) -> None:
        self._end(None)

    def _running(self) -> Iterator[tuple[str, float]]:
        """Each limit that runs, with the seconds that are left of it."""
        total, limit = self._limits["total"], self._limits[self._clock]
        if total is not None:
            yield "total", self._began + total - self._deadline.time()
        if limit is not None and not self._gate.closed:
            yield self._clock, self._last + limit - self._gate.open_time

    def _remaining(self) -> float | None:
        return min((remaining for _, remaining in self._running()), default=None)

    def _expire(self) -> None:
        clock, _ = min(self._running(), key=lambda limit: limit[1])
        error = StalledError(
            f"the {clock} limit of {self._limits[clock]:g} s ran out",
            clock=clock,
            retryable=clock == "first",
            partial=self._scheduler.place.reply(),
        )
        self.on_error(error)

    def _end(self, error: Exception | None) -> None:
        if not self._ended:
            self._ended = True
            self._deadline.stop()
            pass_end(self._observer, error)
            self._upstream.dispose()
