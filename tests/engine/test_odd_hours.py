"""Runs that are begun, taken and failed at odd times and places: in callbacks, by several, from threads of others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
import reactivex as rx
from reactivex import Observable, operators as rxo
from reactivex.disposable import Disposable

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.engine.loops.loop import background
from tests.engine.matrix.places import operator


def pushed(*items: Any) -> Observable[Any]:
    """Items that a thread of its own pushes."""

    def subscribe(observer: Any, scheduler: Any = None) -> Disposable:
        def work() -> None:
            for item in items:
                observer.on_next(item)
            observer.on_completed()

        threading.Thread(target=work, daemon=True).start()
        return Disposable()

    return rx.create(subscribe)


def raising(error: BaseException) -> Callable[..., Any]:
    def boom(*_: Any) -> None:
        raise error

    return boom


@pytest.mark.parametrize("error", [ValueError("oops"), SystemExit("oops"), asyncio.CancelledError("oops")])
@pytest.mark.parametrize(
    "stream",
    [
        lambda bad: sk.stream(pushed(1, 2)).pipe(bad),
        lambda bad: sk.stream(pushed(1, 2)).pipe(ops.attach(lambda item: None), bad),
        lambda bad: sk.stream(pushed(1, 2)).pipe(ops.fallback(sk.stream(pushed(3))), bad),
        lambda bad: sk.race(pushed(1, 2), pushed(1, 2)).pipe(bad),
        lambda bad: sk.side_by_side({"a": pushed(1, 2)}).pipe(bad),
        lambda bad: sk.share(pushed(1, 2), 9).pipe(bad),
    ],
    ids=["bare", "attach", "fallback", "race", "side by side", "share"],
)
def test_what_is_raised_behind_a_source_that_pushes_from_a_thread(stream: Any, error: BaseException):
    for bad in (operator(on_next=raising(error)), rxo.map(raising(error))):
        with pytest.raises((sk.SinkError, ValueError, SystemExit), match="oops"):
            sk.start(stream(bad)).result(10)
        with pytest.raises((sk.SinkError, ValueError, SystemExit), match="oops"):
            list(stream(bad))


@pytest.mark.parametrize("error", [ValueError, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_every_subscriber_of_a_shared_stream_that_cannot_begin_hears_why(error: type[BaseException]):
    shared = sk.share(sk.from_text(["a"]).pipe(ops.stage(raising(error("oops")))), replay=9)
    for _ in range(2):
        with pytest.raises((sk.SinkError, error), match="oops"):
            sk.start(shared).result(10)
    with pytest.raises((sk.SinkError, error), match="oops"):
        sk.run(shared)


def test_a_run_that_is_cancelled_before_it_began_closes_its_sinks():
    replies: list[sk.Reply] = []
    go_on = threading.Event()
    background().call_soon_threadsafe(go_on.wait, 10)
    run = sk.start(testing.script("a"), sk.on(reply=replies.append))
    run.cancel()
    go_on.set()
    assert run.result(10).outcome == "cancelled"
    assert [reply.outcome for reply in replies] == ["cancelled"]


def test_a_run_begun_in_a_callback_of_another_goes_on_after_it():
    begun: list[sk.Run] = []

    def begin(event: Any) -> None:
        if not begun:
            begun.append(sk.start(testing.script("b", "c", every=0.01)))

    sk.run(testing.script("a"), begin)
    assert "".join(event.text for event in begun[0] if isinstance(event, sk.TextDelta)) == "bc"


def test_several_may_take_the_items_of_one_iterator():
    async def main() -> list[Any]:
        items = aiter(sk.stream(range(40)))
        taken: list[Any] = []

        async def take() -> None:
            async for item in items:
                taken.append(item)
                await asyncio.sleep(0)

        await asyncio.gather(*[take() for _ in range(4)])
        return taken

    with testing.clock() as clock:
        assert sorted(clock.run_coroutine(main())) == list(range(40))


def test_several_threads_may_take_the_items_of_one_iterator():
    items, taken = iter(sk.stream(range(400))), []
    threads = [threading.Thread(target=lambda: taken.extend(items), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(taken) == list(range(400))


def test_a_run_whose_loop_was_closed_without_a_word_has_a_result():
    loop = asyncio.new_event_loop()
    runs: list[sk.Run] = []

    async def main() -> None:
        runs.append(sk.start(sk.stream(rx.never())))
        await asyncio.sleep(0)

    loop.run_until_complete(main())
    loop.close()
    assert runs[0].result(10).outcome == "cancelled"


def test_branches_of_plain_items_that_were_left_hear_that():
    replies: list[str] = []

    async def main() -> None:
        async for _ in sk.stream(range(9)).pipe(ops.attach(sk.on(reply=lambda reply: replies.append(reply.outcome)))):
            break

    with testing.clock() as clock:
        clock.run_coroutine(main())
    assert replies == ["stopped"]


def test_a_branch_that_shares_its_own_stream_on_another_loop_is_told_at_once():
    branch = sk.branch(lambda source: sk.share(source, 9), into=lambda item: None)
    with pytest.raises(sk.SinkError, match="share the stream outside"):
        sk.run(testing.script("a"), branch)


@pytest.mark.parametrize("attached", [False, True])
def test_a_reader_that_is_collected_while_its_run_is_being_closed(attached: bool):
    """The collector may run anywhere, so also while the task is made that closes the run; and the reader cancels it."""

    async def main() -> sk.Reply:
        closed: list[sk.Reply] = []
        stream = testing.script("a").pipe(ops.attach(sk.on(reply=closed.append))) if attached else testing.script("a")
        run = sk.start(stream, sk.on(reply=closed.append))
        loop = asyncio.get_running_loop()

        def make(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> Any:
            if work.__qualname__.startswith("BranchedStream." if attached else "RunDriver."):
                loop.set_task_factory(None)
                run.cancel()
            return asyncio.Task(work, loop=loop, **options)

        loop.set_task_factory(make)
        async with asyncio.timeout(1):
            reply = await run
        assert len(closed) == 1 + attached
        return reply

    with testing.clock() as clock:
        assert clock.run_coroutine(main()).text == "a"
