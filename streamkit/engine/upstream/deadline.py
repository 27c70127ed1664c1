"""A time limit that often begins anew, on one timer that is moved lazily: most of the time it costs no timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reactivex import abc
from reactivex.scheduler.eventloop import AsyncIOScheduler

__all__ = ["Deadline", "time_of"]

TOLERANCE = 1e-6
"""Seconds: a timer that fires that early is on time, as the dates of Rx are whole microseconds."""


class Deadline:
    """Calls ``expire`` when ``remaining`` gives 0: the seconds that are left, or None while no limit runs.

    When its timer fires, it waits on if something is left then. So only a limit that begins, or comes closer, has to
    `set` it; one that moves away does not. ``clock`` is an event loop or a scheduler, whose clock ``time`` returns.
    """

    __slots__ = ("_clock", "_due", "_expire", "_remaining", "_stop", "time")

    def __init__(
        self,
        clock: asyncio.AbstractEventLoop | abc.SchedulerBase,
        remaining: Callable[[], float | None],
        expire: Callable[[], None],
    ) -> None:
        self._clock, self._remaining, self._expire = clock, remaining, expire
        self._stop: Callable[[], None] | None = None
        self._due = 0.0
        self.time = time_of(clock)

    def set(self) -> None:
        """Set the timer, unless the one that is set fires in time."""
        self._wait(self._remaining())

    def stop(self) -> None:
        """Stop for good: no limit runs from now on."""
        self._remaining, self._expire = _nothing, _nothing  # they may refer to what refers to this
        self._stop_timer()

    def _stop_timer(self) -> None:
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def _fire(self, *_: object) -> None:
        self._stop = None
        remaining = self._remaining()
        if remaining is not None and remaining <= TOLERANCE:
            self._expire()
        else:
            self._wait(remaining)

    def _wait(self, remaining: float | None) -> None:
        if remaining is None:
            return
        remaining = max(remaining, 0.0)
        due = self.time() + remaining
        if self._stop is None or due < self._due:
            self._stop_timer()
            self._due, self._stop = due, self._start(remaining)

    def _start(self, seconds: float) -> Callable[[], None]:
        if isinstance(self._clock, asyncio.AbstractEventLoop):
            return self._clock.call_later(seconds, self._fire).cancel
        return self._clock.schedule_relative(seconds, self._fire).dispose


def _nothing() -> None: ...


def time_of(clock: asyncio.AbstractEventLoop | abc.SchedulerBase) -> Callable[[], float]:
    """The clock of a loop or a scheduler, in seconds."""
    if isinstance(clock, asyncio.AbstractEventLoop):
        return clock.time
    if isinstance(clock, AsyncIOScheduler):
        return clock._loop.time
    return lambda: clock.to_seconds(clock.now)
