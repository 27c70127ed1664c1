"""The task of a source: registered from the subscription until everything is closed, however it ends."""

from __future__ import annotations

import asyncio

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.engine.upstream import RunScheduler
from tests.faults.bodies import DONE, END, START, say


async def body(*parts):
    for part in parts:
        await asyncio.sleep(1)
        yield part
    await asyncio.sleep(1)


SOURCES = {
    "reading": lambda: sk.from_bytes(lambda: body(START, say("a"), say("b"), END + DONE)),
    "items": lambda: sk.stream(lambda: body("a", "b", "c", "d")),
}


def life(source, leave):
    """The number of sources at work after each half second, and what a subscriber got."""
    got = []

    async def main():
        scheduler = RunScheduler(asyncio.get_running_loop())
        subscription = source.subscribe(
            got.append, lambda error: got.append(type(error)), lambda: got.append("end"), scheduler=scheduler
        )
        leave(subscription)
        at_work = []
        for _ in range(14):
            await asyncio.sleep(0.5)
            at_work.append(len(scheduler.context.readings))
        return at_work

    return testing.clock().run(main()), got


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_is_registered_until_its_end(kind):
    at_work, got = life(SOURCES[kind](), lambda subscription: None)
    assert at_work == sorted(at_work, reverse=True)
    assert 7 <= sum(at_work) <= 10
    assert got[-1] == "end"


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_disposed_at_once_never_begins(kind):
    at_work, got = life(SOURCES[kind](), lambda subscription: subscription.dispose())
    assert (sum(at_work), got) == (0, [])


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_disposed_under_way_gives_nothing_more(kind):
    def later(subscription):
        asyncio.get_running_loop().call_later(2.7, subscription.dispose)

    at_work, got = life(SOURCES[kind](), later)
    assert sum(at_work) == 5
    assert len(got) == 2


@pytest.mark.parametrize("kind", SOURCES)
def test_an_abandoned_source_gives_the_error_of_the_shutdown(kind):
    source = SOURCES[kind]()
    seen = []

    async def main():
        scheduler = RunScheduler(asyncio.get_running_loop())
        source.subscribe(seen.append, lambda error: seen.append(type(error).__name__), scheduler=scheduler)
        await asyncio.sleep(2.7)
        (task,) = scheduler.context.readings
        task.abandon()
        task.abandon()
        await asyncio.sleep(0.1)
        return len(scheduler.context.readings)

    assert testing.clock().run(main()) == 0
    assert seen[2:] == ["ShutdownError"]
