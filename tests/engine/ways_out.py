"""A script: many runs that are left through every door at random moments. Prints what they left behind.

``python -m tests.engine.ways_out URL SEED RUNS [DOOR...]``
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import streamkit as sk
from streamkit import operators as ops, sinks
from tests.waiting import until

Events = sk.Stream[Any]


class Leaver:
    """Makes streams and branches, and leaves them."""

    def __init__(self, url: str, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        limits = sk.Limits(first_byte=0.5, byte_idle=0.5)
        self.client = sk.Client(url, "key", model="m", limits=limits, retry=sk.Retry(attempts=1, first=0.01))
        self.folder, self.number = folder, 0
        self.doors: list[Callable[[], None]] = [
            self.run_in_a_thread,
            self.start_and_cancel,
            self.for_and_break,
            self.async_for_and_break,
            self.await_cancelled,
            self.loop_that_ends,
            self.subscribe_and_dispose,
            self.batch_left,
            self.tool_loop_cancelled,
            self.sse_left,
            self.block_that_raises,
        ]

    # -- what is left ----------------------------------------------------------------------------------------------

    def chat(self) -> Events:
        return self.client.chat("hi")

    def stream(self) -> Events:
        async def shout(event: Any) -> Any:
            await asyncio.sleep(self.random.random() * 0.01)
            return event

        async def check(piece: str) -> bool:
            await asyncio.sleep(self.random.random() * 0.01)
            return True

        def asked(event: Any) -> Any:
            return self.chat() if isinstance(event, sk.Start) else sk.stream([event])

        made: list[Callable[[], Events]] = [
            self.chat,
            lambda: self.chat().pipe(ops.map_async(shout, concurrency=3)),
            lambda: self.chat().pipe(ops.map_async(asked, concurrency=2)),
            lambda: self.chat().pipe(ops.guard(check, "word")),
            lambda: sk.share(self.chat(), replay=99),
            lambda: sk.race(self.chat(), self.chat(), after=0.01),
            lambda: self.chat().pipe(ops.fallback(self.chat())),
            lambda: self.chat().pipe(ops.smooth()),
            lambda: self.chat().pipe(ops.time_limits(first=0.05)),
        ]
        return self.random.choice(made)()

    def branches(self) -> list[Any]:
        """Some sinks, perhaps none. Those that write to files never share one."""
        self.number += 1

        async def slow(item: Any) -> None:
            await asyncio.sleep(self.random.random() * 0.005)

        async def write_many(items: Any, key: str) -> None:
            await asyncio.sleep(self.random.random() * 0.005)

        def blocking(item: Any) -> None:
            time.sleep(self.random.random() * 0.002)

        file, spool = self.folder / f"{self.number}.jsonl", self.folder / f"{self.number}.spool"
        made = [
            lambda: sinks.jsonl(file),
            lambda: slow,
            lambda: sk.branch(into=slow, capacity=1, on_cancel="drain"),
            lambda: sinks.threaded(blocking),
            lambda: sinks.batched(write_many, size=3, every=0.01, spool=spool),
            lambda: sk.branch(ops.text(), ops.sentences(), into=lambda text: None),
            lambda: sk.branch(ops.map_async(lambda _: self.chat(), concurrency=2), into=slow),
        ]
        return [one() for one in self.random.sample(made, self.random.randrange(4))]

    def moment(self) -> float:
        return self.random.choice([0, 0.001, 0.01, 0.05, 0.3]) * self.random.random()

    # -- the doors -------------------------------------------------------------------------------------------------

    def run_in_a_thread(self) -> None:
        stop = self.moment()
        began = time.monotonic()

        def work() -> None:
            with suppress(sk.StreamkitError, InterruptedError):
                sk.run(self.stream().pipe(ops.stop_when(lambda _: time.monotonic() - began > stop)), *self.branches())

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    def start_and_cancel(self) -> None:
        runs = [sk.start(self.stream(), *self.branches()) for _ in range(self.random.randrange(1, 4))]
        time.sleep(self.moment())
        for run in runs:
            run.cancel()
        for run in runs:
            with suppress(sk.StreamkitError):
                run.result()

    def for_and_break(self) -> None:
        left = self.random.randrange(6)
        with suppress(sk.StreamkitError):
            for number, _ in enumerate(self.stream()):
                if number == left:
                    break

    def async_for_and_break(self) -> None:
        async def main() -> None:
            left = self.random.randrange(6)
            with suppress(sk.StreamkitError):
                async with aclosing(aiter(self.stream())) as items:  # type: ignore[type-var]
                    number = 0
                    async for _ in items:
                        number += 1
                        if number > left:
                            break

        asyncio.run(main())

    def await_cancelled(self) -> None:
        async def one() -> None:
            with suppress(sk.StreamkitError):
                await sk.start(self.stream(), *self.branches())

        async def main() -> None:
            tasks = [asyncio.create_task(one()) for _ in range(self.random.randrange(1, 4))]
            for task in tasks:
                await asyncio.sleep(self.moment())
                task.cancel()
            await asyncio.wait(tasks)
            await self._nothing_left()

        asyncio.run(main())

    async def _nothing_left(self) -> None:
        """Everything that was begun on this loop ends by itself."""
        for _ in range(1000):
            if len(asyncio.all_tasks()) == 1:
                return
            await asyncio.sleep(0.01)
        print("tasks of a loop:", sorted(str(task) for task in asyncio.all_tasks()))

    def loop_that_ends(self) -> None:
        async def main() -> None:
            sk.start(self.stream(), *self.branches())
            self.stream().subscribe(lambda _: None, lambda _: None)
            await asyncio.sleep(self.moment())

        asyncio.run(main())

    def subscribe_and_dispose(self) -> None:
        left = [self.stream().subscribe(lambda _: None, lambda _: None) for _ in range(3)]
        for subscription in left:
            time.sleep(self.moment())
            subscription.dispose()

    def batch_left(self) -> None:
        left = self.random.randrange(4)
        ledger = self.folder / f"{self.number}.ledger" if self.random.random() < 0.5 else None
        self.number += 1
        with suppress(sk.StreamkitError):
            for number, _ in enumerate(sk.batch(list("abcdef"), lambda _: self.chat(), ledger=ledger, concurrency=3)):
                if number == left:
                    break

    def tool_loop_cancelled(self) -> None:
        def lookup(city: str = "") -> str:
            time.sleep(self.random.random() * 0.01)
            return "sunny"

        loop = sk.tool_loop(lambda _: self.client.chat("tools", tools=[lookup]), "hi", [lookup])
        run = sk.start(loop, *self.branches())
        time.sleep(self.moment() * 2)
        run.cancel()
        with suppress(sk.StreamkitError):
            run.result()

    def sse_left(self) -> None:
        async def main() -> None:
            left = self.random.randrange(4)
            with suppress(sk.StreamkitError):
                async with aclosing(aiter(sk.sse(self.stream()))) as frames:  # type: ignore[type-var]
                    number = 0
                    async for _ in frames:
                        number += 1
                        if number > left:
                            break
            await self._nothing_left()

        asyncio.run(main())

    def block_that_raises(self) -> None:
        with suppress(InterruptedError, sk.StreamkitError), sk.start(self.stream(), *self.branches()):
            time.sleep(self.moment())
            raise InterruptedError


def open_files() -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        with suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{name}"))
    return sorted(name.split(":")[0] for name in found if not name.endswith("/fd"))


def background_tasks() -> list[str]:
    from streamkit.engine.loops.loop import background, call_on

    loop = background()
    return sorted(str(task) for task in call_on(loop, lambda: asyncio.all_tasks(loop)) if "_serve" not in str(task))


def settled(look: Callable[[], list[Any]], nothing: list[Any]) -> list[Any]:
    """What is left once it no longer changes."""
    until(lambda: look() == nothing)
    return look()


def main(url: str, seed: int, runs: int, only: list[str]) -> None:
    logging.getLogger("asyncio").addFilter(_is_no_matter_of_time)
    logging.getLogger("streamkit").addFilter(_is_no_matter_of_time)
    logging.getLogger("streamkit").addFilter(_is_no_reply)
    # anyio forgets to close what a loop's shutdown cancels before its first step: nothing is open yet
    warnings.filterwarnings("ignore", message="coroutine 'connect_tcp.<locals>.try_connect' was never awaited")
    with tempfile.TemporaryDirectory() as folder:
        before, threads = open_files(), threading.enumerate()
        leaver = Leaver(url, seed, Path(folder))
        doors = [door for door in leaver.doors if door.__name__ in only] if only else leaver.doors
        for _ in range(runs):
            leaver.random.choice(doors)()
        print("tasks", settled(background_tasks, []))
        leaver.client.close()
        sk.shutdown()
        gc.collect()
        print("threads", settled(lambda: [one.name for one in threading.enumerate() if one not in threads], []))
        after = settled(open_files, before)
        print("files", [name for name in after if after.count(name) > before.count(name)])


def _is_no_matter_of_time(record: logging.LogRecord) -> bool:
    """Not what a busy machine makes slow."""
    return not record.getMessage().startswith("Executing <") and " blocks: " not in record.getMessage()


def _is_no_reply(record: logging.LogRecord) -> bool:
    """A failed reply that was relayed, or that nobody listens to, is logged: that is no leak."""
    return record.exc_info is None or not isinstance(record.exc_info[1], sk.StreamkitError)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
