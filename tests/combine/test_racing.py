"""Several streams as one, on a virtual clock."""

from __future__ import annotations

import asyncio
import threading

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


def test_a_stream_that_only_began_does_not_win():
    began = testing.script(fail=sk.ApiError("overloaded", code=503))
    got = played(sk.race(testing.script("late", first=5), began))
    assert got.reply.text == "late"
    assert [item.type for item in got.items].count("start") == 1
    empty = testing.script(first=1)
    assert played(sk.race(testing.script("late", first=5), empty)).reply.text == ""


def test_losers_are_cancelled_at_their_server_and_counted():
    client = testing.client(
        testing.Script(reasoning="Hm.", first=1), testing.Script("slow", first=9), testing.Script("never", head_after=9)
    )

    async def main():
        run = sk.start(sk.race(*(client.chat("hi") for _ in range(3))), lambda event: None)
        return await run, run.replies

    reply, replies = testing.clock().run_coroutine(main())
    assert (reply.reasoning, len(replies)) == ("Hm.", 3)
    assert sorted(request.outcome for request in client.requests) == ["cancelled", "cancelled", "done"]
    assert [one.outcome for one in replies].count("stopped") == 2


@pytest.mark.parametrize("below", [(), (ops.meter(),), (ops.redact("email"),), (ops.meter(), ops.text())])
def test_what_is_done_to_the_winner_does_not_make_its_figures_those_of_the_losers(below):
    async def main():
        slow = testing.script("slow", first=9, usage=sk.Usage(1, 2, 3))
        race = sk.race(slow, testing.script("fast", first=1, usage=sk.Usage(4, 5, 9)))
        run = sk.start(race.pipe(*below), lambda event: None)
        return await run, run.replies

    reply, (loser, winner) = testing.clock().run_coroutine(main())
    assert (reply.text, reply.usage.total_tokens, reply.outcome) == ("fast", 9, "complete")
    assert (winner.usage.total_tokens, winner.outcome) == (9, "complete")
    assert (loser.usage, loser.outcome) == (None, "stopped")


def test_a_race_of_anything_completes():
    async def main():
        return await sk.start(sk.race(rx.of(1), rx.never()), lambda item: None)

    assert testing.clock().run_coroutine(main()).outcome == "complete"


def test_a_run_that_is_cancelled_before_anybody_won_says_so():
    got = played(sk.race(testing.script("a", first=9), testing.script("b", first=9)), until=2)
    assert (got.reply.outcome, got.reply.text) == ("cancelled", "")


def test_streams_of_other_threads_take_part():
    def numbers(observer, scheduler):
        threading.Thread(target=lambda: [observer.on_next(n) for n in range(100)] and observer.on_completed()).start()

    async def main():
        slow = testing.script("slow", first=60)
        return await sk.race(sk.stream(rx.create(numbers)), slow).pipe(rxo.to_list())

    assert asyncio.run(main()) == list(range(100))


def test_an_entrant_that_cannot_even_begin_is_out():
    raising = sk.stream(rx.create(lambda observer, scheduler: 1 / 0))
    assert played(sk.race(raising, testing.script("x"), after=5)).reply.text == "x"
    assert isinstance(played(sk.race(raising)).error, ZeroDivisionError)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: sk.race(),
        lambda: sk.race(testing.script("x"), after=-1),
        lambda: sk.side_by_side({}),
        lambda: sk.share(testing.script("x"), replay=-1),
    ],
)
def test_misuse_is_said_at_once(wrong):
    with pytest.raises(ValueError):
        wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda stream: sk.race([stream, stream]),
        lambda stream: sk.race(stream, "x"),
        lambda stream: sk.side_by_side([stream]),
        lambda stream: sk.side_by_side({"a": stream, "b": "x"}),
        lambda stream: ops.fallback([stream]),
        lambda stream: ops.fallback(lambda: stream),
        lambda stream: ops.continue_with(stream),
        lambda stream: sk.tool_loop(stream, "Hi", []),
        lambda stream: sk.sse("x"),
    ],
)
def test_what_is_no_stream_is_refused_where_it_is_given(wrong):
    with pytest.raises(TypeError, match="stream"):
        wrong(testing.script("x"))


def test_a_race_that_all_lose_tells_of_all():
    slow = testing.script(fail=sk.StatusError("no", status=500), first=1)
    got = played(sk.race(slow, testing.script(fail=sk.ConnectError("off"))))
    assert isinstance(got.error, sk.AllFailedError)
    assert [error.kind for error in got.error.exceptions] == ["http_status", "connect"]


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


def test_side_by_side_takes_streams_that_fail_at_once_and_threads():
    def numbers(observer, scheduler):
        threading.Thread(target=lambda: [observer.on_next(n) for n in range(50)] and observer.on_completed()).start()

    raising = sk.stream(rx.create(lambda observer, scheduler: 1 / 0))
    busy = {"a": sk.stream(rx.create(numbers)), "b": sk.stream(rx.create(numbers)), "bad": raising}

    async def main():
        return [item async for item in sk.side_by_side(busy)]

    got = asyncio.run(main())
    for label in "ab":
        assert [item.item for item in got if item.label == label] == list(range(50))
    assert [type(item.item.error) for item in got if item.label == "bad"] == [ZeroDivisionError]


def test_a_cancelled_run_of_several_streams_is_cancelled_although_the_last_one_failed_before():
    both = sk.side_by_side({"a": testing.script("x", "y", every=2), "b": testing.script("z", drop_after=1)})
    got = testing.clock().run(both, until=1)
    assert (got.reply.outcome, got.error) == ("cancelled", None)
    assert testing.clock().run(both).reply.outcome == "truncated"


def test_leaving_side_by_side_cancels_all():
    client = testing.client(testing.Script("a b c d", every=1))

    async def main():
        async for item in sk.side_by_side({"x": client.chat("hi"), "y": client.chat("hi")}):
            if isinstance(item.item, sk.TextDelta):
                break
        await asyncio.sleep(0.1)
        return [request.outcome for request in client.requests]

    assert testing.clock().run_coroutine(main()) == ["cancelled", "cancelled"]
