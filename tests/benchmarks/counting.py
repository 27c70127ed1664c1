"""Row D: an exact count of tokens at each delta, next to encoding the whole text once at the end."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.bench_tokens import Grown, deltas_of
from tests.benchmarks.figures import Figure, Plan, Row, in_turn, ratios

__all__ = ["measure", "rows"]

TEXTS = ("English", "Chinese")
SHORT, LONG = 2_000, 100_000
"""Tokens that have been counted before."""


def measure(plan: Plan) -> dict[str, Any]:
    """Nanoseconds for each delta."""
    rounds = plan.rounds_of(7, 3)
    found: dict[str, Any] = {}
    for name in TEXTS:
        deltas = deltas_of(name, LONG + (rounds + 1) * 2_000)
        short, long = Grown(deltas, SHORT), Grown(deltas, LONG)
        work = {"short": short.feed, "long": long.feed, "once": long.once}
        found[name] = in_turn([*work], rounds, lambda which, work=work: work[which]())
    return found


def rows(found: dict[str, Any]) -> list[Row]:
    out = []
    for name in TEXTS:
        cost = found[name]
        whole = Figure("x once at the end", ratios(cost["long"], cost["once"]), 12)
        flat = Figure("100k x 2k tokens", ratios(cost["long"], cost["short"]), 1.2)
        out.append(Row("D", f"exact tokens at each delta, {name}", [whole, flat]))
    return out
