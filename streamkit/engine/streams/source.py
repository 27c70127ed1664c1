"""A cold Observable of events: one subscription is one task on one loop, reading one request.

A producer is an async generator of batches, one batch for each network read; it raises errors of this package's family
only after it has yielded everything that arrived before. Between two events the reader checks its gate, and whether the
subscription was disposed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

from reactivex import Observer, abc
from reactivex.internal import noop

from ...errors import BrokenError, SinkError, StreamkitError
from ...events import Event, Outcome, Reply, TextDelta
from ...prelude import Prelude, commits
from ..failures import ShutdownError, failure_of, trim
from ..loops import is_cancel
from ..upstream import GateClock, Place, RunScheduler, SentRequest, scheduler_for
from .direct import DirectSource
from .source_task import SourceTask
from .stopwatch import Stopwatch

__all__ = ["Producer", "Reading", "Source"]

SILENT: abc.ObserverBase[Event] = Observer(noop, noop, noop)

Producer: TypeAlias = "Callable[[Reading], AsyncGenerator[Iterable[Event], None]]"


class Source(DirectSource):
    """Subscribing makes the request; the last item is the `Reply`."""

    def __init__(self, producer: Producer) -> None:
        super().__init__()
        self._producer = producer

    def _subscribe_core(
        self, observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        return Reading(self._producer, observer, scheduler_for(scheduler))


class Reading(SourceTask):
    """One subscription to a source: a task on the run's loop that drives the producer. Made when the source is
    subscribed to; it is over at the end of the reply, at an error, or when it is disposed.

    The producer gets it as its argument. It sets ``snapshot`` (makes the reply so far) and perhaps ``server`` (the name
    of the server, for messages), ``sent_request`` (the request that a server accepted) and ``keeps_text``. It may defer
    ``cancelling`` while it must not be interrupted and set ``cut`` (called at once when cancelled, to shut a socket),
    checks ``committed`` before it starts over, and calls `start_over` when it does. A mistake in the user's own code is
    not a failure of the source: the producer assigns it to ``mistake`` and raises it, and it is passed on unchanged.
    """

    def __init__(self, producer: Producer, observer: abc.ObserverBase[Event], scheduler: RunScheduler) -> None:
        super().__init__(observer, scheduler)
        make_byte_listener = scheduler.make_byte_listener
        self.byte_listener = make_byte_listener() if make_byte_listener is not None else None
        self.snapshot: Callable[[Outcome | None], Reply] = lambda outcome: Reply(outcome=outcome or "truncated")
        self.cut: Callable[[], None] | None = None
        self.sent_request: SentRequest | None = None
        self.server, self.keeps_text = "", True
        self.mistake: Exception | None = None
        self.has_content = False
        """Set when a batch with content was delivered; the producer may clear it."""
        self.clock = GateClock(self.gate, self.loop.time)
        """The loop's clock, which stands still for this reading while its gate keeps it waiting."""
        self.stopwatch = Stopwatch(self.clock.time)
        self._flows = False
        """True once content has come, of this attempt, and nothing is held back: nearly all that follows is text."""
        self._producer, self._prelude = producer, Prelude()
        self._final: Reply | None = None
        self.context.replies.append(self)
        scheduler.sources.append(self)
        self._start(lambda: self.loop.create_task(self._read(), name="streamkit reader"))

    # -- seen from outside ------------------------------------------------------------------------------------------

    def reply(self, outcome: Outcome | None = None, upto: Place | None = None) -> Reply:
        """The reply so far, or the final one; callable from any thread."""
        outcome = outcome or ("cancelled" if self.context.cancelled else "truncated")
        return self._scheduler.visible_reply(self._final or self._timed(self.snapshot(outcome)), upto)

    def dispose(self) -> None:
        if self._ended:  # by an observer of the last signals, after which none must come
            self._observer = SILENT
        super().dispose()

    @property
    def stands_alone(self) -> bool:
        return bool(self.server) and not self.gate.closed  # a closed gate: it waits for some sink

    def describe(self) -> str:
        return f"the reply of {self.server}" if self.server else "a reply"

    async def ended(self) -> None:
        task = self.cancelling.task
        if task is not None and task is not asyncio.current_task():
            await asyncio.wait([task])

    # -- seen from the producer -------------------------------------------------------------------------------------

    @property
    def committed(self) -> bool:
        """True once content was delivered: starting over would be visible."""
        return self._prelude.decided

    def start_over(self) -> None:
        """Drop what was held back: a new attempt begins."""
        self._prelude, self._flows = Prelude(), False
        self.stopwatch.start_over()

    def interrupt(self, error: StreamkitError) -> None:
        """Cancel what the producer awaits; it gets ``error`` from ``cancelling`` and may start over."""
        if not self._ended:
            self.cancelling.interrupt(error)

    # -- reading ---------------------------------------------------------------------------------------------------

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

    async def _pump(self, batches: AsyncGenerator[Iterable[Event], None]) -> None:
        """Pass batches to the observer. An error raised within a batch is thrown into its producer, which may start
        over."""
        gate, waiters, emit = self.gate, self.gate.waiters, self._observer.on_next
        try:
            batch = await anext(batches)
            while True:
                self.progress += 1
                try:
                    for event in batch:  # here and not in a coroutine of its own, which each read would have to make
                        if gate.closed or waiters:
                            await self.clock.turn()
                        if self._disposed:
                            return
                        if self._flows and type(event) is TextDelta:  # nearly all events, on the shortest path
                            emit(event)
                            self.has_content = True
                        else:
                            self._pass_on(event)
                except StreamkitError as exc:
                    if isinstance(exc, SinkError):
                        raise
                    batch = await batches.athrow(exc)
                except BaseException as exc:  # a producer raises only errors of this package within a batch
                    if is_cancel(exc) or failure_of("an observer", exc) is None:
                        raise
                    raise self._wrapped(SinkError, "an observer raised", exc) from exc
                else:
                    if self._disposed:
                        return
                    batch = await anext(batches)
        except StopAsyncIteration:
            return

    def _pass_on(self, event: Event) -> None:
        if type(event) is Reply:
            self._complete(event)
        else:
            self.has_content = self.has_content or commits(event)
            if not self._flows:
                self._flows = self.stopwatch.note(type(event), self.progress) and commits(event)
            self._emit(self._prelude.feed(event))

    def _emit(self, events: Iterable[Event]) -> None:
        for event in events:
            if self._disposed:
                return
            self._observer.on_next(event)

    # -- the end ---------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        if not self._ended:
            super()._stop()
            self.stopwatch.stop()
            self._final = self._timed(self.snapshot("cancelled" if self.context.cancelled else "stopped"))
            if self.cut is not None:
                self.cut()

    def _complete(self, reply: Reply) -> None:
        self.stopwatch.stop()
        self._final = reply = self._timed(reply, whole=True)
        self._emit(self._prelude.flush())
        if not self._disposed:
            self._ended = True
            self._observer.on_next(reply)
            self._observer.on_completed()

    def _on_failure(self, exc: BaseException) -> None:
        if isinstance(exc, StreamkitError) or exc is self.mistake:
            self._end(exc)
        else:
            self._end(self._wrapped(BrokenError, "the source failed:", exc))

    def _shutdown_error(self) -> ShutdownError:
        return ShutdownError("the event loop was shut down", partial=self.snapshot(None))

    def _timed(self, reply: Reply, *, whole: bool = False) -> Reply:
        """``reply`` with its timing, unless it has one."""
        if reply.timing is not None:
            return reply
        return replace(reply, timing=self.stopwatch.timing(reply if whole else None, self.progress))

    def _wrapped(
        self, kind: type[BrokenError] | type[SinkError], what: str, cause: BaseException
    ) -> BrokenError | SinkError:
        error = kind.wrapping(what, cause)
        with suppress(Exception):  # the snapshot may be what failed
            error.partial = self.snapshot(None)
        return error

    def _end(self, error: Exception) -> None:
        trim(error)
        if self._ended or self._disposed:
            if self._ended or isinstance(error, SinkError):  # the observer that failed may not have passed on the end
                self._scheduler.report_at_far_end(self._scheduler.visible_error(error))
            return
        self.stopwatch.stop()
        if isinstance(error, StreamkitError):
            error.partial = self._timed(error.partial)
        self._ended = True
        self._final = error.partial if isinstance(error, StreamkitError) else self._timed(self.snapshot("failed"))
        try:
            self._emit(self._prelude.flush())
        except BaseException as exc:
            self._scheduler.end(self._observer, error)  # the error that ended the reading matters most
            self._scheduler.operator_failed(exc)
        else:
            self._scheduler.end(self._observer, error)
