"""The readers of a process: one for each reply that is followed, whose batches go to all its followers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import aclosing
from functools import cached_property
from typing import Any

from ..engine.loops import on_loop, resolve
from ..engine.upstream import new_id
from ..errors import BrokenError, ConnectError, StreamkitError
from .entries import decode, encode
from .log import Entry, EntryId, Log

__all__ = ["Batch", "Feed", "Hub"]

PAGE = 500
"""Entries of one read."""
PAUSE = 0.2
"""Seconds until a storage that cannot be reached is tried again."""
ROOM = 1000
"""Batches that wait for a follower; a slower one reads the log by itself until it has caught up."""


class Batch:
    """An entry whose events are made once, for all followers."""

    def __init__(self, entry: Entry) -> None:
        self.id, self.epoch, self.data = entry.id, entry.epoch, entry.data

    @cached_property
    def events(self) -> Sequence[Any]:
        return decode(self.data)


class Feed:
    """What a follower gets from the hub, from its joining on: batches after the entry ``joined``. The hub pushes on its
    loop, the follower takes on its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, joined: EntryId) -> None:
        self.loop, self.joined = loop, joined
        self.is_behind = False
        """True once the follower did not take what there was: batches are missing."""
        self.error: StreamkitError | None = None
        self._batches: deque[Batch] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def push(self, batches: Sequence[Batch]) -> None:
        if len(self._batches) + len(batches) > ROOM:
            self.is_behind = True
        if not self.is_behind:
            self._batches.extend(batches)
        self._notify()

    def fail(self, error: StreamkitError) -> None:
        self.error = error
        self._notify()

    async def take(self) -> list[Batch]:
        """The batches that have come, at least one; none if the follower is behind. Raises the error of the reader."""
        while True:
            waiter = self._waiter = self.loop.create_future()  # before looking, so that no batch is missed in between
            batches = []
            while self._batches:
                batches.append(self._batches.popleft())
            if batches or self.is_behind:
                return batches
            if self.error is not None:
                raise self.error
            await waiter

    def _notify(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            on_loop(self.loop, resolve, waiter)


class _Reader:
    """The reader of one reply, on the background loop, as long as it has followers and the reply is open."""

    def __init__(self, log: Log, reply_id: str, last: EntryId, epoch: int, silence: float, give_up_after: float) -> None:
        self._log, self._reply_id, self.last, self._epoch = log, reply_id, last, epoch
        self._silence, self._give_up_after = silence, give_up_after
        self.feeds: list[Feed] = []
        self._owner = new_id()
        self.task = asyncio.get_running_loop().create_task(self._read(), name="streamkit bus reader")

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        reached = loop.time()
        try:
            while True:
                try:
                    async with aclosing(self._log.tail(self._reply_id, self.last, silence=self._silence)) as pages:
                        async for entries in pages:
                            await self._pass_on(entries)
                            reached = loop.time()
                except ConnectError as exc:
                    if loop.time() - reached > self._give_up_after:
                        raise BrokenError.wrapping("the bus could not be reached:", exc) from exc
                    await asyncio.sleep(PAUSE)
        except StreamkitError as exc:
            for feed in self.feeds:
                feed.fail(exc)

    async def _pass_on(self, entries: Sequence[Entry]) -> None:
        if entries:
            self.last, self._epoch = entries[-1].id, entries[-1].epoch
            batches = [Batch(entry) for entry in entries]
            for feed in self.feeds:
                feed.push(batches)
        elif await self._is_gone():
            raise BrokenError("the bus has lost the reply: its storage was emptied")

    async def _is_gone(self) -> bool:
        """Look after a reply from which nothing comes, and end it if its writer is dead."""
        data = encode([BrokenError("the writer of the reply gives no sign of life: it has died, or is cut off")])
        answer = await self._log.take_over(self._reply_id, self._epoch, self._owner, data, last=True)
        return answer.verdict == "missing"


class Hub:
    """All readers of one bus in this process. Used on the background loop."""

    def __init__(self, log: Log, wait: float, give_up_after: float) -> None:
        self._log, self._wait, self._give_up_after = log, wait, give_up_after
        self._readers: dict[str, _Reader] = {}

    async def join(self, reply_id: str, loop: asyncio.AbstractEventLoop) -> Feed | None:
        """A feed for a follower on ``loop``; None if there is no such reply."""
        reader = self._readers.get(reply_id)
        if reader is None or reader.task.done():
            status = await self._log.status(reply_id)
            if status is None:
                return None
            reader = self._readers.get(reply_id)  # another follower may have come meanwhile
            if reader is None or reader.task.done():
                reader = _Reader(self._log, reply_id, status.last, status.epoch, self._wait, self._give_up_after)
                self._readers[reply_id] = reader
        feed = Feed(loop, reader.last)
        reader.feeds.append(feed)
        return feed

    async def leave(self, reply_id: str, feed: Feed) -> None:
        reader = self._readers.get(reply_id)
        if reader is not None and feed in reader.feeds:
            reader.feeds.remove(feed)
            if not reader.feeds:
                reader.task.cancel()
                del self._readers[reply_id]
