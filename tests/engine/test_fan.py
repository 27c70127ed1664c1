"""The fan and its sinks in place: who gets an item when it is halted, and what is counted then."""

from __future__ import annotations

import asyncio
from threading import Thread
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

import streamkit as sk
from streamkit.engine.branches import Fan, as_branch
from streamkit.engine.branches.rounds import DirectRounds, Rounds
from streamkit.engine.upstream import RunScheduler
from tests.work import timed, work


@pytest.mark.parametrize("kind", [Rounds, DirectRounds])
@given(data=st.data(), count=st.integers(1, 5), items=st.integers(1, 4), other_thread=st.booleans())
def test_nothing_is_delivered_after_a_halt_from_any_thread(
    kind: type[Rounds], data: Any, count: int, items: int, other_thread: bool
):
    at, by = data.draw(st.integers(0, items - 1)), data.draw(st.integers(0, count - 1))
    seen: list[list[int]] = [[] for _ in range(count)]

    async def main() -> list[int]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("streamkit.engine.branches.fan.DirectRounds", kind)
            fan = Fan([as_branch(sink(number)) for number in range(count)], RunScheduler(asyncio.get_running_loop()))
        halting.append(fan.halt)
        for item in range(items):
            fan.on_next(item)
        return [stats.delivered for stats in fan.stats()]

    halting: list[Any] = []

    def sink(number: int) -> Any:
        def write(item: int) -> None:
            seen[number].append(item)
            if (item, number) == (at, by):
                halt()

        return write

    def halt() -> None:
        if other_thread:
            thread = Thread(target=halting[0])
            thread.start()
            thread.join()
        else:
            halting[0]()

    delivered = asyncio.run(main())
    assert seen == [list(range(at + 1 if number <= by else at)) for number in range(count)]
    assert delivered == [len(got) for got in seen]


async def _later() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


SINKS = {
    "fine": lambda _: None,
    "text": lambda _: "x",
    "slow": lambda _: work(0.02),
    "once slow": lambda since: None if since else work(0.02),
    "raises": lambda _: 1 // 0,
    "async": lambda _: _later(),
}
ITEMS = 8


@given(st.lists(st.tuples(st.sampled_from([*SINKS]), st.integers(0, ITEMS)), min_size=1, max_size=5))
@example([("once slow", 0), ("async", 1)])
def test_the_short_cut_changes_nothing(plan: list[tuple[str, int]]):
    """Sinks that are slow, raise, or turn out to be async, from the item with that number on: same calls, figures and
    failures."""

    async def main(kind: type[Rounds]) -> Any:
        calls: list[tuple[int, int]] = []

        def sink(number: int, what: str, at: int) -> Any:
            def write(item: int) -> Any:
                calls.append((number, item))
                return SINKS[what](item - at) if item >= at else None

            return write

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("streamkit.engine.branches.fan.DirectRounds", kind)
            patch.setattr("streamkit.engine.branches.rounds.PLAIN_ROUNDS", 2)
            branches = [as_branch(sink(number, *one)) for number, one in enumerate(plan)]
            fan = Fan(branches, RunScheduler(asyncio.get_running_loop()))
            with timed():
                for item in range(ITEMS):
                    fan.on_next(item)
                    await asyncio.sleep(0)
        fan.end(None)
        failures = await fan.close_sinks(None, sk.Reply())
        return calls, [(one.delivered, one.failed) for one in fan.stats()], [*map(str, failures)]

    assert asyncio.run(main(DirectRounds)) == asyncio.run(main(Rounds))
