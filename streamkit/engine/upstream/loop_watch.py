"""Notice of the end of a loop for operators that wait for a timer only: a timer that dies with its loop is not
called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reactivex import abc
from reactivex.scheduler.eventloop import AsyncIOScheduler

from ..failures import ShutdownError
from ..loops import cancelled_from_outside, enter, leave, on_loop, running_loop
from .scheduler import scheduler_for

__all__ = ["LoopWatch", "loop_is_ending"]


class LoopWatch(abc.DisposableBase):
    """Calls ``ended`` once, with a ShutdownError, if the loop of ``scheduler`` ends before this is disposed.

    With a scheduler of virtual time there is no loop, and nothing is watched.
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
    """True if a stream that ends now, with ``error``, ends because its loop does: the error is a ShutdownError, or the
    task that ended the stream was cancelled. A timer that is set now might not fire."""
    return isinstance(error, ShutdownError) or (running_loop() is not None and cancelled_from_outside())
