"""The scheduler of a run. In Rx the scheduler is the only thing besides dispose that travels upstream.

streamkit's scheduler carries the gate, the clock (its loop), the context and the place in the chain; there is no second
carrier.
With a foreign scheduler, which has none of these, a subscription gets a context of its own and is never held back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from reactivex import abc
from reactivex.disposable import Disposable
from reactivex.scheduler import VirtualTimeScheduler
from reactivex.scheduler.eventloop import AsyncIOScheduler, AsyncIOThreadSafeScheduler

from ...errors import SinkError
from ...events import Reply
from ..failures import failure_of, own_error, report
from ..loops import loop_of, on_loop, runs_here
from .context import ByteListener, Context
from .first_end import pass_end
from .gate import Gate
from .place import ErrorFilter, Place, ReplyFilter, ReplySource, Sources, figures
from .without_context import call_without_context

__all__ = ["RunScheduler", "clock", "scheduler_for"]

T = TypeVar("T")


class RunScheduler(AsyncIOThreadSafeScheduler):
    """Schedules on the loop of the run, and carries to the sources what they need:

    - ``gate`` and ``context`` of the run
    - ``place``: the place in the chain, with what the operators downstream of it let through, and the list to which a
      source adds itself
    - ``make_byte_listener``: makes a `ByteListener` for each source, while a recording is made
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        gate: Gate | None = None,
        context: Context | None = None,
        place: Place | None = None,
        make_byte_listener: Callable[[], ByteListener] | None = None,
    ) -> None:
        super().__init__(loop)
        self.gate = gate or Gate()
        self.context = context or Context()
        self.place = place or self.context.end
        self.make_byte_listener = make_byte_listener

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    @property
    def sources(self) -> list[ReplySource]:
        return self.place.sources

    @property
    def now(self) -> datetime:
        """The time that operators like ``delay`` use: the loop's own if its time is virtual."""
        date: Callable[[], datetime] | None = getattr(self._loop, "date", None)
        return date() if date is not None else super().now

    def derive(
        self,
        *,
        gate: Gate | None = None,
        make_byte_listener: Callable[[], ByteListener] | None = None,
        reply_filter: ReplyFilter | None = None,
        error_filter: ErrorFilter | None = None,
        place: Place | None = None,
    ) -> RunScheduler:
        """A scheduler of the same run with another gate, with a recorder, with further filters, or for another
        place."""
        if reply_filter is not None or error_filter is not None:
            place = Place(self.place, reply_filter=reply_filter, error_filter=error_filter)
        return RunScheduler(
            self._loop,
            gate or self.gate,
            self.context,
            place or self.place,
            make_byte_listener or self.make_byte_listener,
        )

    def with_place(self) -> RunScheduler:
        """A scheduler of the same run with a place of its own, which knows the sources upstream of it."""
        return self.derive(place=Place(self.place, sources=Sources(self.sources)))

    def for_part(self) -> RunScheduler:
        """A scheduler of the same run for a part of a composite reply: its sources are known at this place only."""
        return self.derive(place=Place(self.place, sources=[], is_part=True))

    def aside(self, gate: Gate, report_at_far_end: Callable[[BaseException], None]) -> RunScheduler:
        """A scheduler of the same run for a branch, beside the main chain. The reply filters of the main chain do not
        apply to it, and the replies of its requests are not the run's own reply. Where the chain hides something, the
        run shows only the figures of such replies."""
        hides = self.place.hides
        end = Place(reply_filter=figures, error_filter=self.place.show_error) if hides else Place()
        end.report_at_far_end = report_at_far_end
        return RunScheduler(self._loop, gate, self.context, end)

    def within(self, gate: Gate) -> RunScheduler:
        """A scheduler of the same run for a stream whose items are emitted at this place. The replies of its requests
        are not the run's reply either. Where the chain hides something, the run shows no more of their text than the
        chain let through."""
        end = Place(self.place if self.place.hides else None, sources=[], is_part=True)
        end.report_at_far_end = self.place.report_at_far_end
        return RunScheduler(self._loop, gate, self.context, end)

    # -- what a run may show ---------------------------------------------------------------------------------------

    def visible_reply(self, reply: Reply, upto: Place | None = None) -> Reply:
        """The part of a source's ``reply`` that the operators downstream let through, as far as the place ``upto``."""
        return self.place.show(reply, upto)

    def visible_error(self, error: Exception) -> Exception:
        """The part of ``error`` that the operators downstream let through, for an error that reaches the run by another
        way than the chain."""
        if not self.place.hides:
            return error
        try:
            return call_without_context(self.place.show_error, error)
        except BaseException as exc:  # raised by a user's stage; the error itself must not be shown unfiltered
            failure = failure_of("a stage", exc)
            if failure is not None:
                return failure
            self.context.abort(exc)
            return SinkError("a stage raised what ends the run")

    # -- boundaries ------------------------------------------------------------------------------------------------

    def end(self, observer: abc.ObserverBase[Any], error: Exception | None) -> None:
        """Pass the end to ``observer``. If that raises, report the error at the far end of the chain, as no caller gets
        it."""
        try:
            pass_end(observer, error)
        except BaseException as exc:
            if error is not None:  # the observer may not have passed it on
                self.report_at_far_end(self.visible_error(error))
            if exc is not error:  # a bare observer of Rx raises the error that it gets
                self.operator_failed(exc)

    @property
    def has_far_end(self) -> bool:
        """True if `report_at_far_end` reaches more than the log, which is all that a bare subscription on a foreign
        scheduler has."""
        return self.place.report_at_far_end is not report

    def report_at_far_end(self, error: Exception) -> None:
        """Report an error at the far end of the chain, which is the run's or a branch's, as it did not arrive there."""
        self.place.report_at_far_end(error)

    def operator_failed(self, exc: BaseException) -> None:
        """Report ``exc``, which an operator downstream raised, at the far end of the chain, as no caller can get it."""
        if failure_of("an operator", exc) is None:
            self.context.abort(exc)
            return
        error = own_error("an operator", exc)
        if error is not exc:
            source = self.place.source or self.context.current()
            with suppress(BaseException):  # raised by a user's stage that filters replies; ``error`` matters more
                error.partial = source.reply() if source is not None else error.partial
        self.report_at_far_end(self.visible_error(error))

    def dispose_safely(self, subscription: abc.DisposableBase) -> None:
        """Dispose ``subscription``. If a user's dispose function raises, that is reported at the far end of the
        chain, and the readings that it kept from being disposed are ended all the same."""
        try:
            subscription.dispose()
        except BaseException as exc:
            self.context.stop_reading()
            self.operator_failed(exc)

    def call(self, action: Callable[..., Any], *args: Any) -> Any:
        """Call ``action(*args)`` in a task, a timer or a callback of the loop, where no caller can get an exception."""
        try:
            return action(*args)
        except BaseException as exc:
            self.operator_failed(exc)

    def on_loop(self, action: Callable[..., Any], *args: Any) -> None:
        """Call ``action`` on the loop: now if the caller is on it, and then it raises as any call does; else soon."""
        if runs_here(self._loop):
            action(*args)
        else:
            on_loop(self._loop, self.call, action, *args)

    def invoke_action(self, action: abc.ScheduledAction[T], state: T | None = None) -> abc.DisposableBase:
        """Run the action of a timer, also of timers set by stock operators."""
        return self.call(super().invoke_action, action, state) or Disposable()


def scheduler_for(scheduler: abc.SchedulerBase | None) -> RunScheduler:
    """``scheduler`` if it is a `RunScheduler`, else a new one on the loop that the loop rule names."""
    return scheduler if isinstance(scheduler, RunScheduler) else RunScheduler(loop_of(scheduler))


def clock(scheduler: abc.SchedulerBase | None) -> abc.SchedulerBase:
    """The scheduler on which an operator sets its timers: ``scheduler`` itself if its time is that of a loop or
    virtual, else one on the loop that the loop rule names (stock timers would each start a thread)."""
    if isinstance(scheduler, (AsyncIOScheduler, VirtualTimeScheduler)):
        return scheduler
    return scheduler_for(scheduler)
