"""A rhythm that goes on after the source has ended, on a loop that ends first: nobody waits for what never comes."""

from __future__ import annotations

import asyncio
import gc
import math
import threading

import pytest
import reactivex as rx
from reactivex import operators as rxo
from reactivex.subject import Subject
from reactivex.testing import TestScheduler

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.engine.failures.reporting import ShutdownError
from streamkit.engine.loops.closing import members
from streamkit.engine.upstream.loop_watch import LoopWatch
from tests.waiting import soon, until

TEXT = "a b c d e f " * 20


def typewriter(**options):
    return ops.smooth(every=0.05, lag=math.inf, finish="keep_pace", **options)


def within_seconds(act, seconds=15):
    """What ``act`` gives in a thread of its own; a failure if that takes longer."""
    got = []

    def call():
        try:
            got.append(act())
        except BaseException as exc:
            got.append(exc)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    assert got, "it hangs"
    return got[0]


def left_by_its_loop(begin, wait=0.15):
    """What ``begin`` gave on a loop that is over."""

    async def main():
        begun = begin()
        await asyncio.sleep(wait)
        return begun

    with testing.clock() as clock:
        return clock.run_coroutine(main())


async def stalls():
    yield TEXT
    await asyncio.sleep(100)


async def ends_when_cancelled():
    yield TEXT
    try:
        await asyncio.sleep(100)
    except asyncio.CancelledError:
        return


async def same(item):
    return item


async def slow(item):
    await asyncio.sleep(50)
    return item


CHAINS = {
    "alone": (),
    "limits": (ops.time_limits(total=50),),
    "text": (ops.text(),),
    "sentences": (ops.sentences(),),
    "quick calls": (ops.map_async(same, concurrency=3),),
    "another rhythm": (typewriter(),),
    "joined": (ops.throttle_text(1),),
}


@pytest.mark.parametrize("below", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("act", [lambda run: None, lambda run: run.cancel()], ids=["left", "cancelled later"])
def test_a_run_has_the_whole_reply(below, act):
    def run():
        begun = left_by_its_loop(lambda: sk.start(testing.script(TEXT).pipe(typewriter(), *below)))
        act(begun)
        return begun.result()

    reply = within_seconds(run)
    assert (reply.text, reply.outcome) == (TEXT, "complete")


@pytest.mark.parametrize("call", [same, slow])
@pytest.mark.parametrize("make", [lambda: testing.script(TEXT), lambda: sk.stream(stalls())], ids=["over", "live"])
def test_calls_below_end_too(make, call):
    def run():
        return left_by_its_loop(lambda: sk.start(make().pipe(typewriter(), ops.map_async(call)))).result()

    assert isinstance(within_seconds(run), (sk.Reply, sk.SinkError))


@pytest.mark.parametrize("body", [stalls, ends_when_cancelled])
@pytest.mark.parametrize("finish", ["at_once", "keep_pace"])
def test_a_source_that_is_still_open(body, finish):
    shown = []

    def run():
        stream = sk.stream(body()).pipe(ops.smooth(every=0.05, lag=math.inf, finish=finish))
        return left_by_its_loop(lambda: sk.start(stream, sk.branch(into=shown.append))).result()

    assert isinstance(within_seconds(run), sk.Reply)
    assert "".join(shown) == TEXT


def test_branches_are_given_all_and_closed():
    shown, closed = [], []

    class Sink:
        def write(self, text):
            shown.append(text)

        def close(self, reply):
            closed.append(reply.text)

    def run():
        return left_by_its_loop(
            lambda: sk.start(testing.script(TEXT).pipe(typewriter()), sk.branch(ops.text(), into=Sink()))
        ).result()

    assert within_seconds(run).text == TEXT
    assert ("".join(shown), closed) == (TEXT, [TEXT])


def test_a_bare_subscriber_is_given_all_and_told_once():
    seen, ends = [], []

    def subscribe():
        testing.script(TEXT).pipe(typewriter()).subscribe(seen.append, ends.append, lambda: ends.append(None))

    within_seconds(lambda: left_by_its_loop(subscribe) or True)
    assert "".join(item.text for item in seen if isinstance(item, sk.TextDelta)) == TEXT
    assert isinstance(seen[-1], sk.Reply)
    (end,) = ends
    assert isinstance(end, ShutdownError)
    assert end.partial.text == TEXT


@pytest.mark.parametrize("below", [(), (ops.text(),), (ops.time_limits(total=50),)])
def test_an_error_that_waited_is_raised(below):
    def run():
        stream = testing.script(TEXT, fail=sk.ApiError("no")).pipe(typewriter(), *below)
        return left_by_its_loop(lambda: sk.start(stream)).result()

    error = within_seconds(run)
    assert isinstance(error, sk.ApiError)
    assert error.partial.text == TEXT


def test_a_member_of_a_shared_stream_elsewhere_is_told():
    shared = sk.share(testing.script(TEXT).pipe(typewriter()), replay=1000)
    got, shown = [], []

    def read():
        try:
            sk.run(shared, shown.append)
        except sk.StreamkitError as exc:
            got.append(exc)

    def main():
        begun = threading.Event()
        other = threading.Thread(target=lambda: (begun.wait(), read()), daemon=True)
        other.start()

        async def home():
            sk.start(shared)
            await asyncio.sleep(0.05)
            begun.set()
            await soon(lambda: shown)

        asyncio.run(home())
        other.join(4)
        return other

    assert not within_seconds(main).is_alive()
    assert isinstance(got[0], sk.BrokenError)
    assert got[0].partial.text == TEXT


@pytest.mark.parametrize("start", [True, False])
def test_the_background_loop_is_shut_down(start):
    shown, ends = [], []

    def main():
        stream = testing.script(TEXT).pipe(typewriter())
        run = sk.start(stream, shown.append) if start else None
        if run is None:
            stream.subscribe(shown.append, ends.append)
        assert until(lambda: len(shown) > 2)
        sk.shutdown()
        assert not [thread for thread in threading.enumerate() if thread.name == "streamkit"]
        return run.result() if run is not None else ends[0]

    assert within_seconds(main).__class__ in (sk.Reply, ShutdownError)


# -- nothing is left behind --------------------------------------------------------------------------------------------


def watches():
    return [member for member in members(asyncio.get_running_loop()) if isinstance(member, LoopWatch)]


def test_the_loop_is_watched_only_while_the_rest_waits():
    async def main():
        run = sk.start(testing.script("a b", " c d", every=1).pipe(ops.smooth(every=1, finish="keep_pace", lag=9)))
        seen = []
        for _ in range(6):
            await asyncio.sleep(0.6)
            seen.append(len(watches()))
        await run
        assert not watches()
        return seen

    seen = testing.clock().run_coroutine(main())
    assert seen[0] == 0
    assert max(seen) == 1


@pytest.mark.parametrize("leave", ["cancel", "break", "take"])
def test_who_leaves_the_rest_leaves_no_task(leave):
    async def main():
        stream = testing.script(TEXT).pipe(typewriter())
        if leave == "cancel":
            run = sk.start(stream, sk.on())
            await asyncio.sleep(0.2)
            run.cancel()
            loop = asyncio.get_running_loop()
            began = loop.time()
            assert (await run).outcome == "complete"
            assert loop.time() - began < 0.05
        elif leave == "break":
            async for _ in stream:
                if watches():
                    break
        else:
            await stream.pipe(ops.text(), rxo.take(4))
        for _ in range(5):
            await asyncio.sleep(0)
        return watches()

    assert testing.clock().run_coroutine(main()) == []


def test_the_loop_of_a_thread_keeps_nothing_between_two_runs():
    def main():
        for _ in range(2):
            for _ in zip(
                range(5),
                testing.script("a b c d e f g").pipe(ops.smooth(every=0.001, finish="keep_pace")),
                strict=False,
            ):
                pass
            sk.run(testing.script("a b c").pipe(ops.smooth(every=0.001, finish="keep_pace")))
        gc.collect()
        return [one.name for one in threading.enumerate() if one.name.startswith("asyncio") and one not in before]

    before = threading.enumerate()  # other tests may have left loops with threads of theirs
    assert within_seconds(main) == []


def test_virtual_time_has_no_loop_to_watch():
    scheduler, seen = TestScheduler(), []
    before = {thread.ident for thread in threading.enumerate()}
    rx.of("a b c d").pipe(ops.smooth(every=10, lag=math.inf, finish="keep_pace")).subscribe(
        seen.append, on_completed=lambda: seen.append("end"), scheduler=scheduler
    )
    scheduler.advance_by(25)
    assert seen == ["a ", "b ", "c "]
    scheduler.start()
    assert seen == ["a ", "b ", "c ", "d", "end"]
    assert {thread.ident for thread in threading.enumerate()} <= before


def test_who_ends_the_source_while_being_cancelled_does_not_wait():
    seen = []

    def begin():
        source = Subject()
        source.pipe(typewriter()).subscribe(seen.append, seen.append, lambda: seen.append("end"))

        async def push():
            source.on_next("a b c d")
            try:
                await asyncio.sleep(100)
            finally:
                source.on_completed()

        return asyncio.ensure_future(push())

    within_seconds(lambda: left_by_its_loop(begin))
    assert seen == ["a ", "b ", "c ", "d", "end"]


# -- operators that raise ----------------------------------------------------------------------------------------------


def raising(source):
    """An operator that does not keep the Rx rules."""

    def subscribe(observer, scheduler=None):
        def see(item):
            if getattr(item, "text", "") == "c ":
                raise ValueError("not kept")
            observer.on_next(item)

        return source.subscribe(see, observer.on_error, observer.on_completed, scheduler=scheduler)

    return rx.create(subscribe)


def test_an_operator_below_that_raises_while_the_rest_is_shown_ends_the_run():
    def run():
        return sk.run(testing.script("a b c d e").pipe(ops.smooth(every=0.001, finish="keep_pace"), raising))

    error = within_seconds(run)
    assert isinstance(error, sk.SinkError)
    assert "not kept" in str(error)
    assert error.partial.text == "a b c d e"


def test_an_operator_below_that_raises_when_the_loop_ends_ends_the_run():
    def run():
        stream = testing.script("a b x y z c d").pipe(typewriter(), raising)
        return left_by_its_loop(lambda: sk.start(stream), wait=0.02).result()

    error = within_seconds(run)
    assert isinstance(error, sk.SinkError)
    assert isinstance(error.__cause__, ValueError)
