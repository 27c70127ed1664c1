"""The readers of a process: one for each reply that is followed, whose batches go to all its followers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial

from ..engine.upstream import new_id
from ..errors import BrokenError, ConnectError, StreamkitError
from ..events import Restart
from .entries import encode
from .feed import Batch, Feed
from .home import insist
from .log import PAGE, Entry, EntryId, Log
from .so_far import written_so_far

__all__ = ["Hub"]

PAUSE = 0.2
"""Seconds until a storage that cannot be reached is tried again."""
SILENCE = 1.0
"""Seconds without an entry after which the reader sees whether it is time to look after the writer; a fifth of those in
which it counts as dead if that is less."""
DIED = "the writer of the reply gave no sign of life any more: it has died, or was cut off"


class _Reader:
    """The reader of one reply, as long as it has followers."""

    def __init__(
        self,
        log: Log,
        reply_id: str,
        last: EntryId,
        leave: Callable[[Feed], None],
        dead_after: float,
        give_up_after: float,
    ) -> None:
        self._log, self._reply_id, self.last, self._leave = log, reply_id, last, leave
        self._dead_after, self._give_up_after = dead_after, give_up_after
        self.feeds: list[Feed] = []
        self._owner = new_id()
        self._loop = asyncio.get_running_loop()
        self._next_look = self._loop.time()
        """When the writer may have died at the earliest, as far as is known here."""
        self.task = self._loop.create_task(self._read(), name="streamkit bus reader")

    async def _read(self) -> None:
        try:
            while True:
                with suppress(ConnectError):
                    await self._read_until_lost()
                await asyncio.sleep(PAUSE)
                await insist(self._read_once, self._give_up_after)
        except asyncio.CancelledError:  # with followers only if this loop ends, and they may be on others
            for feed in self.feeds:
                feed.leave_behind()
            raise
        except Exception as exc:
            error = exc if isinstance(exc, StreamkitError) else BrokenError.wrapping("the bus failed:", exc)
            for feed in self.feeds:
                feed.fail(error)

    async def _read_until_lost(self) -> None:
        async with aclosing(
            self._log.tail(self._reply_id, self.last, silence=min(SILENCE, self._dead_after / 5))
        ) as pages:
            async for entries in pages:
                await self._pass_on(entries)

    async def _read_once(self) -> None:
        """Pass on what there is without a tail, which may fail for ever while commands are answered: a server may allow
        no more connections."""
        await self._pass_on(await self._log.read(self._reply_id, self.last, limit=PAGE))

    async def _pass_on(self, entries: Sequence[Entry]) -> None:
        now = self._loop.time()
        if not entries:
            if now >= self._next_look:
                await self._look_after_writer(now)
            return
        self._next_look = now + self._dead_after
        self.last = entries[-1].id
        batches = [Batch(entry) for entry in entries]
        for feed in self.feeds:
            feed.push(batches)

    async def _look_after_writer(self, now: float) -> None:
        """End the reply of a dead writer, or begin a new attempt if a follower asked for that."""
        for feed in [feed for feed in self.feeds if feed.is_lost]:
            self._leave(feed)
        status = await self._log.status(self._reply_id)
        if status is None:
            raise BrokenError("the bus has lost the reply: it has expired, or the storage was emptied")
        if not status.is_open and status.last <= self.last:  # whoever has the last entry has left, or is about to
            raise BrokenError("the log of the reply has ended without its last entry: its storage has dropped it")
        if not status.is_open or status.silent_for <= self._dead_after:
            self._next_look = now + max(self._dead_after - status.silent_for, 0)
            return
        attempt = next((feed.attempt for feed in self.feeds if feed.attempt is not None), None)
        news = await self._end() if attempt is None else Restart(DIED)
        data, last = encode([news]), attempt is None
        answer = await self._log.take_over(
            self._reply_id, status.epoch, self._owner, data, last=last, dead_after=self._dead_after
        )
        if answer.verdict in ("ok", "repeated"):
            self._owner = new_id()
            if attempt is not None:
                attempt(answer)

    async def _end(self) -> BrokenError:
        """The error that ends the reply, with all that came of it."""
        return BrokenError(DIED, partial=await written_so_far(self._log, self._reply_id))


class Hub:
    """All readers of one bus in this process. Used on the background loop."""

    def __init__(self, log: Log, dead_after: float, give_up_after: float) -> None:
        self._log, self._dead_after, self._give_up_after = log, dead_after, give_up_after
        self._readers: dict[str, _Reader] = {}

    async def join(self, reply_id: str, feed: Feed) -> bool:
        """Let a follower have what comes from now on; False if there is no such reply."""
        reader = self._reader(reply_id)
        if reader is None:
            status = await self._log.status(reply_id)
            if status is None:
                return False
            reader = self._reader(reply_id)  # another follower may have come meanwhile
            if reader is None and not feed.has_left:
                leave = partial(self.leave, reply_id)
                reader = _Reader(self._log, reply_id, status.last, leave, self._dead_after, self._give_up_after)
                self._readers[reply_id] = reader
        if reader is not None and not feed.has_left:
            feed.joined = reader.last
            reader.feeds.append(feed)
        return True

    def leave(self, reply_id: str, feed: Feed) -> None:
        feed.has_left = True
        reader = self._readers.get(reply_id)
        if reader is not None and feed in reader.feeds:
            reader.feeds.remove(feed)
            if not reader.feeds:
                if _is_here(reader.task):
                    reader.task.cancel()
                del self._readers[reply_id]

    def _reader(self, reply_id: str) -> _Reader | None:
        reader = self._readers.get(reply_id)
        if reader is None or reader.task.done() or not _is_here(reader.task):
            return None
        return reader


def _is_here(task: asyncio.Task[None]) -> bool:
    """False for a task of an earlier background loop, which has been stopped, or is that of the parent process."""
    return task.get_loop() is asyncio.get_running_loop()
