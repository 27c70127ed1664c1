"""What travels upstream with a subscription: the scheduler is the only thing besides dispose that does in Rx.

streamkit's scheduler carries the gate, the clock (its loop) and the context of the run; there is no second carrier.
A foreign scheduler has none of them: then a subscription has a context of its own, and nothing holds it back.
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

from ...errors import SinkError, StreamkitError
from ...events import Choice, Reply
from ..loops import failure_of, loop_of, on_loop, report, runs_here
from .context import ByteListener, Context, ReplySource
from .gate import Gate
from .withoutcontext import call_without_context

__all__ = ["ReplyFilter", "RunScheduler", "as_part", "clock", "figures", "scheduler_for"]

T = TypeVar("T")
ReplyFilter: TypeAlias = Callable[[Reply], Reply]
ErrorFilter: TypeAlias = Callable[[Exception], Exception]


class RunScheduler(AsyncIOThreadSafeScheduler):
    """Schedules on the loop of the run, and carries to the sources what they have to know:

    - ``gate`` and ``context`` of the run
    - ``tap``: makes a `ByteListener` for each source, while a recording is made
    - ``reply_filter`` of the operators downstream that change replies: what the run may show of a reply of this source
    - ``error_filter`` of those that hide text: the same for errors
    - ``cover``: the filter of the outer chain, where this one is part of another (a stream within `map_async`)
    - ``broken``, in a branch: is called with what an operator raises where no observer can be told
    - ``sources``: the list in which a source enters itself; the reply of the last one may be the reply of the run
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        gate: Gate | None = None,
        context: Context | None = None,
        tap: Callable[[], ByteListener] | None = None,
        reply_filter: ReplyFilter | None = None,
        sources: list[ReplySource] | None = None,
        error_filter: ErrorFilter | None = None,
        cover: ReplyFilter | None = None,
        broken: Callable[[BaseException], None] | None = None,
    ) -> None:
        super().__init__(loop)
        self.gate = gate or Gate()
        self.context = context or Context()
        self.tap = tap
        self.reply_filter, self.error_filter, self.cover, self.broken = reply_filter, error_filter, cover, broken
        self.sources = self.context.main if sources is None else sources

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    @property
    def now(self) -> datetime:
        """The date that operators like ``delay`` reckon with: the loop's own if its time is virtual."""
        date: Callable[[], datetime] | None = getattr(self._loop, "date", None)
        return date() if date is not None else super().now

    def derive(
        self,
        *,
        gate: Gate | None = None,
        tap: Callable[[], ByteListener] | None = None,
        reply_filter: ReplyFilter | None = None,
        sources: list[ReplySource] | None = None,
        error_filter: ErrorFilter | None = None,
    ) -> RunScheduler:
        """The same run with another gate, with a recorder, with one more filter (the one furthest downstream is applied
        last), or with a list of sources of its own."""
        return RunScheduler(
            self._loop,
            gate or self.gate,
            self.context,
            tap or self.tap,
            _both(self.reply_filter, reply_filter),
            self.sources if sources is None else sources,
            _both(self.error_filter, error_filter),
            self.cover,
            self.broken,
        )

    def aside(self, gate: Gate, broken: Callable[[BaseException], None]) -> RunScheduler:
        """The same run for a branch, beside its main chain: what that does to replies does not concern it, and what it
        asks is not the run's own reply. Where the chain hides something, a run tells of such replies the figures."""
        return self._beside(gate, None if self.error_filter is None else figures, broken)

    def within(self, gate: Gate) -> RunScheduler:
        """The same run for a stream whose items become some of this place's own: what it asks is not the run's reply
        either. Where the chain hides something, a run tells no more text of it than was let through."""
        return self._beside(gate, None if self.error_filter is None else as_part(self.reply_filter), self.broken)

    def _beside(
        self, gate: Gate, cover: ReplyFilter | None, broken: Callable[[BaseException], None] | None
    ) -> RunScheduler:
        cover = _both(self.cover, cover)
        return RunScheduler(
            self._loop, gate, self.context, sources=[], error_filter=self.error_filter, cover=cover, broken=broken
        )

    # -- what a run may tell ---------------------------------------------------------------------------------------

    def visible_reply(self, reply: Reply) -> Reply:
        """A source's ``reply`` as far as it is let through below."""
        shown = reply if self.reply_filter is None else self.reply_filter(reply)
        return shown if self.cover is None else self.cover(shown)

    def visible_error(self, error: Exception) -> Exception:
        """``error`` as far as it is let through below: for one that reaches the run by another way than the chain."""
        if self.error_filter is None:
            return error
        try:
            return call_without_context(self.error_filter, error)
        except BaseException as exc:  # of the user's stage; the error itself must not get past it
            failure = failure_of("a stage", exc)
            if failure is not None:
                return failure
            self.context.abort(exc)
            return SinkError("a stage raised what ends the run")

    # -- boundaries ------------------------------------------------------------------------------------------------

    def end(self, observer: abc.ObserverBase[Any], error: Exception | None) -> None:
        """Tell ``observer`` of the end, and the far end of the chain if that fails: nobody else would."""
        try:
            if error is None:
                observer.on_completed()
            else:
                observer.on_error(error)
        except BaseException as exc:
            if error is not None:  # perhaps it was not passed on
                self.lost(self.visible_error(error))
            if exc is not error:  # as a bare observer of Rx raises what it is told
                self.broke(exc)

    @property
    def has_far_end(self) -> bool:
        """Whether `lost` tells anybody but the log: a bare subscription on a foreign scheduler has nobody else."""
        return self.broken is not None or self.context.lost is not report

    def lost(self, error: Exception) -> None:
        """Tell the far end of the chain, which is the run's or that of a branch, of an error that did not get there."""
        (self.broken or self.context.lost)(error)

    def broke(self, exc: BaseException) -> None:
        """An operator below raised ``exc``, and nobody above could be told: the far end of the chain is."""
        if failure_of("an operator", exc) is None:
            self.context.abort(exc)
            return
        error = exc if isinstance(exc, StreamkitError) else SinkError.wrapping("an operator raised", exc)
        if error is not exc:
            source = self.sources[-1] if self.sources else self.context.current()
            with suppress(BaseException):  # of a user's stage, asked what it let through; there is other news
                error.partial = source.reply() if source is not None else error.partial
        self.lost(self.visible_error(error))

    def let_go(self, subscription: abc.DisposableBase) -> None:
        """Dispose of what nobody listens to any more. If somebody's own dispose raises, that is told, and what it kept
        from being disposed of is ended all the same."""
        try:
            subscription.dispose()
        except BaseException as exc:
            self.context.stop_reading()
            self.broke(exc)

    def call(self, action: Callable[..., Any], *args: Any) -> Any:
        """``action(*args)`` in a task, a timer or a callback of the loop: above it there is nobody to raise at."""
        try:
            return action(*args)
        except BaseException as exc:
            self.broke(exc)

    def on_loop(self, action: Callable[..., Any], *args: Any) -> None:
        """Call ``action`` on the loop: now if that is where we are, and then it raises as any call does; else soon."""
        if runs_here(self._loop):
            action(*args)
        else:
            on_loop(self._loop, self.call, action, *args)

    def invoke_action(self, action: abc.ScheduledAction[T], state: T | None = None) -> abc.DisposableBase:
        """What a timer calls, those of stock operators too."""
        return self.call(super().invoke_action, action, state) or Disposable()


def _both(last: Callable[[T], T] | None, first: Callable[[T], T] | None) -> Callable[[T], T] | None:
    if last is None or first is None:
        return last or first
    return lambda value: last(first(value))


def as_part(below: ReplyFilter | None) -> ReplyFilter | None:
    """What may be told of a reply that is a part of what passes ``below``: no more text than was let through there. The
    figures stay its own, for below are those of the whole."""
    if below is None:
        return None

    def look(reply: Reply) -> Reply:
        shown, own = below(reply), figures(reply)
        return replace(
            own, choices=shown.choices, earlier=shown.earlier, answers=shown.answers, warnings=shown.warnings
        )

    return look


def figures(reply: Reply) -> Reply:
    """``reply`` without any text, and without what the server sent besides."""
    usage = None if reply.usage is None else replace(reply.usage, raw=None)
    return replace(reply, choices=(Choice(),), usage=usage, earlier=(), answers=(), warnings=(), raw=None)


def scheduler_for(scheduler: abc.SchedulerBase | None) -> RunScheduler:
    """``scheduler`` if it is ours, else a fresh one on the loop that the loop rule names."""
    return scheduler if isinstance(scheduler, RunScheduler) else RunScheduler(loop_of(scheduler))


def clock(scheduler: abc.SchedulerBase | None) -> abc.SchedulerBase:
    """The scheduler on which an operator sets its timers: ``scheduler`` itself if it keeps time on a loop or
    virtually, else one on the loop that the loop rule names (stock timers would each start a thread)."""
    if isinstance(scheduler, (AsyncIOScheduler, VirtualTimeScheduler)):
        return scheduler
    return scheduler_for(scheduler)
