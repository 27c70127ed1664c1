"""Subscriptions to a stream with branches: the base of all, and those in the middle of a chain, which need no run."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from ...errors import SinkError
from ...events import Reply
from ..failures import ShutdownError, with_notes
from ..loops import enter, leave
from ..streams import kind_of
from ..upstream import RunScheduler, scheduler_for
from .claims import SinkClaim
from .description import Branch, check_kinds
from .fan import Fan

__all__ = ["Attached", "BranchedStream"]


class BranchedStream:
    """One subscription to a stream with branches, from the claim on their sinks until these are closed, exactly once.

    The subclass makes the ``fan`` as soon as the claim lets it begin.
    """

    __slots__ = ("_context", "_ends", "_error", "_scheduler", "_subscription", "claim", "fan")

    task: ClassVar[str]
    """The name of the task that closes the sinks."""

    def __init__(self, scheduler: RunScheduler) -> None:
        self.claim = SinkClaim(scheduler.context, scheduler.loop, self._last_item)
        self.fan: Fan | None = None
        self._scheduler, self._context = scheduler, scheduler.context
        self._subscription: abc.DisposableBase | None = None
        self._error: Exception | None = None
        self._ends = False

    @property
    def last(self) -> Any:
        return self._last_item()

    def _last_item(self) -> Any:
        return self.fan.last if self.fan is not None else None

    def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            self._scheduler.dispose_safely(subscription)

    def _end_branches(self, cut: bool) -> None:
        """Pass the end to the branches, unless they are ``cut`` short, and close their sinks."""
        if not self._ends:
            self._ends = True  # set first: a reader that is collected during the calls below ends this stream
            if self.fan is not None and not cut:
                self.fan.end(self._error)
            enter(self._scheduler.loop, self)
            self._context.insist(self._scheduler.loop, self._close, self.give_up, self.task)

    async def _close(self) -> None:
        reply = self._final_reply()
        failures = await self.fan.close_sinks(self._error, reply) if self.fan is not None else []
        await self._others_closed()
        self._finish(reply, failures)

    async def _others_closed(self) -> None:
        """Wait for what else is being closed."""

    def _stop_branches(self) -> None:
        """Give the branches a few seconds from now on."""
        if self.fan is not None:
            self.fan.stop()

    def loop_ends(self) -> None:
        self._stop_branches()

    def give_up(self) -> None:
        """Finish without waiting, as the loop goes away."""
        self.claim.ended = True
        reply = self._final_reply()
        self._stop_branches()
        self._finish(reply, self.fan.abandon(reply) if self.fan is not None else [])

    def _final_reply(self) -> Reply:
        raise NotImplementedError

    def _finish(self, reply: Reply, failures: list[Exception]) -> None:
        raise NotImplementedError


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
        attachment = _Attachment(observer, run)
        try:
            attachment.claim.take(self._branches)
        except SinkError as error:
            return _refused(run, error)
        begin = partial(attachment.begin, self._source, self._branches)
        if attachment.claim.waits:
            attachment.claim.begin(partial(run.call, begin))
        else:
            begin()
        return Disposable(attachment.leave)


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


class _Attachment(BranchedStream, abc.ObserverBase[Any]):
    """One subscription to an `Attached`: observes its source, and ends on the loop when its branches have ended."""

    __slots__ = ("_observer", "_reply")

    task = "streamkit attached branches"

    def __init__(self, observer: abc.ObserverBase[Any], scheduler: RunScheduler) -> None:
        super().__init__(scheduler)
        self._observer = observer
        self._reply: Reply | None = None

    def begin(self, source: Observable[Any], branches: tuple[Branch, ...]) -> None:
        if self.claim.refused is not None:
            self.claim.release()
            _refused(self._scheduler, self.claim.refused, self._observer)
            return
        try:
            self.fan = Fan(branches, self._scheduler)
            if not self.claim.left:
                scheduler = self._scheduler.derive(gate=self.fan.gate)
                self._subscription = source.subscribe(self, scheduler=scheduler)
        except BaseException:  # an exception that Rx does not turn into on_error
            if self.fan is None:
                self.claim.release()
            self.leave()
            raise
        if self.claim.left:
            self.leave()  # its branches are closed all the same

    def on_next(self, item: Any) -> None:
        assert self.fan is not None
        if isinstance(item, Reply):
            self._reply = item
        self.fan.on_next(item)
        self._observer.on_next(item)

    def on_error(self, error: Exception) -> None:
        self.claim.ended = True
        self._scheduler.on_loop(self._end, error)

    def on_completed(self) -> None:
        self.claim.ended = True
        self._scheduler.on_loop(self._end, None)

    def leave(self) -> None:
        self.claim.left = True
        if self.fan is not None:
            self.fan.halt()
            self._unsubscribe()
            self._scheduler.on_loop(self._end, None)

    def _end(self, error: Exception | None) -> None:
        cut = self.claim.left or isinstance(error, ShutdownError)
        if cut:
            self._stop_branches()
        if not self._ends:
            self._error = error
            self._end_branches(cut)

    def _final_reply(self) -> Reply:
        context = self._context
        source = context.current()
        try:
            if self._reply is not None:
                return self._reply
            if source is not None:
                return source.reply()
            cut = context.cancelled or isinstance(self._error, ShutdownError)
            return Reply(outcome="cancelled" if cut else "stopped" if self.claim.left else "complete")
        except BaseException as exc:  # raised by a user's stage further downstream
            self._scheduler.operator_failed(exc)
            return Reply(outcome="failed")

    def _finish(self, reply: Reply, failures: list[Exception]) -> None:
        leave(self._scheduler.loop, self)
        self.claim.release()
        failures, context = [self._scheduler.visible_error(one) for one in failures], self._context
        error = self._error
        if context.failures is not None:
            context.failures.extend(failures)
        elif self.claim.left:
            for failure in failures:
                self._scheduler.report_at_far_end(failure)
        elif failures:
            error = failures.pop(0) if error is None else error
            with_notes(error, failures)
        if not self.claim.left:
            self._scheduler.end(self._observer, error)
