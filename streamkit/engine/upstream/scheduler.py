"""The scheduler of a run. In Rx the scheduler is the only thing besides dispose that travels upstream.

streamkit's scheduler carries the gate, the clock (its loop) and the context of the run; there is no second carrier.
With a foreign scheduler, which has none of these, a subscription gets a context of its own and is never held back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from reactivex import abc
from reactivex.disposable import Disposable
from reactivex.scheduler import VirtualTimeScheduler
from reactivex.scheduler.eventloop import AsyncIOScheduler, AsyncIOThreadSafeScheduler

from ...errors import SinkError
from ...events import Choice, Reply
from ..failures import failure_of, own_error, report
from ..loops import loop_of, on_loop, runs_here
from .context import ByteListener, Context, ReplySource
from .gate import Gate
from .without_context import call_without_context

__all__ = ["ReplyFilter", "RunScheduler", "as_part", "clock", "figures", "scheduler_for"]

T = TypeVar("T")
ReplyFilter: TypeAlias = Callable[[Reply], Reply]
ErrorFilter: TypeAlias = Callable[[Exception], Exception]


class RunScheduler(AsyncIOThreadSafeScheduler):
    """Schedules on the loop of the run, and carries to the sources what they need:

    - ``gate`` and ``context`` of the run
    - ``make_byte_listener``: makes a `ByteListener` for each source, while a recording is made
    - ``reply_filter`` of the operators downstream that change replies: reduces a reply of this source to what the run
      may show of it
    - ``error_filter`` of those that hide text: the same for errors
    - ``cover``: the filter of the outer chain, where this one is part of another (a stream within `map_async`)
    - ``on_branch_error``, in a branch: is called with an error that did not arrive at the end of that branch
    - ``sources``: the list to which a source adds itself; the reply of the last one may be the reply of the run
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        gate: Gate | None = None,
        context: Context | None = None,
        make_byte_listener: Callable[[], ByteListener] | None = None,
        reply_filter: ReplyFilter | None = None,
        sources: list[ReplySource] | None = None,
        error_filter: ErrorFilter | None = None,
        cover: ReplyFilter | None = None,
        on_branch_error: Callable[[BaseException], None] | None = None,
    ) -> None:
        super().__init__(loop)
        self.gate = gate or Gate()
        self.context = context or Context()
        self.make_byte_listener = make_byte_listener
        self.reply_filter, self.error_filter, self.cover = reply_filter, error_filter, cover
        self.on_branch_error = on_branch_error
        self.sources = self.context.main if sources is None else sources

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

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
        sources: list[ReplySource] | None = None,
        error_filter: ErrorFilter | None = None,
    ) -> RunScheduler:
        """A scheduler of the same run with another gate, with a recorder, with one more filter (the filter furthest
        downstream is applied last), or with a list of sources of its own."""
        return RunScheduler(
            self._loop,
            gate or self.gate,
            self.context,
            make_byte_listener or self.make_byte_listener,
            _both(self.reply_filter, reply_filter),
            self.sources if sources is None else sources,
            _both(self.error_filter, error_filter),
            self.cover,
            self.on_branch_error,
        )

    def aside(self, gate: Gate, on_branch_error: Callable[[BaseException], None]) -> RunScheduler:
        """A scheduler of the same run for a branch, beside the main chain. The reply filters of the main chain do not
        apply to it, and the replies of its requests are not the run's own reply. Where the chain hides something, the
        run shows only the figures of such replies."""
        return self._beside(gate, None if self.error_filter is None else figures, on_branch_error)

    def within(self, gate: Gate) -> RunScheduler:
        """A scheduler of the same run for a stream whose items are emitted at this place. The replies of its requests
        are not the run's reply either. Where the chain hides something, the run shows no more of their text than the
        chain let through."""
        cover = None if self.error_filter is None else as_part(self.reply_filter)
        return self._beside(gate, cover, self.on_branch_error)

    def _beside(
        self, gate: Gate, cover: ReplyFilter | None, on_branch_error: Callable[[BaseException], None] | None
    ) -> RunScheduler:
        cover = _both(self.cover, cover)
        return RunScheduler(
            self._loop,
            gate,
            self.context,
            sources=[],
            error_filter=self.error_filter,
            cover=cover,
            on_branch_error=on_branch_error,
        )

    # -- what a run may show ---------------------------------------------------------------------------------------

    def visible_reply(self, reply: Reply) -> Reply:
        """The part of a source's ``reply`` that the operators downstream let through."""
        visible = reply if self.reply_filter is None else self.reply_filter(reply)
        return visible if self.cover is None else self.cover(visible)

    def visible_error(self, error: Exception) -> Exception:
        """The part of ``error`` that the operators downstream let through, for an error that reaches the run by another
        way than the chain."""
        if self.error_filter is None:
            return error
        try:
            return call_without_context(self.error_filter, error)
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
            if error is None:
                observer.on_completed()
            else:
                observer.on_error(error)
        except BaseException as exc:
            if error is not None:  # the observer may not have passed it on
                self.report_at_far_end(self.visible_error(error))
            if exc is not error:  # a bare observer of Rx raises the error that it gets
                self.operator_failed(exc)

    @property
    def has_far_end(self) -> bool:
        """True if `report_at_far_end` reaches more than the log, which is all that a bare subscription on a foreign
        scheduler has."""
        return self.on_branch_error is not None or self.context.report_at_far_end is not report

    def report_at_far_end(self, error: Exception) -> None:
        """Report an error at the far end of the chain, which is the run's or a branch's, as it did not arrive there."""
        (self.on_branch_error or self.context.report_at_far_end)(error)

    def operator_failed(self, exc: BaseException) -> None:
        """Report ``exc``, which an operator downstream raised, at the far end of the chain, as no caller can get it."""
        if failure_of("an operator", exc) is None:
            self.context.abort(exc)
            return
        error = own_error("an operator", exc)
        if error is not exc:
            source = self.sources[-1] if self.sources else self.context.current()
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


def _both(last: Callable[[T], T] | None, first: Callable[[T], T] | None) -> Callable[[T], T] | None:
    if last is None or first is None:
        return last or first
    return lambda value: last(first(value))


def as_part(downstream: ReplyFilter | None) -> ReplyFilter | None:
    """A filter for a reply that is one part of what passes the filter ``downstream``: it keeps no more text than that
    let through. The figures stay those of the part, as downstream there are only those of the whole."""
    if downstream is None:
        return None

    def filter_part(reply: Reply) -> Reply:
        visible, own = downstream(reply), figures(reply)
        return replace(
            own, choices=visible.choices, earlier=visible.earlier, answers=visible.answers, warnings=visible.warnings
        )

    return filter_part


def figures(reply: Reply) -> Reply:
    """``reply`` without any text and without the raw data of the server."""
    usage = None if reply.usage is None else replace(reply.usage, raw=None)
    return replace(reply, choices=(Choice(),), usage=usage, earlier=(), answers=(), warnings=(), raw=None)


def scheduler_for(scheduler: abc.SchedulerBase | None) -> RunScheduler:
    """``scheduler`` if it is a `RunScheduler`, else a new one on the loop that the loop rule names."""
    return scheduler if isinstance(scheduler, RunScheduler) else RunScheduler(loop_of(scheduler))


def clock(scheduler: abc.SchedulerBase | None) -> abc.SchedulerBase:
    """The scheduler on which an operator sets its timers: ``scheduler`` itself if its time is that of a loop or
    virtual, else one on the loop that the loop rule names (stock timers would each start a thread)."""
    if isinstance(scheduler, (AsyncIOScheduler, VirtualTimeScheduler)):
        return scheduler
    return scheduler_for(scheduler)
