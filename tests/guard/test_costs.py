"""A guard: no path that every event, run or reply takes gets 1.3 times as expensive. Costs are counts, not times.

After a change that is meant, ``python -m tests.guard.test_costs`` prints the table below anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from streamkit.wire import Parser
from tests.guard.measure import measured
from tests.guard.workloads import WORKLOADS, wire

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.version_info >= (3, 14), reason="figures are of Python 3.11 to 3.13"),
]
MARGIN = 1.3
"""Versions of Python and of other packages differ by less than a third of it."""
FIGURES = {
    "wire, chat": 84,
    "wire, chat, 32 events a read": 56,
    "wire, responses": 123,
    "wire, anthropic": 121,
    "sentences": 104,
    "redact": 105,
    "meter": 123,
    "json_values": 124,
    "own stage as an operator": 43,
    "a run, 1 function": 45,
    "a run, 3 functions": 63,
    "a run, 1 function and a bus": 97,
    "a run, 1 coroutine function": 145,
    "a run, a branch with an operator": 179,
    "a whole run of 3 events": 3345,
    "a whole reply over HTTP": 3990,
    "a read over HTTP": 153,
    "bytes of an open run": 16053,
    "bytes of an open reply over HTTP": 37652,
}
"""Lines and calls of one more item, unless the name says something else; with Python 3.11."""


def excess(found: dict[str, float], figures: dict[str, float]) -> dict[str, float]:
    """How many times as expensive the work is that costs more than ``figures`` allow."""
    ratios = {name: figure / figures[name] for name, figure in found.items()}
    return {name: round(ratio, 2) for name, ratio in ratios.items() if ratio > MARGIN}


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    figures = measured(WORKLOADS)
    if dear := excess(figures, FIGURES):  # what is done once in a while may have been done just then
        again = measured(dear)
        figures |= {name: min(figures[name], again[name]) for name in dear}
    return figures


def test_nothing_has_become_more_expensive(found: dict[str, float]) -> None:
    assert excess(found, FIGURES) == {}


def test_what_has_become_much_cheaper_is_guarded_at_its_new_cost(found: dict[str, float]) -> None:
    assert excess(FIGURES, found) == {}, "record the table anew: python -m tests.guard.test_costs"


def test_a_slower_parser_would_be_found() -> None:
    usual = wire("chat")

    class Slower(Parser):
        def feed(self, chunk: bytes) -> Iterator[Any]:
            for _ in range(int(usual * 0.4 / 2)):
                pass
            return super().feed(chunk)

    assert excess({"wire, chat": wire("chat", parser=Slower)}, {"wire, chat": usual}) == {"wire, chat": _about(1.4)}


def _about(ratio: float) -> Any:
    return pytest.approx(ratio, abs=0.06)


def _table() -> str:
    return "\n".join(f'    "{name}": {figure:.0f},' for name, figure in measured(WORKLOADS).items())


if __name__ == "__main__":
    print(f"FIGURES = {{\n{_table()}\n}}")
