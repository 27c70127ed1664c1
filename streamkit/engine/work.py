"""What a run does on its loop: subscribe, hand each item to the branches, and at the end close everything in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from reactivex import Observable, abc

from ..errors import StreamkitError
from ..events import Outcome, Reply
from .branch import Branch
from .bridge import Bridge
from .context import RunScheduler
from .ending import Ending
from .fan import Fan
from .loop import live, on_loop, runs_here
from .outlet import DRAIN
from .report import ShutdownError
from .settled import Settled

__all__ = ["Work"]

CLOSING = 1.0
"""Seconds that it waits for its requests to be closed."""


class Work:
    """One subscription with its branches. It is ``settled`` exactly once, however it ends."""

    def __init__(self, scheduler: RunScheduler, bridge: Bridge | None) -> None:
        self.settled = Settled()
        self.fan: Fan | None = None
        self.settling: asyncio.Task[None] | None = None
        self._bridge = bridge
        self._scheduler, self._context, self._loop = scheduler, scheduler.context, scheduler.loop
        self._context.failures = []
        self._context.abort = self._abort
        self._end = Ending(self._on_error, self._settle)
        self._context.lost = self._end.error
        self._subscription: abc.DisposableBase | None = None
        self._error: Exception | None = None
        self._raise: BaseException | None = None

    # -- for the exit of the interpreter ---------------------------------------------------------------------------

    @property
    def progress(self) -> int:
        return self.fan.progress if self.fan is not None else 0

    @property
    def patience(self) -> float:
        return DRAIN if self.settling or (self.fan and self.fan.gate.closed) else 75.0

    def abandon(self) -> None:
        self.cancel()

    # -- from any thread -------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        self._context.cancelled = True
        if self.fan is not None:
            self.fan.halt()  # at once: nothing is delivered after this call
        on_loop(self._loop, self._cancel)

    @property
    def last(self) -> Any:
        return self.fan.last if self.fan is not None else None

    def so_far(self, outcome: Outcome | None = None) -> Reply:
        if isinstance(self.last, Reply):
            return self.last
        source = self._context.current()
        if source is not None:
            return source.reply(outcome)
        return Reply(outcome=outcome or ("complete" if self.settling else "truncated"))

    # -- on the loop -----------------------------------------------------------------------------------------------

    def begin(self, stream: Observable[Any], specs: Sequence[Branch]) -> None:
        if not self._context.cancelled:
            try:
                self._subscribe(stream, specs)
            except Exception as exc:
                self._end.error(exc)
            except BaseException as exc:
                self._abort(exc)
        if self._context.cancelled:
            self._cancel()

    def _subscribe(self, stream: Observable[Any], specs: Sequence[Branch]) -> None:
        self.fan = fan = Fan(specs, self._scheduler, self._abort)
        if self._bridge is not None:
            fan.add(self._bridge, self._bridge.gate)
        source = self._scheduler.derive(gate=fan.gate)
        self._subscription = stream.subscribe(fan.on_next, self._end.error, self._end.completed, scheduler=source)

    def _on_error(self, error: Exception) -> None:
        if isinstance(error, ShutdownError):
            if isinstance(error.__cause__, Exception):  # it had failed already, and an operator was still to tell of it
                self._error = error.__cause__
            self._abandon()
        else:
            self._error = error
            self._settle()

    def _abort(self, exc: BaseException) -> None:
        """A sink let KeyboardInterrupt or the like through: no failure of the sink, it goes on to the caller."""
        self._raise = self._raise or exc
        self.cancel()

    def _cancel(self) -> None:
        if self._subscription is not None:
            self._subscription.dispose()
        if self.fan is not None:
            self.fan.stop()
        self._settle()

    def _settle(self) -> None:
        if not runs_here(self._loop):
            on_loop(self._loop, self._settle)
        elif self.settling is None and not self.settled.over:
            if self.fan is not None and not self._context.cancelled:
                self.fan.end(self._error)
            self.settling = self._loop.create_task(self._close(), name="streamkit run")

    async def _close(self) -> None:
        cancelled = self._context.cancelled
        limit = DRAIN if cancelled else None
        try:
            if cancelled:
                await self.requests_closed()
            reply = self._final("cancelled" if cancelled else None)
            failures = await self.fan.settle(self._error, reply) if self.fan is not None else []
            if self._context.closing:
                await asyncio.wait(tuple(self._context.closing), timeout=limit)
            self._finish(reply, failures + (self._context.failures or []))
        except asyncio.CancelledError:  # the loop is being shut down
            self._abandon()
            raise

    def _abandon(self) -> None:
        """The loop goes away, so there is no waiting for anything any more."""
        self._context.cancelled = True
        reply = self._final("cancelled")
        failures: list[Exception] = []
        if self.fan is not None:
            self.fan.stop()
            failures = self.fan.abandon(reply)
        self._finish(reply, failures + (self._context.failures or []))

    async def requests_closed(self) -> None:
        closing = [asyncio.ensure_future(source.ended()) for source in self._context.replies]
        if closing:
            await asyncio.wait(closing, timeout=CLOSING)

    def _final(self, outcome: Outcome | None) -> Reply:
        if isinstance(self._error, StreamkitError):
            return self._error.partial
        try:
            return self.so_far(outcome)
        except Exception as exc:  # of a user's stage, asked what it let through: nobody knows then
            self._error = self._error or exc
            return Reply(outcome=outcome or "failed")

    def _finish(self, reply: Reply, failures: list[Exception]) -> None:
        live.discard(self)
        self._subscription = None
        if self._bridge is not None:
            self._bridge.on_completed()
        if self.settled.over:
            return
        error = self._raise or self._error or (failures.pop(0) if failures else None)
        if error is None:
            self.settled.give(reply)
            return
        for failure in failures:
            error.add_note(f"and in a branch: {failure}")
        self.settled.give(error)
