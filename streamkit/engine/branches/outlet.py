"""The outlet of a branch: its sink behind a failure boundary, with a mailbox once it turns out to be async.

A plain callable is called in place. The first time that a sink returns an awaitable, a mailbox with a task of its own
is made, and from then on items wait in that. Failures of a sink do not reach the other sinks or the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isawaitable
from threading import get_ident
from typing import Any

from reactivex import abc

from ... import patience
from ...errors import SinkError, StreamkitError
from ...events import Reply
from ..failures import same_failure
from ..loops import on_loop, runs_here
from ..upstream import Gate, ReplyFilter, RunScheduler
from .description import Branch
from .last_calls import LastCalls, WaitLimits
from .mailbox import Mailbox
from .sink_calls import SinkCalls
from .stats import SinkStats

__all__ = ["Outlet"]


class Outlet(abc.ObserverBase[Any]):
    """The end of one branch of a run: it passes each item to the sink, and keeps its failures from the others.

    The fan makes it and calls it, directly or after the operators of the branch, on the run's loop; calls from another
    thread are moved there. It detaches itself when its sink has failed, and is over when `close` or `abandon` has made
    the last calls to the sink.
    """

    __slots__ = (
        *("_calls", "_ended", "_limits", "_mailbox", "_scheduler", "_thread", "error", "failure", "gate"),
        *("reply_filter", "sink", "subscription"),
    )

    def __init__(self, spec: Branch, scheduler: RunScheduler) -> None:
        self.gate = Gate(scheduler.gate)
        self.sink = SinkCalls(spec)
        self.failure: Exception | None = None
        self.error: Exception | None = None
        """The error that the operators of the branch have ended with."""
        self.reply_filter: ReplyFilter | None = None
        """Reduces a Reply to what the operators of the branch let through; to its figures while that is not known."""
        self.subscription: abc.DisposableBase | None = None
        """The subscription of the branch: that of its operators, or of this outlet if there are none."""
        self._scheduler = scheduler
        self._thread = get_ident()
        self._ended = scheduler.loop.create_future()
        """Done when no more items are taken: the stream has ended, and the operators of the branch too."""
        self._mailbox: Mailbox | None = None
        self._limits = WaitLimits(scheduler.loop)
        self._calls: LastCalls | None = None

    @property
    def listener_error(self) -> Exception | None:
        """The error that the ``error=`` of a listener was called with, if that call completed."""
        return self._calls.listener_error if self._calls is not None else None

    def stats(self) -> SinkStats:
        mailbox = self._mailbox
        return self.sink.stats({} if mailbox is None else mailbox.figures())

    # -- the Rx side -----------------------------------------------------------------------------------------------

    def on_next(self, item: Any) -> None:
        if self._ended.done():
            return
        try:
            if self._mailbox is not None:
                self._mailbox.put(item)
            else:
                self.answered(self.sink.call(item))
        except BaseException as exc:
            self.fail_with(exc)

    @property
    def in_place(self) -> bool:
        """True while items are taken, and no call of the sink has returned an awaitable."""
        return self._mailbox is None and not self._ended.done()

    def answered(self, answer: Any) -> bool:
        """Handle what the sink returned. An awaitable is not delivered yet, and the next ones wait in a mailbox: then
        the result is False."""
        if answer is None or type(answer) is int or not isawaitable(answer):  # an int: what `write` of a file returns
            self.sink.delivered += 1
            return True
        self._mailbox = Mailbox(self.sink, answer, self._scheduler.loop, self.gate, self.fail_with)
        if self._ended.done():
            self._finish()
        return False

    def on_operators_next(self, item: Any) -> None:
        """As `on_next`, from any thread, because operators may use others."""
        if get_ident() != self._thread:
            if not runs_here(self._scheduler.loop):
                on_loop(self._scheduler.loop, self.on_operators_next, item)
                return
            self._thread = get_ident()  # it was made on another thread
        self.on_next(item)

    def on_error(self, error: Exception) -> None:
        on_loop(self._scheduler.loop, self._complete, error)

    def on_completed(self) -> None:
        on_loop(self._scheduler.loop, self._complete, None)

    def _complete(self, error: Exception | None) -> None:
        if not self._ended.done():
            self.error = error
            self._finish()

    def _finish(self) -> None:
        """Take no more items, and finish or discard the mailbox."""
        if not self._ended.done():
            self._ended.set_result(None)
        if self._mailbox is None:
            return
        if self.sink.failed or (self._limits.is_short and self.sink.spec.on_cancel == "discard"):
            self._mailbox.discard()
        else:
            self._mailbox.finish()

    # -- failures --------------------------------------------------------------------------------------------------

    def operator_failed(self, exc: BaseException) -> None:
        """Note a failure of an operator of the branch, which ends the branch as one of its sink does."""
        self.fail_with(exc, "an operator of branch")

    def fail_with(self, exc: BaseException, what: str = "sink") -> None:
        """Note a failure of the sink and detach: nothing else is affected before the result of the run."""
        self.sink.failed = True
        if not isinstance(exc, Exception):
            self._scheduler.context.abort(exc)
        elif self.failure is None and type(exc) is SinkError:
            self.failure = exc
        elif self.failure is None:
            self.failure = SinkError.wrapping(f"{what} {self.sink.name} raised", exc)
        self._finish()
        self.detach()

    def detach(self) -> None:
        """End the subscription of the branch. An exception of one of its operators meanwhile is a failure of the
        branch."""
        subscription, self.subscription = self.subscription, None
        if subscription is not None:
            try:
                subscription.dispose()
            except BaseException as exc:
                self.operator_failed(exc)

    def failures(self, error: Exception | None, reply: Reply) -> Iterator[StreamkitError]:
        """The failures of the branch with ``reply`` as their partial reply; ``error`` is the stream's own, which is not
        among them."""
        own = None if same_failure(self.error, error) else self.error  # raised by its operators
        if self.failure is not None and self.failure.__cause__ is own:
            own = None
        for failure in (self.failure, own):
            if failure is not None:
                yield self._with_partial(failure, reply)

    def _with_partial(self, error: Exception, reply: Reply) -> StreamkitError:
        if not isinstance(error, StreamkitError):
            error = SinkError.wrapping(f"branch {self.sink.name} failed:", error)
        error.partial = reply
        return error

    # -- the end ---------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Note that the run was cancelled: whatever has not ended after a few seconds is given up."""
        if not self._limits.is_short:
            self._limits.shorten()
            self._finish()

    def visible_reply(self, reply: Reply) -> Reply:
        """The part of ``reply`` that the branch let through; an empty Reply if an operator fails to filter it."""
        try:
            return reply if self.reply_filter is None else self.reply_filter(reply)
        except BaseException as exc:
            self.operator_failed(exc)
            return Reply(outcome=reply.outcome)

    async def close(self, reply: Reply) -> None:
        """Wait until all items are written; then call ``fail(error)`` if the branch failed, and in any case
        ``close(reply)``, each once."""
        await self._operators_ended()
        mailbox = self._mailbox
        if mailbox is not None and not await self._limits.within(None, mailbox.ended):
            self.fail_with(SinkError(f"sink {self.sink.name} did not end within {patience.CANCELLED_SINKS:g} s"))
            await mailbox.ended
        is_complete = not self.sink.failed and self.error is None and not self._limits.is_short
        if is_complete and (problem := self.sink.in_vain()) is not None:
            self.fail_with(problem)
        await self._last_calls(reply).make(self._limits, self.fail_with)
        self._end()

    async def _operators_ended(self) -> None:
        """Wait for the operators of the branch: the stream has ended, but their calls and timers may be under way."""
        while not self._ended.done():
            limit, received = self.sink.spec.max_wait, self._received
            if not await self._limits.within(limit, self._ended) and received == self._received:
                name = self.sink.name
                self.fail_with(SinkError(f"branch {name} did not end: nothing came from it for {limit:g} s"))

    @property
    def _received(self) -> int:
        """The number of items that came."""
        return self.sink.delivered if self._mailbox is None else self._mailbox.backlog.number

    def abandon(self, reply: Reply) -> None:
        """As `close`, but without waiting, as the loop goes away."""
        if self._mailbox is not None:
            self._mailbox.discard()
        self._last_calls(reply).make_at_once(self.fail_with)
        self._end()

    def _last_calls(self, reply: Reply) -> LastCalls:
        if self._calls is None:
            self._calls = LastCalls(self.sink.spec, self.error, reply)
        return self._calls

    def _end(self) -> None:
        self.sink.end(self.stats())
        self._mailbox = None
