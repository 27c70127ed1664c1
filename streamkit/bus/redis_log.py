"""Logs in Redis Streams: a hash and a stream for each reply, on a server of Redis or Valkey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from .log import START, Answer, Entry, EntryId, Status, Verdict
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
        self._reader: Redis | None = None
        self._script: Any = None

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
        client = self._client()
        verdict, epoch, cancel = await self._script(
            keys=[self._key(reply_id, "meta"), self._key(reply_id, "log")], args=[op, *self._times, *args], client=client
        )
        return Answer(cast("Verdict", verdict.decode()), int(epoch), bool(cancel))

    async def read(self, reply_id: str, after: EntryId, *, limit: int, wait: float = 0.0) -> Sequence[Entry]:
        key, place = self._key(reply_id, "log"), f"{after[0]}-{after[1]}"
        block = max(1, int(wait * 1000)) if wait else None
        client = self._client() if block is None else self._reading()
        found = await client.xread({key: place}, count=limit, block=block)
        rows = found[0][1] if found else []
        return [_entry(id, fields) for id, fields in rows]

    async def status(self, reply_id: str) -> Status | None:
        client = self._client()
        async with client.pipeline(transaction=False) as pipe:
            pipe.hmget(self._key(reply_id, "meta"), "state", "epoch")
            pipe.xrevrange(self._key(reply_id, "log"), count=1)
            (state, epoch), last = await pipe.execute()
        if state is None:
            return None
        return Status(state == b"open", int(epoch), _id(last[0][0]) if last else START)

    async def close(self) -> None:
        for client in (self._writer, self._reader):
            if client is not None:
                await client.aclose()
        self._writer = self._reader = None

    def _key(self, reply_id: str, part: str) -> str:
        return f"{self._prefix}:{{{reply_id}}}:{part}"

    def _client(self) -> Redis:
        if self._writer is None:
            self._writer = _connect(self._url, 5.0)
            self._script = self._writer.register_script(SCRIPT)
        return self._writer

    def _reading(self) -> Redis:
        if self._reader is None:
            self._reader = _connect(self._url, 10.0)
        return self._reader


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
