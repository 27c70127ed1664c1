"""A cluster of servers, as a log asks it: redis-py looks for the one that has the keys of a reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from itertools import chain
from typing import Any

from ..errors import ConnectError
from .log import PAGE, Entry, EntryId
from .redis_client import ANSWER, Client
from .redis_entry import entry_of, id_text
from .redis_tails import BLOCK
from .script import SCRIPT

__all__ = ["Cluster"]

AT_ONCE = 50
"""Commands at a time, each of which takes a connection that stays open."""


class Cluster:
    """The connections to the servers of a cluster on one loop. Each tail has one of its own."""

    def __init__(self, connect: Callable[[float], Client]) -> None:
        self._client, self._tails = connect(ANSWER), connect(BLOCK + ANSWER)
        self._script = self._client.redis.register_script(SCRIPT)
        self._turns, self._failed = asyncio.Semaphore(AT_ONCE), 0

    async def script(self, meta: str, log: str, *args: str | bytes | int) -> Any:
        """The answer of the script."""
        return await self._ask(lambda: self._script(keys=[meta, log], args=args))

    async def read(self, log: str, after: EntryId, limit: int) -> Sequence[Entry]:
        """The entries after one that there are."""
        redis = self._client.redis
        return _entries(await self._ask(lambda: redis.xread({log: id_text(after)}, count=limit)))

    async def tail(self, log: str, after: EntryId, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        """The entries after one, as they come; see `Log.tail`."""
        block = int(min(silence, BLOCK) * 1000)
        while True:
            found = await self._tails.ask(self._tails.redis.xread({log: id_text(after)}, count=PAGE, block=block))
            entries = _entries(found)
            after = entries[-1].id if entries else after
            yield entries

    async def close(self) -> None:
        await self._tails.close()
        await self._client.close()

    async def _ask(self, command: Callable[[], Awaitable[Any]]) -> Any:
        """The answer to a command of redis-py, of which only so many are sent at a time."""
        failed = self._failed
        async with self._turns:
            if failed != self._failed:  # else each that waits would find that out by itself, one after the other
                raise ConnectError("the server of the bus could not be reached meanwhile", retryable=True)
            try:
                return await self._client.ask(command())
            except ConnectError:
                self._failed += 1
                raise


def _entries(found: Any) -> list[Entry]:
    """Those of an answer as redis-py gives it."""
    return [entry_of(id, [*chain(*fields.items())]) for id, fields in found[0][1]] if found else []
