"""The driver of a run: it subscribes, passes each item to the branches, and closes everything in order at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from reactivex import Observable, abc

from ... import patience
from ...errors import StreamkitError
from ...events import Outcome, Reply
from ..branches import Branch, BranchedStream, Fan
from ..failures import ShutdownError, as_raised, failure_of, report, same_failure, with_notes
from ..loops import enter, leave, live, on_loop, runs_here
from ..streams import Bridge
from ..upstream import FirstEnd, RunScheduler, at_work
from .result import RunResult

__all__ = ["RunDriver"]


class RunDriver(BranchedStream):
    """One subscription with its branches: the part of a `Run` that works on the run's loop, where `begin` starts it.

    However it ends (by the end of the stream, an error, `cancel` or the end of the loop), its ``result`` is set exactly
    once, after requests and sinks are closed; then it is over.
    """

    __slots__ = ("_begun", "_bridge", "_end", "_raise", "result")

    task = "streamkit run"

    def __init__(self, scheduler: RunScheduler, bridge: Bridge | None) -> None:
        super().__init__(scheduler)
        self.result = RunResult(scheduler.loop)
        self._bridge = bridge
        self._end = FirstEnd(self._on_error, self._begin_closing, self._on_late_error)
        self._context.failures = []
        self._context.abort = self._abort
        self._context.end.report_at_far_end = self._on_far_end_error
        self._begun = False
        self._raise: BaseException | None = None

    # -- for the exit of the interpreter ---------------------------------------------------------------------------

    @property
    def progress(self) -> int:
        return self.fan.progress if self.fan is not None else 0

    stands_alone = False

    def describe(self) -> str:
        names = ", ".join(outlet.sink.name for outlet in self.fan.outlets) if self.fan is not None else ""
        return f"the run with sinks {names}" if names else "a run without sinks"

    def abandon(self) -> None:
        self.cancel()

    # -- from any thread -------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        self._context.cancelled = True
        if self.fan is not None:
            self.fan.halt()  # at once: nothing is delivered after this call
        if self._scheduler.loop.is_closed():  # without notice, as by a second Ctrl-C: there is nothing to wait for
            self._finish(self._final_reply(), [])
        on_loop(self._scheduler.loop, self._cancel)

    def so_far(self, outcome: Outcome | None = None) -> Reply:
        if isinstance(self.last, Reply):
            return self.last
        source = self._context.current()
        if source is not None:
            return source.reply(outcome)
        return Reply(outcome=outcome or ("complete" if self._ends else "truncated"))

    def block(self, timeout: float | None) -> None:
        """Block this thread until the result is set, ``timeout`` seconds at most."""
        if self.result.done:
            return
        if self._scheduler.loop.is_closed():
            self.cancel()
        else:
            self.result.block(timeout)

    def raise_unreported(self) -> None:
        """Raise the error of the run at the end of a ``with``, but not the stream's own error after a loop was left."""
        if not (self.result.unreported.iteration_left and self.result.error is self._error):
            self.result.get()

    # -- on the loop -----------------------------------------------------------------------------------------------

    def begin(self, stream: Observable[Any], specs: Sequence[Branch]) -> None:
        if not self.result.done:
            enter(self._scheduler.loop, self)
            self.claim.begin(partial(self._begin, stream, specs))

    def _begin(self, stream: Observable[Any], specs: Sequence[Branch]) -> None:
        self._begun = True
        try:
            self._subscribe(stream, specs)
        except BaseException as exc:
            self._context.stop_reading()
            self._on_exception(exc)
        if self._context.cancelled:
            self._cancel()
        elif self._end.ended:  # an end came by another way than the chain
            self._unsubscribe()

    def _subscribe(self, stream: Observable[Any], specs: Sequence[Branch]) -> None:
        """Make the fan and subscribe. A run cancelled before this makes the fan too: its sinks must be closed."""
        if self.claim.refused is not None:  # its sinks are still at work in another run, so they are not called
            if self._context.cancelled:
                return
            raise self.claim.refused
        self.fan = fan = Fan(specs, self._scheduler)
        if self._bridge is not None:
            fan.add(_BridgeFeed(self._bridge), self._bridge.gate)
        if not self._context.cancelled:
            source = self._scheduler.derive(gate=fan.gate)
            self._subscription = stream.subscribe(fan.on_next, self._end.error, self._end.completed, scheduler=source)

    def _on_error(self, error: Exception) -> None:
        if isinstance(error, ShutdownError):
            if isinstance(error.__cause__, Exception):  # the stream's own error, which an operator had yet to pass on
                self._error = error.__cause__
            self._context.cancelled = True
            self._cancel()
        else:
            self._error = error
            self._begin_closing()

    def _on_exception(self, exc: BaseException) -> None:
        failure = failure_of("an operator", exc)
        if failure is None:
            self._abort(exc)
        else:
            self._end.error(failure)

    def _abort(self, exc: BaseException) -> None:
        """End the run because of KeyboardInterrupt or the like: not a failure of a sink, but raised to the caller."""
        if self.result.done:
            report(exc, f"this was raised after the end of {self.describe()}:")
        if self._raise is None:
            self._raise = as_raised("a sink", exc)
        self.cancel()

    def _on_far_end_error(self, error: BaseException) -> None:
        """Take an ``error`` that an operator did not pass on; the operators upstream of it do not know of the end."""
        self._end.error(error)
        self._unsubscribe()

    def _on_late_error(self, error: BaseException) -> None:
        """Take an error that came after the end."""
        if isinstance(error, ShutdownError) or same_failure(error, self._error):
            return
        if self.result.done or not isinstance(error, Exception):
            report(error, f"this was raised after the end of {self.describe()}:")
        elif self._context.failures is not None:
            self._context.failures.append(error)

    def _cancel(self) -> None:
        self._unsubscribe()
        self._stop_branches()
        self._begin_closing()

    def _begin_closing(self) -> None:
        self.claim.ended = True
        if not runs_here(self._scheduler.loop):
            on_loop(self._scheduler.loop, self._begin_closing)
        elif self._begun and not self.result.done:
            self._end_branches(self._context.cancelled)

    async def _close(self) -> None:
        if self._context.cancelled:
            await self.requests_closed()
        await super()._close()

    async def _others_closed(self) -> None:
        others = self._context.closing - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=patience.CANCELLED_SINKS if self._context.cancelled else None)

    def loop_ends(self) -> None:
        self._end.error(ShutdownError("the event loop was shut down"))
        self._stop_branches()

    def give_up(self) -> None:
        self._context.cancelled = True
        super().give_up()

    async def requests_closed(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.CANCELLED_REQUESTS):
                for source in self._context.replies:
                    await source.ended()

    def _final_reply(self) -> Reply:
        outcome: Outcome | None = "cancelled" if self._context.cancelled else None
        if isinstance(self._error, StreamkitError):
            return self._error.partial
        try:
            return self.so_far(outcome)
        except BaseException as exc:  # raised by a user's stage that filters replies: what it let through is unknown
            failure = failure_of("a stage", exc)
            if failure is None:
                self._raise = exc if self._raise is None else self._raise
            if self._error is None:
                self._error = failure
            return Reply(outcome=outcome or "failed")

    def _finish(self, reply: Reply, failures: list[Exception]) -> None:
        live.discard(self)
        leave(self._scheduler.loop, self)
        at_work.pop(self._context.id, None)
        self.claim.release()
        self._subscription = None
        if self.result.done:
            return
        failures = [*failures, *(self._context.failures or [])]
        error = self._error if self._raise is None else self._raise
        if error is None and failures:
            error = failures.pop(0)
        if error is not None:
            with_notes(error, failures)
        self.result.set(reply if error is None else error)
        if self._bridge is not None:
            self._bridge.end(error)
        known = self._context.listener_errors
        self.result.unreported.add(
            _not_in(known, error, failures),
            _not_in([*known, self._error], error, failures),
            f"nobody has asked for the result of {self.describe()}, which failed:",
        )


def _not_in(
    known: Sequence[BaseException | None], error: BaseException | None, failures: list[Exception]
) -> list[BaseException]:
    """The unreported errors: ``error``, whose notes name ``failures``; if it is ``known``, the unknown failures."""

    def is_new(one: BaseException) -> bool:
        return not any(same_failure(one, other) for other in known)

    if error is None:
        return []
    return [error] if is_new(error) else [one for one in failures if is_new(one)]


class _BridgeFeed(abc.ObserverBase[Any]):
    """Passes the items of a run to its bridge. The end is passed by the driver itself, when everything is closed."""

    def __init__(self, bridge: Bridge) -> None:
        self.on_next = bridge.on_next  # type: ignore[method-assign]  # without a frame in between

    def on_next(self, item: Any) -> None: ...

    def on_error(self, error: Exception) -> None: ...

    def on_completed(self) -> None: ...
