"""The fan and its sinks in place: who gets an item when it is halted, and what is counted then."""

from __future__ import annotations

import asyncio
from threading import Thread
from typing import Any

from hypothesis import given, strategies as st

from streamkit.engine.branches import Fan, as_branch
from streamkit.engine.upstream import RunScheduler


@given(data=st.data(), count=st.integers(1, 5), items=st.integers(1, 4), other_thread=st.booleans())
def test_nothing_is_delivered_after_a_halt_from_any_thread(data: Any, count: int, items: int, other_thread: bool):
    at, by = data.draw(st.integers(0, items - 1)), data.draw(st.integers(0, count - 1))
    seen: list[list[int]] = [[] for _ in range(count)]

    async def main() -> list[int]:
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
