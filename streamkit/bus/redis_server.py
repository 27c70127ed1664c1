"""A server of Redis or Valkey, as a log asks it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from ..errors import BusError
from .log import Entry, EntryId
from .redis_client import ANSWER, Client, is_unknown_script
from .redis_entry import entry_of, id_text
from .redis_pipe import Pipe
from .redis_tails import BLOCK, Tails
from .script import SCRIPT

__all__ = ["Server"]

HASH = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""The name of the script, as the server gives it."""


class Server:
    """The connections to a server on one loop: for the script, for reading what there is (so that long pages hold up no
    writer), and for tails, which wait."""

    def __init__(self, connect: Callable[[float], Client]) -> None:
        self._changes, self._pages = Pipe(connect(ANSWER), ANSWER), Pipe(connect(ANSWER), ANSWER)
        limit = BLOCK + ANSWER
        self._tails = Tails(lambda: Pipe(connect(limit), limit), self._unblock)

    async def script(self, meta: str, log: str, *args: str | bytes | int) -> Any:
        """The answer of the script."""
        try:
            return await self._changes.ask("EVALSHA", HASH, 2, meta, log, *args)
        except BusError as exc:
            if not is_unknown_script(exc):
                raise
        return await self._changes.ask("EVAL", SCRIPT, 2, meta, log, *args)

    async def read(self, log: str, after: EntryId, limit: int) -> Sequence[Entry]:
        """The entries after one that there are."""
        found = await self._pages.ask("XREAD", "COUNT", limit, "STREAMS", log, id_text(after))
        return [entry_of(*row) for row in found[0][1]] if found else []

    def tail(self, log: str, after: EntryId, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        return self._tails.tail(log, after, silence)

    async def close(self) -> None:
        await self._tails.close()
        await asyncio.gather(self._changes.close(), self._pages.close())

    async def _unblock(self, connection: int) -> None:
        await self._changes.ask("CLIENT", "UNBLOCK", connection)
