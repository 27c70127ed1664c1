"""Logs in Redis Streams: a hash and a stream for each reply, on a server of Redis or Valkey."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..errors import BusError, ConnectError, StreamkitError
from .log import START, Answer, Entry, EntryId, Status, Verdict
from .redis_tails import BLOCK, Tails, id_text
from .script import SCRIPT

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["RedisLog"]


class RedisLog:
    """See `streamkit.bus.redis`. Times are in seconds."""

    def __init__(
        self, url: str, *, prefix: str, dead_after: float, grace: float, live_for: float, kept_for: float
    ) -> None:
        self._url, self._prefix = url, prefix
        self._times = (int(live_for), int(dead_after * 1000), int(grace * 1000), int(kept_for))
        self._writer: Redis | None = None
        self._script: Any = None
        self._tails = Tails(
            lambda: _connect(url, BLOCK + 5.0), lambda id: self._client().client_unblock(id), _entry, _failure
        )

    async def open(self, reply_id: str, owner: str) -> Answer:
        return await self._run("open", reply_id, owner)

    async def append(self, reply_id: str, epoch: int, number: int, data: bytes, *, last: bool) -> Answer:
        return await self._run("append", reply_id, epoch, number, data, int(last))

    async def take_over(self, reply_id: str, epoch: int, owner: str, data: bytes, *, last: bool) -> Answer:
        return await self._run("take over", reply_id, epoch, owner, data, int(last))

    async def cancel(self, reply_id: str) -> Answer:
        return await self._run("cancel", reply_id)

    async def beat(self, epochs: Mapping[str, int]) -> Mapping[str, Answer]:
        answers = {}
        for reply_id, epoch in epochs.items():
            answers[reply_id] = await self._run("beat", reply_id, epoch)
        return answers

    async def _run(self, op: str, reply_id: str, *args: Any) -> Answer:
        client, keys = self._client(), [self._key(reply_id, "meta"), self._key(reply_id, "log")]
        asked = self._script(keys=keys, args=[op, *self._times, *args], client=client)
        verdict, epoch, cancel = await self._asked(asked)
        return Answer(cast("Verdict", verdict.decode()), int(epoch), bool(cancel))

    async def read(self, reply_id: str, after: EntryId, *, limit: int) -> Sequence[Entry]:
        found = await self._asked(self._client().xread({self._key(reply_id, "log"): id_text(after)}, count=limit))
        return [_entry(*row) for row in found[0][1]] if found else []

    def tail(self, reply_id: str, after: EntryId, *, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        return self._tails.tail(self._key(reply_id, "log"), after, silence)

    async def status(self, reply_id: str) -> Status | None:
        client = self._client()
        async with client.pipeline(transaction=False) as pipe:
            pipe.hmget(self._key(reply_id, "meta"), "state", "epoch")
            pipe.xrevrange(self._key(reply_id, "log"), count=1)
            (state, epoch), last = await self._asked(pipe.execute())
        if state is None:
            return None
        return Status(state == b"open", int(epoch), _id(last[0][0]) if last else START)

    async def close(self) -> None:
        await self._tails.close()
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.aclose()

    async def _asked(self, answer: Awaitable[Any]) -> Any:
        """The answer of the server, with errors of this package's family."""
        try:
            return await answer
        except Exception as exc:
            raise _failure(exc) from exc

    def _key(self, reply_id: str, part: str) -> str:
        return f"{self._prefix}:{{{reply_id}}}:{part}"

    def _client(self) -> Redis:
        if self._writer is None:
            self._writer = _connect(self._url, 5.0)
            self._script = self._writer.register_script(SCRIPT)
        return self._writer


def _failure(exc: Exception) -> StreamkitError:
    """A `ConnectError` if the server may be reached later, else a `BusError`."""
    from redis import exceptions

    passing = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.ReadOnlyError, OSError)
    if isinstance(exc, passing) and not isinstance(exc, exceptions.AuthenticationError):
        return ConnectError.wrapping("the server of the bus cannot be reached:", exc, retryable=True)
    return BusError.wrapping("the server of the bus refused:", exc, reason="refused")


def _connect(url: str, timeout: float) -> Redis:
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    client: Redis = Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=5.0, retry=Retry(NoBackoff(), 0), protocol=2
    )
    return client


def _id(id: bytes) -> EntryId:
    time, _, number = id.partition(b"-")
    return int(time), int(number)


def _entry(id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    return Entry(_id(id), int(fields[b"e"]), int(fields[b"n"]), fields[b"d"])
