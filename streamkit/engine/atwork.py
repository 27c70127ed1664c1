"""What is at work: the runs of this process, and in which of them each sink object is.

A sink that knows one reply at a time (an open file, a line that is being written) would mingle two. So it is held by
one run until that has closed it. What is cancelled or left is being closed already: the next one waits for that.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any

from ..errors import SinkError
from .branch import Branch
from .context import Context
from .listener import Listener
from .loop import on_loop, runs_here
from .ours import Ours
from .runs import at_work

__all__ = ["Hold", "forget_closed"]

PATIENCE = 10.0
"""Seconds to wait for a run that is being closed: longer than that takes, unless its loop stands still."""

_lock = RLock()  # a collected reader may end its run in the middle of any of this
_held: dict[int, Hold] = {}
"""By identity, because a user's object may compare as it likes, or have no hash."""


class Hold:
    """The sinks of one run, or of one place where branches are attached, until `release`."""

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self.left = False
        """Nobody reads any more what comes out of the branches' stream."""
        self._context, self._loop = context, loop
        self._sinks: list[Any] = []  # kept, so that no other object gets their identity
        self._over = False
        self._before: list[Hold] = []
        self._after: list[Hold] = []
        self._start: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def take(self, branches: Iterable[Branch]) -> None:
        """All sinks of ``branches``; SinkError, and none of them, if one is at work."""
        wanted = [(sink, branch.name) for branch in branches for sink in _holders(branch.into)]
        if not wanted:
            return
        with _lock:
            before: dict[int, Hold] = {}
            for number, (sink, name) in enumerate(wanted):
                if any(sink is other for other, _ in wanted[:number]):
                    raise _twice(name)
                holder = _held.get(id(sink))
                if holder is None or holder._loop.is_closed():
                    continue
                if not holder.ends:
                    raise _twice(name) if holder._context is self._context else _elsewhere(name)
                before[id(holder)] = holder
            self._sinks, self._before = [sink for sink, _ in wanted], list(before.values())
            _held.update((id(sink), self) for sink in self._sinks)
            for holder in self._before:
                holder._after.append(self)

    @property
    def ends(self) -> bool:
        """Whether it was cancelled or left, so that what is held is free in a moment."""
        return self.left or self._context.left or self._context.cancelled

    @property
    def waits(self) -> bool:
        """Whether a sink is still being closed."""
        return bool(self._before)

    def begin(self, start: Callable[[], None]) -> None:
        """Call ``start`` on the loop: at once, or as soon as all sinks are free."""
        if not runs_here(self._loop):
            on_loop(self._loop, self.begin, start)
            return
        with _lock:
            self._start = start
            if self._before:
                self._timer = self._loop.call_later(PATIENCE, self._insist)
        _settle(self)

    def go(self, start: Callable[[], None]) -> None:
        """On the loop."""
        if self._timer is not None:
            self._timer.cancel()
        start()

    def release(self) -> None:
        """All of it is closed, or was never begun."""
        with _lock:
            self._over, self._start = True, None
        _settle(self)

    def _insist(self) -> None:
        with _lock:
            self._before.clear()
        _settle(self)


def _settle(hold: Hold) -> None:
    """What follows if ``hold`` waits for nobody any more. Not by recursion: many may wait for each other in turn."""
    ready = [hold]
    while ready:
        hold = ready.pop()
        with _lock:
            if hold._before:
                continue
            start, hold._start = hold._start, None
            after: list[Hold] = []
            if hold._over:
                for sink in hold._sinks:
                    if _held.get(id(sink)) is hold:
                        del _held[id(sink)]
                hold._sinks, after, hold._after = [], hold._after, []
                for other in after:
                    if hold in other._before:
                        other._before.remove(hold)
        ready += after
        if start is not None:
            on_loop(hold._loop, hold.go, start)


def _holders(into: Any) -> Iterable[Any]:
    """The objects behind ``into`` that know one reply at a time. Callables and listeners do not."""
    while not isinstance(into, Listener) and getattr(into, "write", None) is not None:
        yield into
        if not isinstance(into, Ours):
            return
        into = into.inner


def _twice(name: str) -> SinkError:
    return SinkError(f"sink {name} is twice in one run: give each branch its own")


def _elsewhere(name: str) -> SinkError:
    return SinkError(f"sink {name} is at work in another run: give each run its own")


def forget_closed() -> None:
    """Loops that were closed without a word: nobody will end what was at work on them."""
    with _lock:
        for key in [key for key, hold in _held.copy().items() if hold._loop.is_closed()]:
            _held.pop(key, None)
    for id in [id for id, entry in at_work.copy().items() if entry.loop.is_closed()]:
        at_work.pop(id, None)


def _after_fork() -> None:
    """What is at work is so in the parent."""
    global _lock
    _lock = RLock()
    _held.clear()


os.register_at_fork(after_in_child=_after_fork)
