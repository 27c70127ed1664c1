"""Rows B and C: many replies at once, each with 25 events a second, in a fresh process for each measurement.

The server begins when all replies have been asked for, so that connecting is not part of the rate and the latency.
"""

from __future__ import annotations

from typing import Any

from tests.benchmarks.figures import Figure, Plan, Row, column, in_turn, ratios
from tests.benchmarks.processes import client, server, server_lags

__all__ = ["measure", "rows"]

GAP = 40_000
"""Microseconds between two events of a reply."""
LATE = 5.0
"""Milliseconds by which half of the events may be sent late: more, and the server is what is measured."""
FAST = "streamkit on aiohttp"

Client = tuple[str, str]
"""A name, and its event loop."""


def measure(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {"faults": []}
    with server() as address:

        def crowd(replies: int, events: int, names: list[Client], rounds: int) -> dict[str, Any]:
            def once(one: Client) -> dict[str, Any]:
                figures = _measured(address, one, replies, events)
                if figures["texts"] != replies * events:
                    found["faults"].append(f"{one}: {figures['texts']} texts of {replies * events}")
                lags = server_lags(address)
                figures["server late"] = lags[len(lags) // 2] * 1e3
                if figures["server late"] > LATE:
                    found["faults"].append(f"{one}: the server was {figures['server late']:.1f} ms late")
                return figures

            measured = in_turn(names, rounds, once)
            return {f"{name}, {loop}": figures for (name, loop), figures in measured.items()}

        names = ["openai", "httpx", "aiohttp", "streamkit", FAST]
        found["hundred"] = crowd(
            100, plan.of(50, 25), _on_asyncio(names[:1] + names[3:] if plan.quick else names), plan.rounds_of(5, 2)
        )
        both = [(name, loop) for loop in ("asyncio", "uvloop") for name in ("aiohttp", FAST)]
        found["thousand"] = crowd(1_000, 25, both, plan.rounds_of(5, 2))
        found["open"] = crowd(
            plan.of(1_000, 200), 10, _on_asyncio(["openai", "aiohttp", "streamkit", FAST]), plan.rounds_of(3, 2)
        )
    return found


def _on_asyncio(names: list[str]) -> list[Client]:
    return [(name, "asyncio") for name in names]


def _measured(address: str, one: Client, replies: int, events: int) -> dict[str, Any]:
    name, loop = one
    with client(name, address, loop) as worker:
        worker.ask("one", "bulk-300")
        return worker.ask("many", f"many-{events}-{replies}-{GAP}", replies)


def rows(found: dict[str, Any]) -> list[Row]:
    hundred, thousand, opened = found["hundred"], found["thousand"], found["open"]

    def figure(crowd: dict[str, Any], key: str, ours: str, theirs: str, *goal: Any, loop: str = "asyncio") -> Figure:
        own, other = (column(crowd[f"{name}, {loop}"], key) for name in (ours, theirs))
        return Figure(f"{key} x {theirs}", ratios(own, other), *goal)

    def extra() -> Figure:
        own, other = (column(opened[f"{name}, asyncio"], "memory") for name in (FAST, "aiohttp"))
        return Figure("KiB more than aiohttp", [mine - theirs for mine, theirs in zip(own, other, strict=True)], 12)

    def latency(ours: str) -> list[Figure]:
        return [figure(hundred, "p50", ours, "openai", 0.4), figure(hundred, "p99", ours, "openai", 0.5)]

    def pace(loop: str) -> list[Figure]:
        rate = figure(thousand, "rate", FAST, "aiohttp", 0.95, True, loop=loop)
        return [rate, figure(thousand, "p99", FAST, "aiohttp", 2, loop=loop)]

    return [
        Row("B1", "100 replies, latency", latency("streamkit")),
        Row("B1", "the same, fast transport", latency(FAST)),
        Row("C1", "1,000 replies, fast transport", pace("asyncio")),
        Row("C1", "the same on uvloop", pace("uvloop")),
        Row("C2", "CPU to open one of many", [figure(opened, "set-up", "streamkit", "openai", 0.35)]),
        Row("C2", "the same, fast transport", [figure(opened, "set-up", FAST, "openai", 0.35)]),
        Row("C3", "memory of one of many", [figure(opened, "memory", "streamkit", "openai", 0.7)]),
        Row("C3", "the same, fast transport", [figure(opened, "memory", FAST, "openai", 0.7), extra()]),
    ]
