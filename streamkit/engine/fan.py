"""One stream to many branches: each has its own gate, its own failure boundary and its own mailbox.

No Subject, no lock and no scheduler on the way of an item; the source's gate is closed while any branch's is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import reduce
from threading import get_ident
from typing import Any, cast

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from ..errors import SinkError, StreamkitError, excerpt
from ..events import Reply
from .context import Lens, RunScheduler
from .gate import Gate
from .loop import on_loop
from .mailbox import Branch, Outlet

__all__ = ["Fan"]


class _Tap(Observable[Any]):
    """What the operators of a branch are applied to."""

    def __init__(self, fan: Fan) -> None:
        super().__init__()
        self._fan = fan
        self.lens: Lens | None = None

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        if not isinstance(scheduler, RunScheduler):
            return self._fan.add(observer, None)
        self.lens = scheduler.lens
        return self._fan.add(observer, scheduler.gate)


class Fan:
    """Hands each item to every branch, in order, on one loop; calls from other threads and from within are queued."""

    def __init__(
        self, branches: Sequence[Branch], scheduler: RunScheduler, abort: Callable[[BaseException], None]
    ) -> None:
        self.gate = Gate(scheduler.gate)
        """The source's: held by any branch that cannot take more."""
        self.stopped = False
        self._loop = scheduler.loop
        self._thread = get_ident()
        self._taps: tuple[abc.ObserverBase[Any], ...] = ()
        self._busy = False
        self._again: deque[Any] = deque()
        self._subscriptions: list[abc.DisposableBase] = []
        self.outlets = [Outlet(spec, scheduler, abort) for spec in branches]
        for outlet in self.outlets:
            self._plug(outlet, scheduler)

    def _plug(self, outlet: Outlet, scheduler: RunScheduler) -> None:
        if not outlet.spec.operators:
            self._subscriptions.append(self.add(outlet, outlet.gate))
            return
        tap = _Tap(self)
        chain = reduce(lambda source, operator: operator(source), outlet.spec.operators, cast("Observable[Any]", tap))
        inner = scheduler.aside(outlet.gate)
        self._subscriptions.append(
            chain.subscribe(outlet.on_next, outlet.on_error, outlet.on_completed, scheduler=inner)
        )
        outlet.lens = tap.lens

    def add(self, observer: abc.ObserverBase[Any], gate: Gate | None) -> abc.DisposableBase:
        """Copy on write: a branch may come and go while an item is handed round."""
        if gate is not None:
            self.gate.add(gate)
        self._taps = (*self._taps, observer)

        def remove() -> None:
            self._taps = tuple(tap for tap in self._taps if tap is not observer)
            if gate is not None:
                self.gate.drop(gate)

        return Disposable(remove)

    def on_next(self, item: Any) -> None:
        if get_ident() != self._thread:
            on_loop(self._loop, self.on_next, item)
            return
        if self._busy:  # a branch pushed into its own source: after the item at hand, not inside it
            self._again.append(item)
            return
        self._busy = True
        try:
            self._hand_round(item)
            while self._again:
                self._hand_round(self._again.popleft())
        finally:
            self._busy = False

    def _hand_round(self, item: Any) -> None:
        for tap in self._taps:
            if self.stopped:
                return
            try:
                tap.on_next(item)
            except Exception as exc:  # an operator of the branch that does not keep the Rx rules
                tap.on_error(SinkError(f"a branch raised {excerpt(f'{type(exc).__name__}: {exc}')}"))

    def end(self, error: Exception | None) -> None:
        """The stream is over: operators flush, mailboxes take what comes of it and then close."""
        for tap in self._taps:
            if error is None:
                tap.on_completed()
            else:
                tap.on_error(error)
        for outlet in self.outlets:
            outlet.over = True  # an operator may have ended its branch without saying so
            outlet.on_completed()

    def stop(self) -> None:
        """Cancelled: nothing is handed on any more; sinks that do not ask to be drained are interrupted."""
        self.stopped = True
        for subscription in self._subscriptions:
            subscription.dispose()
        for outlet in self.outlets:
            if outlet.spec.on_cancel == "discard":
                outlet.discard()
            else:
                outlet.on_completed()

    async def settle(self, error: Exception | None, reply: Reply, limit: float | None) -> list[Exception]:
        """Wait for the mailboxes, close the sinks, and tell what failed in branches (never the stream's own error)."""
        for outlet in self.outlets:
            await outlet.drained(limit)
        failures: list[Exception] = []
        for outlet in self.outlets:
            await outlet.close(outlet.lens(reply) if outlet.lens is not None else reply)
            own = outlet.failure or (None if _same(outlet.error, error) else outlet.error)
            if own is not None:
                failures.append(_as_ours(own, outlet.spec.name, reply))
        for subscription in self._subscriptions:
            subscription.dispose()
        return failures

    @property
    def progress(self) -> int:
        return sum(outlet.progress for outlet in self.outlets)


def _same(one: Exception | None, other: Exception | None) -> bool:
    return one is other or (isinstance(one, StreamkitError) and one.is_same(other))


def _as_ours(error: Exception, name: str, reply: Reply) -> StreamkitError:
    if not isinstance(error, StreamkitError):
        cause, error = error, SinkError(f"branch {name} failed: {excerpt(f'{type(error).__name__}: {error}')}")
        error.__cause__ = cause
    error.partial = reply
    return error
