"""Iterables as streams, and streams as iterators: both ways, with cancellation."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing


class Numbers:
    """Says how far it was pulled, and whether it was closed."""

    def __init__(self, count: int = 5, pause: float = 0.0) -> None:
        self.pulled = self.closed = 0
        self._count, self._pause = count, pause

    async def later(self):
        try:
            for number in range(self._count):
                self.pulled += 1
                yield number
                await asyncio.sleep(self._pause)
        finally:
            await asyncio.sleep(0)
            self.closed += 1

    def now(self):
        try:
            for number in range(self._count):
                self.pulled += 1
                yield number
        finally:
            self.closed += 1


async def awaited():
    return Numbers().later()


@pytest.mark.parametrize(
    "source",
    [
        rx.of(0, 1, 2, 3, 4), range(5), [0, 1, 2, 3, 4], iter(range(5)), Numbers().now(), Numbers().now,
        Numbers().later(), Numbers().later, awaited,
    ],
    ids=["observable", "range", "list", "iterator", "generator", "cold", "async", "cold async", "awaited"],
)  # fmt: skip
def test_anything_with_items_is_a_stream(source):
    assert testing.clock().run(sk.stream(source)).items == [0, 1, 2, 3, 4]


def test_there_and_back():
    async def main():
        doubled = sk.stream(Numbers().later).pipe(rxo.map(lambda n: 2 * n))
        again = sk.stream(aiter(doubled))
        return [item async for item in again], await doubled

    assert asyncio.run(main()) == ([0, 2, 4, 6, 8], 8)
    assert list(sk.stream(Numbers().later)) == [0, 1, 2, 3, 4]
    assert list(sk.stream(iter(sk.stream(Numbers().later)))) == [0, 1, 2, 3, 4]


def test_a_stream_is_one_already():
    stream = testing.script("x")
    assert sk.stream(stream) is stream


@pytest.mark.parametrize("wrong", ["text", b"bytes", {"a": 1}, 7, None])
def test_what_is_hardly_meant_is_refused(wrong):
    with pytest.raises(TypeError, match="stream is made of"):
        sk.stream(wrong)


@pytest.mark.parametrize("kind", ["now", "later"])
def test_what_it_raises_is_raised_as_it_is_after_what_came_before(kind):
    def now():
        yield 1
        raise KeyError("no")

    async def later():
        yield 1
        raise KeyError("no")

    got = testing.clock().run(sk.stream({"now": now, "later": later}[kind]))
    assert (got.items, type(got.error)) == ([1], KeyError)


def test_leaving_closes_the_iterator():
    async def main():
        numbers = Numbers(pause=1)
        async for item in sk.stream(numbers.later):
            if item == 2:
                break
        await asyncio.sleep(5)
        return numbers.pulled, numbers.closed, len(asyncio.all_tasks())

    assert testing.clock().run_coroutine(main()) == (3, 1, 1)


def test_take_ends_it_at_once():
    numbers = Numbers()
    assert testing.clock().run(sk.stream(numbers.later).pipe(rxo.take(2))).items == [0, 1]
    assert (numbers.pulled, numbers.closed) == (2, 1)


def test_a_blocking_iterator_is_closed_in_its_thread():
    closed = threading.Event()

    def numbers():
        try:
            yield from range(100)
        finally:
            closed.set()

    for item in sk.stream(numbers):
        if item == 3:
            break
    assert closed.wait(5)


def test_a_run_waits_until_the_iterator_is_closed():
    async def main():
        numbers = Numbers(pause=1)
        run = sk.start(sk.stream(numbers.later), lambda item: None)
        await asyncio.sleep(2.5)
        run.cancel()
        reply = await run
        return numbers.closed, reply.outcome

    assert testing.clock().run_coroutine(main()) == (1, "cancelled")


def test_a_slow_sink_holds_it():
    async def main():
        numbers, most = Numbers(1000), 0

        async def slow(item):
            nonlocal most
            most = max(most, numbers.pulled - item)
            await asyncio.sleep(1)

        await sk.start(sk.stream(numbers.later), sk.branch(into=slow, capacity=5))
        return most

    assert testing.clock().run_coroutine(main()) < 10


def test_events_from_anywhere_are_a_reply_for_operators():
    async def events():
        yield sk.TextDelta("Hello ")
        yield sk.TextDelta("there.")

    got = testing.clock().run(sk.stream(events).pipe(ops.text()))
    assert got.items == ["Hello ", "there."]


def test_the_end_of_its_loop_ends_it():
    errors: list[Exception] = []
    numbers = Numbers(pause=60)

    async def main():
        sk.stream(numbers.later).subscribe(lambda item: None, errors.append)
        await asyncio.sleep(0.01)

    with testing.clock() as clock:
        clock.run_coroutine(main())
    assert numbers.closed == 1
    assert [error.outcome for error in errors] == ["cancelled"]


def test_a_script_that_ends_waits_for_it():
    code = """
import asyncio, streamkit as sk
async def numbers():
    for n in range(3):
        await asyncio.sleep(0.05)
        yield n
sk.stream(numbers).subscribe(print)
"""
    env = {**os.environ, "PYTHONASYNCIODEBUG": ""}  # the debug mode prints what a busy machine makes slow
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=15, env=env)
    assert (done.stdout.split(), done.stderr) == (["0", "1", "2"], "")


@pytest.mark.parametrize("way", [sk.run, lambda stream: sk.start(stream).result(5)], ids=["in place", "in background"])
def test_an_iterable_that_raises_what_is_meant_for_the_caller(way):
    async def interrupted():
        yield 1
        raise KeyboardInterrupt

    for given in (interrupted, lambda: map(raising, [1])):
        with pytest.raises(KeyboardInterrupt):
            way(sk.stream(given))
    assert way(sk.from_text(["b"])).text == "b"


def raising(item):
    raise KeyboardInterrupt
