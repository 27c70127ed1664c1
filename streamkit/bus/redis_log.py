"""Logs in Redis Streams: a hash and a stream for each reply, on a server of Redis or Valkey."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, cast

from ..engine.loops import enter, leave
from ..errors import BusError, ConnectError, MalformedError
from .log import Answer, Entry, EntryId, Status, Verdict
from .redis_client import Client, check_url, is_unknown_script
from .redis_pipe import Pipe, packed
from .redis_tails import BLOCK, OneByOne, Tails, id_text
from .script import SCRIPT

__all__ = ["RedisLog"]

ANSWER = 5.0
"""Seconds within which the server answers."""
AT_ONCE = 4
"""Commands of redis-py at a time, each of which takes a connection that stays open."""
AT_ONCE_IN_CLUSTER = 50
"""The same in a cluster, where these are all commands."""

HASH = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""The name of the script, as the server gives it."""


class RedisLog:
    """See `streamkit.bus.redis`. An open reply expires ``live_for`` seconds after its last sign of life. A writer that
    has given none for too long has ``grace`` seconds more for one, as the server itself may have been away."""

    def __init__(self, url: str, *, prefix: str, cluster: bool, live_for: float, kept_for: float, grace: float) -> None:
        check_url(url, cluster)
        self._connect = partial(Client, url, cluster)
        self._prefix, self._cluster = prefix, cluster
        self._expiries = (math.ceil(live_for), math.ceil(kept_for))
        self._grace = int(grace * 1000)
        self._heads = lru_cache(maxsize=1000)(self._make_heads)
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
        said = await self._script(op, reply_id, *args)
        verdict, epoch, cancel = said.decode().rsplit(" ", 2)
        return Answer(cast("Verdict", verdict), int(epoch), cancel == "1")

    async def _script(self, op: str, reply_id: str, *args: Any) -> Any:
        server = self._reached()
        if server.script is not None:
            keys = [self._key(reply_id, "meta"), self._key(reply_id, "log")]
            return await server.ask(partial(server.script, keys=keys, args=[op, *self._expiries, *args]))
        by_name, whole = self._heads(op, reply_id, len(args))
        rest = packed(*args)
        try:
            return await server.pipe.ask(by_name + rest)
        except BusError as exc:
            if not is_unknown_script(exc):
                raise
        return await server.pipe.ask(whole + rest)

    def _make_heads(self, op: str, reply_id: str, args: int) -> tuple[bytes, bytes]:
        """The beginning of a command, all before its arguments: with the hash of the script, and with the script, which
        the server knows from then on."""
        keys = (2, self._key(reply_id, "meta"), self._key(reply_id, "log"))
        same = packed(*keys, op, *self._expiries)
        count = b"*%d\r\n" % (2 + len(keys) + 1 + len(self._expiries) + args)
        return count + packed("EVALSHA", HASH) + same, count + packed("EVAL", SCRIPT) + same

    async def read(self, reply_id: str, after: EntryId, *, limit: int) -> Sequence[Entry]:
        server, streams = self._reached(), {self._key(reply_id, "log"): id_text(after)}
        found = await server.ask(partial(server.client.redis.xread, streams, count=limit))
        return [_entry(*row) for row in found[0][1]] if found else []

    def tail(self, reply_id: str, after: EntryId, *, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        return self._reached().tails.tail(self._key(reply_id, "log"), after, silence)

    async def status(self, reply_id: str) -> Status | None:
        said = await self._script("status", reply_id)
        if isinstance(said, bytes):  # "missing"
            return None
        state, epoch, silent_for, last = said
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

    def __init__(self, loop: asyncio.AbstractEventLoop, connect: Callable[..., Client], cluster: bool) -> None:
        self.loop, self.client = loop, connect(ANSWER)
        self.pipe = Pipe(connect(ANSWER), ANSWER)
        self._turns, self._failed = asyncio.Semaphore(AT_ONCE_IN_CLUSTER if cluster else AT_ONCE), 0
        self.script = self.client.redis.register_script(SCRIPT) if cluster else None
        """In a cluster redis-py looks for the server that has the keys."""
        limit = BLOCK + ANSWER
        if cluster:
            self.tails: Tails | OneByOne = OneByOne(partial(connect, limit), _entry)
        else:
            self.tails = Tails(lambda: Pipe(connect(limit), limit), self._unblock, _entry)
        enter(loop, self)

    async def ask(self, command: Callable[[], Awaitable[Any]]) -> Any:
        """The answer to a command of redis-py, of which only so many are sent at a time."""
        failed = self._failed
        async with self._turns:
            if failed != self._failed:  # else each that waits would find that out by itself, one after the other
                raise ConnectError("the server of the bus could not be reached meanwhile", retryable=True)
            try:
                return await self.client.ask(command())
            except ConnectError:
                self._failed += 1
                raise

    async def close(self) -> None:
        try:
            await self.tails.close()
            await self.pipe.close()
            await self.client.close()
        finally:
            leave(self.loop, self)

    def loop_ends(self) -> None:
        self._closing = self.loop.create_task(self.close(), name="streamkit bus closes")

    def give_up(self) -> None:
        """Leave the connections to the garbage collector: nothing can be awaited any more."""

    async def _unblock(self, connection: int) -> None:
        await self.pipe.ask(b"*3\r\n" + packed("CLIENT", "UNBLOCK", connection))


def _id(id: bytes) -> EntryId:
    time, _, number = id.partition(b"-")
    return int(time), int(number)


def _entry(id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    try:
        epoch, number, data = fields[b"d"].split(b" ", 2)
        return Entry(_id(id), int(epoch), int(number), data)
    except (KeyError, ValueError) as exc:
        raise MalformedError(f"entry {id.decode()} of the log was not written by a bus") from exc
