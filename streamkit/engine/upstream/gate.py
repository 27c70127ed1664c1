"""Back-pressure: a source stops between two events while its gate is closed, and so stops reading.

A gate is closed while it is held or while any parent is closed. Sources that wait pass in turn: the first waiter whose
gate is open is woken, passes one event and goes to the end of the line; the others keep their position (waking all
would let the first to run starve the others). All gates of one tree share one line of waiters; everything happens on
one loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from weakref import ref

__all__ = ["Gate", "GateClock", "TimedGate"]


class _Line:
    """The waiters of a tree of gates, in order of arrival."""

    __slots__ = ("waiters",)

    def __init__(self) -> None:
        self.waiters: list[tuple[Gate, asyncio.Future[None]]] = []  # seldom any: a deque would weigh ten times as much

    def wake(self) -> None:
        for gate, waiter in self.waiters:
            if not gate.closed:
                if not waiter.done():
                    waiter.set_result(None)
                return


class Gate:
    """A valve between a consumer and its sources; used on the run's loop only, for as long as the consumer exists.

    A consumer that cannot take more calls `hold`, and `release` when it can again; the calls come in pairs. A source
    that finds its gate ``closed``, or ``waiters`` that came before it, awaits its `turn` before the next event.
    """

    __slots__ = ("__weakref__", "_children", "_line", "_parents", "_room", "closed", "waiters")

    def __init__(self, *parents: Gate) -> None:
        self.closed = 0
        """The number of reasons to be closed: own holds and closed parents. Counted, as it is read once for each
        event."""
        self._children: list[ref[Gate]] = []  # a WeakSet weighs six times as much as a gate
        self._room = 4
        """The number of children at which references to collected ones are removed."""
        self._parents: list[Gate] = []
        self._line: _Line = parents[0]._line if parents else _Line()
        self.waiters = self._line.waiters
        for parent in parents:
            self.add(parent)

    def add(self, parent: Gate) -> None:
        """Add a parent: this gate is closed also while ``parent`` is."""
        self._parents.append(parent)
        parent._adopt(self)
        if parent.closed:
            self._close()

    def drop(self, parent: Gate) -> None:
        """Remove a parent, for instance because its consumer has left."""
        if parent in self._parents:
            self._parents.remove(parent)
            parent._children.remove(ref(self))
            if parent.closed:
                self._wake(set(self._open()))

    def hold(self) -> None:
        self._close()

    def release(self) -> None:
        self._wake(set(self._open()))

    async def turn(self) -> None:
        """Wait until the gate is open and every earlier waiter has passed; then the caller passes one event."""
        line, loop = self._line, asyncio.get_running_loop()
        entry = (self, loop.create_future())
        line.waiters.append(entry)
        line.wake()
        try:
            await entry[1]
            while self.closed:  # closed again between being woken and running: keep the position
                again = (self, loop.create_future())
                line.waiters[line.waiters.index(entry)] = entry = again
                await entry[1]
        finally:
            line.waiters.remove(entry)
            line.wake()  # the next one runs after this one's event, and keeps its position if that closes its gate

    def _adopt(self, child: Gate) -> None:
        if len(self._children) >= self._room:
            self._children = [ref(gate) for gate in self._alive()]
            self._room = 4 + 2 * len(self._children)
        self._children.append(ref(child))

    def _alive(self) -> list[Gate]:
        return [gate for child in self._children if (gate := child()) is not None]

    def _close(self) -> None:
        self.closed += 1
        if self.closed == 1:
            for child in self._alive():
                child._close()

    def _open(self) -> Iterator[_Line]:
        """Remove one reason to be closed, and give the lines of all gates that this opens."""
        self.closed -= 1
        if not self.closed:
            yield self._line
            for child in self._alive():
                yield from child._open()

    @staticmethod
    def _wake(lines: set[_Line]) -> None:
        for line in lines:
            line.wake()


class TimedGate(Gate):
    """A gate that measures how long it has been open, by the clock ``time``, and calls ``opened`` whenever it opens
    again."""

    __slots__ = ("_began", "_closed_at", "_opened", "_time")

    def __init__(self, time: Callable[[], float], opened: Callable[[], None], *parents: Gate) -> None:
        self._time, self._opened = time, opened
        self._began = time()  # moved forward by the time it was closed
        self._closed_at: float | None = None
        super().__init__(*parents)

    @property
    def open_time(self) -> float:
        """The time it has been open, in seconds."""
        return (self._time() if self._closed_at is None else self._closed_at) - self._began

    def _close(self) -> None:
        super()._close()
        if self._closed_at is None:
            self._closed_at = self._time()

    def _open(self) -> Iterator[_Line]:
        yield from super()._open()
        if not self.closed and self._closed_at is not None:
            self._began += self._time() - self._closed_at
            self._closed_at = None
            self._opened()


class GateClock:
    """A clock for one source: seconds by the clock ``time``, without those spent waiting at the gate."""

    __slots__ = ("_gate", "_since", "_stood", "_time")

    def __init__(self, gate: Gate, time: Callable[[], float]) -> None:
        self._gate, self._time = gate, time
        self._stood = 0.0  # seconds of the waits that have ended
        self._since: float | None = None

    def time(self) -> float:
        return (self._time() if self._since is None else self._since) - self._stood

    @property
    def stands(self) -> bool:
        """True while the source waits at the gate."""
        return self._since is not None

    async def turn(self) -> None:
        """Wait for the gate's `Gate.turn`, with the clock stopped."""
        self._since = self._time()
        try:
            await self._gate.turn()
        finally:
            self._stood += self._time() - self._since
            self._since = None
