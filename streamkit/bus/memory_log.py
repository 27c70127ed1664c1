"""Logs in the memory of one process."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from ..engine.loops import resolve
from ..errors import TooLargeError
from .log import PAGE, START, Answer, Entry, EntryId, Status

__all__ = ["MemoryLog"]


@dataclass
class _Kept:
    """One reply."""

    owner: str
    beat: float
    epoch: int = 1  # only what has ended is forgotten, so that no earlier writer of this id is at work
    number: int = 0
    is_open: bool = True
    is_cancelled: bool = False
    is_suspect: bool = False
    size: int = 0
    entries: list[Entry] = field(default_factory=list)
    waiters: set[asyncio.Future[None]] = field(default_factory=set)
    """Of the tails that wait for an entry. Not an event, which would be bound to the first loop for good."""


class MemoryLog:
    """See `streamkit.bus.memory`. All methods are called on one loop."""

    def __init__(
        self,
        *,
        kept_for: float,
        reply_bytes: int,
        total_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kept_for, self._clock = kept_for, clock
        self._reply_bytes, self._total_bytes = reply_bytes, total_bytes
        self._replies: dict[str, _Kept] = {}
        self._size = 0
        self._last = START
        """The id of the newest entry. Ids grow from reply to reply, and from process to process: each belongs to one
        reply, although another one may have the same name later."""
        self._ended: deque[tuple[float, str]] = deque()
        """When to forget each reply that has ended, in the order of their ends."""

    async def open(self, reply_id: str, owner: str) -> Answer:
        reply = self._known(reply_id)
        if reply is None:
            self._replies[reply_id] = _Kept(owner, self._clock())
            return Answer("ok", 1)
        if reply.owner == owner:
            return Answer("repeated", reply.epoch, reply.is_cancelled)
        if not reply.is_open:
            return Answer("closed", reply.epoch)
        return Answer("busy", reply.epoch)

    async def append(self, reply_id: str, epoch: int, number: int, data: bytes, *, last: bool) -> Answer:
        reply = self._known(reply_id)
        if reply is None:
            return Answer("missing")
        if epoch == reply.epoch and number <= reply.number:
            return Answer("repeated", epoch, reply.is_cancelled)
        if epoch != reply.epoch:
            return Answer("stale", reply.epoch)
        if not reply.is_open:
            return Answer("closed", epoch)
        if number != reply.number + 1:
            return Answer("gap", epoch)
        if reply.size + len(data) > self._reply_bytes and not last:
            raise TooLargeError(
                f"reply {reply_id} is larger than the {self._reply_bytes} bytes of the bus for one reply"
            )
        self._add(reply_id, epoch, number, data, last)
        return Answer("ok", epoch, reply.is_cancelled)

    async def take_over(
        self, reply_id: str, epoch: int, owner: str, data: bytes, *, last: bool, dead_after: float
    ) -> Answer:
        reply = self._known(reply_id)
        if reply is None:
            return Answer("missing")
        if reply.owner == owner:
            return Answer("repeated", reply.epoch, reply.is_cancelled)
        if not reply.is_open:
            return Answer("closed", reply.epoch)
        if epoch != reply.epoch:
            return Answer("stale", reply.epoch)
        if self._clock() - reply.beat <= dead_after:
            return Answer("alive", epoch)
        if not reply.is_suspect:  # the loop itself may have stood still: give the writer its turn
            reply.is_suspect = True
            return Answer("alive", epoch)
        reply.owner = owner
        self._add(reply_id, epoch + 1, 1, data, last)
        return Answer("ok", reply.epoch, reply.is_cancelled)

    async def beat(self, reply_id: str, epoch: int) -> Answer:
        reply = self._known(reply_id)
        if reply is None:
            return Answer("missing")
        if epoch != reply.epoch:
            return Answer("stale", reply.epoch)
        if not reply.is_open:
            return Answer("closed", epoch)
        reply.beat, reply.is_suspect = self._clock(), False
        return Answer("ok", epoch, reply.is_cancelled)

    async def cancel(self, reply_id: str) -> Answer:
        reply = self._known(reply_id)
        if reply is None:
            return Answer("missing")
        if not reply.is_open:
            return Answer("closed", reply.epoch)
        reply.is_cancelled = True
        return Answer("ok", reply.epoch, True)

    async def read(self, reply_id: str, after: EntryId, *, limit: int) -> Sequence[Entry]:
        reply = self._known(reply_id)
        return [] if reply is None else _after(reply, after, limit)

    async def tail(self, reply_id: str, after: EntryId, *, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        while True:
            reply = self._known(reply_id)
            entries = [] if reply is None else _after(reply, after, PAGE)
            if entries:
                after = entries[-1].id
                yield entries
                continue
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiters = set() if reply is None else reply.waiters
            waiters.add(waiter)
            try:
                async with asyncio.timeout(silence):
                    await waiter
            except TimeoutError:
                yield ()
            finally:
                waiters.discard(waiter)

    async def status(self, reply_id: str) -> Status | None:
        reply = self._known(reply_id)
        if reply is None:
            return None
        last = reply.entries[-1].id if reply.entries else START
        return Status(reply.is_open, reply.epoch, last, self._clock() - reply.beat)

    async def close(self) -> None:
        """Do nothing: the replies stay, as they do on a server."""

    def _known(self, reply_id: str) -> _Kept | None:
        now = self._clock()
        while self._ended and (now > self._ended[0][0] or self._size > self._total_bytes):
            _, forgotten = self._ended.popleft()
            self._size -= self._replies.pop(forgotten).size
        return self._replies.get(reply_id)

    def _add(self, reply_id: str, epoch: int, number: int, data: bytes, last: bool) -> None:
        reply = self._replies[reply_id]
        self._last = max((time.time_ns() // 10**6, 0), (self._last[0], self._last[1] + 1))
        reply.entries.append(Entry(self._last, epoch, number, data))
        reply.epoch, reply.number, reply.beat, reply.is_suspect = epoch, number, self._clock(), False
        reply.size += len(data)
        self._size += len(data)
        if last:
            reply.is_open = False
            self._ended.append((self._clock() + self._kept_for, reply_id))
        for waiter in reply.waiters:
            resolve(waiter)


def _after(reply: _Kept, after: EntryId, limit: int) -> list[Entry]:
    start = bisect_right(reply.entries, after, key=attrgetter("id"))
    return reply.entries[start : start + limit]
