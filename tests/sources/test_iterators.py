"""`from_bytes` and `from_text`: any iterable, sync or async, pulled only as fast as it is wanted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as some

import streamkit as sk
from streamkit import testing, wire
from tests.faults.bodies import DONE, END, START, reply, say
from tests.waiting import until

BODY = reply("Hello", ", wörld 😀")


class Source:
    """An iterator that counts what is asked of it."""

    def __init__(self, items: list[Any], error: BaseException | None = None) -> None:
        self._items, self._error = iter(items), error
        self.asked, self.closed, self.threads = 0, False, set[str]()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.asked += 1
        self.threads.add(threading.current_thread().name)
        for item in self._items:
            return item
        raise self._error or StopIteration

    def close(self) -> None:
        self.closed = True


async def later(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


async def opens(items: list[Any]) -> AsyncIterator[Any]:
    return later(items)


FORMS: dict[str, Callable[[list[Any]], Any]] = {
    "list": lambda items: items,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda items: (item for item in items),
    "async generator": later,
    "callable": lambda items: lambda: items,
    "callable, async generator": lambda items: lambda: later(items),
    "coroutine function": lambda items: lambda: opens(items),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_bytes_in_any_form(form: Any) -> None:
    pieces = [BODY[start : start + 7] for start in range(0, len(BODY), 7)]
    assert sk.run(sk.from_bytes(form(pieces))).text == "Hello, wörld 😀"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_text_in_any_form(form: Any) -> None:
    seen: list[Any] = []
    answer = sk.run(sk.from_text(form(["a", "", "b"]), model="m"), seen.append)
    assert (answer.text, answer.model, answer.outcome) == ("ab", "m", "complete")
    assert seen == [sk.Start(model="m"), sk.TextDelta("a"), sk.TextDelta("b"), sk.Finish("stop"), answer]


@given(some.lists(some.integers(0, len(BODY)), max_size=12))
def test_however_the_bytes_are_cut(cuts: list[int]) -> None:
    edges = sorted({0, len(BODY), *cuts})
    pieces = [BODY[a:b] for a, b in pairwise(edges)]
    assert list(sk.from_bytes(pieces)) == list(sk.from_bytes([BODY]))


@pytest.mark.slow
def test_every_cut_in_two() -> None:
    whole = list(sk.from_bytes([BODY]))
    with testing.clock() as clock:
        for pieces in testing.every_split(BODY):
            assert clock.run(sk.from_bytes(list(pieces))).items == whole


def test_an_iterator_serves_once_and_a_callable_again() -> None:
    once, again = sk.from_bytes(iter([BODY])), sk.from_bytes(lambda: iter([BODY]))
    assert sk.run(once).text == sk.run(again).text == sk.run(again).text
    with pytest.raises(sk.BrokenError):
        sk.run(once)


def test_bytes_at_once_and_buffers_that_are_used_again() -> None:
    assert sk.run(sk.from_bytes(BODY)).text == "Hello, wörld 😀"

    def read() -> Iterator[memoryview]:
        buffer = bytearray(7)
        for start in range(0, len(BODY), 7):
            size = len(BODY[start : start + 7])
            buffer[:size] = BODY[start : start + 7]
            yield memoryview(buffer)[:size]

    assert sk.run(sk.from_bytes(read())).text == "Hello, wörld 😀"
    assert [event.data for event in wire.decode(read())] == [event.data for event in wire.decode([BODY])]


def test_what_gives_no_items_is_told_at_once() -> None:
    for source in (sk.from_bytes, sk.from_text, sk.from_sdk):
        with pytest.raises(TypeError, match="iterable"):
            source(5)


def test_items_of_another_kind_are_the_fault_of_the_source() -> None:
    for pieces in (["text"], [1]):
        with pytest.raises(sk.BrokenError, match="bytes-like"):
            sk.run(sk.from_bytes(pieces))  # type: ignore[arg-type]


def test_an_unknown_api_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="unknown api"):
        sk.from_bytes([], api="chatty")


def test_what_breaks_the_source_is_a_broken_stream_with_its_text() -> None:
    with pytest.raises(sk.BrokenError, match="KeyError") as caught:
        sk.run(sk.from_bytes(Source([START, say("kept")], KeyError("gone"))))
    assert caught.value.partial.text == "kept"
    assert isinstance(caught.value.__cause__, KeyError)


def test_our_own_errors_pass_unchanged() -> None:
    error = sk.StalledError("slow", clock="byte_idle")
    with pytest.raises(sk.StalledError) as caught:
        sk.run(sk.from_bytes(Source([START, say("kept")], error)))
    assert caught.value is error


def test_a_reply_that_is_cut() -> None:
    with pytest.raises(sk.BrokenError) as caught:
        sk.run(sk.from_bytes([START, say("kept")]))
    assert caught.value.partial.text == "kept"
    assert sk.run(sk.from_bytes([START, say("kept")], lenient=True)).text == "kept"


def test_nothing_is_pulled_after_the_end() -> None:
    source = Source([START, say("a"), END, DONE, say("more"), say("more")])
    assert sk.run(sk.from_bytes(source)).text == "a"
    assert source.asked == 4
    assert until(lambda: source.closed)


def test_a_blocking_iterator_is_read_off_the_loop() -> None:
    source = Source([START, say("a"), END, DONE])

    async def main() -> None:
        blocking = Blocking(source)
        run = sk.start(sk.from_bytes(blocking))
        for _ in range(100):  # the loop goes on
            await asyncio.sleep(0)
        assert run.last is None
        blocking.go_on.set()
        assert (await run).text == "a"

    asyncio.run(main())
    assert source.threads == {"streamkit pump"}


class Blocking:
    def __init__(self, source: Source) -> None:
        self._source, self.go_on = source, threading.Event()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        assert self.go_on.wait(10)
        return next(self._source)


def test_leaving_early_closes_the_iterator() -> None:
    source = Source([START, *(say("a") for _ in range(100_000))])
    for event in sk.from_bytes(source):
        if isinstance(event, sk.TextDelta):
            break
    assert until(lambda: source.closed)
    assert source.asked < 5000


def test_leaving_early_closes_an_async_generator() -> None:
    closed: list[bool] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield START
            while True:
                await asyncio.sleep(0)
                yield say("a")
        finally:
            closed.append(True)

    async def main() -> None:
        async for event in sk.from_bytes(chunks):
            if isinstance(event, sk.TextDelta):
                break
        for _ in range(10):
            await asyncio.sleep(0)
        assert closed == [True]

    asyncio.run(main())


@pytest.mark.slow
def test_a_slow_sink_holds_the_source_back() -> None:
    """Bound: the mailbox, and what is under way."""
    source = Source(["a"] * 1000)
    most = 0

    async def slow(event: Any) -> None:
        nonlocal most
        taken.append(event)
        most = max(most, source.asked - len(taken))
        await asyncio.sleep(0.001 if len(taken) < 50 else 0)

    taken: list[Any] = []
    sk.run(sk.from_text(source), sk.branch(into=slow, capacity=4))
    assert len(taken) == 1003
    assert most <= 4 + 3


def test_a_stuck_iterator_does_not_stop_a_cancel() -> None:
    release = threading.Event()

    def stuck() -> Iterator[bytes]:
        yield START + say("kept")
        release.wait(10)

    run = sk.start(sk.from_bytes(stuck()))
    assert until(lambda: run.reply.text == "kept")
    run.cancel()
    assert run.result(5).outcome == "cancelled"
    release.set()
    assert until(lambda: not [thread for thread in threading.enumerate() if thread.name == "streamkit pump"])
