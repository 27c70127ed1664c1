"""A cold Observable of events: one subscription is one task on one loop, reading one request.

A producer is an async generator of batches, one batch for each network read; it raises errors of this package's family
only after it has yielded everything that arrived before. Between two events the reader checks its gate, and whether the
subscription was disposed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from typing import TypeAlias

from reactivex import abc

from ...errors import BrokenError, SinkError, StreamkitError
from ...events import CONTENT, Event, Outcome, Reply, TextDelta
from ..failures import ShutdownError, failure_of, trim
from ..loops import is_background, is_cancel, live, on_loop
from ..upstream import GateClock, Place, RunScheduler, SentRequest, scheduler_for
from .kinds import EventSource

__all__ = ["Producer", "Reading", "Source"]

HELD = 64
"""Events held back before the first content."""

Producer: TypeAlias = "Callable[[Reading], AsyncGenerator[Iterable[Event], None]]"


class Source(EventSource):
    """Subscribing makes the request; the last item is the `Reply`."""

    def __init__(self, producer: Producer) -> None:
        super().__init__()
        self._producer = producer

    def _subscribe_core(
        self, observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        return Reading(self._producer, observer, scheduler_for(scheduler))


class Reading(abc.DisposableBase):
    """One subscription to a source: a task on the run's loop that drives the producer. Made when the source is
    subscribed to; it is over at the end of the reply, at an error, or when it is disposed.

    The producer gets it as its argument. It sets ``snapshot`` (makes the reply so far) and perhaps ``server`` (the name
    of the server, for messages), ``sent_request`` (the request that a server accepted) and ``keeps_text``. It may call
    `defer_cancel` while it must not be interrupted and set ``cut`` (called at once when cancelled, to shut a socket),
    checks ``committed`` before it starts over, and calls `start_over` when it does. A mistake in the user's own code is
    not a failure of the source: the producer assigns it to ``mistake`` and raises it, and it is passed on unchanged.
    """

    def __init__(self, producer: Producer, observer: abc.ObserverBase[Event], scheduler: RunScheduler) -> None:
        self.loop, self.gate, self.context = scheduler.loop, scheduler.gate, scheduler.context
        make_byte_listener = scheduler.make_byte_listener
        self.byte_listener = make_byte_listener() if make_byte_listener is not None else None
        self.snapshot: Callable[[Outcome | None], Reply] = lambda outcome: Reply(outcome=outcome or "truncated")
        self.cut: Callable[[], None] | None = None
        self.sent_request: SentRequest | None = None
        self.server, self.keeps_text, self.committed = "", True, False
        self.mistake: Exception | None = None
        self.last_content = 0.0
        """When content was last delivered, by `time`."""
        self._producer, self._observer, self._scheduler = producer, observer, scheduler
        self._pending: list[Event] = []
        self._disposed = self._ended = self._cancelled = self._has_content = False
        self.progress = self._holds = 0
        self._gate_clock = GateClock(self.gate, self.loop.time)
        self._interruption: StreamkitError | None = None
        self._final: Reply | None = None
        self._task: asyncio.Task[None] | None = None
        self.context.replies.append(self)
        scheduler.sources.append(self)
        self.context.readings.add(self)
        if is_background(self.loop):
            live.add(self)
        on_loop(self.loop, self._begin)

    # -- seen from outside ------------------------------------------------------------------------------------------

    def reply(self, outcome: Outcome | None = None, upto: Place | None = None) -> Reply:
        """The reply so far, or the final one; callable from any thread."""
        outcome = outcome or ("cancelled" if self.context.cancelled else "truncated")
        return self._scheduler.visible_reply(self._final or self.snapshot(outcome), upto)

    @property
    def stands_alone(self) -> bool:
        return bool(self.server) and not self.gate.closed  # a closed gate: it waits for some sink

    def describe(self) -> str:
        return f"the reply of {self.server}" if self.server else "a reply"

    async def ended(self) -> None:
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.wait([self._task])

    def abandon(self) -> None:
        on_loop(self.loop, self._abandon)

    def _abandon(self) -> None:
        self._fail(self._shutdown_error())
        self._disposed = True
        self._cancel()

    # -- cancelling ------------------------------------------------------------------------------------------------

    def dispose(self) -> None:
        """End the subscription: nothing is delivered after this call, and the request is closed at once."""
        if not self._ended:  # after the end the reader may still leave its connection in order
            self._disposed = True
            on_loop(self.loop, self._stop)

    def _stop(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._final = self.snapshot("cancelled" if self.context.cancelled else "stopped")
        if self.cut is not None:
            self.cut()
        if self._task is not asyncio.current_task():  # a task that is running looks at `_disposed` itself
            self._cancel()

    def interrupt(self, error: StreamkitError) -> None:
        """Cancel what the producer awaits; it gets ``error`` from `interrupted` and may start over."""
        if self._interruption is None and not self._ended:
            self._interruption = error
            self._cancel()

    def interrupted(self) -> StreamkitError | None:
        """For a producer that caught CancelledError: the error of `interrupt`, after which the reading can go on; None
        if it was cancelled for another reason."""
        error, self._interruption = self._interruption, None
        if error is not None and self._task is not None and not self._disposed:
            self._cancelled = False
            self._task.uncancel()
            return error
        return None

    def defer_cancel(self) -> None:
        """Postpone cancellation until `allow_cancel`: an interrupted hand-over would leak its connection."""
        self._holds += 1

    def allow_cancel(self) -> None:
        self._holds -= 1
        if self._disposed or self._interruption is not None:
            self._cancel()

    def _cancel(self) -> None:
        # at most once: a second cancel would interrupt the closing that the first one began
        if self._task is not None and not self._cancelled and not self._holds:
            self._cancelled = True
            self._task.cancel()

    # -- reading ---------------------------------------------------------------------------------------------------

    def time(self) -> float:
        """Seconds on the loop's clock, which stands still for this reading while its gate keeps it waiting."""
        return self._gate_clock.time()

    def _begin(self) -> None:
        if self._disposed:
            self._finished()
            return
        self._task = self.loop.create_task(self._read(), name="streamkit reader")
        self._task.add_done_callback(self._finished)

    def _finished(self, _: object = None) -> None:
        live.discard(self)
        self.context.readings.discard(self)

    async def _read(self) -> None:
        batches = self._producer(self)
        try:
            await self._pump(batches)
            if not self._ended and not self._disposed:
                raise BrokenError("the source ended without a reply")
        except BaseException as exc:
            self._on_exception(exc)
        try:
            await batches.aclose()
        except BaseException as exc:
            if not is_cancel(exc):
                self._scheduler.operator_failed(exc)

    def _on_exception(self, exc: BaseException) -> None:
        if is_cancel(exc):
            if not self._disposed:  # cancelled from outside: the loop is being shut down
                self._fail(self._interruption or self._shutdown_error())
        elif isinstance(exc, StreamkitError) or exc is self.mistake:
            self._fail(exc)
        elif failure_of("the source", exc) is not None:
            self._fail(self._wrapped(BrokenError, "the source failed:", exc))
        else:  # KeyboardInterrupt or the like
            self._ended = True
            self.context.abort(exc)

    async def _pump(self, batches: AsyncGenerator[Iterable[Event], None]) -> None:
        """Pass batches to the observer. An error raised within a batch is thrown into its producer, which may start
        over."""
        try:
            batch = await anext(batches)
            while True:
                self.progress += 1
                try:
                    await self._pass_on(batch)
                except SinkError:
                    raise
                except StreamkitError as exc:
                    batch = await batches.athrow(exc)
                    continue
                if self._disposed:
                    return
                batch = await anext(batches)
        except StopAsyncIteration:
            return

    async def _pass_on(self, batch: Iterable[Event]) -> None:
        gate, waiters, emit = self.gate, self.gate.waiters, self._observer.on_next
        try:
            for event in batch:
                if gate.closed or waiters:
                    await self._gate_clock.turn()
                if self._disposed:
                    return
                if self.committed and type(event) is TextDelta:  # nearly all events, on the shortest path
                    emit(event)
                    self._has_content = True
                else:
                    self._deliver(event)
        except StreamkitError:
            raise
        except BaseException as exc:  # a producer raises only errors of this package within a batch
            if is_cancel(exc) or failure_of("an observer", exc) is None:
                raise
            raise self._wrapped(SinkError, "an observer raised", exc) from exc
        if self._has_content:
            self.last_content, self._has_content = self.time(), False

    def _deliver(self, event: Event) -> None:
        if type(event) is Reply:
            self._complete(event)
        elif type(event) in CONTENT:
            self._has_content = True
            self._commit(event)
        elif self.committed:
            self._observer.on_next(event)
        else:
            self._pending.append(event)
            if len(self._pending) > HELD:
                self._commit()

    def _commit(self, *last: Event) -> None:
        """Emit what was held back; from here on starting over would be visible."""
        self.committed = True
        pending, self._pending = self._pending, []
        for event in (*pending, *last):
            if self._disposed:
                return
            self._observer.on_next(event)

    def start_over(self) -> None:
        """Drop what was held back: a new attempt begins."""
        self._pending.clear()

    def _complete(self, reply: Reply) -> None:
        self._final = reply
        self._commit()
        if not self._disposed:
            self._ended = True
            self._observer.on_next(reply)
            self._observer.on_completed()

    def _shutdown_error(self) -> ShutdownError:
        return ShutdownError("the event loop was shut down", partial=self.snapshot(None))

    def _wrapped(
        self, kind: type[BrokenError] | type[SinkError], what: str, cause: BaseException
    ) -> BrokenError | SinkError:
        error = kind.wrapping(what, cause)
        with suppress(Exception):  # the snapshot may be what failed
            error.partial = self.snapshot(None)
        return error

    def _fail(self, error: Exception) -> None:
        trim(error)
        if self._ended or self._disposed:
            if self._ended or isinstance(error, SinkError):  # the observer that failed may not have passed on the end
                self._scheduler.report_at_far_end(self._scheduler.visible_error(error))
            return
        self._ended, self._final = True, error.partial if isinstance(error, StreamkitError) else self.snapshot("failed")
        try:
            self._commit()
        except BaseException as exc:
            self._scheduler.end(self._observer, error)  # the error that ended the reading matters most
            self._scheduler.operator_failed(exc)
        else:
            self._scheduler.end(self._observer, error)
