"""The fan of a run: one stream to many branches, each with a gate, a failure boundary and a mailbox of its own.

No Subject, lock or scheduler is on the way of an item. The source's gate is closed while that of any branch is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from threading import get_ident
from time import perf_counter
from typing import Any, TypeAlias

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from ...errors import SinkError, StreamkitError
from ...events import Reply
from ..failures import failure_of, same_failure
from ..loops import on_loop
from ..streams import applied, is_stream, stream, stream_problem
from ..upstream import Gate, Place, RunScheduler, figures
from .branch import Branch
from .outlet import NOTED, SLOW, Outlet
from .own_sink import pass_run_id
from .stats import SinkStats

__all__ = ["Fan"]

Receiver: TypeAlias = "tuple[Callable[[Any], Any], abc.ObserverBase[Any]]"
"""A function that is called with each item, and the observer that it belongs to."""


class _BranchSource(Observable[Any]):
    """The source that the operators of a branch are applied to: the items that the fan gets."""

    def __init__(self, fan: Fan, outlet: Outlet, end: Place) -> None:
        super().__init__()
        self._fan, self._outlet, self._end = fan, outlet, end

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        if not isinstance(scheduler, RunScheduler):
            return self._fan.add(observer, None, self._outlet)
        if scheduler.loop is not self._fan.loop:
            raise RuntimeError("a branch is read on its run's loop: share the stream outside, and run the shared one")
        self._outlet.reply_filter = lambda reply: scheduler.visible_reply(reply, self._end)
        return self._fan.add(observer, scheduler.gate, self._outlet)


class Fan:
    """Passes each item of a run to every branch, in order, on the run's loop.

    Made when the run (or an attachment) begins. It is subscribed to the source, which calls `on_next`; calls from other
    threads and from within a call are queued. It is over when `close_sinks` or `abandon` has closed all branches.
    """

    def __init__(self, branches: Sequence[Branch], scheduler: RunScheduler) -> None:
        self.gate = Gate(scheduler.gate)
        """The gate of the source: closed while a branch cannot take more."""
        self.stopped = False
        self.last: Any = None
        self.listener_errors: list[Exception] = []
        """Errors that listeners were called with, filled when the branches are closed."""
        self._items = 0
        self.loop = scheduler.loop
        self._thread = get_ident()
        self._observers: tuple[abc.ObserverBase[Any], ...] = ()
        self._receivers: tuple[Receiver, ...] = ()
        self._direct: tuple[Outlet, ...] = ()
        self._ends: dict[abc.ObserverBase[Any], Outlet] = {}
        self._round: Iterator[Receiver] = iter(())
        self._rounds = 0
        self._busy = self._timing = False
        self._held_up, self._last_slow = 0.0, 0
        self._queued: deque[Any] = deque()
        self._pending_end: tuple[Exception | None] | None = None
        self.outlets = [Outlet(spec, scheduler) for spec in branches]
        for outlet in self.outlets:
            try:
                pass_run_id(outlet.spec.into, scheduler.context)
                self._connect_branch(outlet, scheduler)
            except BaseException as exc:  # raised by an operator of the branch; the other branches begin all the same
                outlet.fail_with(exc)

    # -- branches come and go --------------------------------------------------------------------------------------

    def _connect_branch(self, outlet: Outlet, scheduler: RunScheduler) -> None:
        if not outlet.spec.operators:
            outlet.subscription = self.add(outlet, outlet.gate)
        else:
            inner = scheduler.aside(outlet.gate, outlet.fail_with)
            source, outlet.reply_filter = _BranchSource(self, outlet, inner.place), figures
            chain = applied(outlet.spec.operators, source, lambda built, number: stream(built))
            if not is_stream(chain):
                raise TypeError(stream_problem(outlet.spec.operators[-1], chain))
            outlet.subscription = chain.subscribe(outlet.on_next, outlet.on_error, outlet.on_completed, scheduler=inner)

    def add(
        self, observer: abc.ObserverBase[Any], gate: Gate | None, outlet: Outlet | None = None
    ) -> abc.DisposableBase:
        """Add a receiver; copy on write, as this may happen during a round. ``outlet`` is the end of its branch."""
        if outlet is not None:
            self._ends[observer] = outlet
        if gate is not None:
            self.gate.add(gate)
        self._connect((*self._observers, observer))

        def remove() -> None:
            self._ends.pop(observer, None)
            self._connect(tuple(other for other in self._observers if other is not observer))
            if gate is not None:
                self.gate.drop(gate)

        return Disposable(remove)

    def _connect(self, observers: tuple[abc.ObserverBase[Any], ...]) -> None:
        """Rebuild the table of calls. Sinks in place are called directly, at half the cost, and counted by rounds."""
        self._count()
        direct = () if self._timing else tuple(one for one in observers if isinstance(one, Outlet) and one.is_direct)
        self._observers, self._direct = observers, direct
        if not self.stopped:
            self._receivers = tuple((one.write if one in direct else one.on_next, one) for one in observers)

    def _count(self) -> None:
        for outlet in self._direct:
            outlet.count(self._rounds)
        self._rounds = 0

    # -- items -----------------------------------------------------------------------------------------------------

    def on_next(self, item: Any, waited: bool = False) -> None:
        if not waited and (self._busy or self._queued or get_ident() != self._thread):
            self._queue(item)
            return
        self._busy = True
        began = perf_counter()
        observer: abc.ObserverBase[Any] | None = None
        try:
            while True:
                self.last = item
                self._items += 1
                receivers = self._receivers
                self._round = iter(receivers)
                for call, observer in self._round:
                    try:
                        answer = call(item)
                    except BaseException as exc:
                        self._on_exception(observer, exc)
                        continue
                    if answer is not None:
                        self._on_answer(observer, answer)
                if self.stopped:
                    self._count_until(observer, receivers)
                    break
                self._rounds += 1
                if not self._queued:
                    break
                item = self._queued.popleft()
        finally:
            self._busy = False
        if (took := perf_counter() - began) > NOTED and not self._timing:
            self._was_slow(took)
        if self._pending_end is not None:
            self.end(*self._pending_end)

    def _queue(self, item: Any) -> None:
        """Queue an item that another thread pushed, or a branch into its own source: it comes after the current
        item."""
        self._queued.append(item)
        on_loop(self.loop, self._catch_up)

    def _catch_up(self) -> None:
        self._thread = get_ident()
        if self._queued and not self._busy:
            self.on_next(self._queued.popleft(), waited=True)

    def _on_answer(self, observer: abc.ObserverBase[Any], answer: Any) -> None:
        if isinstance(observer, Outlet):
            self._count()
            if observer.answered(answer):
                self._connect(self._observers)

    def _on_exception(self, observer: abc.ObserverBase[Any], exc: BaseException) -> None:
        outlet = observer if isinstance(observer, Outlet) else self._ends.get(observer)
        if outlet is None:
            raise exc
        if outlet is observer or failure_of("a branch", exc) is None:
            outlet.fail_with(exc)
            return
        try:  # an operator of the branch breaks the Rx rules: the operators downstream of it may hold items
            observer.on_error(SinkError.wrapping("a branch raised", exc))
        except BaseException as second:
            outlet.fail_with(second)

    def _count_until(self, last: abc.ObserverBase[Any] | None, receivers: tuple[Receiver, ...]) -> None:
        """Stopped during a round: count the item for the receivers up to and including ``last``."""
        for call, observer in receivers:
            if isinstance(observer, Outlet) and observer.in_place and call != observer.on_next:
                observer.count()
            if observer is last:
                return

    def _was_slow(self, seconds: float) -> None:
        """A round was slow: if several in a row add up to a delay, time each sink separately from now on."""
        self._held_up = seconds if self._items - self._last_slow > 2 else self._held_up + seconds
        self._last_slow = self._items
        direct = self._direct
        if len(direct) == 1 == len(self._observers):
            direct[0].was_slow(seconds)
        elif seconds > SLOW:
            for outlet in direct:
                outlet.was_suspect(0.0)
        if self._held_up > SLOW:
            self._timing = True
            self._connect(self._observers)

    # -- the end ---------------------------------------------------------------------------------------------------

    def end(self, error: Exception | None) -> None:
        """Pass on the end of the stream: operators flush, mailboxes take the items of that and then close."""
        self._catch_up()
        if self._busy:  # a branch ended its own source
            self._pending_end = (error,)
            return
        for observer, outlet in [(observer, self._ends.get(observer)) for observer in self._observers]:
            try:
                if error is None:
                    observer.on_completed()
                else:
                    observer.on_error(error)
            except BaseException as exc:
                if outlet is None:
                    raise
                outlet.fail_with(exc)  # raised by an operator: the items it held are lost, and the other branches go on

    def halt(self) -> None:
        """Stop delivery now, from any thread: receivers that have not yet got the current item will not get it."""
        self.stopped, self._receivers = True, ()
        for _ in self._round:  # exhausts the iterator of the current round: cheaper than a check after each call
            pass

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
        self._count()
        names = [outlet.spec.name for outlet in self.outlets]
        await asyncio.gather(*[outlet.close(outlet.visible_reply(reply)) for outlet in self.outlets])
        self._dispose()
        failures: list[Exception] = []
        for outlet, name in zip(self.outlets, names, strict=True):
            own = outlet.error if not same_failure(outlet.error, error) else None  # raised by its operators
            if outlet.failure is not None:
                failures.append(_as_branch_error(outlet.failure, name, reply))
            if own is not None and (outlet.failure is None or outlet.failure.__cause__ is not own):
                failures.append(_as_branch_error(own, name, reply))
            if outlet.listener_error is not None:
                self.listener_errors.append(failures[-1] if own is outlet.listener_error else outlet.listener_error)
        return failures

    def abandon(self, reply: Reply) -> list[Exception]:
        """Close the sinks as far as that is possible without waiting, as the loop goes away, and return their
        failures."""
        self._count()
        for outlet in self.outlets:
            outlet.abandon(outlet.visible_reply(reply))
            if outlet.listener_error is not None:
                self.listener_errors.append(outlet.listener_error)
        failed = [(outlet.failure, outlet.spec.name) for outlet in self.outlets if outlet.failure is not None]
        return [_as_branch_error(failure, name, reply) for failure, name in failed]

    def stats(self) -> list[SinkStats]:
        """The counters of each branch until now, from any thread."""
        rounds, direct = self._rounds, self._direct
        return [outlet.stats(rounds if outlet in direct else 0) for outlet in self.outlets]

    @property
    def progress(self) -> int:
        return self._items + sum(outlet.progress for outlet in self.outlets)


def _as_branch_error(error: Exception, name: str, reply: Reply) -> StreamkitError:
    """``error`` as a StreamkitError that has ``reply`` as its partial reply."""
    if not isinstance(error, StreamkitError):
        error = SinkError.wrapping(f"branch {name} failed:", error)
    error.partial = reply
    return error
