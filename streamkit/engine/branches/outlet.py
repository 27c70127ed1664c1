"""The end of a branch: a sink behind a failure boundary, with a mailbox once it turns out to be async.

A plain callable is called in place. The first time a sink answers with an awaitable, a mailbox with a task of its own
takes over, and from then on items wait their turn. Whatever a sink does, its siblings and the source do not notice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from threading import get_ident
from time import perf_counter
from typing import Any

from reactivex import abc

from ...errors import SinkError
from ...events import Reply
from ..loops import DRAIN, on_loop, runs_here, slow_callable
from ..upstream import Gate, ReplyFilter, RunScheduler
from .branch import Branch
from .lastcalls import LastCalls, Patience
from .listener import Listener
from .mailbox import Mailbox
from .ownsink import hears_errors
from .stats import SinkStats

__all__ = ["NOTED", "SLOW", "Outlet"]

SLOW = 0.1
"""Seconds in place after which everything else has waited noticeably."""
NOTED = 0.005
"""Seconds in place that are added up, as in many items they come to as much."""


class Outlet(abc.ObserverBase[Any]):
    """Where one branch ends. It detaches itself when it has failed and is to get nothing more."""

    def __init__(self, spec: Branch, scheduler: RunScheduler) -> None:
        self.spec = spec
        self.gate = Gate(scheduler.gate)
        self.failure: Exception | None = None
        self.error: Exception | None = None
        self.listener_error: Exception | None = None
        """What the ``error=`` of a listener was called with, which then did its work to the end."""
        self.reply_filter: ReplyFilter | None = None
        """What of the Reply its operators let through; the figures only, while nobody knows what that is."""
        self.subscription: abc.DisposableBase | None = None
        """To what its operators are applied to, or it itself."""
        into = spec.into
        self._listening = into.begin() if isinstance(into, Listener) else None
        self.write: Callable[[Any], Any] = getattr(self._listening or into, "write", None) or into
        self._loop, self._abort = scheduler.loop, scheduler.context.abort
        self._thread = get_ident()
        self._over = self._failed = False
        self._ended: asyncio.Future[None] | None = None
        self._came = 0
        self._mailbox: Mailbox | None = None
        self._final: SinkStats | None = None
        self._delivered = self._strikes = 0
        self._blocked = 0.0
        self._patience = Patience(scheduler.loop)
        self._calls: LastCalls | None = None

    def stats(self, uncounted: int = 0) -> SinkStats:
        """``uncounted`` items were written in place that nobody has told of by `count`."""
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
            self._thread = get_ident()  # it was made elsewhere
        if self._over:
            return
        self._came += 1
        if self._mailbox is not None:
            self._mailbox.put(item)
            return
        began = perf_counter()
        try:
            answer = self.write(item)
        except BaseException as exc:
            self.broke(exc)
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
        if not self._over:
            self.error = error
            self._finish()

    def _finish(self) -> None:
        """Nothing more will come."""
        self._over = True
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)
        if self._mailbox is None:
            return
        if self._failed or (self._patience.is_short and self.spec.on_cancel == "discard"):
            self._mailbox.discard()
        else:
            self._mailbox.finish()

    # -- what a call in place came to ------------------------------------------------------------------------------

    @property
    def in_place(self) -> bool:
        """True as long as all went well and nothing had to be awaited."""
        return self._mailbox is None and not self._failed

    @property
    def is_direct(self) -> bool:
        """Whether ``write`` may be called instead of `on_next`, by whoever looks after what it comes to."""
        return self.in_place and not self._over

    def count(self, items: int = 1) -> None:
        """So many were written in place."""
        self._delivered += items

    def answered(self, answer: Any) -> bool:
        """``write`` gave something. True if that is to be awaited: the item is not delivered yet, and the next ones
        wait in a mailbox."""
        if not hasattr(answer, "__await__"):
            return False
        self._mailbox = Mailbox(
            self.spec, self.write, answer, self._loop, self.gate, self.broke, number=self._delivered
        )
        if self._over:
            self._finish()
        return True

    def was_slow(self, seconds: float) -> None:
        """It held up everything. Once may be a hiccup of the machine."""
        self._blocked += seconds
        if seconds > SLOW:
            self.was_suspect(seconds)

    def was_suspect(self, seconds: float) -> None:
        self._strikes += 1
        if self._strikes == 2:
            slow_callable(self.spec.name, seconds)

    def broke(self, exc: BaseException) -> None:
        """Detach: whatever this sink did, nobody else notices before the run's result."""
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
        """Nothing comes any more. What an operator of the branch raises at that is the branch's failure."""
        subscription, self.subscription = self.subscription, None
        if subscription is not None:
            try:
                subscription.dispose()
            except BaseException as exc:
                self.broke(exc)

    # -- the end ---------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """The run is cancelled: whatever is not over in a few seconds is given up."""
        if not self._patience.is_short:
            self._patience.shorten()
            self._finish()

    def shown(self, reply: Reply) -> Reply:
        """``reply`` as far as the branch let it through; nothing of it, if an operator fails to say how far that is."""
        try:
            return reply if self.reply_filter is None else self.reply_filter(reply)
        except BaseException as exc:
            self.broke(exc)
            return Reply(outcome=reply.outcome)

    async def close(self, reply: Reply) -> None:
        """All that was under way is written; ``fail(error)`` if the branch broke; then ``close(reply)``: once, in any
        case."""
        await self._operators_ended()
        mailbox = self._mailbox
        if mailbox is not None and not await self._patience.within(None, mailbox.ended):
            self.broke(SinkError(f"sink {self.spec.name} did not end within {DRAIN:g} s"))
            await mailbox.ended
        self._look_back()
        await self._last_calls(reply).make(self._patience)
        self._let_go()

    def _look_back(self) -> None:
        """All came that was to come: was there anything in it for a listener?"""
        if self._listening is None or self._failed or self.error is not None or self._patience.is_short:
            return
        if (problem := self._listening.in_vain()) is not None:
            self.broke(problem)

    def abandon(self, reply: Reply) -> None:
        """As `close`, but there is nothing left to wait on."""
        if self._mailbox is not None:
            self._mailbox.discard()
        self._last_calls(reply).make_at_once()
        self._let_go()

    def _last_calls(self, reply: Reply) -> LastCalls:
        if self._calls is None:
            self._calls = LastCalls(self.spec, self.error, reply, self.broke)
        return self._calls

    async def _operators_ended(self) -> None:
        """The stream is over, but calls and timers of the branch may be under way."""
        self._ended, limit = self._loop.create_future(), self.spec.max_wait
        while not self._over:
            came = self._came
            if not await self._patience.within(limit, self._ended) and came == self._came:
                self.broke(SinkError(f"branch {self.spec.name} did not end: nothing came from it for {limit:g} s"))

    def _let_go(self) -> None:
        """Whoever keeps the run, for its figures, does not keep the sink."""
        if self._calls is not None and self._calls.told and hears_errors(self.spec.into):
            self.listener_error = self.error
        self._final, self._mailbox, self._calls = self.stats(), None, None
        self.spec, self.write = replace(self.spec, operators=(), into=None), _nothing


def _nothing(*_: object) -> None:
    pass
