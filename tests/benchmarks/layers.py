"""Where the time of an event goes: each layer alone, or with and without it, in one process and without a network."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from reactivex import operators as rx

import streamkit as sk
from streamkit import wire
from tests.benchmarks.figures import Plan, Row, in_turn
from tests.benchmarks.replies import event_at, finish, opening

__all__ = ["costs", "measure", "rows"]

OPERATORS = 3


def measure(plan: Plan) -> dict[str, list[float]]:
    """Microseconds of CPU for each event, one event a read, in rounds."""
    events = plan.of(5_000, 2_000)
    reads = [opening(), *map(event_at, range(events)), *finish()]
    chain = [rx.map(lambda event: event) for _ in range(OPERATORS)]
    work: dict[str, Callable[[], Any]] = {
        "parse": lambda: deque(wire.parse(reads), 0),
        "run": lambda: asyncio.run(_run(sk.from_bytes(reads), _ignore)),
        "run, operators": lambda: asyncio.run(_run(sk.from_bytes(reads).pipe(*chain), _ignore)),
        "run, coroutine": lambda: asyncio.run(_run(sk.from_bytes(reads), _ignore_later)),
    }

    for do in work.values():
        do()  # what is imported late is there

    def cost(name: str) -> float:
        begin = time.process_time()
        work[name]()
        return (time.process_time() - begin) / events * 1e6

    return in_turn([*work], plan.rounds_of(7, 3), cost)


async def _run(source: Any, sink: Callable[[Any], Any]) -> None:
    await sk.start(source, sink)


def _ignore(item: Any) -> None: ...


async def _ignore_later(item: Any) -> None: ...


def costs(found: dict[str, Any]) -> dict[str, float]:
    """Microseconds of each layer, in the order in which an event passes them."""
    alone = {name: statistics.median(values) for name, values in found["layers"].items()}
    read = {
        name: statistics.median(found["one"]["cost"]["paced"][name]) for name in ("streamkit", "streamkit on aiohttp")
    }
    rest = alone["run, operators"]
    return {
        "reading, httpx, an event that comes alone": read["streamkit"] - rest,
        "reading, transport of aiohttp": read["streamkit on aiohttp"] - rest,
        "parsing: bytes to typed events, Reply so far": alone["parse"],
        "run, hand-over to a plain function": alone["run"] - alone["parse"],
        "each `map` of Rx": (alone["run, operators"] - alone["run"]) / OPERATORS,
        "hand-over to a coroutine function, in addition": alone["run, coroutine"] - alone["run"],
    }


def rows(found: dict[str, Any]) -> list[Row]:
    """No goals."""
    return []
