"""Several streams as one, on a virtual clock."""

from __future__ import annotations

import asyncio

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing


def played(stream, *branches, **options):
    return testing.clock().run(stream, *branches, **options)


def texts(got):
    return [item.text for item in got.items if isinstance(item, sk.TextDelta)]


# -- race --


def test_the_first_content_wins_and_the_others_are_cancelled():
    async def main():
        run = sk.start(sk.race(testing.script("slow", first=3), testing.script("fast", first=1, every=1)))
        reply = await run
        return reply, run.replies

    reply, replies = testing.clock().run_coroutine(main())
    assert (reply.text, reply.outcome) == ("fast", "complete")
    assert sorted(one.outcome for one in replies) == ["complete", "stopped"]


def test_a_quick_failure_does_not_win():
    got = played(sk.race(testing.script("late", first=5), testing.script(fail=sk.StatusError("no", status=500))))
    assert got.reply.text == "late"


def test_a_race_that_all_lose_tells_of_all():
    slow = testing.script(fail=sk.StatusError("no", status=500), first=1)
    got = played(sk.race(slow, testing.script(fail=sk.ConnectError("off"))))
    assert isinstance(got.error, sk.AllFailedError)
    assert [error.kind for error in got.error.exceptions] == ["connect", "http_status"]


def test_a_staggered_race_asks_the_second_only_when_it_is_needed():
    asked = []

    def asking(name, stream):
        return sk.stream(rx.defer(lambda scheduler: (asked.append(name), stream)[1]))

    quick, spare = testing.script("a", first=1), testing.script("b")
    assert texts(played(sk.race(asking("quick", quick), asking("spare", spare), after=2))) == ["a"]
    assert asked == ["quick"]
    slow = testing.script("a", first=9)
    assert texts(played(sk.race(asking("slow", slow), asking("spare", spare), after=2))) == ["b"]
    assert asked == ["quick", "slow", "spare"]
    failing = testing.script(fail=sk.ConnectError("off"))
    got = played(sk.race(failing, spare, after=60))
    assert texts(got) == ["b"]
    assert got.times[-1] < 1


def test_the_run_of_a_race_tells_the_winners_reply_below_a_view():
    async def main():
        race = sk.race(testing.script("fast"), testing.script("slow", first=1))
        return await sk.start(race.pipe(ops.text()), lambda piece: None)

    assert testing.clock().run_coroutine(main()).text == "fast"


def test_a_winner_that_fails_later_fails_the_race():
    broken = testing.script("half", drop_after=1)
    got = played(sk.race(broken, testing.script("other", first=9)))
    assert texts(got) == ["half"]
    assert isinstance(got.error, sk.BrokenError)


def test_leaving_a_race_cancels_everyone():
    async def main():
        async for _ in sk.race(testing.script("a", "b", every=1), testing.script("c", first=5), after=0.1):
            break
        await asyncio.sleep(1)
        return [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert testing.clock().run_coroutine(main()) == []


# -- side by side --


def test_streams_side_by_side_are_labelled_and_fail_alone():
    got = played(
        sk.side_by_side({"a": testing.script("x", "y", every=2), "b": testing.script("z", first=1, drop_after=1)})
    )
    shown = [(item.label, item.item.text) for item in got.items if isinstance(item.item, sk.TextDelta)]
    assert shown == [("a", "x"), ("b", "z"), ("a", "y")]
    failures = [item for item in got.items if isinstance(item.item, sk.Failure)]
    assert [(item.label, type(item.item.error)) for item in failures] == [("b", sk.BrokenError)]
    assert got.error is None
    assert isinstance(got.items[-1].item, sk.Reply)


# -- share --


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
