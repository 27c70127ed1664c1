"""The life of a source: each subscription is one task on one loop, cancelled at most once."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from reactivex import abc

from ..failures import ShutdownError, failure_of
from ..loops import CancelOnce, is_background, is_cancel, live, on_loop
from ..upstream import RunScheduler

__all__ = ["SourceTask"]


class SourceTask(abc.DisposableBase):
    """One subscription to a source. It is among the readings of the run from the subscription until its task has closed
    everything, after the end or after `dispose`, and the interpreter's exit waits for it."""

    def __init__(self, observer: abc.ObserverBase[Any], scheduler: RunScheduler) -> None:
        self.loop, self.gate, self.context = scheduler.loop, scheduler.gate, scheduler.context
        self.progress = 0
        self._observer, self._scheduler = observer, scheduler
        self.cancelling = CancelOnce()
        self._disposed = self._ended = False

    @property
    def stands_alone(self) -> bool:
        return False

    @abstractmethod
    def describe(self) -> str: ...

    def abandon(self) -> None:
        on_loop(self.loop, self._abandon)

    def dispose(self) -> None:
        """End the subscription: nothing is delivered after this call, and what is open is closed at once."""
        if not self._ended:  # after the end the task may still close what it has open
            self._disposed = True
            on_loop(self.loop, self._stop)

    def _start(self, make_task: Callable[[], asyncio.Task[None]]) -> None:
        """Make the task, now or soon. It may run at once, so this is called when everything else is in place."""
        self.context.readings.add(self)
        if is_background(self.loop):
            live.add(self)
        on_loop(self.loop, self._begin, make_task)

    def _begin(self, make_task: Callable[[], asyncio.Task[None]]) -> None:
        if self._disposed:
            self._finished()
        else:
            self.cancelling.task = make_task()
            self.cancelling.task.add_done_callback(self._finished)

    def _finished(self, _: object = None) -> None:
        live.discard(self)
        self.context.readings.discard(self)

    def _stop(self) -> None:
        self._ended = True
        self.cancelling.cancel()

    def _abandon(self) -> None:
        self._end(self._shutdown_error())
        self._disposed = True
        self.cancelling.cancel()

    def _on_exception(self, exc: BaseException) -> None:
        """End because the task raised ``exc``."""
        if is_cancel(exc):
            if not self._disposed:  # cancelled from outside: the loop is being shut down
                self._end(self.cancelling.interruption or self._shutdown_error())
        elif failure_of("the source", exc) is not None:
            self._on_failure(exc)
        else:  # KeyboardInterrupt or the like
            self._ended = True
            self.context.abort(exc)

    @abstractmethod
    def _on_failure(self, exc: BaseException) -> None:
        """End because of ``exc``, which is a failure."""

    @abstractmethod
    def _end(self, error: Exception) -> None:
        """Pass ``error`` to the observer as the end, if it has not ended before."""

    def _shutdown_error(self) -> ShutdownError:
        return ShutdownError("the event loop was shut down")
