"""The end of a branch: a sink behind a failure boundary, with a mailbox once it turns out to be async.

A plain callable is called in place. The first time that a sink returns an awaitable, a mailbox with a task of its own
is made, and from then on items wait in that. Failures of a sink do not reach the other sinks or the source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from threading import get_ident
from time import perf_counter
from typing import Any

from reactivex import abc

from ... import patience
from ...errors import SinkError
from ...events import Reply
from ..failures import slow_callable
from ..loops import on_loop, runs_here
from ..upstream import Gate, ReplyFilter, RunScheduler
from .branch import Branch
from .last_calls import LastCalls, Patience
from .listener import Listener
from .mailbox import Mailbox
from .own_sink import has_error_callback
from .stats import SinkStats

__all__ = ["NOTED", "SLOW", "Outlet"]

SLOW = 0.1
"""Seconds in one call in place that are a noticeable delay for everything else."""
NOTED = 0.005
"""Seconds in one call in place from which calls are added up, as over many items they come to a noticeable delay."""


class Outlet(abc.ObserverBase[Any]):
    """The end of one branch of a run: it passes each item to the sink, and counts what becomes of it.

    The fan makes it and calls it, directly or after the operators of the branch, on the run's loop; calls from another
    thread are moved there. It detaches itself when its sink has failed, and is over when `close` or `abandon` has made
    the last calls to the sink.
    """

    def __init__(self, spec: Branch, scheduler: RunScheduler) -> None:
        self.spec = spec
        self.gate = Gate(scheduler.gate)
        self.failure: Exception | None = None
        self.error: Exception | None = None
        self.listener_error: Exception | None = None
        """The error that the ``error=`` of a listener was called with, if that call completed."""
        self.reply_filter: ReplyFilter | None = None
        """Reduces a Reply to what the operators of the branch let through; to its figures while that is not known."""
        self.subscription: abc.DisposableBase | None = None
        """The subscription of the branch: that of its operators, or of this outlet if there are none."""
        into = spec.into
        self._listening = into.begin() if isinstance(into, Listener) else None
        self.write: Callable[[Any], Any] = getattr(self._listening or into, "write", None) or into
        self._loop, self._abort = scheduler.loop, scheduler.context.abort
        self._thread = get_ident()
        self._finished = self._failed = False
        self._ended: asyncio.Future[None] | None = None
        self._items = 0
        self._mailbox: Mailbox | None = None
        self._final: SinkStats | None = None
        self._delivered = self._strikes = 0
        self._blocked = 0.0
        self._patience = Patience(scheduler.loop)
        self._calls: LastCalls | None = None

    def stats(self, uncounted: int = 0) -> SinkStats:
        """The counters of the sink until now; ``uncounted`` items were written in place and not yet passed to
        `count`."""
        name, mailbox = self.spec.name, self._mailbox
        if mailbox is None:
            delivered = self._delivered + uncounted
            return self._final or SinkStats(name, delivered, failed=self._failed, blocked=self._blocked)
        backlog = mailbox.backlog
        return SinkStats(
            name,
            self._delivered + mailbox.delivered,
            len(backlog),
            backlog.high_water,
            backlog.dropped,
            backlog.merged,
            self._failed,
            mailbox.lag,
            self._blocked,
        )

    @property
    def progress(self) -> int:
        return self._mailbox.delivered if self._mailbox is not None else 0

    # -- the Rx side -----------------------------------------------------------------------------------------------

    def on_next(self, item: Any) -> None:
        if get_ident() != self._thread:
            if not runs_here(self._loop):
                on_loop(self._loop, self.on_next, item)
                return
            self._thread = get_ident()  # it was made on another thread
        if self._finished:
            return
        self._items += 1
        if self._mailbox is not None:
            self._mailbox.put(item)
            return
        began = perf_counter()
        try:
            answer = self.write(item)
        except BaseException as exc:
            self.fail_with(exc)
            return
        if (took := perf_counter() - began) > NOTED:
            self.was_slow(took)
        if answer is None or not self.answered(answer):
            self.count()

    def on_error(self, error: Exception) -> None:
        on_loop(self._loop, self._complete, error)

    def on_completed(self) -> None:
        on_loop(self._loop, self._complete, None)

    def _complete(self, error: Exception | None) -> None:
        if not self._finished:
            self.error = error
            self._finish()

    def _finish(self) -> None:
        """Take no more items, and finish or discard the mailbox."""
        self._finished = True
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)
        if self._mailbox is None:
            return
        if self._failed or (self._patience.is_short and self.spec.on_cancel == "discard"):
            self._mailbox.discard()
        else:
            self._mailbox.finish()

    # -- results of calls in place ---------------------------------------------------------------------------------

    @property
    def in_place(self) -> bool:
        """True as long as no call has failed or returned an awaitable."""
        return self._mailbox is None and not self._failed

    @property
    def is_direct(self) -> bool:
        """True if a caller may call ``write`` instead of `on_next`, and then handle its result and exception itself."""
        return self.in_place and not self._finished

    def count(self, items: int = 1) -> None:
        """Count items that were written in place."""
        self._delivered += items

    def answered(self, answer: Any) -> bool:
        """Handle what ``write`` returned. True if that is awaitable: the item is not delivered yet, and the next ones
        wait in a mailbox."""
        if not hasattr(answer, "__await__"):
            return False
        self._mailbox = Mailbox(
            self.spec, self.write, answer, self._loop, self.gate, self.fail_with, number=self._delivered
        )
        if self._finished:
            self._finish()
        return True

    def was_slow(self, seconds: float) -> None:
        """Note that the sink delayed everything else. A single time may be a hiccup of the machine."""
        self._blocked += seconds
        if seconds > SLOW:
            self.was_suspect(seconds)

    def was_suspect(self, seconds: float) -> None:
        """Count a slow call, and warn of the sink at the second one."""
        self._strikes += 1
        if self._strikes == 2:
            slow_callable(self.spec.name, seconds)

    def fail_with(self, exc: BaseException) -> None:
        """Note a failure of the sink and detach: nothing else is affected before the result of the run."""
        self._failed = True
        if not isinstance(exc, Exception):
            self._abort(exc)
        elif self.failure is None and type(exc) is SinkError:
            self.failure = exc
        elif self.failure is None:
            self.failure = SinkError.wrapping(f"sink {self.spec.name} raised", exc)
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
                self.fail_with(exc)

    # -- the end ---------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Note that the run was cancelled: whatever has not ended after a few seconds is given up."""
        if not self._patience.is_short:
            self._patience.shorten()
            self._finish()

    def visible_reply(self, reply: Reply) -> Reply:
        """The part of ``reply`` that the branch let through; an empty Reply if an operator fails to filter it."""
        try:
            return reply if self.reply_filter is None else self.reply_filter(reply)
        except BaseException as exc:
            self.fail_with(exc)
            return Reply(outcome=reply.outcome)

    async def close(self, reply: Reply) -> None:
        """Wait until all items are written; then call ``fail(error)`` if the branch failed, and in any case
        ``close(reply)``, each once."""
        await self._operators_ended()
        mailbox = self._mailbox
        if mailbox is not None and not await self._patience.within(None, mailbox.ended):
            self.fail_with(SinkError(f"sink {self.spec.name} did not end within {patience.CANCELLED_SINKS:g} s"))
            await mailbox.ended
        self._check_listener()
        await self._last_calls(reply).make(self._patience)
        self._drop_sink()

    def _check_listener(self) -> None:
        """Break the branch if a listener got no item that its callbacks use."""
        if self._listening is None or self._failed or self.error is not None or self._patience.is_short:
            return
        if (problem := self._listening.in_vain()) is not None:
            self.fail_with(problem)

    def abandon(self, reply: Reply) -> None:
        """As `close`, but without waiting, as the loop goes away."""
        if self._mailbox is not None:
            self._mailbox.discard()
        self._last_calls(reply).make_at_once()
        self._drop_sink()

    def _last_calls(self, reply: Reply) -> LastCalls:
        if self._calls is None:
            self._calls = LastCalls(self.spec, self.error, reply, self.fail_with)
        return self._calls

    async def _operators_ended(self) -> None:
        """Wait for the operators of the branch: the stream has ended, but their calls and timers may be under way."""
        self._ended, limit = self._loop.create_future(), self.spec.max_wait
        while not self._finished:
            items = self._items
            if not await self._patience.within(limit, self._ended) and items == self._items:
                self.fail_with(SinkError(f"branch {self.spec.name} did not end: nothing came from it for {limit:g} s"))

    def _drop_sink(self) -> None:
        """Drop the references to the sink: a caller that keeps the run, for its figures, does not keep the sink."""
        if self._calls is not None and self._calls.error_delivered and has_error_callback(self.spec.into):
            self.listener_error = self.error
        self._final, self._mailbox, self._calls = self.stats(), None, None
        self.spec, self.write = replace(self.spec, operators=(), into=None), _do_nothing


def _do_nothing(*_: object) -> None:
    pass
