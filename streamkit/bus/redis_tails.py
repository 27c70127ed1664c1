"""The tails of many logs over one connection: one XREAD for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from ..errors import ConnectError, MalformedError
from .log import PAGE, Entry, EntryId
from .redis_entry import entry_of, id_text
from .redis_pipe import Pipe

__all__ = ["BLOCK", "Tails"]

BLOCK = 5.0
"""Seconds that one XREAD waits: less than the time limit of its connection."""
PAUSE = 0.002
"""Seconds between two attempts to end an XREAD."""


class _Tail:
    """The tail of one log: the entry that it has come to, and those that were not taken yet."""

    def __init__(self, after: EntryId) -> None:
        self.after = after
        self.pages: deque[Sequence[Entry]] = deque()
        self.error: Exception | None = None
        self.news = asyncio.Event()

    def fail(self, error: Exception) -> None:
        self.error = error
        self.news.set()


class Tails:
    """Reads the tails that are asked for, while there are any. Used on one loop.

    A key that is added while an XREAD waits is read from the next one on, so that one is ended: ``CLIENT UNBLOCK``.
    """

    def __init__(self, connect: Callable[[], Pipe], unblock: Callable[[int], Awaitable[Any]]) -> None:
        self._connect, self._unblock = connect, unblock
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
            number = await pipe.ask("CLIENT", "ID")
            while self._tails:
                self._changed = False
                self._waiting = number
                found = await pipe.ask("XREAD", "COUNT", PAGE, "BLOCK", int(BLOCK * 1000), "STREAMS", *self._places())
                self._waiting = None
                for key, rows in found or ():
                    self._pass_on(key.decode(), rows)
        except Exception as exc:
            self._fail(exc)
        finally:
            self._task = self._waiting = None  # before the pipe is closed: a tail that comes meanwhile is read anew
            await pipe.close()

    def _places(self) -> list[str]:
        """The keys of all logs, and then the entry that each has come to."""
        return [*self._tails, *(id_text(min(tail.after for tail in tails)) for tails in self._tails.values())]

    def _fail(self, error: Exception) -> None:
        for tails in self._tails.values():
            for tail in tails:
                tail.fail(error)

    def _pass_on(self, key: str, rows: Sequence[Any]) -> None:
        tails = self._tails.get(key, ())
        try:
            entries = [entry_of(*row) for row in rows]
        except MalformedError as exc:  # of this log alone
            for tail in tails:
                tail.fail(exc)
            return
        for tail in tails:
            fresh = [entry for entry in entries if entry.id > tail.after]
            if fresh:
                tail.after = fresh[-1].id
                tail.pages.append(fresh)
                tail.news.set()
