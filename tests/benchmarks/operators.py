"""Row F: operators of one's own next to `map` of Rx, and ten sinks next to ten plain calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from reactivex import from_iterable, operators as rx

import streamkit as sk
from streamkit import operators as ops
from tests.benchmarks.bench_fan import fan_of, sink
from tests.benchmarks.figures import Figure, Plan, Row, in_turn, ratios

__all__ = ["measure", "rows"]

FEW, MANY = 1, 5
SINKS = 10


class Through:
    """A stage as a user writes it."""

    def feed(self, item: Any) -> tuple[Any, ...]:
        return (item,)

    def flush(self) -> tuple[()]:
        return ()


OPERATORS: dict[str, Callable[[], Any]] = {
    "rx map": lambda: rx.map(lambda item: item),
    "ops.stage": lambda: ops.stage(Through),
    "ops.of_type": lambda: ops.of_type(sk.TextDelta),
}


def measure(plan: Plan) -> dict[str, Any]:
    """Nanoseconds for each item: of one more operator in a chain, and of ten calls."""
    rounds, items = plan.rounds_of(9, 5), [sk.TextDelta("hello")] * plan.of(20_000, 5_000)

    def one_more(name: str) -> float:
        made = OPERATORS[name]
        few, many = (min(_passed(items, [made() for _ in range(number)]) for _ in range(3)) for number in (FEW, MANY))
        return (many - few) / (MANY - FEW) / len(items)

    return {**in_turn([*OPERATORS], rounds, one_more), **asyncio.run(_fan(items, rounds))}


def _passed(items: list[Any], chain: list[Any]) -> float:
    source = from_iterable(items).pipe(*chain)
    begin = time.process_time_ns()
    source.subscribe(lambda item: None)
    return float(time.process_time_ns() - begin)


async def _fan(items: list[Any], rounds: int) -> dict[str, Any]:
    calls = [sink([0]) for _ in range(SINKS)]

    def plain(item: Any) -> None:
        for call in calls:
            call(item)

    def timed(hand: Callable[[Any], None]) -> float:
        begin = time.process_time_ns()
        for item in items:
            hand(item)
        return (time.process_time_ns() - begin) / len(items)

    work = {"10 calls": plain, "10 sinks": fan_of(calls).on_next}
    return in_turn([*work], rounds, lambda name: timed(work[name]))


def rows(found: dict[str, Any]) -> list[Row]:
    own = [
        Figure(f"{name} x rx map", ratios(found[name], found["rx map"]), 1.0) for name in ("ops.stage", "ops.of_type")
    ]
    return [
        Row("F", "one more operator in a chain", own),
        Row("F", "10 sinks", [Figure("x 10 plain calls", ratios(found["10 sinks"], found["10 calls"]), 1.5)]),
    ]
