"""A `Stream` is what its user types: iterated, awaited, printed, piped, and served by the loop that the rule names."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo
from reactivex.scheduler import NewThreadScheduler
from reactivex.scheduler.eventloop import AsyncIOScheduler, AsyncIOThreadSafeScheduler

import streamkit as sk
from streamkit import operators as ops, testing
from tests.reports import Reports


def here(_: Any = None) -> str:
    return threading.current_thread().name


def test_a_stream_says_what_it_is_and_what_to_do_with_it() -> None:
    client = sk.Client("http://localhost:1/v1", model="small")
    assert repr(client.chat("hi")) == "<chat small: not sent yet: iterate it, await it, or sk.run(it)>"
    assert repr(client.chat("hi").pipe(ops.text())).startswith("<chat small | ")
    client.close()


def test_pipe_and_the_fluent_methods_give_streams() -> None:
    stream = sk.from_text(["a", "b"])
    assert isinstance(stream.pipe(ops.text()), sk.Stream)
    assert isinstance(stream.map(here), sk.Stream)
    assert isinstance(stream.pipe(ops.text(), rxo.map(str.upper)).filter(bool), sk.Stream)
    assert list(stream.pipe(ops.text()).map(str.upper)) == ["A", "B"]
    steps = stream.pipe(ops.text()).pipe(rxo.map(str.upper), rxo.take(1))
    assert len(steps.operators) == 3
    assert list(steps) == ["A"]


def test_each_use_is_a_subscription_of_its_own() -> None:
    with testing.client("a", "b", "c", "d") as client:
        stream = client.chat("hi").pipe(ops.text())
        assert [list(stream), list(stream)] == [["a"], ["b"]]
        assert sk.run(stream).text == "c"
        assert stream.run() == "d"
        assert len(client.requests) == 4


def test_await_gives_the_last_item_and_none_if_there_is_none() -> None:
    async def main() -> None:
        assert (await sk.from_text(["a"])).text == "a"  # type: ignore[union-attr]  # the last event is the Reply
        assert await sk.from_text(["a", "b"]).pipe(ops.text()) == "b"
        assert await sk.stream(rx.empty()) is None

    asyncio.run(main())


SCHEDULERS: dict[str, Callable[[asyncio.AbstractEventLoop], Any]] = {
    "none": lambda loop: None,
    "asyncio": AsyncIOScheduler,
    "asyncio, thread safe": AsyncIOThreadSafeScheduler,
}


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_running_loop_or_that_of_the_scheduler_serves_a_subscription(scheduler: str) -> None:
    async def main() -> None:
        loop, seen = asyncio.get_running_loop(), []
        over = loop.create_future()
        stream = sk.from_text(["a"])
        stream.subscribe(
            lambda _: seen.append(here()),
            over.set_exception,
            lambda: over.set_result(None),
            scheduler=SCHEDULERS[scheduler](loop),
        )
        await over
        assert set(seen) == {here()}

    asyncio.run(main())


@pytest.mark.parametrize("scheduler", [None, NewThreadScheduler()], ids=["none", "foreign"])
def test_without_a_loop_the_background_serves_a_subscription(scheduler: Any) -> None:
    seen, over = [], threading.Event()
    sk.from_text(["a"]).subscribe(lambda _: seen.append(here()), print, over.set, scheduler=scheduler)
    assert over.wait(5)
    assert set(seen) == {"streamkit"}


def test_run_serves_its_callbacks_in_the_calling_thread() -> None:
    seen: list[str] = []

    async def note(_: Any) -> None:
        seen.append(here())

    sk.run(sk.from_text(["a"]), lambda _: seen.append(here()), note)
    assert set(seen) == {here()}
    seen.clear()
    sk.start(sk.from_text(["a"]), lambda _: seen.append(here())).result(5)
    assert set(seen) == {"streamkit"}


def test_blocking_on_the_loop_that_serves_is_refused() -> None:
    def read(_: Any) -> None:
        list(sk.from_text(["a"]))

    with pytest.raises(sk.SinkError, match="use async for"):
        sk.start(sk.from_text(["a"]), read).result(5)
    with pytest.raises(sk.SinkError, match="await it instead"):
        sk.start(sk.from_text(["a"]), lambda _: sk.from_text(["b"]).run()).result(5)


def test_a_loop_that_runs_already_may_use_for() -> None:
    """As in a notebook: the background loop does the work."""

    async def main() -> str:
        return "".join(sk.from_text(["a", "b"]).pipe(ops.text()))

    assert asyncio.run(main()) == "ab"


def test_an_error_that_nobody_handles_is_logged_once(reports: Reports) -> None:
    testing.script("a", fail="no").subscribe(lambda _: None)
    assert reports.came.wait(5)
    assert [str(error) for error in reports.errors] == ["no"]


def test_nothing_is_delivered_once_dispose_returned() -> None:
    async def main() -> None:
        seen: list[Any] = []
        subscription = testing.script(*"abcdef").subscribe(seen.append)
        while not seen:  # noqa: ASYNC110  # no event of ours can be set there
            await asyncio.sleep(0)
        subscription.dispose()
        subscription.dispose()
        count = len(seen)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(seen) == count

    asyncio.run(main())


def test_what_comes_before_content_is_held_back_but_not_for_ever() -> None:
    """At most 64 items, and all of them before the first content; then nothing may start over unseen."""
    other = b'data: {"odd": 1}\n\n'
    text = b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\ndata: [DONE]\n\n'

    async def body(others: int) -> Any:
        yield other * others
        await asyncio.sleep(2)
        yield text

    async def main(others: int, early: int) -> None:
        seen: list[Any] = []
        run = sk.start(sk.from_bytes(lambda: body(others)), seen.append)
        await asyncio.sleep(1)
        assert len(seen) == early
        assert (await run).text == "a"
        assert len(seen) == others + 3

    for others, early in ((10, 0), (64, 0), (65, 65)):
        testing.clock().run_coroutine(main(others, early))
