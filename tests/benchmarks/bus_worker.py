"""A process that writes replies to a bus, or follows them: a line of JSON for each task, one for its figures.

``python -m tests.benchmarks.bus_worker URL CORE``. ``plain`` is redis-py without streamkit: an XADD for each event, and
one XREAD that is shared by all followers through a queue for each.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis

import streamkit as sk
from streamkit import bus, sinks
from streamkit.bus.redis_log import RedisLog

WIDTH = 128
"""Characters of an event, so that each is appended at once: what is measured is not the wait for a batch."""
CLOCK = 19
BATCH = 10
TEXT = "thirteen char"
"""Ten of them are a batch."""
PAGE = 500
JOINING = 1.0
"""Seconds of a reply in which its followers may still be joining; what comes then is not counted."""


async def clocks(events: int, gap: float, wait: float = 0.0) -> AsyncIterator[str]:
    """Texts that begin with a clock, ``gap`` seconds apart; the first one after ``wait`` seconds."""
    due = time.monotonic() + wait
    for _ in range(events):
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        yield str(time.monotonic_ns()).zfill(CLOCK).ljust(WIDTH, ".")
        due += gap


# -- writing -----------------------------------------------------------------------------------------------------------


async def write(url: str, names: list[str], events: int, gap: float) -> None:
    async with bus.redis(url) as replies:
        runs = []
        for number, name in enumerate(names):
            texts = clocks(events, gap, gap * number / len(names))
            runs.append(sk.start(sk.from_text(texts), sinks.bus(replies, name)))
        await asyncio.gather(*runs)


async def write_plain(url: str, names: list[str], events: int, gap: float) -> None:
    async with Redis.from_url(url) as server:

        async def one(name: str) -> None:
            async for text in clocks(events, gap):
                await server.xadd(name, {"d": text})

        await asyncio.gather(*map(one, names))


class _Told:
    """A log that says when a batch was appended."""

    def __init__(self, log: bus.Log) -> None:
        self._log, self.appended = log, threading.Semaphore(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, *args: Any, **kwargs: Any) -> bus.Answer:
        answer = await self._log.append(*args, **kwargs)
        self.appended.release()
        return answer


def publish(url: str, name: str, batches: int, text: str, events: int) -> float:
    """Write so many batches, each when the one before has been appended; the CPU time of it."""
    log = _Told(RedisLog(url, prefix="streamkit", cluster=False, live_for=600, kept_for=600, grace=1))
    with bus.Bus(log, dead_after=1e6) as replies:
        writer = replies.writer(name, lambda: None)
        writer.add(sk.TextDelta("begun"))
        log.appended.acquire()
        deltas = [sk.TextDelta(text)] * events
        begin = time.process_time()
        for _ in range(batches):
            for delta in deltas:
                writer.add(delta)
            log.appended.acquire()
        took = time.process_time() - begin
        writer.add(sk.Reply(id=name))  # as that of a model, so that it need not be read from the log
        log.appended.acquire()
    return took


# -- following ---------------------------------------------------------------------------------------------------------


async def follow(url: str, names: list[str], stopped: int, events: int) -> list[int]:
    late: list[int] = []

    async def one(name: str) -> None:
        begun = None
        async for event in replies.follow(name, wait=20):
            if isinstance(event, sk.TextDelta):
                begun = note(late, event.text, begun)

    async def stop(name: str) -> None:
        async for _ in replies.follow(name, wait=20):
            await asyncio.get_running_loop().create_future()

    async with bus.redis(url) as replies:
        stopping = [asyncio.ensure_future(stop(names[0])) for _ in range(stopped)]
        await asyncio.gather(*map(one, names))
        await _cancelled(stopping)
    return late


async def follow_plain(url: str, names: list[str], stopped: int, events: int) -> list[int]:
    """Followers of one name."""
    late: list[int] = []
    queues = [asyncio.Queue[bytes]() for _ in range(len(names) + stopped)]

    async def one(queue: asyncio.Queue[bytes]) -> None:
        begun = None
        for _ in range(events):
            begun = note(late, (await queue.get()).decode(), begun)

    async with Redis.from_url(url) as server:
        followers = asyncio.gather(*map(one, queues[: len(names)]))
        last, read = b"0", 0
        while read < events:
            for _, entries in await server.xread({names[0]: last}, block=20_000):
                for last, fields in entries:  # noqa: B007  # it is the beginning of the next read
                    read += 1
                    for queue in queues:
                        queue.put_nowait(fields[b"d"])
        await followers
    return late


def note(late: list[int], text: str, begun: int | None) -> int:
    """Note how late a text is; when its reply has begun."""
    written = int(text[:CLOCK])
    if begun is not None and written - begun >= JOINING * 1e9:
        late.append(time.monotonic_ns() - written)
    return written if begun is None else begun


async def _cancelled(tasks: list[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


# -- a long reply ------------------------------------------------------------------------------------------------------


async def middle(url: str, name: str, events: int) -> str:
    async with bus.redis(url) as replies:
        number = 0
        async for place, _ in replies.positions(name):
            number += 1
            if number == events // 2:
                return place
    raise ValueError(f"the reply has {number} events")


async def read_long(url: str, name: str, after: str | None) -> tuple[float, int]:
    async with bus.redis(url) as replies:
        begin, number = time.perf_counter(), 0
        async for _ in replies.follow(name, after):
            number += 1
        return time.perf_counter() - begin, number


async def read_plain(url: str, name: str) -> tuple[float, int]:
    async with Redis.from_url(url) as server:
        begin, number, last = time.perf_counter(), 0, b"0"
        while found := await server.xread({f"streamkit:{{{name}}}:log": last}, count=PAGE):
            for last, fields in found[0][1]:  # noqa: B007  # it is the beginning of the next read
                number += sum(
                    len(form) if type(form) is list else 1 for form in json.loads(fields[b"d"].split(b" ", 2)[2])
                )
        return time.perf_counter() - begin, number


# -- tasks -------------------------------------------------------------------------------------------------------------


def of_crowd(late: list[int], cpu: float, wall: float) -> dict[str, float]:
    late.sort()
    percentiles = {"p50": late[len(late) // 2] / 1e6, "p99": late[int(len(late) * 0.99)] / 1e6}
    return {**percentiles, "texts": len(late), "cpu": cpu / len(late) * 1e6, "busy": cpu / wall}


def done(url: str, task: list[Any]) -> dict[str, Any]:
    def timed(work: Callable[[], Awaitable[Any]]) -> tuple[Any, float, float]:
        cpu, wall = time.process_time(), time.perf_counter()
        found = asyncio.run(work())  # type: ignore[arg-type]  # what is awaited is a coroutine
        return found, time.process_time() - cpu, time.perf_counter() - wall

    match task:
        case ["write", how, names, events, gap]:
            work = write if how == "streamkit" else write_plain
            _, cpu, wall = timed(lambda: work(url, names, events, gap))
            return {"cpu": cpu / (events * len(names)) * 1e6, "busy": cpu / wall}
        case ["follow", how, names, stopped, events]:
            reads = follow if how == "streamkit" else follow_plain
            return of_crowd(*timed(lambda: reads(url, names, stopped, events)))
        case ["publish", name, batches, text, events]:
            return {"cpu": publish(url, name, batches, text, events)}
        case ["middle", name, events]:
            return {"place": asyncio.run(middle(url, name, events))}
        case ["long", how, name, after]:
            reading = read_plain(url, name) if how == "plain" else read_long(url, name, after)
            took, number = asyncio.run(reading)
            return {"seconds": took, "events": number}
    raise ValueError(task)


def main(url: str, core: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity") and int(core) >= 0:
        os.sched_setaffinity(0, {int(core)})
    for line in sys.stdin:
        print(json.dumps(done(url, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
