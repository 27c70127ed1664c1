"""Prints what branches cost: ten sinks next to ten plain calls, twenty on one reply, and two on each of 1,000 replies.

Run it by hand: ``python tests/benchmarks/bench_fan.py [replies]``. Read the ratios: the figures are of one machine.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest.mock import patch

import streamkit as sk
from streamkit.engine.branches import fan
from streamkit.engine.branches.description import as_branch
from streamkit.engine.branches.fan import Fan
from streamkit.engine.branches.rounds import DirectRounds, Rounds
from streamkit.engine.upstream import RunScheduler

ITEMS = 50_000
ROUNDS = 9
GAP = 0.04
"""Seconds between two pieces of a reply: 25 a second."""
PIECES = 50


def sink(seen: list[int]) -> Callable[[Any], None]:
    def count(item: Any) -> None:
        seen[0] += len(item.text)

    return count


def fan_of(calls: list[Callable[[Any], None]], rounds: type[Rounds] = DirectRounds) -> Fan:
    with patch.object(fan, "DirectRounds", rounds):
        return Fan([as_branch(call) for call in calls], RunScheduler(asyncio.get_running_loop()))


async def compare(count: int) -> list[float]:
    """CPU nanoseconds per item of ``count`` plain calls, and of fans of as many branches, with the short cut and
    without. They take turns."""
    calls = [sink([0]) for _ in range(count)]
    short, whole = fan_of(calls, DirectRounds), fan_of(calls, Rounds)
    item = sk.TextDelta("hello")

    def plain(item: Any) -> None:
        for call in calls:
            call(item)

    times: dict[Callable[[Any], None], list[float]] = {plain: [], short.on_next: [], whole.on_next: []}
    for _ in range(ROUNDS):
        for hand_round, taken in times.items():
            begin = time.process_time_ns()
            for _ in range(ITEMS):
                hand_round(item)
            taken.append((time.process_time_ns() - begin) / ITEMS)
    return [statistics.median(taken) for taken in times.values()]


async def events(branches: list[Any]) -> float:
    """CPU microseconds per event of a reply that comes at once, with these branches."""
    begin = time.process_time()
    await sk.start(sk.from_text(["piece "] * ITEMS), *branches)
    return (time.process_time() - begin) / ITEMS * 1e6


async def a_sink(item: Any) -> None: ...


async def crowd(replies: int) -> None:
    """``replies`` at once, each with two branches; a piece is the time at which its source gave it."""
    late: list[float] = []
    clock = time.perf_counter

    async def pieces(number: int) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        due = loop.time() + GAP * (1 + number / replies)
        for _ in range(PIECES):
            await asyncio.sleep(due - loop.time())
            due += GAP
            yield repr(clock())

    async def arrived(item: Any) -> None:
        if isinstance(item, sk.TextDelta):
            late.append(clock() - float(item.text))

    before, cpu, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time(), clock()
    runs = [sk.start(sk.from_text(pieces(number)), arrived, sink_of_any) for number in range(replies)]
    await asyncio.gather(*runs)
    took, cpu = clock() - begin, time.process_time() - cpu
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    late.sort()
    p50, p99 = (late[int(len(late) * share)] * 1e3 for share in (0.5, 0.99))
    print(
        f"{replies} replies: {len(late) / took:,.0f} events/s of {replies / GAP:,.0f} wanted, "
        f"{cpu / len(late) * 1e6:.0f} us CPU an event, latency p50 {p50:.2f} p99 {p99:.2f} ms, "
        f"{grown / replies:.1f} KiB a reply"
    )


def sink_of_any(item: Any) -> None: ...


async def main(replies: int = 1000) -> None:
    for count in (1, 3, 10, 20):
        plain, short, whole = await compare(count)
        print(f"{count:2} sinks: {plain:5.0f} ns as plain calls, {short:5.0f} ns as branches, {short / plain:.2f} x")
        print(f"          without the short cut {whole:5.0f} ns, {whole / plain:.2f} x")
    for name, branches in (
        ("1 callable", [sink_of_any]),
        ("20 callables", [sink_of_any] * 20),
        ("20 coroutines", [a_sink] * 20),
    ):
        print(f"one reply, {name}: {await events(branches):.1f} us CPU an event")
    for count in (replies // 10, replies):
        await crowd(count)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
