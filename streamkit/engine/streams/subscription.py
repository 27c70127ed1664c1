"""One subscription to a stream without a run: a loop over it, an ``await``, a bare ``subscribe``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from reactivex import abc

from ... import patience
from ..failures import ShutdownError, failure_of, report, same_failure, with_notes
from ..loops import enter, leave, on_loop
from ..upstream import FirstEnd, Gate, RunScheduler

__all__ = ["Subscription"]


class Subscription(abc.DisposableBase):
    """One subscription without a run. It calls ``ended`` once, with an error or None, when attached branches have been
    closed; never after `dispose`.

    It works on the loop; `fail` and `dispose` may be called from any thread. Every exception in the chain arrives here,
    by whatever way. An exception that comes after the end is logged.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, gate: Gate | None, ended: Callable[[BaseException | None], None]
    ) -> None:
        self._loop, self._on_end = loop, ended
        self._scheduler = RunScheduler(loop, gate)
        self._context = self._scheduler.context
        self._context.abort = self._context.end.report_at_far_end = self.fail
        self._end = FirstEnd(self._failed, self._completed, self._on_late_error)
        self._upstream: abc.DisposableBase | None = None
        self._error: BaseException | None = None
        self._ended = False

    def begin(self, subscribe: Callable[..., abc.DisposableBase], on_next: abc.OnNext[Any]) -> None:
        """Subscribe; to be called on the loop."""
        enter(self._loop, self)
        try:
            self._upstream = subscribe(on_next, self._end.error, self._end.completed, scheduler=self._scheduler)
        except BaseException as exc:
            self._context.stop_reading()
            self.fail(exc)
        if self._ended or self._end.ended:  # it was disposed or has failed meanwhile
            self._unsubscribe()

    # -- the end ---------------------------------------------------------------------------------------------------

    def fail(self, exc: BaseException) -> None:
        """End with ``exc``, of which the operators upstream do not know: they are disposed."""
        on_loop(self._loop, self._fail, exc)

    def _fail(self, exc: BaseException) -> None:
        if not self._ended:
            self._unsubscribe()
        self._end.error(exc)

    def _failed(self, error: BaseException) -> None:
        if self._ended:  # it was disposed before: the error comes from closing it
            report(error, "a stream that was left raised while it was closed:")
            return
        self._error = error
        self._completed()

    def _completed(self) -> None:
        """Deliver the end in the next turn of the loop, not at once: an operator may raise while it handles the end."""
        on_loop(self._loop, self._loop.call_soon, self._deliver_end_when_closed)

    def _on_late_error(self, error: BaseException) -> None:
        first = self._error
        if isinstance(error, ShutdownError) or same_failure(error, first):
            return
        if self._ended:
            report(error, "an operator raised after its stream had ended:")
        elif first is None or failure_of("an operator", error) is None:
            self._error = error
        else:
            with_notes(first, [cast("Exception", error)])

    def _deliver_end_when_closed(self) -> None:
        """Deliver the end, after the tasks that are still closing something."""
        closing = [task for task in self._context.closing if not task.done()]
        if closing and not isinstance(self._error, ShutdownError):
            self._context.spawn(self._loop, self._wait(closing), "streamkit end")
        else:
            self._deliver_end()

    async def _wait(self, closing: list[asyncio.Task[Any]]) -> None:
        try:
            await asyncio.wait(closing, timeout=patience.CANCELLED_SINKS)
        finally:
            self._deliver_end()

    def _deliver_end(self) -> None:
        if not self._ended:
            self._leave()
            self._on_end(self._error)

    def was_delivered(self, error: BaseException) -> bool:
        """True if a listener in the middle of the chain was called with ``error``."""
        return any(same_failure(error, other) for other in self._context.listener_errors)

    # -- leaving ---------------------------------------------------------------------------------------------------

    def dispose(self) -> None:
        self._context.left = True  # at once: the loop may be in another thread
        on_loop(self._loop, self._dispose)

    def _dispose(self) -> None:
        if not self._ended:
            self._leave()
            self._unsubscribe()

    def _leave(self) -> None:
        self._ended = True
        leave(self._loop, self)

    def _unsubscribe(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            self._scheduler.dispose_safely(upstream)

    def loop_ends(self) -> None:
        self._end.error(ShutdownError("the event loop was shut down"))
        self._deliver_end()

    def give_up(self) -> None:
        self._deliver_end()
