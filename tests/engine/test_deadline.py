"""The lazily moved timer, with limits that begin, move and stop, on loops and schedulers of virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st
from reactivex.scheduler import HistoricalScheduler
from reactivex.scheduler.eventloop import AsyncIOScheduler
from reactivex.testing import TestScheduler

from streamkit import testing
from streamkit.engine.upstream import Deadline, RunScheduler


class Limit:
    """One limit: ``due`` is the time at which it runs out, None while it does not run."""

    def __init__(self, clock: Any) -> None:
        self.due: float | None = None
        self.expired: list[float] = []
        self.asked = 0
        self.deadline = Deadline(clock, self._remaining, self._expire)
        self._began = self.deadline.time()

    def _remaining(self) -> float | None:
        self.asked += 1
        return None if self.due is None else self.due - self.deadline.time()

    def _expire(self) -> None:
        self.expired.append(round(self.deadline.time() - self._began, 3))

    def move(self, seconds: float | None) -> None:
        self.due = None if seconds is None else self.deadline.time() + seconds
        self.deadline.set()


Moves = list[tuple[int, float | None]]
CLOCKS: dict[str, Callable[[asyncio.AbstractEventLoop], Any]] = {
    "a loop": lambda loop: loop,
    "a run": RunScheduler,
    "a scheduler of a loop": AsyncIOScheduler,
}
MOVES = st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 20).map(lambda n: n + 0.25)), max_size=12)


def play(kind: str, moves: Moves) -> Limit:
    async def main() -> Limit:
        limit = Limit(CLOCKS[kind](asyncio.get_running_loop()))
        for wait, seconds in moves:
            await asyncio.sleep(wait)
            limit.move(seconds)
        await asyncio.sleep(100)
        return limit

    with testing.clock() as clock:
        return clock.run(main)


def expected(moves: Moves) -> list[float]:
    """The times at which a limit runs out that nothing has moved before."""
    now, found = 0, []
    for (wait, seconds), until_next in zip(moves, [*(wait for wait, _ in moves[1:]), 1000], strict=False):
        now += wait
        if seconds is not None and seconds < until_next:
            found.append(now + seconds)
    return found


@pytest.mark.parametrize("kind", CLOCKS)
@given(moves=MOVES)
def test_it_expires_when_the_limit_runs_out_wherever_that_was_moved(kind: str, moves: Moves):
    assert play(kind, moves).expired == expected(moves)


def test_a_limit_that_moves_away_costs_a_timer_now_and_then():
    away = play("a loop", [(0, 10.0), *[(1, 10.0)] * 50])
    assert away.expired == [60]
    assert away.asked <= 51 + 7  # by each move, and by each timer that fires


def test_nothing_expires_after_it_was_stopped():
    async def main() -> list[float]:
        limit = Limit(asyncio.get_running_loop())
        limit.move(1)
        limit.deadline.stop()
        await asyncio.sleep(10)
        limit.move(1)
        await asyncio.sleep(10)
        return limit.expired

    with testing.clock() as clock:
        assert clock.run(main) == []


@pytest.mark.parametrize("make", [TestScheduler, HistoricalScheduler])
def test_virtual_time_of_rx(make: Callable[[], Any]):
    scheduler = make()
    limit = Limit(scheduler)
    for at, seconds in ((1, 5), (3, 5), (4, 1 / 3), (10, None), (11, 7.0)):
        scheduler.schedule_relative(at, lambda *_, seconds=seconds: limit.move(seconds))
    scheduler.start()
    assert limit.expired == [4.333, 18]
