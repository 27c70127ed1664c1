"""The reading of a reply by one follower: first what the log has, then what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from ..errors import BusError
from .home import at_home
from .hub import PAGE, Batch, Hub
from .log import START, EntryId, Log
from .position import Position

__all__ = ["batches_after"]

STEP = 0.05
"""Seconds between two looks for a reply that has not begun."""


async def batches_after(
    log: Log, hub: Hub, reply_id: str, after: Position | None, wait: float
) -> AsyncGenerator[Batch, None]:
    """The batches of the reply, from that of the position ``after`` on (whole) or from the first, without an end: the
    caller sees the end of the reply in the last one. `BusError` if there is no such reply or position."""
    last = START if after is None else _before(after.entry)
    if after is None:
        await _appearance(log, reply_id, wait)
    else:
        await _check(log, reply_id, after)
    while True:
        feed = await at_home(hub.join, reply_id, asyncio.get_running_loop())
        if feed is None:
            raise BusError(f"there is no reply {reply_id}, or no longer", reason="unknown")
        try:
            while last < feed.joined:
                for entry in await at_home(_page, log, reply_id, last):
                    last = entry.id
                    yield Batch(entry)
            while batches := await feed.take():
                for batch in batches:
                    if batch.id > last:
                        last = batch.id
                        yield batch
        finally:
            await at_home(hub.leave, reply_id, feed)


async def _page(log: Log, reply_id: str, last: EntryId) -> Any:
    entries = await log.read(reply_id, last, limit=PAGE)
    if not entries:
        raise BusError(f"the log of reply {reply_id} ends before it should: it has expired, or was lost", reason="unknown")
    return entries


async def _appearance(log: Log, reply_id: str, wait: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + wait
    while await at_home(log.status, reply_id) is None:
        if loop.time() >= end:
            raise BusError(f"there is no reply {reply_id}: it has not begun, or it has expired", reason="unknown")
        await asyncio.sleep(STEP)


async def _check(log: Log, reply_id: str, after: Position) -> None:
    if await at_home(log.status, reply_id) is None:
        raise BusError(f"there is no reply {reply_id}: it has expired, or never was", reason="unknown")
    entries = await at_home(_exactly, log, reply_id, after.entry)
    if not entries or entries[0].id != after.entry or after.index >= len(Batch(entries[0]).events):
        raise BusError(f"reply {reply_id} has no position {after}", reason="position")


async def _exactly(log: Log, reply_id: str, entry: EntryId) -> Any:
    return await log.read(reply_id, _before(entry), limit=1)


def _before(entry: EntryId) -> EntryId:
    """The greatest id that is less than that of ``entry``."""
    time, number = entry
    return (time, number - 1) if number else (time - 1, (1 << 64) - 1)
