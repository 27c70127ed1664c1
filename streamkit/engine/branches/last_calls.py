"""The last calls to a sink, ``fail`` and ``close``: each is made once and within its time, whatever ends meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from inspect import isawaitable, iscoroutine
from typing import Any, TypeAlias

from ... import patience
from ...awaitables import never_began
from ...errors import SinkError
from ...events import Reply
from ..loops import is_cancel, outcome_of
from .description import Branch
from .own_sink import has_error_callback

__all__ = ["LastCalls", "WaitLimits"]

FailWith: TypeAlias = Callable[[BaseException], None]
"""Is called with each failure of a call."""


class WaitLimits:
    """The time limit on waiting for one branch: that of each step, and a few seconds in all once its run is
    cancelled."""

    __slots__ = ("_clock", "_loop", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._until: float | None = None
        self._clock: asyncio.Timeout | None = None

    @property
    def is_short(self) -> bool:
        """True once the run was cancelled: whatever has not ended after a few seconds is given up."""
        return self._until is not None

    def shorten(self) -> None:
        """Note that the run was cancelled; this also shortens a wait that is under way."""
        self._until = self._loop.time() + patience.CANCELLED_SINKS
        if self._clock is not None and not self._clock.expired():
            self._clock.reschedule(self._until)

    async def within(self, limit: float | None, done: asyncio.Future[Any]) -> bool:
        """Wait for ``done``, at most ``limit`` seconds or the time of a cancelled run. False if it is not done then."""
        now = self._loop.time()
        ends = [now + float(limit)] if limit is not None else []
        if self._until is not None:
            ends.append(max(self._until, now + patience.INTERRUPTED_CALL))
        try:
            async with asyncio.timeout_at(min(ends, default=None)) as self._clock:
                await asyncio.wait([done])
        except TimeoutError:
            pass
        finally:
            self._clock = None
        return done.done()


class LastCalls:
    """The calls that end a sink, in order. A call that has begun is not begun again, however often `make` is cancelled
    and called anew. Made and used by the outlet, on the loop."""

    def __init__(self, spec: Branch, error: Exception | None, reply: Reply) -> None:
        self.listener_error: Exception | None = None
        """The error that the ``error=`` of a listener was called with, once that call has completed."""
        self._name, self._limit = spec.name, getattr(spec.into, "patience", spec.max_wait)
        self._error = error if has_error_callback(spec.into) else None
        calls = (getattr(spec.into, "fail", None), error), (getattr(spec.into, "close", None), reply)
        self._calls = [(method, value) for method, value in calls if callable(method) and value is not None]

    async def make(self, limits: WaitLimits, fail_with: FailWith) -> None:
        """Make the calls that are left, each within its time."""
        while self._calls:
            method, value = self._calls.pop(0)
            answer: Any = None
            try:
                answer = method(value)
                if not isawaitable(answer) or await self._wait(answer, limits, fail_with):
                    self._done(value)
            except BaseException as exc:
                if is_cancel(exc):
                    if never_began(answer):
                        self._calls.insert(0, (_returning(answer), value))
                    raise
                fail_with(exc)

    def _done(self, value: Any) -> None:
        if value is self._error:
            self.listener_error = value

    async def _wait(self, answer: Any, limits: WaitLimits, fail_with: FailWith) -> bool:
        """Await ``answer``. False if it failed or took too long."""
        loop = asyncio.get_running_loop()
        began, task = loop.time(), loop.create_task(outcome_of(answer))
        try:
            if await limits.within(self._limit, task):
                if task.cancelled():
                    raise asyncio.CancelledError
                if (exc := task.result()) is not None:
                    fail_with(exc)
                return exc is None
        except asyncio.CancelledError:
            task.cancel()
            raise
        fail_with(SinkError(f"sink {self._name} did not close within {loop.time() - began:.3g} s"))
        task.cancel()
        await asyncio.wait([task], timeout=patience.INTERRUPTED_CALL)
        return False

    def make_at_once(self, fail_with: FailWith) -> None:
        """Make the calls that are left without waiting: a coroutine runs up to its first await only."""
        while self._calls:
            method, value = self._calls.pop(0)
            try:
                answer = method(value)
                if iscoroutine(answer):
                    try:
                        answer.send(None)
                    except StopIteration:
                        self._done(value)
                        continue
                    answer.close()
                elif not isawaitable(answer):
                    self._done(value)
            except BaseException as exc:
                fail_with(exc)


def _returning(answer: Any) -> Callable[[Any], Any]:
    return lambda _: answer
