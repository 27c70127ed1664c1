"""Told when a loop ends, for what waits there for nothing but a time: a timer dies with its loop and tells nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reactivex import abc
from reactivex.scheduler.eventloop import AsyncIOScheduler

from ..loops import ShutdownError, cancelled_from_outside, enter, leave, on_loop, running_loop
from .scheduler import scheduler_for

__all__ = ["LoopWatch", "loop_is_ending"]


class LoopWatch(abc.DisposableBase):
    """Calls ``ended`` once, with a ShutdownError, if the loop of ``scheduler`` ends before this is disposed.

    Where time is virtual there is no loop, and nothing to watch.
    """

    def __init__(self, scheduler: abc.SchedulerBase | None, ended: Callable[[ShutdownError], None]) -> None:
        self._ended, self._disposed = ended, False
        self._run = scheduler_for(scheduler) if isinstance(scheduler, AsyncIOScheduler) else None
        if self._run is not None:
            on_loop(self._run.loop, self._begin, self._run.loop)

    def dispose(self) -> None:
        if not self._disposed:
            self._disposed = True
            if self._run is not None:
                on_loop(self._run.loop, leave, self._run.loop, self)

    def loop_ends(self) -> None:
        if self._run is not None and not self._disposed:
            self.dispose()
            self._run.call(self._ended, ShutdownError("the event loop was shut down"))

    def give_up(self) -> None: ...

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._disposed:
            enter(loop, self)


def loop_is_ending(error: Exception | None) -> bool:
    """Whether a stream that ends now, with ``error``, has no time left on its loop: the error says so, or the task that
    ended it was cancelled. No timer that is set now would be sure to fire."""
    return isinstance(error, ShutdownError) or (running_loop() is not None and cancelled_from_outside())
