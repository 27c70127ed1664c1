"""The sink objects that are at work, and the claim of one run on each of them.

A sink that handles one reply at a time (an open file, a line that is being written) would mix up two. So one run has
it until that run has closed it. If that is about to happen, because the stream has ended, was cancelled or was left,
the next run waits for it; otherwise the next run is refused.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any

from ... import patience
from ...errors import SinkError
from ...events import Finish, Reply
from ..loops import forgets_closed_loops, on_loop, runs_here
from ..upstream import Context, at_work
from .description import Branch
from .listener import Listener
from .own_sink import OwnSink

__all__ = ["SinkClaim"]

_lock = RLock()  # reentrant: a reader that is collected during any of this may end its run
_claims: dict[int, SinkClaim] = {}
"""Claims by the identity of the sink, because a user's object may define its own comparison, or have no hash."""


class SinkClaim:
    """The claim of one run, or of one place where branches are attached, to its sinks, from `take` until `release`."""

    __slots__ = (
        *("_after", "_before", "_context", "_loop", "_released", "_sinks", "_start", "_timer"),
        *("ended", "last", "left", "refused"),
    )

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop, last: Callable[[], Any]) -> None:
        self.left = False
        """True once the stream of the branches was left by its reader."""
        self.ended = False
        """True once the stream of the branches has ended."""
        self.refused: SinkError | None = None
        """The error after a wait in vain; the function that `begin` calls raises it."""
        self.last = last
        """Returns the last item of the stream of the branches."""
        self._context, self._loop = context, loop
        self._sinks: list[Any] = []  # references, so that no other object gets their identity
        self._released = False
        self._before: list[SinkClaim] = []
        self._after: list[SinkClaim] = []
        self._start: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def take(self, branches: Iterable[Branch]) -> None:
        """Claim all sinks of ``branches``. If one of them is at work elsewhere, raise SinkError and claim none."""
        wanted = [(sink, branch.name) for branch in branches for sink in _claimable(branch.into)]
        if not wanted:
            return
        with _lock:
            before: dict[int, SinkClaim] = {}
            for number, (sink, name) in enumerate(wanted):
                if any(sink is other for other, _ in wanted[:number]):
                    raise _twice(name)
                earlier = _claims.get(id(sink))
                if earlier is None or earlier._loop.is_closed():
                    continue
                if not earlier._ends_for(self._context):
                    raise _twice(name) if earlier._context is self._context else _elsewhere(sink, name, earlier._where)
                before[id(earlier)] = earlier
            self._sinks, self._before = [sink for sink, _ in wanted], list(before.values())
            _claims.update((id(sink), self) for sink in self._sinks)
            for earlier in self._before:
                earlier._after.append(self)

    @property
    def _is_cut_short(self) -> bool:
        """True if it was cancelled or left, so that its sinks are closed within a few seconds."""
        return self.left or self._context.left or self._context.cancelled

    def _ends_for(self, context: Context) -> bool:
        """True if its sinks will be released without further action of the user. Listeners are called with the last
        events before the stream has ended, and may begin the next run then. (Within one run, more may still come.)"""
        if self._is_cut_short or self.ended:
            return True
        return context is not self._context and isinstance(self.last(), (Finish, Reply))

    @property
    def _where(self) -> str:
        """A description of the run with this claim, for messages. Loops and bare subscriptions have no name."""
        id = self._context.id
        return f"in another run (sk.runs[{id!r}])" if id in at_work else "in another loop or subscription"

    @property
    def waits(self) -> bool:
        """True if one of the sinks is still being closed by another run."""
        return bool(self._before)

    def begin(self, start: Callable[[], None]) -> None:
        """Call ``start`` on the loop: at once, or as soon as all sinks are free."""
        if not runs_here(self._loop):
            on_loop(self._loop, self.begin, start)
            return
        with _lock:
            self._start = start
            if self._before:
                self._timer = self._loop.call_later(patience.SINK_IN_USE, self._insist)
        _start_or_release(self)

    def go(self, start: Callable[[], None]) -> None:
        """Call ``start``, on the loop, and stop the timer of the wait."""
        if self._timer is not None:
            self._timer.cancel()
        start()

    def release(self) -> None:
        """Release the sinks, which are closed or were never begun."""
        with _lock:
            self._released, self._start = True, None
        _start_or_release(self)

    def _insist(self) -> None:
        with _lock:
            slow = next((one for one in _all_before(self) if not one._is_cut_short), None)
            if slow is None:
                self._before.clear()
            else:  # it keeps its position, as others may wait behind it
                self.refused, start, self._start = _not_closed(slow._where), self._start, None
        if slow is None:
            _start_or_release(self)
        elif start is not None:
            self.go(start)


def _start_or_release(claim: SinkClaim) -> None:
    """Start or release ``claim`` if it waits for no other claim, then those behind it. In a loop, not by recursion,
    because many may wait one behind the other."""
    ready = [claim]
    while ready:
        claim = ready.pop()
        with _lock:
            if claim._before:
                continue
            start, claim._start = claim._start, None
            after: list[SinkClaim] = []
            if claim._released:
                for sink in claim._sinks:
                    if _claims.get(id(sink)) is claim:
                        del _claims[id(sink)]
                claim._sinks, after, claim._after = [], claim._after, []
                for other in after:
                    if claim in other._before:
                        other._before.remove(claim)
        ready += after
        if start is not None:
            on_loop(claim._loop, claim.go, start)


def _all_before(claim: SinkClaim) -> list[SinkClaim]:
    """The claims that ``claim`` waits for, directly or through others."""
    earlier = list(claim._before)
    for one in earlier:  # the list grows meanwhile
        earlier += [other for other in one._before if other not in earlier]
    return earlier


def _claimable(into: Any) -> Iterable[Any]:
    """The objects behind ``into`` that handle one reply at a time. Callables and listeners do not."""
    while not isinstance(into, Listener) and getattr(into, "write", None) is not None:
        yield into
        if not isinstance(into, OwnSink):
            return
        into = into.inner


def _twice(name: str) -> SinkError:
    return SinkError(f"sink {name} is twice in one run: give each branch its own")


def _elsewhere(sink: Any, name: str, where: str) -> SinkError:
    if isinstance(sink, OwnSink) and sink.inner is not None:  # a callable called in the thread may be shared
        name = f"threaded({name})"
    return SinkError(f"sink {name} is at work {where}: give each run its own")


def _not_closed(where: str) -> SinkError:
    return SinkError(f"a sink was not closed within {patience.SINK_IN_USE:g} s {where}: give each run its own")


@forgets_closed_loops
def forget_closed_claims() -> None:
    """Drop the claims on loops that were closed without notice, as nothing will release them."""
    with _lock:
        for key in [key for key, claim in _claims.copy().items() if claim._loop.is_closed()]:
            _claims.pop(key, None)


def _after_fork() -> None:
    """Drop all claims in the child of a fork: the sinks are at work in the parent."""
    global _lock
    _lock = RLock()
    _claims.clear()


os.register_at_fork(after_in_child=_after_fork)
