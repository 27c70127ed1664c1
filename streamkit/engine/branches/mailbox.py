"""The mailbox in front of an async sink: a backlog of items, and a task that passes them to the sink one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from inspect import isawaitable
from typing import Any, Literal

from ... import patience
from ...awaitables import close_unused
from ...errors import SinkError
from ..loops import is_cancel, resolve
from ..upstream import Deadline, Gate, Hold
from .backlog import Backlog, Gap
from .sink_calls import SinkCalls

__all__ = ["Mailbox"]


class Mailbox:
    """The mailbox of one async sink: `put` takes items from the outlet, and a task writes them one at a time.

    The outlet makes it when ``write`` of the sink returns an awaitable for the first time: ``first``. Everything
    happens on the run's loop. A full mailbox holds ``gate``. After `finish` it is over when all items are written,
    after `discard` soon; `ended` is done then. A failure is passed to ``fail_with``; the outlet discards the mailbox
    then.
    """

    def __init__(
        self,
        sink: SinkCalls,
        first: Awaitable[Any],
        loop: asyncio.AbstractEventLoop,
        gate: Gate,
        fail_with: Callable[[BaseException], None],
    ) -> None:
        spec = sink.spec
        self.backlog = Backlog(spec.overflow, spec.capacity, spec.max_bytes, sink.delivered + 1)
        self.ended: asyncio.Future[None] = loop.create_future()
        """Done when the task is, or a second after `discard` if the sink ignores its cancellation."""
        self._sink, self._fail_with = sink, fail_with
        self._phase: Literal["open", "finishing", "discarded"] = "open"
        self._hold = Hold(gate)
        self._limit = Deadline(loop, self._remaining, self._expire)
        self._since = loop.time()
        """When the time limit of this phase, or of the item at hand, began."""
        self._waiter: asyncio.Future[None] | None = None
        """What the task awaits while there is no item."""
        self._arrived: float | None = self._since
        """When the item at hand came; None while there is none."""
        self._lag = 0.0
        self._begin([first])

    def _begin(self, first: list[Awaitable[Any]], *, may_restart: bool = True) -> None:
        """Start the task. It removes from the list ``first`` what it begins to await."""
        loop, name = self.ended.get_loop(), f"streamkit sink {self._sink.name}"
        self._task = loop.create_task(self._work(first), name=name)
        self._task.add_done_callback(partial(self._end, first, may_restart))

    def figures(self) -> dict[str, Any]:
        """The fields of `SinkStats` that a mailbox adds."""
        backlog = self.backlog
        counts = {"high_water": backlog.high_water, "dropped": backlog.dropped, "merged": backlog.merged}
        return {"queued": len(backlog), **counts, "lag": self._lag_now()}

    def _lag_now(self) -> float:
        arrived = self._arrived  # once: it may be another thread that asks
        return self._lag if arrived is None else self._limit.time() - arrived

    # -- the filling side ------------------------------------------------------------------------------------------

    def put(self, item: Any) -> None:
        """Add an item; with the policy ``fail`` a full mailbox raises SinkError instead."""
        if self._phase != "open":
            return
        fails = self._sink.spec.overflow == "fail"
        if fails and self.backlog.full:
            raise SinkError(f"sink {self._sink.name} fell behind: {len(self.backlog)} items wait")
        self.backlog.put(item, self._limit.time())
        self._wake()
        if not self._hold.held and not fails and self.backlog.full:
            self._hold.set(True)
            self._begin_limit()

    def finish(self) -> None:
        """Take no more items; the task ends when all are written."""
        if self._phase == "open":
            self._phase = "finishing"
            self._wake()
            self._begin_limit()

    def discard(self) -> None:
        """Drop the items that wait, and interrupt the write that is under way."""
        first, self._phase = self._phase != "discarded", "discarded"
        self.backlog.clear()
        self._hold.set(False)
        if not first or self._task.done():
            return  # a second cancel would interrupt the sink's handling of the first one
        self._wake()
        if self._task is not asyncio.current_task():
            self._task.cancel()
        self._begin_limit()

    # -- the emptying side -----------------------------------------------------------------------------------------

    async def _work(self, first: list[Awaitable[Any]]) -> None:
        try:
            if first:
                await first.pop()
                self._written()
            while await self._another():
                answer = self._sink.write(await self._take())
                if isawaitable(answer):
                    await answer
                self._written()
        except BaseException as exc:
            if is_cancel(exc):
                raise
            self._fail_with(exc)

    def _written(self) -> None:
        self._sink.delivered += 1
        self._lag = self._lag_now()

    async def _another(self) -> bool:
        self._arrived = None
        while not self.backlog:
            if self._phase != "open":
                return False
            self._waiter = self.ended.get_loop().create_future()
            await self._waiter
        return True

    def _wake(self) -> None:
        if self._waiter is not None:
            resolve(self._waiter)

    async def _take(self) -> Any:
        item, self._arrived, gap = self.backlog.take()
        self._since = self._limit.time()
        if self._hold.held and not self.backlog.full:
            self._hold.set(False)
        if gap is not None:
            await self._report(gap)
        return item

    async def _report(self, gap: Gap) -> None:
        dropped = getattr(self._sink.spec.into, "dropped", None)
        answer: Any = dropped(gap.count, gap.first, gap.last) if callable(dropped) else None
        if isawaitable(answer):
            await answer

    def _end(self, first: list[Awaitable[Any]], may_restart: bool, task: asyncio.Task[None]) -> None:
        if task.cancelled() and may_restart and self._phase != "discarded":
            # a loop that ends cancels every task: the items are written all the same
            self._begin(first, may_restart=False)
            return
        self._arrived = None
        self._limit.stop()
        self._set_ended()
        for answer in first:  # the task was cancelled before it began, so nothing else closes it
            close_unused(answer)

    def _set_ended(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    # -- time limit ------------------------------------------------------------------------------------------------

    def _begin_limit(self) -> None:
        """Begin the time limit of a phase: the source waits for room, or the run for the end, or for the interrupted
        write."""
        self._since = self._limit.time()
        self._limit.set()

    def _remaining(self) -> float | None:
        if self._phase == "discarded":
            limit = patience.INTERRUPTED_CALL
        elif self._phase == "finishing" or self._hold.held:
            limit = self._sink.spec.max_wait
        else:
            return None
        return limit - (self._limit.time() - self._since)

    def _expire(self) -> None:
        if self._phase == "discarded":
            self._set_ended()
        else:
            limit = self._sink.spec.max_wait
            self._fail_with(SinkError(f"sink {self._sink.name} took longer than {limit:g} s over one item"))
