"""What still runs, or was just left, when its loop ends: branches get their Reply, sinks keep what they took."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.engine.loops import Wake, background, is_background
from streamkit.engine.loops.closing import members
from tests.reports import Reports
from tests.waiting import until


class Kept:
    """Listeners and a batched sink, and what became of them."""

    def __init__(self) -> None:
        self.replies: list[str] = []
        self.taken: list[Any] = []
        self.passed: list[Any] = []
        self.branches = (
            sk.on(reply=self._reply),
            sk.on(reply=self._async_reply),
            self.taken.append,
            sinks.batched(self._pass_on, size=1000, every=500, retry=()),
        )

    def _reply(self, reply: sk.Reply) -> None:
        self.replies.append(f"{reply.outcome} at once")

    async def _async_reply(self, reply: sk.Reply) -> None:
        await asyncio.sleep(0.5)
        self.replies.append(f"{reply.outcome} later")

    async def _pass_on(self, items: list[Any], *, key: str) -> None:
        await asyncio.sleep(0.5)
        self.passed += items


async def slow() -> AsyncIterator[str]:
    for number in range(100):
        await asyncio.sleep(1)
        yield f"{number} "


async def loop_left(stream: sk.Stream[Any]) -> None:
    async for event in stream:
        if isinstance(event, sk.TextDelta) and event.text == "2 ":
            break


async def body_raised(stream: sk.Stream[Any]) -> None:
    async for event in stream:
        if isinstance(event, sk.TextDelta) and event.text == "2 ":
            raise ZeroDivisionError


async def await_cancelled(stream: sk.Stream[Any]) -> None:
    async def work() -> None:
        await stream

    task = asyncio.create_task(work())
    await asyncio.sleep(3.5)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def await_timed_out(stream: sk.Stream[Any]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(3.5):
            await stream


async def task_left(stream: sk.Stream[Any]) -> None:
    async def work() -> None:
        await stream

    task = asyncio.create_task(work())
    await asyncio.sleep(3.5)
    assert not task.done()


async def subscription_left(stream: sk.Stream[Any]) -> None:
    stream.subscribe(lambda _: None, lambda _: None)
    await asyncio.sleep(3.5)


async def run_left(stream: sk.Stream[Any]) -> None:
    sk.start(stream)
    await asyncio.sleep(3.5)


async def relay_left(stream: sk.Stream[Any]) -> None:
    async for frame in sk.sse(stream):
        if b'"2 "' in frame:
            break


WAYS = [
    loop_left,
    body_raised,
    await_cancelled,
    await_timed_out,
    task_left,
    subscription_left,
    run_left,
    relay_left,
]


@pytest.mark.parametrize("way", WAYS)
def test_attached_branches_are_closed(way: Callable[[Any], Coroutine[Any, Any, None]]):
    kept = Kept()
    with testing.clock() as clock, suppress(ZeroDivisionError):
        clock.run_coroutine(way(sk.from_text(slow).pipe(ops.attach(*kept.branches))))
    assert sorted(reply.split()[1] for reply in kept.replies) == ["at", "later"]
    assert kept.replies[0].split()[0] in ("stopped", "cancelled")
    assert len(kept.taken) >= 4
    assert kept.passed == kept.taken[: len(kept.passed)]
    assert len(kept.passed) >= len(kept.taken) - 1


def test_what_waits_in_a_mailbox_is_written_if_the_sink_drains():
    class Slow:
        on_cancel = "drain"

        def __init__(self) -> None:
            self.items: list[Any] = []
            self.closed = 0

        async def write(self, item: Any) -> None:
            await asyncio.sleep(0.2)
            self.items.append(item)

        def close(self, reply: sk.Reply) -> None:
            self.closed += 1

    slow_sink = Slow()

    async def main() -> None:
        sk.start(testing.script(*"abcdefgh").pipe(ops.text()), sk.branch(into=slow_sink))
        await asyncio.sleep(0.5)

    with testing.clock() as clock:
        clock.run_coroutine(main())
    assert slow_sink.items[:2] == ["a", "b"]
    assert slow_sink.items[-1] == "h"
    assert len(slow_sink.items) >= 7  # one was being written when the loop cancelled all its tasks
    assert slow_sink.closed == 1


@pytest.mark.parametrize(
    ("stream", "outcome"),
    [
        (lambda: sk.stream(rx.never()), "cancelled"),
        (lambda: sk.stream(rx.timer(50.0)), "cancelled"),
        (lambda: sk.from_text(["a"]).pipe(rxo.delay(50.0)), "complete"),  # the server had said all of it
        (lambda: sk.from_text(["a"]).pipe(ops.text(), rxo.debounce(50.0)), "complete"),
    ],
)
def test_a_run_that_waits_for_a_time_alone_ends_with_its_loop(stream: Callable[[], sk.Stream[Any]], outcome: str):
    closed, runs = [], []

    async def main() -> None:
        runs.append(sk.start(stream(), sk.on(reply=closed.append)))
        await asyncio.sleep(1)

    with testing.clock() as clock:
        clock.run_coroutine(main())
    (run,) = runs
    assert run.result(5).outcome == outcome
    assert len(closed) == 1


def test_a_loop_over_such_a_stream_ends_with_the_background_loop():
    ended = threading.Event()

    def read() -> None:
        with suppress(sk.BrokenError):
            for _ in sk.stream(rx.never()):
                pass
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    while sk.start(sk.from_text(["a"])).result(5).text != "a" or not members(_background()):
        pass
    sk.shutdown()
    assert ended.wait(5)


def _background() -> asyncio.AbstractEventLoop:
    from streamkit.engine.loops.loop import background

    return background()


def test_nothing_is_kept_of_what_is_over():
    async def main() -> None:
        for _ in range(3):
            await sk.start(sk.from_text(["a"]), lambda _: None)
            await sk.from_text(["a"]).pipe(ops.attach(lambda _: None))
            async for _event in sk.from_text(["a"]):
                break
        assert not members(asyncio.get_running_loop())

    with testing.clock() as clock:
        clock.run_coroutine(main())


def test_a_callback_that_raises_SystemExit_on_the_background_loop_is_logged(reports: Reports):
    """Not even somebody's own callback, of which nothing here knows, ends the streams of all others."""
    run = sk.start(sk.from_text(slow))

    def leave() -> None:
        raise SystemExit(3)

    _background().call_soon_threadsafe(leave)
    assert sk.start(sk.from_text(["b"])).result(5).text == "b"
    assert [type(error) for error in reports.errors] == [SystemExit]
    run.cancel()
    assert run.result(5).outcome == "cancelled"


@pytest.mark.parametrize("source", [sk.stream, sk.from_text])
def test_a_source_that_raises_CancelledError_by_itself_has_failed(source: Callable[[Any], sk.Stream[Any]]):
    async def pieces() -> AsyncIterator[str]:
        yield "a"
        raise asyncio.CancelledError

    run = sk.start(source(pieces))
    with pytest.raises(sk.StreamkitError) as caught:
        run.result(5)
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    assert run.reply.outcome != "cancelled"


def test_the_background_loop_may_be_shut_down_at_the_very_moment_in_which_it_has_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Late(Wake):
        """Lets the thread that waits for the loop go on, and its own thread not before the loop was shut down."""

        def set(self) -> None:
            started.append(asyncio.get_running_loop())
            super().set()
            assert until(lambda: not is_background(started[0]))

    started: list[asyncio.AbstractEventLoop] = []
    failures: list[object] = []
    sk.shutdown()
    monkeypatch.setattr("streamkit.engine.loops.loop.Wake", Late)
    monkeypatch.setattr("threading.excepthook", lambda args: failures.append(args.exc_value))
    background()
    sk.shutdown()
    assert started[0].is_closed()
    assert failures == []
