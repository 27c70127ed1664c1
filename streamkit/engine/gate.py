"""Back-pressure: a source stops between two events while its gate is closed, and so stops reading.

A gate is closed while it is held or while any parent is closed. Sources that wait pass in turn: a waiter keeps its
place, the first one whose gate is open is woken, passes one event and queues up again (waking all would let the first
to run starve the others). All gates of one tree share one line of waiters; everything happens on one loop.
"""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Gate"]


class _Line:
    """Waiters in order of arrival, and the lines of trees that depend on this one."""

    __slots__ = ("followers", "waiters")

    def __init__(self) -> None:
        self.waiters: deque[tuple[Gate, asyncio.Future[None]]] = deque()
        self.followers: dict[_Line, int] = {}

    def wake(self) -> None:
        for gate, waiter in self.waiters:
            if not gate.closed:
                if not waiter.done():
                    waiter.set_result(None)
                break
        for line in tuple(self.followers):
            line.wake()


class Gate:
    """One valve. `hold` and `release` come in pairs; sources look at `busy` before each event and await `turn`."""

    __slots__ = ("_held", "_line", "_parents")

    def __init__(self, *parents: Gate) -> None:
        self._held = 0
        self._parents: tuple[Gate, ...] = ()
        self._line: _Line = parents[0]._line if parents else _Line()
        for parent in parents:
            self.add(parent)

    def add(self, parent: Gate) -> None:
        """Closed also while ``parent`` is."""
        self._parents = (*self._parents, parent)
        if parent._line is not self._line:
            followers = parent._line.followers
            followers[self._line] = followers.get(self._line, 0) + 1

    def drop(self, parent: Gate) -> None:
        """Forget a parent, for instance because its consumer has gone."""
        if parent not in self._parents:
            return
        parents = list(self._parents)
        parents.remove(parent)
        self._parents = tuple(parents)
        if parent._line is not self._line:
            followers = parent._line.followers
            followers[self._line] -= 1
            if not followers[self._line]:
                del followers[self._line]
        self._line.wake()

    @property
    def closed(self) -> bool:
        if self._held:
            return True
        for parent in self._parents:  # a loop, not any(): this is asked once an event
            if parent.closed:
                return True
        return False

    @property
    def busy(self) -> bool:
        """True if a source must await its `turn`: closed, or others came first."""
        return bool(self._line.waiters) or self.closed

    def hold(self) -> None:
        self._held += 1

    def release(self) -> None:
        self._held -= 1
        if not self._held:
            self._line.wake()

    async def turn(self) -> None:
        """Wait in line until this gate is open and all who came earlier had theirs; then pass one event."""
        line, loop = self._line, asyncio.get_running_loop()
        entry = (self, loop.create_future())
        line.waiters.append(entry)
        line.wake()
        try:
            await entry[1]
            while self.closed:  # again, between being woken and running: keep the place
                again = (self, loop.create_future())
                line.waiters[line.waiters.index(entry)] = entry = again
                await entry[1]
        finally:
            line.waiters.remove(entry)
            line.wake()  # the next one runs after our event, and keeps its place if that closes the gate
