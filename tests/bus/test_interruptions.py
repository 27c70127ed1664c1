"""Followers whose bus is closed, whose loop is shut down, or whose log is damaged: they go on or get an error of their
own, and others are not harmed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

import streamkit as sk
from streamkit import bus, sinks
from streamkit.bus import START
from streamkit.bus.entries import encode
from streamkit.bus.home import at_home
from streamkit.bus.memory_log import MemoryLog
from streamkit.bus.redis_client import Client
from streamkit.bus.redis_pipe import Pipe
from streamkit.bus.redis_tails import Tails
from streamkit.engine.upstream import new_id
from tests.waiting import soon

from .conftest import Storage
from .servers import StorageServer, binary_of

WORDS = [f"{number} " for number in range(20)]


class Story:
    """A reply whose second half is written when it is told to go on, and what one follower has got of it."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.got: list[str] = []

    async def words(self) -> AsyncIterator[str]:
        for number, word in enumerate(WORDS):
            if number == len(WORDS) // 2:
                await self.goes_on.wait()
            yield word

    async def follow(self, replies: bus.Bus, name: str = "r-1", after: str | None = None) -> sk.Reply:
        async for event in replies.follow(name, after, wait=5):
            if isinstance(event, sk.TextDelta):
                self.got.append(event.text)
        assert isinstance(event, sk.Reply)
        return event

    async def is_half_read(self) -> None:
        await soon(lambda: len(self.got) == len(WORDS) // 2)


def test_followers_and_writers_of_a_closed_bus_go_on(replies: bus.Bus) -> None:
    async def main() -> None:
        story = Story()
        run = sk.start(sk.from_text(story.words()), sinks.bus(replies, "r-1"))
        followed = asyncio.ensure_future(story.follow(replies))
        await story.is_half_read()
        await replies.aclose()
        story.goes_on.set()
        async with asyncio.timeout(10):
            assert await followed == await run
        assert story.got == WORDS

    asyncio.run(main())


@pytest.mark.slow
def test_a_bus_may_be_closed_at_any_moment(storage: Storage) -> None:
    """Whatever step of connecting or asking it is at: a writer and a follower go on over new connections."""

    async def one(name: str, steps: int) -> None:
        writing, reading = storage.bus(), storage.bus()
        run = sk.start(sk.from_text(["One", " two"]), sinks.bus(writing, name))
        followed = sk.start(reading.follow(name, wait=10))
        for _ in range(steps):
            await asyncio.sleep(0)
        writing.close()
        await reading.aclose()
        assert await followed == await run

    async def main() -> None:
        async with asyncio.timeout(20):
            await asyncio.gather(*(one(f"r-{steps}", steps) for steps in range(40)))

    asyncio.run(main())


def test_followers_go_on_after_a_shutdown(storage: Storage) -> None:
    """The writer is in another process, as it were: that of this process ends with its loop."""

    async def main() -> None:
        story, log = Story(), storage.log()

        async def begin() -> int:
            epoch = (await log.open("r-1", "a")).epoch
            await log.append("r-1", epoch, 1, encode(map(sk.TextDelta, WORDS[:10])), last=False)
            return epoch

        async def end(epoch: int) -> None:
            await log.append("r-1", epoch, 2, encode([*map(sk.TextDelta, WORDS[10:]), sk.Reply()]), last=True)
            await log.close()

        epoch = await at_home(begin)
        followed = asyncio.ensure_future(story.follow(storage.bus()))
        await story.is_half_read()
        await asyncio.to_thread(sk.shutdown)
        await at_home(end, epoch)
        async with asyncio.timeout(10):
            await followed
        assert story.got == WORDS

    asyncio.run(main())


def test_followers_go_on_when_their_server_changes_its_role(tmp_path: Path) -> None:
    async def main() -> None:
        story = Story()
        sk.start(sk.from_text(story.words()), sinks.bus(replies, "r-1"))
        followed = asyncio.ensure_future(story.follow(replies))
        await story.is_half_read()
        with redis.Redis.from_url(server.url) as client:
            await soon(lambda: client.info("clients")["blocked_clients"])
        assert server.ask("REPLICAOF 127.0.0.1 1") == server.ask("REPLICAOF NO ONE") == "+OK"
        story.goes_on.set()
        async with asyncio.timeout(10):
            await followed
        assert story.got == WORDS

    redis = pytest.importorskip("redis")
    with StorageServer(binary_of("valkey"), tmp_path) as server, bus.redis(server.url) as replies:
        asyncio.run(main())


def test_a_server_whose_memory_is_full_is_tried_again(tmp_path: Path) -> None:
    async def main() -> None:
        story = Story()
        run = sk.start(sk.from_text(story.words()), sinks.bus(replies, "r-1"))
        followed = asyncio.ensure_future(story.follow(replies))
        await story.is_half_read()
        assert server.ask("CONFIG SET maxmemory 1") == "+OK"
        story.goes_on.set()
        with redis.Redis.from_url(server.url) as client:
            await soon(lambda: "errorstat_OOM" in client.info("errorstats"))
        assert server.ask("CONFIG SET maxmemory 0") == "+OK"
        async with asyncio.timeout(10):
            assert (await run).text == (await followed).text == "".join(WORDS)

    redis = pytest.importorskip("redis")
    with StorageServer(binary_of("valkey"), tmp_path) as server, bus.redis(server.url) as replies:
        asyncio.run(main())


def test_followers_are_served_by_a_server_that_allows_no_connection_for_tails(tmp_path: Path) -> None:
    async def main() -> None:
        story = Story()
        run = sk.start(sk.from_text(story.words()), sinks.bus(replies, "r-1"))
        with pytest.raises(sk.BusError):
            await replies.follow("r-1", "1-1.1", wait=5)  # there are the connections for all but tails
        assert server.ask("CONFIG SET maxclients 2") == "+OK"
        followed = asyncio.ensure_future(story.follow(replies))
        await story.is_half_read()
        story.goes_on.set()
        async with asyncio.timeout(10):
            assert await followed == await run
        assert story.got == WORDS

    with StorageServer(binary_of("valkey"), tmp_path) as server, bus.redis(server.url) as replies:
        asyncio.run(main())


def test_a_tail_may_come_while_the_connection_of_those_before_it_is_closed(valkey: StorageServer) -> None:
    """Nobody reads any more over that connection, so there must be a new one."""

    class SlowlyClosed(Pipe):
        async def close(self) -> None:
            is_closing.set()
            await may_close.wait()
            await super().close()

    is_closing, may_close = asyncio.Event(), asyncio.Event()

    async def main() -> None:
        key, client = new_id(), Client(valkey.url, False, 5)
        tails = Tails(
            lambda: SlowlyClosed(Client(valkey.url, False, 10), 10),
            lambda number: client.ask(client.redis.client_unblock(number)),
        )

        async def first() -> bytes:
            async with asyncio.timeout(10), aclosing(tails.tail(key, START, 60)) as pages:
                return (await anext(pages))[0].data

        await client.ask(client.redis.xadd(key, {"d": "1 1 x"}))
        assert await first() == b"x"
        await client.ask(client.redis.xadd(key, {"d": "1 2 y"}))  # ends the reading for a follower who has left
        await is_closing.wait()
        assert await first() == b"x"
        may_close.set()
        await tails.close()
        await client.close()

    asyncio.run(main())


def test_each_follower_has_its_own_part_of_a_reply_that_is_lost(valkey: StorageServer) -> None:
    async def main() -> None:
        prefix = new_id()
        with bus.redis(valkey.url, prefix=prefix, dead_after=1) as replies:
            whole, rest = Story(), Story()
            sk.start(sk.from_text(whole.words()), sinks.bus(replies, "r-1"))
            places = []
            async for place in replies.positions("r-1", wait=5):
                places.append(place)
                if place.event == sk.TextDelta(WORDS[4]):
                    break
            followed = [
                asyncio.ensure_future(whole.follow(replies)),
                asyncio.ensure_future(rest.follow(replies, after=places[-1].position)),
            ]
            await whole.is_half_read()
            await soon(lambda: len(rest.got) == 5)
            assert valkey.ask(f"DEL {prefix}:{{r-1}}:log {prefix}:{{r-1}}:meta") == ":2"
            errors = await asyncio.gather(*followed, return_exceptions=True)
            texts = [error.partial.text for error in errors if isinstance(error, sk.BrokenError)]
            assert texts == ["".join(WORDS[:10]), "".join(WORDS[5:10])]

    asyncio.run(main())


def test_a_position_in_a_reply_that_was_forgotten_is_none_in_a_later_one_of_its_name() -> None:
    now = 0.0
    replies = bus.Bus(MemoryLog(kept_for=1, reply_bytes=1000, total_bytes=1000, clock=lambda: now))
    places = []
    for text in ("Hello", "Goodbye"):
        sk.run(sk.from_text(text), sinks.bus(replies, "r-1"))
        places.append([place.position for place in replies.positions("r-1")])
        now += 2.0
    sk.run(sk.from_text("Hello"), sinks.bus(replies, "r-1"))
    for position in itertools.chain(*places):
        with pytest.raises(sk.BusError):
            sk.run(replies.follow("r-1", position))


@pytest.mark.parametrize("others", [1, 2, 3])
def test_a_writer_whose_reply_was_lost_does_not_write_into_another_one(valkey: StorageServer, others: int) -> None:
    """The same id is used again: the number of batches may be greater, the same, or less."""

    async def main() -> None:
        prefix = new_id()
        with bus.redis(valkey.url, prefix=prefix) as replies:
            story = Story()
            run = sk.start(sk.from_text(story.words()), sinks.bus(replies, "r-1"))
            followed = asyncio.ensure_future(story.follow(replies))
            await story.is_half_read()
            valkey.ask(f"DEL {prefix}:{{r-1}}:log {prefix}:{{r-1}}:meta")
            other = replies.writer("r-1", lambda: None)
            for number in range(others):  # each is a batch
                other.add(sk.ToolCall(0, f"call-{number}", "look", "{}"))
                await soon(lambda: valkey.ask(f"XLEN {prefix}:{{r-1}}:log") == f":{number + 1}")  # noqa: B023
            story.goes_on.set()
            with pytest.raises(sk.SinkError, match="another writer has taken over"):
                await run
            with pytest.raises(sk.BrokenError, match="lacks entries"):
                await followed
            assert story.got == WORDS[:10]
            other.add(sk.Reply())
            await other.ended()
            calls = [event for event in replies.follow("r-1") if isinstance(event, sk.ToolCall)]
            assert len(calls) == others

    asyncio.run(main())


def test_a_reply_whose_log_was_dropped_after_its_end_is_not_waited_for(valkey: StorageServer) -> None:
    """A server that evicts keys may take one of the two."""
    prefix = new_id()
    with bus.redis(valkey.url, prefix=prefix, dead_after=0.2) as replies:
        sk.run(sk.from_text("Hello"), sinks.bus(replies, "r-1"))
        assert valkey.ask(f"DEL {prefix}:{{r-1}}:log") == ":1"
        with pytest.raises(sk.BrokenError, match="dropped"):
            sk.start(replies.follow("r-1")).result(10)


def test_errors_of_the_bus_have_what_came_until_then(valkey: StorageServer) -> None:
    async def main(ways: str) -> None:
        prefix = new_id()
        with bus.redis(valkey.url, prefix=prefix, dead_after=0.2) as replies:
            writer = replies.writer("r-1", lambda: None)
            writer.add(sk.TextDelta("So far"))
            stream = replies.follow("r-1", wait=5) if ways == "follow" else replies.positions("r-1", wait=5)
            items = aiter(stream)
            await anext(items)
            valkey.ask(f"DEL {prefix}:{{r-1}}:log {prefix}:{{r-1}}:meta")
            with pytest.raises(sk.BrokenError, match="has lost the reply") as caught:
                await anext(items)
            assert caught.value.partial.text == "So far"

    for ways in ("follow", "positions"):
        asyncio.run(main(ways))


def _lost_and_begun_again(key: str) -> list[str]:
    data = encode([sk.TextDelta("Another."), sk.Reply()]).hex()
    as_text = "".join(f"\\x{data[at : at + 2]}" for at in range(0, len(data), 2))
    return [f"DEL {key}", f'XADD {key} * d "9999999999999 1 {as_text}"']


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (_lost_and_begun_again, sk.BrokenError),
        (lambda key: [f"XADD {key} * colour green"], sk.MalformedError),
        (lambda key: [f'XADD {key} * d "one 1 x"'], sk.MalformedError),
    ],
)
def test_a_damaged_log_is_an_error_for_its_own_followers(
    valkey: StorageServer, damage: Callable[[str], list[str]], error: type[sk.StreamkitError]
) -> None:
    async def main() -> None:
        prefix = new_id()
        with bus.redis(valkey.url, prefix=prefix) as replies:
            story, other = Story(), Story()
            sk.start(sk.from_text(story.words()), sinks.bus(replies, "r-1"))
            sk.start(sk.from_text(other.words()), sinks.bus(replies, "r-2"))
            followed = asyncio.ensure_future(story.follow(replies))
            unharmed = asyncio.ensure_future(other.follow(replies, "r-2"))
            await story.is_half_read()
            await other.is_half_read()
            for command in damage(f"{prefix}:{{r-1}}:log"):
                assert not valkey.ask(command).startswith("-")
            with pytest.raises(error):
                await followed
            assert story.got == WORDS[:10]
            other.goes_on.set()
            assert (await unharmed).text == "".join(WORDS)

    asyncio.run(main())
