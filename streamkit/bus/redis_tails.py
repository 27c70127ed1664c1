"""The tails of many logs over one connection: one XREAD for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

from ..errors import ConnectError, MalformedError
from .log import PAGE, Entry, EntryId
from .redis_client import Client
from .redis_pipe import Pipe, packed

__all__ = ["BLOCK", "OneByOne", "Tails", "id_text"]

BLOCK = 5.0
"""Seconds that one XREAD waits: less than the time limit of its connection."""
PAUSE = 0.002
"""Seconds between two attempts to end an XREAD."""
HEAD = packed("XREAD", "COUNT", PAGE, "BLOCK", int(BLOCK * 1000), "STREAMS")
packed_key = lru_cache(maxsize=10_000)(packed)


class _Tail:
    """The tail of one log: where it has come to, also as a part of a command, and the entries that were not taken
    yet."""

    def __init__(self, after: EntryId) -> None:
        self.come_to(after)
        self.pages: deque[Sequence[Entry]] = deque()
        self.error: Exception | None = None
        self.news = asyncio.Event()

    def come_to(self, after: EntryId) -> None:
        self.after, self.packed_after = after, packed(id_text(after))

    def fail(self, error: Exception) -> None:
        self.error = error
        self.news.set()


class Tails:
    """Reads the tails that are asked for, while there are any. Used on one loop.

    A key that is added while an XREAD waits is read from the next one on, so that one is ended: ``CLIENT UNBLOCK``.
    """

    def __init__(
        self,
        connect: Callable[[], Pipe],
        unblock: Callable[[int], Awaitable[Any]],
        entry: Callable[[bytes, Any], Entry],
    ) -> None:
        self._connect, self._unblock, self._entry = connect, unblock, entry
        self._tails: dict[str, list[_Tail]] = {}
        self._task: asyncio.Task[None] | None = None
        """The task that reads all tails; None while there is none, or only one that does not read any more."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: int | None = None
        """The id of the connection whose XREAD waits."""
        self._changed = False

    async def tail(self, key: str, after: EntryId, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        """The entries after one, as they come; see `Log.tail`."""
        tail = _Tail(after)
        self._tails.setdefault(key, []).append(tail)
        try:
            await self._notice()
            while True:
                if not tail.pages and tail.error is None:
                    tail.news.clear()
                    try:
                        async with asyncio.timeout(silence):
                            await tail.news.wait()
                    except TimeoutError:
                        yield ()
                        continue
                while tail.pages:
                    yield tail.pages.popleft()
                if tail.error is not None:
                    raise tail.error
        finally:
            self._tails[key].remove(tail)
            if not self._tails[key]:
                del self._tails[key]

    async def close(self) -> None:
        """End all tails with a `ConnectError`: whoever needs one asks for it again."""
        if self._task is not None:
            self._task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._fail(ConnectError("the connection to the server of the bus was closed", retryable=True))

    async def _notice(self) -> None:
        """Have the new tail read. An XREAD that is only on its way to the server cannot be ended yet, so this is
        tried until a new one has begun."""
        self._changed = True
        if self._task is None:
            task = self._task = asyncio.get_running_loop().create_task(self._read(), name="streamkit bus tails")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        while self._changed and self._waiting is not None:
            await self._unblock(self._waiting)
            await asyncio.sleep(PAUSE)

    async def _read(self) -> None:
        pipe = self._connect()
        try:
            number = await pipe.ask(b"*2\r\n" + packed("CLIENT", "ID"))
            while self._tails:
                self._changed = False
                command = self._command()
                self._waiting = number
                found = await pipe.ask(command)
                self._waiting = None
                for key, rows in found or ():
                    self._pass_on(key.decode(), rows)
        except Exception as exc:
            self._fail(exc)
        finally:
            self._task = self._waiting = None  # before the pipe is closed: a tail that comes meanwhile is read anew
            await pipe.close()

    def _command(self) -> bytes:
        """One XREAD for all logs, of parts that are kept: it is made anew for each answer, and there may be thousands
        of logs."""
        afters = [min(tails, key=attrgetter("after")).packed_after for tails in self._tails.values()]
        count = b"*%d\r\n" % (6 + 2 * len(afters))
        return b"".join([count, HEAD, *map(packed_key, self._tails), *afters])

    def _fail(self, error: Exception) -> None:
        for tails in self._tails.values():
            for tail in tails:
                tail.fail(error)

    def _pass_on(self, key: str, rows: Sequence[Any]) -> None:
        tails = self._tails.get(key, ())
        try:
            entries = [self._entry(id, _fields(row)) for id, row in rows]
        except MalformedError as exc:  # of this log alone
            for tail in tails:
                tail.fail(exc)
            return
        for tail in tails:
            fresh = [entry for entry in entries if entry.id > tail.after]
            if fresh:
                tail.come_to(fresh[-1].id)
                tail.pages.append(fresh)
                tail.news.set()


class OneByOne:
    """Reads each tail over a connection of its own: in a cluster the logs are on several servers."""

    def __init__(self, connect: Callable[[], Client], entry: Callable[[bytes, Any], Entry]) -> None:
        self._connect, self._entry = connect, entry
        self._client: Client | None = None

    async def tail(self, key: str, after: EntryId, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        """The entries after one, as they come; see `Log.tail`."""
        client = self._client = self._client or self._connect()
        block = int(min(silence, BLOCK) * 1000)
        while True:
            found = await client.ask(client.redis.xread({key: id_text(after)}, count=PAGE, block=block))
            entries = [self._entry(*row) for row in found[0][1]] if found else []
            after = entries[-1].id if entries else after
            yield entries

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def id_text(id: EntryId) -> str:
    """The id of an entry as the server writes it."""
    return f"{id[0]}-{id[1]}"


def _fields(row: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(row[::2], row[1::2], strict=True))
