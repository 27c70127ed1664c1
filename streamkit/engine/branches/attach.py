"""Branches in the middle of a chain, for streams that are iterated, piped on or subscribed to without a run."""

from __future__ import annotations

from functools import partial
from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import Disposable, SingleAssignmentDisposable

from ...errors import SinkError
from ...events import Reply
from ..failures import ShutdownError, with_notes
from ..loops import enter, leave
from ..streams import kind_of
from ..upstream import RunScheduler, scheduler_for
from .branch import Branch, check_kinds
from .claims import SinkClaim
from .fan import Fan

__all__ = ["Attached"]


class Attached(Observable[Any]):
    """The items of its source, each emitted after every branch has got it; the end comes when the branches have ended
    too."""

    def __init__(self, source: Observable[Any], branches: tuple[Branch, ...]) -> None:
        super().__init__()
        check_kinds(kind_of(source), branches)
        self._source, self._branches = source, branches

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        claim, upstream = SinkClaim(run.context, run.loop), SingleAssignmentDisposable()
        try:
            claim.take(self._branches)
        except SinkError as error:
            return _refused(run, error)

        def begin() -> None:
            if claim.refused is not None:
                claim.release()
                _refused(run, claim.refused, observer)
                return
            attachment = _Attachment(observer, run, self._branches, claim)
            if claim.left:
                attachment.leave()  # its branches are closed all the same
            else:
                upstream.disposable = attachment.connect(self._source)

        def leave() -> None:
            claim.left = True
            upstream.dispose()

        if claim.waits:
            claim.begin(partial(run.call, begin))
        else:
            begin()
        return Disposable(leave)


def _refused(run: RunScheduler, error: SinkError, observer: abc.ObserverBase[Any] | None = None) -> abc.DisposableBase:
    """Pass ``error`` to the far end of the chain. An operator in between would treat it as a stream that has failed,
    and go on with another one."""
    if run.has_far_end:
        run.report_at_far_end(error)
    elif observer is None:
        raise error
    else:
        observer.on_error(error)
    return Disposable()


class _Attachment(abc.ObserverBase[Any]):
    """One subscription to an `Attached`: observes its source, and ends on the loop when its branches have ended."""

    def __init__(
        self, observer: abc.ObserverBase[Any], scheduler: RunScheduler, branches: tuple[Branch, ...], claim: SinkClaim
    ) -> None:
        self._observer, self._scheduler, self._claim = observer, scheduler, claim
        try:
            self._fan = Fan(branches, scheduler)
        except BaseException:
            claim.release()
            raise
        claim.last = lambda: self._fan.last
        self._upstream: abc.DisposableBase | None = None
        self._reply: Reply | None = None
        self._error: Exception | None = None
        self._left = self._ends = False

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        try:
            self._upstream = source.subscribe(self, scheduler=self._scheduler.derive(gate=self._fan.gate))
        except BaseException:  # an exception that Rx does not turn into on_error
            self.leave()
            raise
        return Disposable(self.leave)

    def on_next(self, item: Any) -> None:
        if isinstance(item, Reply):
            self._reply = item
        self._fan.on_next(item)
        self._observer.on_next(item)

    def on_error(self, error: Exception) -> None:
        self._claim.ended = True
        self._scheduler.on_loop(self._close, error)

    def on_completed(self) -> None:
        self._claim.ended = True
        self._scheduler.on_loop(self._close, None)

    def leave(self) -> None:
        self._left = self._claim.left = True
        self._fan.halt()
        if self._upstream is not None:
            self._scheduler.dispose_safely(self._upstream)
        self._scheduler.on_loop(self._close, None)

    def _close(self, error: Exception | None) -> None:
        cut = self._left or isinstance(error, ShutdownError)
        if cut:
            self._fan.stop()
        if self._ends:
            return
        self._ends = True  # set first: a reader that is collected during the calls below leaves this stream
        if not cut:
            self._fan.end(error)
        loop, context = self._scheduler.loop, self._scheduler.context
        enter(loop, self)
        self._error = error
        context.insist(loop, self._close_sinks, self.give_up, "streamkit attached branches")

    def loop_ends(self) -> None:
        """Give the branches, which are being closed already, a few seconds from now on."""
        self._fan.stop()

    def give_up(self) -> None:
        """Close the branches without waiting, as the loop goes away."""
        self._claim.ended = True
        self._fan.stop()
        self._finish(self._fan.abandon(self._reply_so_far()))

    def _reply_so_far(self) -> Reply:
        context = self._scheduler.context
        source = context.current()
        try:
            if self._reply is not None:
                return self._reply
            if source is not None:
                return source.reply()
            cut = context.cancelled or isinstance(self._error, ShutdownError)
            return Reply(outcome="cancelled" if cut else "stopped" if self._left else "complete")
        except BaseException as exc:  # raised by a user's stage further downstream
            self._scheduler.operator_failed(exc)
            return Reply(outcome="failed")

    async def _close_sinks(self) -> None:
        self._finish(await self._fan.close_sinks(self._error, self._reply_so_far()))

    def _finish(self, failures: list[Exception]) -> None:
        leave(self._scheduler.loop, self)
        self._claim.release()
        failures, context = [self._scheduler.visible_error(one) for one in failures], self._scheduler.context
        error = self._error
        if context.failures is not None:
            context.failures.extend(failures)
        elif self._left:
            for failure in failures:
                self._scheduler.report_at_far_end(failure)
        elif failures:
            error = failures.pop(0) if error is None else error
            with_notes(error, failures)
        if not self._left:
            self._scheduler.end(self._observer, error)
