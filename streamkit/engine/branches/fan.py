"""One stream to many branches: each has its own gate, its own failure boundary and its own mailbox.

No Subject, no lock and no scheduler on the way of an item; the source's gate is closed while any branch's is.
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
from ..loops import failure_of, on_loop, same_failure
from ..streams import applied, is_stream, no_stream, stream
from ..upstream import Gate, RunScheduler, figures
from .branch import Branch
from .outlet import NOTED, SLOW, Outlet
from .ownsink import pass_run_id
from .stats import SinkStats

__all__ = ["Fan"]

Tap: TypeAlias = "tuple[Callable[[Any], Any], abc.ObserverBase[Any]]"
"""What is called with each item, and on whose behalf."""


class _BranchSource(Observable[Any]):
    """What the operators of a branch are applied to."""

    def __init__(self, fan: Fan, outlet: Outlet) -> None:
        super().__init__()
        self._fan, self._outlet = fan, outlet

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        if not isinstance(scheduler, RunScheduler):
            return self._fan.add(observer, None, self._outlet)
        if scheduler.loop is not self._fan.loop:
            raise RuntimeError("a branch is read on its run's loop: share the stream outside, and run the shared one")
        self._outlet.reply_filter = scheduler.reply_filter
        return self._fan.add(observer, scheduler.gate, self._outlet)


class Fan:
    """Hands each item to every branch, in order, on one loop; calls from other threads and from within are queued."""

    def __init__(self, branches: Sequence[Branch], scheduler: RunScheduler) -> None:
        self.gate = Gate(scheduler.gate)
        """The source's: held by any branch that cannot take more."""
        self.stopped = False
        self.last: Any = None
        self.listener_errors: list[Exception] = []
        """What listeners were told of, once all is closed."""
        self._came = 0
        self.loop = scheduler.loop
        self._thread = get_ident()
        self._observers: tuple[abc.ObserverBase[Any], ...] = ()
        self._taps: tuple[Tap, ...] = ()
        self._direct: tuple[Outlet, ...] = ()
        self._ends: dict[abc.ObserverBase[Any], Outlet] = {}
        self._round: Iterator[Tap] = iter(())
        self._rounds = 0
        self._busy = self._timed = False
        self._held_up, self._noted = 0.0, 0
        self._again: deque[Any] = deque()
        self._ending: tuple[Exception | None] | None = None
        self.outlets = [Outlet(spec, scheduler) for spec in branches]
        for outlet in self.outlets:
            try:
                pass_run_id(outlet.spec.into, scheduler.context)
                self._plug(outlet, scheduler)
            except BaseException as exc:  # an operator of the branch; the others begin all the same
                outlet.broke(exc)

    # -- branches come and go --------------------------------------------------------------------------------------

    def _plug(self, outlet: Outlet, scheduler: RunScheduler) -> None:
        if not outlet.spec.operators:
            outlet.subscription = self.add(outlet, outlet.gate)
        else:
            tap, outlet.reply_filter = _BranchSource(self, outlet), figures
            chain = applied(outlet.spec.operators, tap, lambda built, number: stream(built))
            if not is_stream(chain):
                raise TypeError(no_stream(outlet.spec.operators[-1], chain))
            inner = scheduler.aside(outlet.gate, outlet.broke)
            outlet.subscription = chain.subscribe(outlet.on_next, outlet.on_error, outlet.on_completed, scheduler=inner)

    def add(
        self, observer: abc.ObserverBase[Any], gate: Gate | None, outlet: Outlet | None = None
    ) -> abc.DisposableBase:
        """Copy on write: a branch may come and go while an item is handed round. ``outlet`` is where it ends."""
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
        """Who is called with each item, and how. A sink in place is called without a frame of ours in between, which
        would cost as much again; its items are counted for all such sinks at once then, by rounds."""
        self._count()
        direct = () if self._timed else tuple(one for one in observers if isinstance(one, Outlet) and one.is_direct)
        self._observers, self._direct = observers, direct
        if not self.stopped:
            self._taps = tuple((one.write if one in direct else one.on_next, one) for one in observers)

    def _count(self) -> None:
        for outlet in self._direct:
            outlet.count(self._rounds)
        self._rounds = 0

    # -- items -----------------------------------------------------------------------------------------------------

    def on_next(self, item: Any, waited: bool = False) -> None:
        if not waited and (self._busy or self._again or get_ident() != self._thread):
            self._later(item)
            return
        self._busy = True
        began = perf_counter()
        observer: abc.ObserverBase[Any] | None = None
        try:
            while True:
                self.last = item
                self._came += 1
                taps = self._taps
                self._round = iter(taps)
                for call, observer in self._round:
                    try:
                        answer = call(item)
                    except BaseException as exc:
                        self._raised(observer, exc)
                        continue
                    if answer is not None:
                        self._answered(observer, answer)
                if self.stopped:
                    self._stopped_at(observer, taps)
                    break
                self._rounds += 1
                if not self._again:
                    break
                item = self._again.popleft()
        finally:
            self._busy = False
        if (took := perf_counter() - began) > NOTED and not self._timed:
            self._was_slow(took)
        if self._ending is not None:
            self.end(*self._ending)

    def _later(self, item: Any) -> None:
        """Another thread pushed it, or a branch into its own source: after the item at hand, not inside it."""
        self._again.append(item)
        on_loop(self.loop, self._catch_up)

    def _catch_up(self) -> None:
        self._thread = get_ident()
        if self._again and not self._busy:
            self.on_next(self._again.popleft(), waited=True)

    def _answered(self, observer: abc.ObserverBase[Any], answer: Any) -> None:
        if isinstance(observer, Outlet):
            self._count()
            if observer.answered(answer):
                self._connect(self._observers)

    def _raised(self, observer: abc.ObserverBase[Any], exc: BaseException) -> None:
        outlet = observer if isinstance(observer, Outlet) else self._ends.get(observer)
        if outlet is None:
            raise exc
        if outlet is observer or failure_of("a branch", exc) is None:
            outlet.broke(exc)
            return
        try:  # an operator of the branch that does not keep the Rx rules: those below may hold something
            observer.on_error(SinkError.wrapping("a branch raised", exc))
        except BaseException as again:
            outlet.broke(again)

    def _stopped_at(self, last: abc.ObserverBase[Any] | None, taps: tuple[Tap, ...]) -> None:
        """In mid-round: those up to ``last`` had the item."""
        for call, observer in taps:
            if isinstance(observer, Outlet) and observer.in_place and call != observer.on_next:
                observer.count()
            if observer is last:
                return

    def _was_slow(self, seconds: float) -> None:
        """Somebody kept everybody waiting: if items in a row come to something, each is timed by itself from now on."""
        self._held_up = seconds if self._came - self._noted > 2 else self._held_up + seconds
        self._noted = self._came
        direct = self._direct
        if len(direct) == 1 == len(self._observers):
            direct[0].was_slow(seconds)
        elif seconds > SLOW:
            for outlet in direct:
                outlet.was_suspect(0.0)
        if self._held_up > SLOW:
            self._timed = True
            self._connect(self._observers)

    # -- the end ---------------------------------------------------------------------------------------------------

    def end(self, error: Exception | None) -> None:
        """The stream is over: operators flush, mailboxes take what comes of it and then close."""
        self._catch_up()
        if self._busy:  # a branch ended its own source
            self._ending = (error,)
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
                outlet.broke(exc)  # an operator did this: what it held is lost, and its siblings do not notice

    def halt(self) -> None:
        """Nothing is handed on any more, nor is the item at hand to those who have not had it. From any thread."""
        self.stopped, self._taps = True, ()
        for _ in self._round:  # nothing is left of it then: cheaper than to ask after each call
            pass

    def stop(self) -> None:
        """Cancelled: sinks that do not ask to be drained are interrupted."""
        self.halt()
        self._dispose()
        for outlet in self.outlets:
            outlet.stop()

    def _dispose(self) -> None:
        for outlet in self.outlets:
            outlet.detach()

    async def settle(self, error: Exception | None, reply: Reply) -> list[Exception]:
        """Wait for the mailboxes, close the sinks, and tell what failed in branches (never the stream's own error)."""
        self._count()
        names = [outlet.spec.name for outlet in self.outlets]
        await asyncio.gather(*[outlet.close(outlet.shown(reply)) for outlet in self.outlets])
        self._dispose()
        failures: list[Exception] = []
        for outlet, name in zip(self.outlets, names, strict=True):
            own = outlet.error if not same_failure(outlet.error, error) else None  # of its operators
            if outlet.failure is not None:
                failures.append(_as_ours(outlet.failure, name, reply))
            if own is not None and (outlet.failure is None or outlet.failure.__cause__ is not own):
                failures.append(_as_ours(own, name, reply))
            if outlet.listener_error is not None:
                self.listener_errors.append(failures[-1] if own is outlet.listener_error else outlet.listener_error)
        return failures

    def abandon(self, reply: Reply) -> list[Exception]:
        """The loop goes away: close the sinks, as far as that goes without waiting, and tell which of them failed."""
        self._count()
        for outlet in self.outlets:
            outlet.abandon(outlet.shown(reply))
            if outlet.listener_error is not None:
                self.listener_errors.append(outlet.listener_error)
        failed = [(outlet.failure, outlet.spec.name) for outlet in self.outlets if outlet.failure is not None]
        return [_as_ours(failure, name, reply) for failure, name in failed]

    def stats(self) -> list[SinkStats]:
        """Of each branch, until now. From any thread."""
        rounds, direct = self._rounds, self._direct
        return [outlet.stats(rounds if outlet in direct else 0) for outlet in self.outlets]

    @property
    def progress(self) -> int:
        return self._came + sum(outlet.progress for outlet in self.outlets)


def _as_ours(error: Exception, name: str, reply: Reply) -> StreamkitError:
    if not isinstance(error, StreamkitError):
        error = SinkError.wrapping(f"branch {name} failed:", error)
    error.partial = reply
    return error
