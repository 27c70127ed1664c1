"""The mailbox in front of an async sink: a backlog of items, and a task that passes them to the sink one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ... import patience
from ...errors import SinkError
from ..loops import is_cancel
from ..upstream import Gate
from .backlog import Backlog, Gap
from .branch import Branch

__all__ = ["Mailbox"]


class Mailbox:
    """The mailbox of one async sink: `put` takes items from the outlet, and a task writes them one at a time.

    The outlet makes it when ``write`` of the sink returns an awaitable for the first time: ``first``, for the item with
    this ``number``. Everything happens on the run's loop. A full mailbox holds ``gate``. After `finish` it is over when
    all items are written, after `discard` soon; `ended` is done then. A failure is passed to ``fail_with``, which
    discards the mailbox.
    """

    def __init__(
        self,
        spec: Branch,
        write: Callable[[Any], Any],
        first: Awaitable[Any],
        loop: asyncio.AbstractEventLoop,
        gate: Gate,
        fail_with: Callable[[BaseException], None],
        *,
        number: int,
    ) -> None:
        self.backlog = Backlog(spec.overflow, spec.capacity, spec.max_bytes, number + 1)
        self.delivered = 0
        self._spec, self._write, self._loop, self._gate, self._fail_with = spec, write, loop, gate, fail_with
        dropped = getattr(spec.into, "dropped", None)
        self._dropped: Callable[[int, int, int], Any] | None = dropped if callable(dropped) else None
        self._closed = self._discarded = self._held = self._busy = False
        self._wake = asyncio.Event()
        self._arrived = self._began = self._awaited = loop.time()
        self._lag = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.ended: asyncio.Future[None] = loop.create_future()
        """Done when the task is, or a second after `discard` if the sink ignores its cancellation."""
        self._restarted = False
        self._begin(first)

    @property
    def lag(self) -> float:
        """Seconds from the arrival of the current item until now, or from that of the last item until it was
        written."""
        return self._loop.time() - self._arrived if self._busy else self._lag

    def _begin(self, first: Awaitable[Any] | None) -> None:
        self._first = first
        self._task = self._loop.create_task(self._work(first), name=f"streamkit sink {self._spec.name}")
        self._task.add_done_callback(self._end)

    # -- the filling side ------------------------------------------------------------------------------------------

    def put(self, item: Any) -> None:
        """Add an item; with the policy ``fail`` a full mailbox breaks the sink instead."""
        if self._closed:
            return
        if self._spec.overflow == "fail" and self.backlog.full:
            self._fail_with(SinkError(f"sink {self._spec.name} fell behind: {len(self.backlog)} items wait"))
            return
        self.backlog.put(item, self._loop.time())
        self._wake.set()
        if not self._held and self._spec.overflow != "fail" and self.backlog.full:
            self._held = True
            self._gate.hold()
            self._watch()

    def finish(self) -> None:
        """Take no more items; the task ends when all are written."""
        if not self._closed:
            self._closed = True
            self._wake.set()
            self._watch()

    def discard(self) -> None:
        """Drop the items that wait, and interrupt the write that is under way."""
        self._closed = True
        self.backlog.clear()
        self._release()
        if self._discarded or self._task.done():
            return  # once: a second cancel would interrupt the sink's handling of the first one
        self._discarded = True
        self._stop_timer()
        self._wake.set()
        if self._task is not asyncio.current_task():
            self._task.cancel()
        self._timer = self._loop.call_later(patience.INTERRUPTED_CALL, self._set_ended)

    # -- the emptying side -----------------------------------------------------------------------------------------

    async def _work(self, answer: Any) -> None:
        self._first, self._busy = None, True
        try:
            if answer is not None:
                await answer
                self._written()
            while await self._another():
                item = await self._take()
                answer = self._write(item)
                if hasattr(answer, "__await__"):
                    await answer
                self._written()
        except BaseException as exc:
            if is_cancel(exc):
                raise
            self._fail_with(exc)

    def _written(self) -> None:
        self.delivered += 1
        self._lag = self._loop.time() - self._arrived

    async def _another(self) -> bool:
        self._busy = False
        while not self.backlog:
            if self._closed:
                return False
            self._wake.clear()
            await self._wake.wait()
        return True

    async def _take(self) -> Any:
        item, self._arrived, gap = self.backlog.take()
        self._busy, self._began = True, self._loop.time()
        if self._held and not self.backlog.full:
            self._release()
        if gap is not None and self._dropped is not None:
            await self._report_gap(gap, self._dropped)
        return item

    async def _report_gap(self, gap: Gap, dropped: Callable[[int, int, int], Any]) -> None:
        answer = dropped(gap.count, gap.first, gap.last)
        if hasattr(answer, "__await__"):
            await answer

    # -- time limit ------------------------------------------------------------------------------------------------

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._gate.release()

    def _watch(self) -> None:
        """Start the time limit: from now on the source waits for room, or the run for the end."""
        self._awaited = self._loop.time()
        if self._timer is None and not self._task.done():
            self._timer = self._loop.call_later(self._spec.max_wait, self._check_time)

    def _check_time(self) -> None:
        """Check the time limit. There is one timer, set anew only when it fires, to keep the work for each item
        small."""
        self._timer = None
        if self._discarded or not (self._held or self._closed):
            return
        limit, since = self._spec.max_wait, max(self._began, self._awaited)
        remaining = limit - (self._loop.time() - since)
        if remaining > 0.001:
            self._timer = self._loop.call_later(remaining, self._check_time)
        else:
            self._fail_with(SinkError(f"sink {self._spec.name} took longer than {limit:g} s over one item"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_ended(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _end(self, task: asyncio.Task[None]) -> None:
        first, self._first, self._busy = self._first, None, False
        if task.cancelled() and not (self._discarded or self._restarted):
            self._restarted = True  # a loop that ends cancels every task: the items that wait are written all the same
            self._begin(first)
            return
        self._stop_timer()
        self._set_ended()
        close = getattr(first, "close", None)
        if close is not None:
            close()  # the task was cancelled before it began, so nothing else closes it
