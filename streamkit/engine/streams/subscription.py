"""One subscription to a stream that is no run: a loop over it, an ``await``, a bare ``subscribe``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from reactivex import abc

from ..loops import DRAIN, ShutdownError, enter, failure_of, leave, on_loop, report, same_failure, with_notes
from ..upstream import FirstEnd, Gate, RunScheduler

__all__ = ["Subscription"]


class Subscription(abc.DisposableBase):
    """Calls ``ended`` once, with an error or None, when attached branches have been closed; never after `dispose`.

    Whatever anybody raises comes out here, however it came about. What comes too late for that is logged.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, gate: Gate | None, ended: Callable[[BaseException | None], None]
    ) -> None:
        self._loop, self._ended = loop, ended
        self._scheduler = RunScheduler(loop, gate)
        self._context = self._scheduler.context
        self._context.abort = self._context.lost = self.fail
        self._end = FirstEnd(self._failed, self._completed, self._late)
        self._upstream: abc.DisposableBase | None = None
        self._error: BaseException | None = None
        self._over = False

    def begin(self, subscribe: Callable[..., abc.DisposableBase], on_next: abc.OnNext[Any]) -> None:
        """On the loop."""
        enter(self._loop, self)
        try:
            self._upstream = subscribe(on_next, self._end.error, self._end.completed, scheduler=self._scheduler)
        except BaseException as exc:
            self._context.stop_reading()
            self.fail(exc)
        if self._over or self._end.ended:  # it was left or has failed meanwhile
            self._let_go()

    # -- the end ---------------------------------------------------------------------------------------------------

    def fail(self, exc: BaseException) -> None:
        """End with ``exc``, of which those above do not know: they are left."""
        on_loop(self._loop, self._fail, exc)

    def _fail(self, exc: BaseException) -> None:
        if not self._over:
            self._let_go()
        self._end.error(exc)

    def _failed(self, error: BaseException) -> None:
        if self._over:  # it was left: this is of what had to be closed then
            report(error, "a stream that was left raised while it was closed:")
            return
        self._error = error
        self._completed()

    def _completed(self) -> None:
        """Not at once: an operator that is told of the end may raise yet."""
        on_loop(self._loop, self._loop.call_soon, self._settle)

    def _late(self, error: BaseException) -> None:
        first = self._error
        if isinstance(error, ShutdownError) or same_failure(error, first):
            return
        if self._over:
            report(error, "an operator raised after its stream had ended:")
        elif first is None or failure_of("an operator", error) is None:
            self._error = error
        else:
            with_notes(first, [cast("Exception", error)])

    def _settle(self) -> None:
        closing = [task for task in self._context.closing if not task.done()]
        if closing and not isinstance(self._error, ShutdownError):
            self._context.spawn(self._loop, self._wait(closing), "streamkit end")
        else:
            self._tell()

    async def _wait(self, closing: list[asyncio.Task[Any]]) -> None:
        try:
            await asyncio.wait(closing, timeout=DRAIN)
        finally:
            self._tell()

    def _tell(self) -> None:
        if not self._over:
            self._leave()
            self._ended(self._error)

    def has_told(self, error: BaseException) -> bool:
        """Whether a listener in the middle of the chain was told of ``error``."""
        return any(same_failure(error, other) for other in self._context.listener_errors)

    # -- leaving ---------------------------------------------------------------------------------------------------

    def dispose(self) -> None:
        self._context.left = True  # at once: the loop may be in another thread
        on_loop(self._loop, self._dispose)

    def _dispose(self) -> None:
        if not self._over:
            self._leave()
            self._let_go()

    def _leave(self) -> None:
        self._over = True
        leave(self._loop, self)

    def _let_go(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            self._scheduler.let_go(upstream)

    def loop_ends(self) -> None:
        self._end.error(ShutdownError("the event loop was shut down"))
        self._tell()

    def give_up(self) -> None:
        self._tell()
