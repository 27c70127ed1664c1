"""Logs in Redis Streams: a hash and a stream for each reply, on a server of Redis or Valkey."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from ..engine.loops import enter, leave
from ..errors import BusError, ConnectError, StreamkitError
from .log import Answer, Entry, EntryId, Status, Verdict
from .redis_tails import BLOCK, OneByOne, Tails, id_text
from .script import SCRIPT

__all__ = ["RedisLog"]

ANSWER = 5.0
"""Seconds within which the server answers."""


class RedisLog:
    """See `streamkit.bus.redis`. An open reply expires ``live_for`` seconds after its last sign of life. A writer that
    has given none for too long has ``grace`` seconds more for one, as the server itself may have been away."""

    def __init__(self, url: str, *, prefix: str, cluster: bool, live_for: float, kept_for: float, grace: float) -> None:
        _check_url(url)
        self._connect = partial(_connect, url, cluster)
        self._prefix, self._cluster = prefix, cluster
        self._expiries = (math.ceil(live_for), math.ceil(kept_for))
        self._grace = int(grace * 1000)
        self._server: _Server | None = None

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
        verdict, epoch, cancel = await self._script(op, reply_id, *args)
        return Answer(cast("Verdict", verdict.decode()), int(epoch), bool(cancel))

    async def _script(self, op: str, reply_id: str, *args: Any) -> Any:
        keys = [self._key(reply_id, "meta"), self._key(reply_id, "log")]
        return await _asked(self._reached().script(keys=keys, args=[op, *self._expiries, *args]))

    async def read(self, reply_id: str, after: EntryId, *, limit: int) -> Sequence[Entry]:
        found = await _asked(self._reached().client.xread({self._key(reply_id, "log"): id_text(after)}, count=limit))
        return [_entry(*row) for row in found[0][1]] if found else []

    def tail(self, reply_id: str, after: EntryId, *, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        return self._reached().tails.tail(self._key(reply_id, "log"), after, silence)

    async def status(self, reply_id: str) -> Status | None:
        state, epoch, *rest = await self._script("status", reply_id)
        if state == b"missing":
            return None
        silent_for, last = rest
        return Status(state == b"open", int(epoch), _id(last), int(silent_for) / 1000)

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is not None and server.loop is asyncio.get_running_loop():
            await server.close()

    def _key(self, reply_id: str, part: str) -> str:
        return f"{self._prefix}:{{{reply_id}}}:{part}"

    def _reached(self) -> _Server:
        """The connections of this loop. Those of an earlier background loop are left alone: it has been stopped, or it
        is that of the parent process, which uses them."""
        loop = asyncio.get_running_loop()
        if self._server is None or self._server.loop is not loop:
            self._server = _Server(loop, self._connect, self._cluster)
        return self._server


class _Server:
    """The connections to a server on one loop: one client for what is answered at once, another for what waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connect: Callable[..., Any], cluster: bool) -> None:
        self.loop, self.client = loop, connect(ANSWER)
        self.script = self.client.register_script(SCRIPT)
        waiting = partial(connect, BLOCK + ANSWER, alone=not cluster)
        enter(loop, self)
        self.tails = OneByOne(waiting, _entry, _failure) if cluster else Tails(waiting, self._unblock, _entry, _failure)

    async def close(self) -> None:
        try:
            await self.tails.close()
            await self.client.aclose()
        finally:
            leave(self.loop, self)

    def loop_ends(self) -> None:
        self._closing = self.loop.create_task(self.close(), name="streamkit bus closes")

    def give_up(self) -> None:
        """Leave the connections to the garbage collector: nothing can be awaited any more."""

    async def _unblock(self, connection: int) -> None:
        await _asked(self.client.client_unblock(connection))


async def _asked(answer: Awaitable[Any]) -> Any:
    """The answer of the server, with errors of this package's family."""
    try:
        return await answer
    except Exception as exc:
        raise _failure(exc) from exc


def _failure(exc: Exception) -> StreamkitError:
    """A `ConnectError` if the server may be reached later, else a `BusError`."""
    from redis import exceptions

    passing = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.ReadOnlyError, OSError)
    if isinstance(exc, passing) and not isinstance(exc, exceptions.AuthenticationError):
        return ConnectError.wrapping("the server of the bus cannot be reached:", exc, retryable=True)
    return BusError.wrapping("the server of the bus refused:", exc, reason="refused")


def _check_url(url: str) -> None:
    """ValueError for an address that redis-py does not know, ImportError if there is no redis-py."""
    try:
        from redis.asyncio.connection import parse_url
    except ImportError as exc:
        raise ImportError("a bus on Redis needs redis-py: pip install 'streamkit-rx[redis]'") from exc
    parse_url(url)


def _connect(url: str, cluster: bool, timeout: float, *, alone: bool = False) -> Any:
    """A client that never asks twice: the package itself repeats what may be repeated. With ``alone`` it has a single
    connection."""
    from redis.asyncio import Redis, RedisCluster
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    make: Any = RedisCluster if cluster else Redis
    options: dict[str, Any] = {"single_connection_client": True} if alone else {}
    return make.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=ANSWER,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        **options,
    )


def _id(id: bytes) -> EntryId:
    time, _, number = id.partition(b"-")
    return int(time), int(number)


def _entry(id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    return Entry(_id(id), int(fields[b"e"]), int(fields[b"n"]), fields[b"d"])
