"""The fan of a run: one stream to many branches, each with a gate, a failure boundary and a mailbox of its own.

No Subject, lock or scheduler is on the way of an item. The source's gate is closed while that of any branch is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from threading import get_ident
from typing import Any

from reactivex import abc

from ...events import Reply
from ..failures import same_failure
from ..loops import on_loop
from ..upstream import Gate, RunScheduler
from .connecting import connect
from .description import Branch
from .outlet import Outlet
from .own_sink import pass_run_id
from .rounds import DirectRounds
from .stats import SinkStats

__all__ = ["Fan"]

NOTHING: deque[Any] = deque(maxlen=0)


class Fan:
    """Passes each item of a run to every branch, in order, on the run's loop.

    Made when the run (or an attachment) begins. It is subscribed to the source, which calls `on_next`; calls from other
    threads and from within a call are queued. It is over when `close_sinks` or `abandon` has closed all branches.
    """

    _queued = NOTHING
    """The items that wait. Seldom any do, so a fan makes a deque, which weighs 760 bytes, for the first of them."""

    def __init__(self, branches: Sequence[Branch], scheduler: RunScheduler) -> None:
        self._scheduler = scheduler
        self.gate = Gate(scheduler.gate)
        """The gate of the source: closed while a branch cannot take more."""
        self.last: Any = None
        self._items = 0
        self._thread = get_ident()
        self._rounds = DirectRounds()
        self._busy = False
        self._pending_end: tuple[Exception | None] | None = None
        self.outlets = [Outlet(spec, scheduler) for spec in branches]
        for outlet in self.outlets:
            self._begin(outlet)

    # -- branches come and go --------------------------------------------------------------------------------------

    def _begin(self, outlet: Outlet) -> None:
        """Begin a branch. If its sink or an operator of it raises, the other branches begin all the same."""
        try:
            pass_run_id(outlet.sink.spec.into, self._scheduler.context)
        except BaseException as exc:
            outlet.fail_with(exc)
            return
        try:
            outlet.subscription = connect(outlet, self.add, self._scheduler)
        except BaseException as exc:
            outlet.operator_failed(exc)

    def add(
        self, observer: abc.ObserverBase[Any], gate: Gate | None, outlet: Outlet | None = None
    ) -> abc.DisposableBase:
        """Add a receiver; ``outlet`` is the end of its branch."""
        self._rounds.add(observer, outlet)
        if gate is not None:
            self.gate.add(gate)
        return _Receiving(self, observer, gate)

    def remove(self, observer: abc.ObserverBase[Any], gate: Gate | None) -> None:
        self._rounds.remove(observer)
        if gate is not None:
            self.gate.drop(gate)

    # -- items -----------------------------------------------------------------------------------------------------

    def on_next(self, item: Any, waited: bool = False) -> None:
        if not waited and (self._busy or self._queued or get_ident() != self._thread):
            self._queue(item)
            return
        self._busy = True
        try:
            while True:
                self.last = item
                self._items += 1
                self._rounds.on_next(item)
                if self._rounds.halted or not self._queued:
                    break
                item = self._queued.popleft()
        finally:
            self._busy = False
        if self._pending_end is not None:
            self.end(*self._pending_end)

    def _queue(self, item: Any) -> None:
        """Queue an item that another thread pushed, or a branch into its own source: it comes after the current
        item."""
        vars(self).setdefault("_queued", deque()).append(item)  # one deque, even if two threads come at once
        on_loop(self._scheduler.loop, self._catch_up)

    def _catch_up(self) -> None:
        self._thread = get_ident()
        if self._queued and not self._busy:
            self.on_next(self._queued.popleft(), waited=True)

    # -- the end ---------------------------------------------------------------------------------------------------

    def end(self, error: Exception | None) -> None:
        """Pass on the end of the stream: operators flush, mailboxes take the items of that and then close."""
        self._catch_up()
        if self._busy:  # a branch ended its own source
            self._pending_end = (error,)
            return
        self._rounds.end(error)

    def halt(self) -> None:
        """Stop delivery now, from any thread: receivers that have not yet got the current item will not get it."""
        self._rounds.halt()

    def stop(self) -> None:
        """Stop because the run was cancelled: sinks that do not ask to be drained are interrupted."""
        self.halt()
        self._dispose()
        for outlet in self.outlets:
            outlet.stop()

    def _dispose(self) -> None:
        for outlet in self.outlets:
            outlet.detach()

    async def close_sinks(self, error: Exception | None, reply: Reply) -> list[Exception]:
        """Wait for the mailboxes, close the sinks, and return the failures of branches (never the stream's own
        error)."""
        closing = [outlet.close(outlet.visible_reply(reply)) for outlet in self.outlets]
        if len(closing) == 1:  # most runs have one: a task less
            await closing[0]
        else:
            await asyncio.gather(*closing)
        self._dispose()
        return [failure for outlet in self.outlets for failure in self._failures(outlet, error, reply)]

    def abandon(self, reply: Reply) -> list[Exception]:
        """Close the sinks as far as that is possible without waiting, as the loop goes away, and return their
        failures."""
        for outlet in self.outlets:
            outlet.abandon(outlet.visible_reply(reply))
        return [failure for outlet in self.outlets for failure in self._failures(outlet, outlet.error, reply)]

    def _failures(self, outlet: Outlet, error: Exception | None, reply: Reply) -> list[Exception]:
        """The failures of a branch; those that its listener was called with are noted as known."""
        failures: list[Exception] = [*outlet.failures(error, reply)]
        if outlet.listener_error is not None:
            is_own = same_failure(outlet.error, error)
            self._scheduler.context.listener_errors.append(outlet.listener_error if is_own else failures[-1])
        return failures

    def stats(self) -> list[SinkStats]:
        """The counters of each branch until now, from any thread."""
        return [outlet.stats() for outlet in self.outlets]

    @property
    def progress(self) -> int:
        return self._items + sum(outlet.sink.delivered for outlet in self.outlets)


class _Receiving(abc.DisposableBase):
    """The subscription of a receiver to its fan."""

    __slots__ = ("_fan", "_gate", "_observer")

    def __init__(self, fan: Fan, observer: abc.ObserverBase[Any], gate: Gate | None) -> None:
        self._fan: Fan | None = fan
        self._observer, self._gate = observer, gate

    def dispose(self) -> None:
        fan, self._fan = self._fan, None
        if fan is not None:
            fan.remove(self._observer, self._gate)
