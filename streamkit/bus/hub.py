"""The readers of a process: one for each reply that is followed, whose batches go to all its followers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from functools import cached_property, partial
from typing import Any

from ..engine.loops import on_loop, resolve
from ..engine.upstream import new_id
from ..errors import BrokenError, ConnectError, MalformedError, StreamkitError
from ..events import Reply, Restart
from ..stages import Fold
from .entries import decode, encode
from .home import insist
from .log import START, Answer, Entry, EntryId, Log

__all__ = ["Batch", "Feed", "Hub", "own"]

PAUSE = 0.2
"""Seconds until a storage that cannot be reached is tried again."""
SILENCE = 5.0
"""Seconds without an entry after which the reader looks after the writer, or half of those in which it counts as dead
if that is less."""
PAGE = 500
"""Entries of one read."""
ROOM = 1000
"""Batches that wait for a follower; a slower one reads the log by itself until it has caught up."""
DIED = "the writer of the reply gave no sign of life any more: it has died, or was cut off"


class Batch:
    """An entry whose events are made once, for all followers."""

    def __init__(self, entry: Entry) -> None:
        self.id, self.epoch, self.number, self.data = entry.id, entry.epoch, entry.number, entry.data

    @cached_property
    def events(self) -> Sequence[Any]:
        return decode(self.data)

    @property
    def is_last(self) -> bool:
        return isinstance(self.events[-1], (Reply, StreamkitError))


class Feed:
    """The batches that a follower gets from the hub: those after the entry ``joined``. The hub pushes on its
    loop, the follower takes on its own. ``attempt`` makes a new attempt if the writer dies."""

    def __init__(self, loop: asyncio.AbstractEventLoop, attempt: Callable[[Answer], None] | None) -> None:
        self._loop, self.attempt = loop, attempt
        self.joined: EntryId = START
        self._batches: deque[Batch] = deque()
        self._is_behind = False
        self.has_left = False
        """True once its follower wants nothing more, which may be before it has joined."""
        self._error: StreamkitError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_lost(self) -> bool:
        """True if the loop of its follower was closed under it, so that it will never leave by itself."""
        return self._loop.is_closed()

    def push(self, batches: Sequence[Batch]) -> None:
        if len(self._batches) + len(batches) > ROOM:
            self._is_behind = True
        if not self._is_behind:
            self._batches.extend(batches)
        self._notify()

    def fail(self, error: StreamkitError) -> None:
        self._error = error
        self._notify()

    def leave_behind(self) -> None:
        """Push nothing more: the follower reads the log by itself, and joins again."""
        self._is_behind = True
        self._notify()

    async def take(self) -> list[Batch]:
        """The batches that have come, at least one; none if the follower did not take them in time, so that some are
        missing. Raises the error of the reader."""
        while True:
            waiter = self._waiter = self._loop.create_future()  # before looking, so that no batch is missed in between
            batches = []
            while self._batches:
                batches.append(self._batches.popleft())
            if batches or self._is_behind:
                return batches
            if self._error is not None:
                raise own(self._error)
            await waiter

    def _notify(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            on_loop(self._loop, resolve, waiter)


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
        self.task = asyncio.get_running_loop().create_task(self._read(), name="streamkit bus reader")

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
            self._log.tail(self._reply_id, self.last, silence=min(SILENCE, self._dead_after / 2))
        ) as pages:
            async for entries in pages:
                await self._pass_on(entries)

    async def _read_once(self) -> None:
        """Pass on what there is without a tail, which may fail for ever while commands are answered: a server may allow
        no more connections."""
        await self._pass_on(await self._log.read(self._reply_id, self.last, limit=PAGE))

    async def _pass_on(self, entries: Sequence[Entry]) -> None:
        if not entries:
            await self._look_after_writer()
            return
        self.last = entries[-1].id
        batches = [Batch(entry) for entry in entries]
        for feed in self.feeds:
            feed.push(batches)

    async def _look_after_writer(self) -> None:
        """End the reply of a dead writer, or begin a new attempt if a follower asked for that."""
        for feed in [feed for feed in self.feeds if feed.is_lost]:
            self._leave(feed)
        status = await self._log.status(self._reply_id)
        if status is None:
            raise BrokenError("the bus has lost the reply: it has expired, or the storage was emptied")
        if not status.is_open and status.last <= self.last:  # whoever has the last entry has left, or is about to
            raise BrokenError("the log of the reply has ended without its last entry: its storage has dropped it")
        if not status.is_open or status.silent_for <= self._dead_after:
            return
        attempt = next((feed.attempt for feed in self.feeds if feed.attempt is not None), None)
        news = await self._obituary() if attempt is None else Restart(DIED)
        answer = await self._log.take_over(
            self._reply_id,
            status.epoch,
            self._owner,
            encode([news]),
            last=attempt is None,
            dead_after=self._dead_after,
        )
        if answer.verdict in ("ok", "repeated"):
            self._owner = new_id()
            if attempt is not None:
                attempt(answer)

    async def _obituary(self) -> BrokenError:
        """The error that ends the reply, with all that came of it."""
        fold, last = Fold(), START
        with suppress(MalformedError):  # of another version, perhaps; the reply must end all the same
            while entries := await self._log.read(self._reply_id, last, limit=PAGE):
                last = entries[-1].id
                for entry in entries:
                    for event in decode(entry.data):
                        fold.feed(event)
        return BrokenError(DIED, partial=fold.reply("truncated"))


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


def own(error: StreamkitError) -> StreamkitError:
    """A copy of an error that several followers get: each completes its own."""
    return error.with_partial(error.partial)


def _is_here(task: asyncio.Task[None]) -> bool:
    """False for a task of an earlier background loop, which has been stopped, or is that of the parent process."""
    return task.get_loop() is asyncio.get_running_loop()
