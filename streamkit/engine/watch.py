"""Told when a loop ends, for what waits there for nothing but a time: a timer dies with its loop and tells nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reactivex import abc
from reactivex.scheduler.eventloop import AsyncIOScheduler

from .context import Context, RunScheduler
from .loop import loop_of, on_loop, running_loop
from .mailbox import cancelled_from_outside
from .report import ShutdownError

__all__ = ["LoopWatch", "loop_is_ending"]


class LoopWatch(abc.DisposableBase):
    """Calls ``ended`` once, with a ShutdownError, if the loop of ``scheduler`` ends before this is disposed.

    It is a task of the run, as a loop that ends tells nobody but its tasks. Where time is virtual there is no loop, and
    nothing to watch.
    """

    def __init__(self, scheduler: abc.SchedulerBase | None, ended: Callable[[ShutdownError], None]) -> None:
        self._ended, self._disposed = ended, False
        self._context = scheduler.context if isinstance(scheduler, RunScheduler) else Context()
        self._task: asyncio.Task[None] | None = None
        if isinstance(scheduler, AsyncIOScheduler):
            self._loop = loop_of(scheduler)
            on_loop(self._loop, self._begin)

    def dispose(self) -> None:
        if not self._disposed:
            self._disposed = True
            if self._task is not None:
                on_loop(self._loop, self._task.cancel)

    def _begin(self) -> None:
        if not self._disposed:
            self._task = self._context.spawn(self._loop, self._wait(), "streamkit watch")

    async def _wait(self) -> None:
        try:
            await self._loop.create_future()
        except asyncio.CancelledError:
            if self._disposed:
                return
        self._disposed = True
        error = ShutdownError("the event loop was shut down")
        try:
            self._ended(error)
        except Exception as exc:  # of an observer; above this task there is nobody who could be told
            error.__cause__ = exc
            self._context.lost(error)


def loop_is_ending(error: Exception | None) -> bool:
    """Whether a stream that ends now, with ``error``, has no time left on its loop: the error says so, or the task that
    ended it was cancelled. No watch that is begun now would be told any more."""
    return isinstance(error, ShutdownError) or (running_loop() is not None and cancelled_from_outside())
