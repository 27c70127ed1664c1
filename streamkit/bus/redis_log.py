"""Logs in Redis Streams: a hash and a stream for each reply, on a server of Redis or Valkey."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Any, cast

from ..engine.loops import enter, leave
from .log import Answer, Entry, EntryId, Status, Verdict
from .redis_client import Client, check_url
from .redis_cluster import Cluster
from .redis_entry import id_of
from .redis_server import Server

__all__ = ["RedisLog"]


class RedisLog:
    """See `streamkit.bus.redis`. An open reply expires ``live_for`` seconds after its last sign of life. A writer that
    has given none for too long has ``grace`` seconds more for one, as the server itself may have been away."""

    def __init__(self, url: str, *, prefix: str, cluster: bool, live_for: float, kept_for: float, grace: float) -> None:
        check_url(url, cluster)
        self._connect = partial(Cluster if cluster else Server, partial(Client, url, cluster))
        self._prefix = prefix
        self._expiries = (math.ceil(live_for), math.ceil(kept_for))
        self._grace = int(grace * 1000)
        self._held: _Held | None = None

    async def open(self, reply_id: str, owner: str) -> Answer:
        return await self._run("open", reply_id, owner)

    async def append(self, reply_id: str, epoch: int, number: int, data: bytes, *, last: bool) -> Answer:
        return await self._run("append", reply_id, epoch, number, data, int(last))

    async def take_over(
        self, reply_id: str, epoch: int, owner: str, data: bytes, *, last: bool, dead_after: float
    ) -> Answer:
        times = int(dead_after * 1000), self._grace
        return await self._run("take over", reply_id, epoch, owner, data, int(last), *times)

    async def cancel(self, reply_id: str) -> Answer:
        return await self._run("cancel", reply_id)

    async def beat(self, reply_id: str, epoch: int) -> Answer:
        return await self._run("beat", reply_id, epoch)

    async def _run(self, op: str, reply_id: str, *args: Any) -> Answer:
        said = await self._script(op, reply_id, *args)
        verdict, epoch, cancel = said.decode().rsplit(" ", 2)
        return Answer(cast("Verdict", verdict), int(epoch), cancel == "1")

    async def _script(self, op: str, reply_id: str, *args: str | bytes | int) -> Any:
        keys = self._key(reply_id, "meta"), self._key(reply_id, "log")
        return await self._reached().script(*keys, op, *self._expiries, *args)

    async def read(self, reply_id: str, after: EntryId, *, limit: int) -> Sequence[Entry]:
        return await self._reached().read(self._key(reply_id, "log"), after, limit)

    def tail(self, reply_id: str, after: EntryId, *, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        return self._reached().tail(self._key(reply_id, "log"), after, silence)

    async def status(self, reply_id: str) -> Status | None:
        said = await self._script("status", reply_id)
        if isinstance(said, bytes):  # "missing"
            return None
        state, epoch, silent_for, last = said
        return Status(state == b"open", int(epoch), id_of(last), int(silent_for) / 1000)

    async def close(self) -> None:
        held, self._held = self._held, None
        if held is not None and held.loop is asyncio.get_running_loop():
            await held.close()

    def _key(self, reply_id: str, part: str) -> str:
        return f"{self._prefix}:{{{reply_id}}}:{part}"

    def _reached(self) -> Server | Cluster:
        """The server, over connections of this loop. Those of an earlier background loop are left alone: it has been
        stopped, or it is that of the parent process, which uses them."""
        loop = asyncio.get_running_loop()
        if self._held is None or self._held.loop is not loop:
            self._held = _Held(loop, self._connect())
        return self._held.server


class _Held:
    """A server whose connections are closed when their loop ends."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: Server | Cluster) -> None:
        self.loop, self.server = loop, server
        enter(loop, self)

    async def close(self) -> None:
        try:
            await self.server.close()
        finally:
            leave(self.loop, self)

    def loop_ends(self) -> None:
        self._closing = self.loop.create_task(self.close(), name="streamkit bus closes")

    def give_up(self) -> None:
        """Leave the connections to the garbage collector: nothing can be awaited any more."""
