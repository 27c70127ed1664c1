"""The two logs keep the same rules: who may append, what is refused, and what is done once though asked for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

import pytest

from streamkit.bus import START, Answer, Log
from streamkit.bus.redis_log import RedisLog
from streamkit.engine.upstream import new_id

from .conftest import Storage
from .servers import StorageServer

Play = Callable[[Callable[[Log], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def play(storage: Storage) -> Play:
    """Runs a test with a log of its own."""

    def run(test: Callable[[Log], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            log = storage.log()
            await test(log)
            await log.close()

        asyncio.run(main())

    return run


async def verdict(answer: Coroutine[Any, Any, Answer]) -> str:
    return (await answer).verdict


async def opened(log: Log, reply_id: str = "r") -> int:
    """The epoch of a writer that has begun the reply."""
    answer = await log.open(reply_id, "a")
    assert answer.verdict == "ok"
    return answer.epoch


async def asked(log: Log, epoch: int, owner: str = "b", *, dead_after: float = 60.0, last: bool = False) -> Answer:
    """The answer to a request to take the reply over."""
    return await log.take_over("r", epoch, owner, b"new", last=last, dead_after=dead_after)


async def taken_over(log: Log, epoch: int, owner: str = "b", *, last: bool = False) -> Answer:
    """Take over as soon as the writer may count as dead."""
    while (answer := await asked(log, epoch, owner, dead_after=0.05, last=last)).verdict == "alive":  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return answer


def test_a_reply_has_one_writer(play: Play) -> None:
    async def test(log: Log) -> None:
        assert await log.status("r") is None
        epoch = await opened(log)
        status = await log.status("r")
        assert status is not None
        assert status[:3] == (True, epoch, START)
        assert 0 <= status.silent_for < 5
        assert await log.open("r", "a") == Answer("repeated", epoch)
        assert await log.open("r", "b") == Answer("busy", epoch)
        assert await verdict(log.append("r", epoch, 1, b"x", last=True)) == "ok"
        assert await log.open("r", "b") == Answer("closed", epoch)

    play(test)


def test_batches_come_once_and_in_order(play: Play) -> None:
    async def test(log: Log) -> None:
        assert await verdict(log.append("r", 1, 1, b"x", last=False)) == "missing"
        epoch = await opened(log)
        for number, expected in [(1, "ok"), (1, "repeated"), (3, "gap"), (2, "ok"), (1, "repeated")]:
            assert await verdict(log.append("r", epoch, number, b"%d" % number, last=False)) == expected
        for other in (epoch - 1, epoch + 1):
            assert await verdict(log.append("r", other, 3, b"3", last=False)) == "stale"
        assert await verdict(log.append("r", epoch, 3, b"3", last=True)) == "ok"
        assert await verdict(log.append("r", epoch, 3, b"3", last=True)) == "repeated"
        assert await verdict(log.append("r", epoch, 4, b"4", last=False)) == "closed"
        entries = await log.read("r", START, limit=10)
        assert [entry[1:] for entry in entries] == [(epoch, 1, b"1"), (epoch, 2, b"2"), (epoch, 3, b"3")]
        assert [entry.id for entry in entries] == sorted({entry.id for entry in entries})
        assert await log.read("r", START, limit=2) == entries[:2]
        assert await log.read("r", entries[1].id, limit=10) == entries[2:]
        assert await log.read("r", entries[2].id, limit=10) == await log.read("s", START, limit=1) == []
        status = await log.status("r")
        assert status is not None
        assert status[:3] == (False, epoch, entries[2].id)

    play(test)


def test_only_a_dead_writer_is_replaced_and_only_once(play: Play) -> None:
    async def test(log: Log) -> None:
        assert await verdict(asked(log, 1)) == "missing"
        first = await opened(log)
        await log.append("r", first, 1, b"old", last=False)
        await asyncio.sleep(0.1)
        silent = await log.status("r")
        assert await verdict(log.beat("r", first)) == "ok"
        heard = await log.status("r")
        assert silent is not None
        assert heard is not None
        assert heard.silent_for < silent.silent_for > 0.05
        assert await verdict(asked(log, first)) == "alive"
        taken = await taken_over(log, first)
        second = first + 1
        assert taken == Answer("ok", second)
        assert await asked(log, first) == Answer("repeated", second)
        assert await verdict(asked(log, first, "c")) == "stale"
        assert await verdict(asked(log, second, "c")) == "alive"
        assert await verdict(log.append("r", first, 2, b"old", last=False)) == "stale"
        assert await verdict(log.append("r", first, 1, b"old", last=False)) == "stale"
        assert await verdict(log.beat("r", first)) == "stale"
        assert await verdict(log.append("r", second, 2, b"end", last=True)) == "ok"
        assert [entry[1:] for entry in await log.read("r", START, limit=9)] == [
            (first, 1, b"old"), (second, 1, b"new"), (second, 2, b"end"),
        ]  # fmt: skip

    play(test)


def test_of_many_claimers_one_wins(play: Play) -> None:
    async def test(log: Log) -> None:
        epoch = await opened(log)
        answers = await asyncio.gather(*(taken_over(log, epoch, f"b{number}") for number in range(10)))
        assert sorted(answer.verdict for answer in answers) == ["ok", *["stale"] * 9]
        assert len(await log.read("r", START, limit=99)) == 1

    play(test)


def test_an_abandoned_reply_is_closed(play: Play) -> None:
    async def test(log: Log) -> None:
        first = await opened(log)
        second = (await taken_over(log, first, last=True)).epoch
        assert await verdict(log.append("r", first, 1, b"x", last=False)) == "stale"
        assert await verdict(log.append("r", second, 2, b"x", last=False)) == "closed"
        assert await verdict(asked(log, second, "c")) == "closed"
        status = await log.status("r")
        assert status is not None
        assert not status.is_open

    play(test)


def test_a_cancel_is_told_with_each_answer(play: Play) -> None:
    async def test(log: Log) -> None:
        assert await verdict(log.cancel("r")) == "missing"
        epoch = await opened(log)
        assert not (await log.append("r", epoch, 1, b"x", last=False)).is_cancelled
        assert await verdict(log.cancel("r")) == "ok"
        assert await log.append("r", epoch, 1, b"x", last=False) == Answer("repeated", epoch, True)
        assert await log.beat("r", epoch) == Answer("ok", epoch, True)
        assert await log.append("r", epoch, 2, b"x", last=True) == Answer("ok", epoch, True)
        assert await verdict(log.cancel("r")) == "closed"

    play(test)


def test_a_tail_gives_each_entry_once_and_tells_of_silence(play: Play) -> None:
    async def test(log: Log) -> None:
        epoch = await opened(log)

        async def follow(after: tuple[int, int], wanted: int) -> list[bytes]:
            got: list[bytes] = []
            async with aclosing(log.tail("r", after, silence=5)) as pages:
                async for page in pages:
                    got += [entry.data for entry in page]
                    if len(got) >= wanted:
                        return got
            raise AssertionError

        tails = [asyncio.create_task(follow(START, 20)) for _ in range(3)]
        for number in range(1, 21):
            await log.append("r", epoch, number, b"%d" % number, last=False)
            if not number % 5:
                await asyncio.sleep(0.01)
        wanted = [b"%d" % number for number in range(1, 21)]
        assert await asyncio.gather(*tails) == [wanted] * 3
        entries = await log.read("r", START, limit=99)
        assert await follow(entries[4].id, 15) == wanted[5:]
        async with aclosing(log.tail("r", entries[19].id, silence=0.05)) as pages:
            assert [list(await anext(pages)), list(await anext(pages))] == [[], []]

    play(test)


def test_a_tail_that_begins_while_another_ends_is_read(play: Play) -> None:
    """At whatever step of the end of the one before: the connection is being closed then."""

    async def test(log: Log) -> None:
        epoch = await opened(log)
        await log.append("r", epoch, 1, b"x", last=False)
        for steps in range(40):
            async with aclosing(log.tail("r", START, silence=60)) as pages:
                assert (await anext(pages))[0].data == b"x"
            await log.append(
                "r", epoch, steps + 2, b"x", last=False
            )  # the XREAD that waits is answered, and nobody reads
            for _ in range(steps):
                await asyncio.sleep(0)

    play(test)


def test_many_tails_begin_at_any_moment(play: Play) -> None:
    """A tail that comes while others wait is served at once."""

    async def test(log: Log) -> None:
        epochs = [await opened(log, f"r{number}") for number in range(30)]

        async def first(number: int) -> bytes:
            await asyncio.sleep(number * 0.003)
            async with aclosing(log.tail(f"r{number}", START, silence=60)) as pages:
                return (await anext(pages))[0].data

        tails = [asyncio.create_task(first(number)) for number in range(30)]
        await asyncio.sleep(0.05)
        for number, epoch in enumerate(epochs):
            await log.append(f"r{number}", epoch, 1, b"%d" % number, last=False)
        async with asyncio.timeout(2):  # less than one XREAD waits
            assert await asyncio.gather(*tails) == [b"%d" % number for number in range(30)]

    play(test)


def test_a_writer_whose_reply_was_lost_has_no_part_in_the_next_one_of_its_id(valkey: StorageServer) -> None:
    """Both may have come as far at that moment."""

    async def main() -> None:
        prefix = new_id()
        log = RedisLog(valkey.url, prefix=prefix, cluster=False, live_for=600, kept_for=600, grace=0)
        lost = await log.open("r", "a")
        assert valkey.ask(f"DEL {prefix}:{{r}}:meta") == ":1"
        await asyncio.sleep(0.002)  # an epoch is a time in milliseconds
        assert (await log.open("r", "b")).epoch > lost.epoch
        assert await verdict(log.beat("r", lost.epoch)) == "stale"
        assert await verdict(log.append("r", lost.epoch, 1, b"x", last=False)) == "stale"
        await log.close()

    asyncio.run(main())
