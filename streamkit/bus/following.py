"""The reading of a reply by one follower: first what the log has, then what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..engine.loops import background, on_loop
from ..errors import BrokenError, BusError
from .feed import Batch, Feed
from .home import at_home, insist
from .hub import Hub
from .log import PAGE, START, Answer, Entry, EntryId, Log
from .position import Position

__all__ = ["Following", "appearance"]

T = TypeVar("T")

STEP = 0.05
"""Seconds between two looks for a reply that has not begun."""


@dataclass(frozen=True)
class Following:
    """The wish of one follower: a reply from its first event, or from the one ``after`` a position. It waits ``wait``
    seconds for its beginning, and for a bus that cannot be reached yet. If the writer dies, ``attempt`` makes a new
    attempt."""

    log: Log
    hub: Hub
    reply_id: str
    after: Position | None
    wait: float
    give_up_after: float
    attempt: Callable[[Answer], None] | None

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """The batches of the reply, until the one that ends it; the first is that of the position ``after``, whole.
        `BusError` if there is no such reply or position."""
        last = START
        if self.after is None:
            if not await at_home(appearance, self.log, self.reply_id, self.wait):
                raise self._unknown()
        else:
            await self._check(self.after)
            last = _before(self.after.entry)
        previous: Batch | None = None
        async with aclosing(self._entries(last)) as entries:
            async for batch in entries:
                self._check_order(previous, batch)
                previous = batch
                yield batch
                if batch.is_last:
                    return

    async def _entries(self, last: EntryId) -> AsyncGenerator[Batch, None]:
        """All batches after an entry, without an end."""
        while True:
            feed = Feed(asyncio.get_running_loop(), self.attempt)
            try:
                if not await self._ask(partial(self.hub.join, self.reply_id, feed)):
                    raise self._unknown()
                while last < feed.joined:
                    for batch in await self._page(last):
                        last = batch.id
                        yield batch
                while batches := await feed.take():
                    for batch in batches:
                        if batch.id > last:
                            last = batch.id
                            yield batch
            finally:
                on_loop(background(), self.hub.leave, self.reply_id, feed)

    async def _page(self, last: EntryId) -> Sequence[Batch]:
        entries = await self._read(last, PAGE)
        if not entries:
            raise BrokenError(f"the log of reply {self.reply_id} has expired while it was read, or was lost")
        return [Batch(entry) for entry in entries]

    async def _read(self, last: EntryId, limit: int) -> Sequence[Entry]:
        return await self._ask(lambda: self.log.read(self.reply_id, last, limit=limit))

    async def _ask(self, step: Callable[[], Awaitable[T]]) -> T:
        return await at_home(insist, step, self.give_up_after)

    async def _check(self, after: Position) -> None:
        if await self._ask(lambda: self.log.status(self.reply_id)) is None:
            raise self._unknown()
        entries = await self._read(_before(after.entry), 1) if after.entry > START else ()
        if not entries or entries[0].id != after.entry or after.offset >= len(Batch(entries[0]).events):
            raise BusError(f"reply {self.reply_id} has no position {after}", reason="position")

    def _unknown(self) -> BusError:
        waited = f" within {self.wait:g} s" if self.wait else ""
        said = f"there is no reply {self.reply_id}: it has not begun{waited}, or it has expired"
        return BusError(said, reason="unknown")

    def _check_order(self, previous: Batch | None, batch: Batch) -> None:
        """Each batch has the number after that of the one before, or is the first of the next epoch."""
        if previous is None:
            is_next = batch.number == 1 or self.after is not None
        elif batch.epoch == previous.epoch:
            is_next = batch.number == previous.number + 1
        else:
            is_next = batch.number == 1 and batch.epoch == previous.epoch + 1
        if not is_next:
            raise BrokenError(f"the log of reply {self.reply_id} lacks entries: its storage has lost them")


async def appearance(log: Log, reply_id: str, wait: float) -> bool:
    """Wait until a reply has begun, for ``wait`` seconds of real time at most; whether it has."""
    loop = asyncio.get_running_loop()
    end = loop.time() + wait
    while await insist(lambda: log.status(reply_id), wait) is None:
        if loop.time() >= end:
            return False
        await asyncio.sleep(STEP)
    return True


def _before(entry: EntryId) -> EntryId:
    """The greatest id that is less than that of ``entry``."""
    time, number = entry
    return (time, number - 1) if number else (time - 1, (1 << 64) - 1)
