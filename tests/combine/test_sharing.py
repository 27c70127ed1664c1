"""One reply for many subscribers: late ones, slow ones, and those on other threads and loops."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import reactivex as rx
from reactivex import operators as rxo
from reactivex.subject import Subject

import streamkit as sk
from streamkit import operators as ops, testing
from tests.reports import caught_up


def test_late_joiners_get_what_has_passed_and_then_what_comes():
    client = testing.client(testing.Script(("a", "b", "c", "d"), every=1))

    async def main():
        shared = sk.share(client.chat("hi"), replay=100)
        first = sk.start(shared)
        await asyncio.sleep(1.5)
        late = await shared.pipe(ops.text(), rxo.to_list())
        after_the_end = await shared.pipe(ops.text(), rxo.to_list())
        return (await first).text, late, after_the_end

    assert testing.clock().run_coroutine(main()) == ("abcd", list("abcd"), list("abcd"))
    assert len(client.requests) == 1


def test_whoever_comes_when_the_past_is_gone_is_told_so():
    async def main():
        shared = sk.share(testing.script(*"abcdef", every=1), replay=2)
        run = sk.start(shared)
        await asyncio.sleep(4.5)
        with pytest.raises(RuntimeError, match="too late: the first"):
            await shared
        return (await run).text

    assert testing.clock().run_coroutine(main()) == "abcdef"


def test_the_request_is_cancelled_with_the_last_subscriber():
    async def main():
        shared = sk.share(testing.script(*"abcdef", every=1), replay=50)
        async for event in shared:
            if isinstance(event, sk.TextDelta):
                break
        with pytest.raises(RuntimeError, match="last subscriber left"):
            await shared
        await asyncio.sleep(1)
        return len(asyncio.all_tasks())

    assert testing.clock().run_coroutine(main()) == 1


def test_a_slow_subscriber_of_a_shared_stream_holds_the_source():
    pulled = []

    async def body():
        for number in range(5000):
            pulled.append(number)
            yield "x"

    async def main():
        shared = sk.share(sk.from_text(body), replay=1)
        quick, hold = sk.start(shared, lambda item: None), asyncio.Event()

        async def stuck(item):
            await hold.wait()

        slow = sk.start(shared, sk.branch(into=stuck, capacity=10))
        for _ in range(200):
            await asyncio.sleep(0)
        held = len(pulled)
        hold.set()
        await quick
        await slow
        return held

    assert testing.clock().run_coroutine(main()) < 50
    assert len(pulled) == 5000


def test_each_run_has_the_reply_also_below_a_view():
    async def main():
        shared = sk.share(testing.script("a", "b", "c", every=1, usage=sk.Usage(1, 3, 4)), replay=50)
        early = sk.start(shared.pipe(ops.text()), lambda piece: None)
        await asyncio.sleep(1.5)
        late = sk.start(shared.pipe(ops.text()), lambda piece: None)
        replies = await early, await late
        return replies, early.replies, late.replies, (await sk.start(shared.pipe(ops.text()), lambda piece: None))

    (early, late), of_early, of_late, after = testing.clock().run_coroutine(main())
    assert early == late == after
    assert (early.text, early.outcome, early.usage) == ("abc", "complete", sk.Usage(1, 3, 4))
    assert of_early == of_late == (early,)


def test_whoever_leaves_has_what_it_saw_and_the_others_go_on():
    async def main():
        shared = sk.share(testing.script(*"abcdef", every=1), replay=50)
        stays = sk.start(shared, lambda event: None)
        stops = sk.start(shared.pipe(ops.text(), rxo.take(2)), lambda piece: None)
        leaves = sk.start(shared, lambda event: None)
        await asyncio.sleep(3.5)
        leaves.cancel()
        loop = asyncio.get_running_loop()
        left = loop.time()
        replies = await leaves, await stops
        assert loop.time() == left  # nobody waits for a request that others still read
        return *replies, await stays

    leaves, stops, stays = testing.clock().run_coroutine(main())
    assert (leaves.text, leaves.outcome) == ("abcd", "cancelled")
    assert (stops.text, stops.outcome) == ("ab", "stopped")
    assert (stays.text, stays.outcome) == ("abcdef", "complete")


def test_a_failure_reaches_everybody():
    async def main():
        shared = sk.share(testing.script("a", "b", drop_after=1), replay=50)
        errors = []
        for _ in range(3):
            with pytest.raises(sk.BrokenError) as caught:
                await shared
            errors.append(caught.value)
        return errors

    assert [error.partial.text for error in testing.clock().run_coroutine(main())] == ["a"] * 3


def test_what_a_subscriber_pushes_comes_after_the_item_at_hand():
    async def main():
        subject: Subject[int] = Subject()
        shared, seen = sk.share(subject, replay=9), []

        def echo(item: int) -> None:
            if item < 3:
                subject.on_next(item + 1)
            elif item == 3:
                subject.on_completed()

        shared.subscribe(echo)
        shared.subscribe(seen.append, print, lambda: seen.append("end"))
        subject.on_next(1)
        return seen

    assert asyncio.run(main()) == [1, 2, 3, "end"]


def test_a_subscriber_that_raises_does_not_disturb_the_others(reports):
    async def main():
        shared = sk.share(testing.script("a", "b"), replay=9)
        run = sk.start(shared, lambda event: None)
        shared._subscribe_core(rx.Observer(lambda item: 1 / 0), None)  # no operator, which would keep the rules
        return (await run).text

    assert asyncio.run(main()) == "ab"
    assert [str(error) for error in reports.errors] == ["an observer raised ZeroDivisionError: division by zero"]


def raising(signal, error):
    """An operator that raises ``error`` when it is told of ``signal``."""

    def boom(*_):
        raise error

    def operator(source):
        def subscribe(observer, scheduler=None):
            names = ("on_next", "on_error", "on_completed")
            told = (boom if name == signal else getattr(observer, name) for name in names)
            return source.subscribe(*told, scheduler=scheduler)

        return rx.create(subscribe)

    return operator


SECRET = "bob@example.org"


class Mine(BaseException):
    """Of the user's own making, and meant for the caller."""


@pytest.mark.parametrize("way", ["run", "thread"])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (sk.ApiError(f"a mistake: {SECRET}"), (sk.ApiError, "a mistake: [redacted]")),
        (LookupError(SECRET), (sk.SinkError, "an observer raised LookupError: [redacted]")),
        (Mine("no"), (Mine, "no")),
    ],
)
def test_an_operator_above_that_raises_at_the_end_ends_it_for_all(error, told, way, capsys):
    """And each of them hears of it by way of its own chain."""
    shared = sk.share(testing.script("a").pipe(raising("on_completed", error)), replay=9)
    streams = [shared.pipe(ops.redact("email")), shared.pipe(ops.map_async(given), ops.redact("email"))]

    def told_of(stream):
        with pytest.raises(told[0]) as caught:
            sk.start(stream, lambda event: None).result(10)
        return caught.value

    async def main():
        runs = [sk.start(stream, lambda event: None) for stream in streams]
        return await asyncio.gather(*runs, return_exceptions=True)

    failures = [told_of(stream) for stream in streams] if way == "thread" else asyncio.run(main())
    assert [(type(failure), str(failure)) for failure in failures] == [told, told]
    assert SECRET not in capsys.readouterr().err


async def given(item):
    return item


def test_each_subscriber_is_told_of_the_end_though_one_raises_what_ends_programs(reports):
    told = []

    def interrupted(error):
        told.append("first")
        raise KeyboardInterrupt

    async def main():
        source = Subject()
        shared = sk.share(sk.stream(source), replay=9)
        for on_error in (interrupted, lambda error: told.append("second")):
            shared._subscribe_core(rx.Observer(None, on_error), None)  # no operator in between
        source.on_error(ValueError())

    asyncio.run(main())
    assert told == ["first", "second"]
    assert [type(error) for error in reports.errors] == [ValueError, KeyboardInterrupt]  # nobody else could be told


def test_an_operator_below_that_raises_ends_its_own_run_only():
    async def main():
        shared = sk.share(testing.script("a", "b"), replay=9)
        good = sk.start(shared, lambda event: None)
        bad = sk.start(shared.pipe(raising("on_next", ZeroDivisionError(SECRET)), ops.redact("email")))
        return await asyncio.gather(good, bad, return_exceptions=True)

    reply, failure = asyncio.run(main())
    assert reply.text == "ab"
    assert (type(failure), str(failure)) == (sk.SinkError, "an observer raised ZeroDivisionError: [redacted]")


# -- threads and loops -------------------------------------------------------------------------------------------------


def numbers(count: int = 300, pause: float = 0.0):
    async def body():
        for number in range(count):
            await asyncio.sleep(pause)
            yield number

    return sk.stream(body)


def in_a_loop(shared):
    async def main():
        return [item async for item in shared]

    return asyncio.run(main())


def in_a_run(shared):
    items = []
    sk.run(shared, items.append)
    return items


def in_a_slow_run(shared):
    items = []

    async def slow(item):
        if item % 100 == 0:
            await asyncio.sleep(0.01)
        items.append(item)

    sk.run(shared, sk.branch(into=slow, capacity=8))
    return items


WAYS = [list, in_a_loop, in_a_run, in_a_slow_run]


@pytest.mark.slow
@pytest.mark.parametrize("first", WAYS, ids=["for", "async for", "run", "slow run"])
def test_many_threads_share_one_stream(first):
    shared = sk.share(numbers(), replay=300)
    with ThreadPoolExecutor(9) as pool:
        jobs = [pool.submit(way, shared) for way in [first, *WAYS, *WAYS]]
        got = [job.result(15) for job in jobs]
    assert all(items == list(range(300)) for items in got)
    assert list(shared) == list(range(300))  # its loop may be gone by now


def test_only_one_of_many_threads_asks():
    client = testing.client(testing.Script("a b c d", every=0.001))
    shared = sk.share(client.chat("hi"), replay=50)
    with ThreadPoolExecutor(8) as pool:
        texts = [job.result(15).text for job in [pool.submit(sk.run, shared) for _ in range(8)]]
    assert texts == ["a b c d"] * 8
    assert len(client.requests) == 1


def test_a_thread_that_reads_slowly_holds_the_source():
    pulled = []

    async def body():
        for number in range(8_000):
            pulled.append(number)
            yield number

    shared = sk.share(sk.stream(body), replay=0)
    reader = iter(shared)
    assert next(reader) == 0
    last = -1
    while last != len(pulled):
        last = len(pulled)
        for _ in range(100):  # there is no event for what does not happen
            caught_up()
    assert last < 3000
    assert list(reader)[-1] == 7_999


def test_a_run_that_ends_early_leaves_the_stream_to_the_others():
    shared, joined, arrived = sk.share(numbers(), replay=300), threading.Event(), threading.Event()

    def first():
        return sk.run(shared.pipe(rxo.take_while(lambda item: not arrived.is_set())), lambda item: joined.set()).outcome

    def second():
        got = []
        for item in shared:
            arrived.set()
            got.append(item)
        return got

    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(first)
        assert joined.wait(5)
        late = pool.submit(second)
        assert early.result(5)
        assert late.result(15) == list(range(300))


def test_the_end_of_the_loop_is_told_to_subscribers_on_others():
    shared, reading = sk.share(numbers(1000, 0.01), replay=1000), threading.Event()

    def other():
        with pytest.raises(sk.BrokenError, match="shut down"):
            sk.run(shared, lambda item: reading.set())
        with pytest.raises(sk.BrokenError, match="shut down"):
            list(shared)

    async def main(pool):
        shared.subscribe(lambda item: None, lambda error: None)
        await asyncio.sleep(0)
        job = pool.submit(other)
        await asyncio.to_thread(reading.wait, 5)
        return job

    with ThreadPoolExecutor(1) as pool:
        asyncio.run(main(pool)).result(10)


def test_a_loop_that_left_its_stream_without_an_end_is_named():
    shared = sk.share(rx.never(), replay=5)

    async def main():
        shared.subscribe(lambda item: None)

    asyncio.run(main())
    with pytest.raises(RuntimeError, match="is closed"):
        list(shared)


def test_what_is_no_stream_cannot_be_shared():
    with pytest.raises(TypeError, match=r"share takes a stream.* not 'Hi'"):
        sk.share("Hi", replay=1)  # it would wait for ever
    with pytest.raises(ValueError, match="replay must be 0 or more"):
        sk.share(testing.script("Hi"), replay=-1)
