"""The end of a branch: a sink behind a failure boundary, with a bounded mailbox once it turns out to be async.

A plain callable is called in place. The first time a sink answers with an awaitable, a mailbox and a task of its own
take over: from then on items wait their turn, and a full mailbox closes the gate of its branch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from reactivex import abc

from ..errors import SinkError, excerpt
from ..events import Reply
from .context import RunScheduler
from .gate import Gate

__all__ = ["CAPACITY", "MAX_BYTES", "Branch", "Outlet", "SinkStats", "as_branch", "branch", "weight"]

CAPACITY = 1024
MAX_BYTES = 16 * 2**20

OnCancel = Literal["discard", "drain"]


@dataclass(frozen=True, slots=True)
class Branch:
    """One way from a run's events through operators into a sink; made by `branch`."""

    operators: tuple[Callable[[Any], Any], ...]
    into: Any
    capacity: int = CAPACITY
    max_bytes: int = MAX_BYTES
    overflow: Literal["wait"] = "wait"
    max_wait: float = 60.0
    on_cancel: OnCancel = "discard"
    name: str = ""


def branch(
    *operators: Callable[[Any], Any],
    into: Any,
    capacity: int = CAPACITY,
    max_bytes: int = MAX_BYTES,
    overflow: Literal["wait"] | None = None,
    max_wait: float = 60.0,
    on_cancel: OnCancel | None = None,
    name: str | None = None,
) -> Branch:
    """One of the ways that a run's events take: through ``operators`` into a sink.

    ``into`` is a callable, a coroutine function, or an object with ``write(item)`` and perhaps ``fail(error)`` and
    ``close(reply)``. An async sink gets a mailbox of ``capacity`` items and ``max_bytes`` bytes; when it is full the
    source stops reading (``overflow="wait"``). A sink that takes longer than ``max_wait`` seconds over one item while
    its mailbox is full is given up with a `SinkError`; the others go on. ``on_cancel`` says what a cancelled run does
    with items that wait: ``discard`` them or ``drain`` them; the default is the sink's own, else discard.
    """
    if not (callable(into) or callable(getattr(into, "write", None))):
        raise TypeError(f"a sink is a callable or has a write method, not {into!r}")
    if capacity < 1 or max_bytes < 1 or max_wait <= 0:
        raise ValueError("capacity, max_bytes and max_wait must be positive")
    if overflow not in (None, "wait"):
        raise ValueError(f"overflow is 'wait', not {overflow!r}")
    if on_cancel not in (None, "discard", "drain"):
        raise ValueError(f"on_cancel is 'discard' or 'drain', not {on_cancel!r}")
    chosen = on_cancel or getattr(into, "on_cancel", None) or "discard"
    title = name or getattr(into, "__qualname__", None) or type(into).__name__
    return Branch(operators, into, capacity, max_bytes, "wait", max_wait, chosen, title)


def as_branch(given: Any) -> Branch:
    """A branch may also be a bare sink or listener."""
    return given if isinstance(given, Branch) else branch(into=given)


@dataclass(slots=True)
class SinkStats:
    """What happened at one sink, in items."""

    name: str
    delivered: int = 0
    queued: int = 0
    high_water: int = 0
    failed: bool = False


def weight(item: Any) -> int:
    """About how many bytes an item holds on to."""
    text = item if isinstance(item, (str, bytes)) else getattr(item, "text", None)
    return 64 + (len(text) if isinstance(text, (str, bytes)) else 0)


@dataclass(slots=True)
class _Queue:
    """Items that wait for an async sink."""

    items: deque[Any] = field(default_factory=deque)
    bytes: int = 0
    full: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Outlet(abc.ObserverBase[Any]):
    """Where one branch ends."""

    def __init__(self, spec: Branch, scheduler: RunScheduler, abort: Callable[[BaseException], None]) -> None:
        self.spec, self.stats = spec, SinkStats(spec.name)
        self.gate = Gate(scheduler.gate)
        self.failure: Exception | None = None
        self.error: Exception | None = None
        self.over = False
        self.lens: Callable[[Reply], Reply] | None = None
        """What of the Reply its operators let through."""
        self.progress = 0
        self._loop, self._abort = scheduler.loop, abort
        self._write: Callable[[Any], Any] = getattr(spec.into, "write", None) or spec.into
        self._queue: _Queue | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    # -- the Rx side -----------------------------------------------------------------------------------------------

    def on_next(self, item: Any) -> None:
        if self._queue is not None:
            self._put(item)
        elif not self.over:
            try:
                answer = self._write(item)
            except BaseException as exc:
                self._broke(exc)
                return
            self.stats.delivered += 1
            if answer is not None and hasattr(answer, "__await__"):
                self._queue_up(answer)

    def on_error(self, error: Exception) -> None:
        self.error = error
        self.on_completed()

    def on_completed(self) -> None:
        self.over = True
        if self._queue is not None:
            self._queue.wake.set()

    # -- the mailbox -----------------------------------------------------------------------------------------------

    def _queue_up(self, first: Awaitable[Any]) -> None:
        self.stats.delivered -= 1
        self._queue = _Queue()
        self._task = self._loop.create_task(self._work(first, self._queue), name=f"streamkit sink {self.spec.name}")

    def _put(self, item: Any) -> None:
        queue = self._queue
        if queue is None or self.over:
            return
        queue.items.append(item)
        queue.bytes += weight(item)
        queue.wake.set()
        stats = self.stats
        stats.queued = len(queue.items)
        stats.high_water = max(stats.high_water, stats.queued)
        if not queue.full and (stats.queued >= self.spec.capacity or queue.bytes >= self.spec.max_bytes):
            queue.full = True
            self.gate.hold()
            self._timer = self._loop.call_later(self.spec.max_wait, self._too_slow, self.progress)

    async def _work(self, first: Awaitable[Any], queue: _Queue) -> None:
        try:
            await first
            while True:
                self.progress += 1
                self.stats.delivered += 1
                if not queue.items:
                    if self.over:
                        return
                    queue.wake.clear()
                    await queue.wake.wait()
                    if not queue.items:
                        return
                answer = self._write(self._take(queue))
                if answer is not None and hasattr(answer, "__await__"):
                    await answer
        except asyncio.CancelledError:
            raise
        except BaseException as exc:
            self._broke(exc)

    def _take(self, queue: _Queue) -> Any:
        item = queue.items.popleft()
        queue.bytes -= weight(item)
        self.stats.queued = len(queue.items)
        if queue.full and len(queue.items) < self.spec.capacity and queue.bytes < self.spec.max_bytes:
            self._open(queue)
        return item

    def _open(self, queue: _Queue) -> None:
        queue.full = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.gate.release()

    def _too_slow(self, progress: int) -> None:
        if self.progress != progress:  # it did take items since: count anew from here
            self._timer = self._loop.call_later(self.spec.max_wait, self._too_slow, self.progress)
            return
        self._broke(SinkError(f"sink {self.spec.name} took longer than {self.spec.max_wait:g} s over one item"))

    # -- the end ---------------------------------------------------------------------------------------------------

    def _broke(self, exc: BaseException) -> None:
        """Detach: whatever this sink did, nobody else notices before the run's result."""
        self.over, self.stats.failed = True, True
        if not isinstance(exc, Exception):
            self._abort(exc)
        elif self.failure is None and type(exc) is SinkError:
            self.failure = exc
        elif self.failure is None:
            self.failure = SinkError(f"sink {self.spec.name} raised {excerpt(f'{type(exc).__name__}: {exc}')}")
            self.failure.__cause__ = exc
        self.discard()

    def discard(self) -> None:
        """Throw away what waits and interrupt what is being written."""
        self.over = True
        queue = self._queue
        if queue is not None:
            queue.items.clear()
            queue.bytes = 0
            self.stats.queued = 0
            if queue.full:
                self._open(queue)
        if self._task is not None and not self._task.done() and self._task is not asyncio.current_task():
            self._task.cancel()

    async def drained(self, limit: float | None) -> None:
        """All that waited was written, or ``limit`` seconds are over and the rest is given up."""
        if self._task is None or self._task.done():
            return
        _, late = await asyncio.wait([self._task], timeout=limit)
        if late:
            self._broke(SinkError(f"sink {self.spec.name} did not end within {limit:g} s"))
            await asyncio.wait([self._task], timeout=1.0)

    async def close(self, reply: Reply) -> None:
        """``fail(error)`` if the branch broke, then ``close(reply)``: once, whatever happened before."""
        for name, value in (("fail", self.error), ("close", reply)):
            method: Callable[[Any], Any] | None = getattr(self.spec.into, name, None)
            if value is None or not callable(method):
                continue
            try:
                answer = method(value)
                if hasattr(answer, "__await__"):
                    await answer
            except BaseException as exc:
                if isinstance(exc, asyncio.CancelledError):
                    raise
                self._broke(exc)
