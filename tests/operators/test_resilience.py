"""What happens when a reply fails or is slow, on a virtual clock."""

from __future__ import annotations

import asyncio

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import operators as ops, testing

OFF = sk.ConnectError("off", retryable=True)


def played(stream, *branches, **options):
    return testing.clock().run(stream, *branches, **options)


def in_turn(*streams):
    """A stream that is another one at each subscription."""
    waiting = iter(streams)
    return sk.stream(rx.defer(lambda scheduler: next(waiting)))


def test_fallback_before_the_first_item_leaves_no_trace():
    got = played(testing.script(fail=OFF).pipe(ops.fallback(testing.script("spare"))))
    assert got.error is None
    assert got.reply.text == "spare"
    assert [item.type for item in got.items].count("start") == 1


@pytest.mark.parametrize(
    "policy",
    [
        ops.fallback(testing.script("spare")),
        ops.retry_unstarted(sk.Retry(first=1)),
        ops.continue_with(lambda partial: testing.script("spare")),
    ],
    ids=["fallback", "retry", "continue"],
)
def test_a_reply_that_only_began_may_be_replaced_unseen(policy):
    began = testing.script(fail=sk.ApiError("overloaded", code=503, retryable=True))
    got = played(in_turn(began, testing.script("spare")).pipe(policy))
    assert got.reply.text == "spare"
    assert [item.type for item in got.items].count("restart") == 0
    assert sum(isinstance(item, sk.TextDelta) for item in got.items) == 1


def test_fallback_works_on_any_items_and_on_streams_that_fail_at_once():
    at_once = rx.create(lambda observer, scheduler: observer.on_error(ValueError("no")))
    got = played(sk.stream(at_once).pipe(ops.fallback(at_once, rx.of(1, 2))))
    assert got.items == [1, 2]
    raising = rx.create(lambda observer, scheduler: 1 / 0)
    assert played(sk.stream(raising).pipe(ops.fallback(rx.of(1)))).items == [1]


def test_a_fallback_that_is_left_asks_nobody_else():
    clients = [testing.client(testing.Script(head_after=5, fail=OFF)), testing.client("spare")]
    stream = clients[0].chat("hi").pipe(ops.fallback(clients[1].chat("hi")))
    assert played(stream, until=3).reply.outcome == "cancelled"
    assert [len(client.requests) for client in clients] == [1, 0]


def test_fallback_after_the_first_item_is_none():
    got = played(testing.script("half", drop_after=1).pipe(ops.fallback(testing.script("spare"))))
    assert isinstance(got.error, sk.BrokenError)
    assert got.error.partial.text == "half"


def test_fallbacks_that_all_fail_tell_of_all():
    got = played(testing.script(fail=OFF).pipe(ops.fallback(testing.script(fail=sk.StatusError("no", status=401)))))
    assert isinstance(got.error, sk.AllFailedError)
    assert [error.kind for error in got.error.exceptions] == ["connect", "http_status"]


def test_retry_unstarted_waits_and_asks_again():
    got = played(
        in_turn(testing.script(fail=OFF), testing.script(fail=OFF), testing.script("third")).pipe(
            ops.retry_unstarted(sk.Retry(attempts=2, first=1, jitter=0))
        )
    )
    assert got.reply.text == "third"
    assert got.times[0] == pytest.approx(3)


def test_retry_unstarted_obeys_retry_after_and_can_be_left_while_it_waits():
    busy = testing.script(fail=sk.StatusError("busy", status=429, retry_after=7, retryable=True))
    policy = ops.retry_unstarted(sk.Retry(retry_after=10))
    assert played(in_turn(busy, testing.script("x")).pipe(policy)).times[0] == pytest.approx(7)
    assert played(in_turn(busy).pipe(policy), until=3).ended_at == pytest.approx(3)
    policy = ops.retry_unstarted(sk.Retry(retry_after=5))
    assert isinstance(played(in_turn(busy).pipe(policy)).error, sk.StatusError)


@pytest.mark.parametrize(
    "failing", [testing.script(fail=sk.StatusError("no", status=401)), testing.script("half", drop_after=1)]
)
def test_what_is_not_retryable_or_was_started_is_not_tried_again(failing):
    got = played(in_turn(failing, testing.script("again")).pipe(ops.retry_unstarted()))
    assert got.error is not None


@pytest.mark.parametrize(
    ("script", "limits", "clock", "at"),
    [
        (testing.script("a", first=9), {"first": 5}, "first", 5),
        (testing.script("a", "b", first=1, every=9), {"first": 5, "between": 2}, "between", 3),
        (testing.script(*"abcdef", every=1), {"total": 2.5}, "total", 2.5),
    ],
)
def test_time_limits(script, limits, clock, at):
    got = played(script.pipe(ops.time_limits(**limits)))
    assert isinstance(got.error, sk.StalledError)
    assert got.error.clock == clock
    assert got.ended_at == pytest.approx(at, abs=0.01)
    assert got.error.partial.text == "".join(item.text for item in got.items if isinstance(item, sk.TextDelta))


def test_a_reply_within_its_limits_is_left_alone():
    got = played(testing.script(*"abc", every=1).pipe(ops.time_limits(first=2, between=2, total=9)))
    assert got.reply.text == "abc"


def test_the_limit_between_items_stands_still_while_a_slow_sink_holds_the_source():
    async def main():
        async def slow(item):
            await asyncio.sleep(3)

        limited = testing.script(*"abcd").pipe(ops.time_limits(between=2))
        return await sk.start(limited, sk.branch(into=slow, capacity=1))

    assert testing.clock().run_coroutine(main()).text == "abcd"


@pytest.mark.parametrize("hold", [0.9, 1.9, 3, 50])
def test_only_the_time_that_the_source_has_counts(hold):
    """The sink holds the source for a while, then the source is silent for too long: that is when the clock runs."""

    async def body():
        yield "a"
        yield "b"
        await asyncio.sleep(60)
        yield "c"

    async def main():
        loop = asyncio.get_running_loop()

        async def slow(item):
            await asyncio.sleep(hold if isinstance(item, sk.TextDelta) and item.text == "a" else 0)

        limited = sk.from_text(body).pipe(ops.of_type(sk.TextDelta), ops.time_limits(between=2))
        run = sk.start(limited, sk.branch(into=slow, capacity=1))
        with pytest.raises(sk.StalledError) as caught:
            await run
        return loop.time(), caught.value

    ended, error = testing.clock().run_coroutine(main())
    assert ended == pytest.approx(hold + 2, abs=0.01)
    assert (error.clock, error.retryable, error.partial.text) == ("between", False, "ab")


def test_what_is_no_content_does_not_reset_a_limit():
    async def body():
        yield "a"
        for _ in range(9):
            await asyncio.sleep(1)
            yield sk.Other("ping")

    got = played(sk.stream(body).pipe(ops.time_limits(between=3)))
    assert got.ended_at == pytest.approx(3)
    assert got.error.clock == "between"


def test_the_limit_of_one_of_several_streams_tells_its_own_text():
    slow = testing.script("slow", "er", every=9).pipe(ops.time_limits(between=2))
    got = played(sk.side_by_side({"slow": slow, "other": testing.script("other", first=1)}))
    (failure,) = (item.item for item in got.items if isinstance(item.item, sk.Failure))
    assert failure.error.partial.text == "slow"


def test_a_limit_below_a_rewriter_tells_what_it_let_through():
    stalled = testing.script("mail me@example.org ", "now", "...", stall_after=2)
    got = played(stalled.pipe(ops.redact("email"), ops.time_limits(between=2)))
    assert isinstance(got.error, sk.StalledError)
    assert "example.org" not in got.error.partial.text
    assert got.error.partial.text.startswith("mail ")


def test_an_ask_that_gives_no_stream_is_an_error():
    got = played(testing.script("a", drop_after=1).pipe(ops.continue_with(lambda partial: partial.text)))
    assert isinstance(got.error, TypeError)
    assert "not str" in str(got.error)


@pytest.mark.parametrize("wrong", [{}, {"first": 0}, {"total": -1}])
def test_time_limits_want_seconds(wrong):
    with pytest.raises(ValueError):
        ops.time_limits(**wrong)


def test_the_usage_of_a_continued_reply_is_labelled():
    broken = testing.script("Once", " upon", drop_after=1)
    more = testing.script(" more", usage=sk.Usage(4, 1, 5))
    got = played(broken.pipe(ops.continue_with(lambda partial: more, mode="prefill")))
    assert got.reply.usage == sk.Usage(4, 1, 5, origin="partial")


def test_a_total_time_that_is_over_is_not_begun_again():
    slow = testing.script("a", "b", every=9).pipe(ops.time_limits(total=5))
    got = played(slow.pipe(ops.continue_with(lambda partial: testing.script("c"))))
    assert got.error.clock == "total"


def test_a_stalled_reply_goes_on():
    slow = testing.script("a", "b", every=9).pipe(ops.time_limits(between=5))
    got = played(slow.pipe(ops.continue_with(lambda partial: testing.script("c"), mode="prefill")))
    assert (got.reply.text, got.ended_at) == ("ac", 5)


def test_what_asking_again_raises_is_the_error():
    got = played(testing.script("a", drop_after=1).pipe(ops.continue_with(lambda partial: 1 / 0)))
    assert isinstance(got.error, ZeroDivisionError)


def test_a_run_tells_every_request_of_a_continued_reply():
    async def main():
        broken = testing.script("Once", drop_after=1)
        run = sk.start(broken.pipe(ops.continue_with(lambda partial: testing.script("Anew"))), lambda event: None)
        return await run, run.replies

    whole, (first, second) = testing.clock().run_coroutine(main())
    assert (whole.text, whole.attempts, whole.outcome) == ("Anew", 2, "complete")
    assert (first.text, first.outcome, second.text) == ("Once", "truncated", "Anew")


def test_a_broken_reply_is_restarted_when_asked_for():
    broken = testing.script("half a", " reply", drop_after=1)
    got = played(broken.pipe(ops.continue_with(lambda partial: testing.script("a whole one"))))
    assert [item.type for item in got.items if item.type in ("text.delta", "restart")] == [
        "text.delta",
        "restart",
        "text.delta",
    ]
    assert (got.reply.text, got.reply.attempts) == ("a whole one", 2)


def test_a_reply_that_broke_before_anything_was_said_leaves_no_trace():
    got = played(
        testing.script(fail=sk.BrokenError("cut")).pipe(ops.continue_with(lambda partial: testing.script("b")))
    )
    assert [item.type for item in got.items] == ["start", "text.delta", "finish", "reply"]


def test_a_broken_reply_is_continued_when_asked_for():
    seen = []

    def ask(partial):
        seen.append(partial.text)
        return testing.script(" there was", " a stream")

    broken = testing.script("Once", " upon", drop_after=1)
    got = played(broken.pipe(ops.continue_with(ask, mode="prefill")))
    assert seen == ["Once"]
    assert got.reply.text == "Once there was a stream"
    assert next(item for item in got.items if isinstance(item, sk.Restart)).kept == "Once"


def played_on(*pieces, kept=("Hello", " wor"), **broken):
    first = testing.script(*kept, "never", drop_after=len(kept), **broken)
    return played(first.pipe(ops.continue_with(lambda partial: testing.script(*pieces), mode="prefill")))


@pytest.mark.parametrize("pieces", [["world", "!"], ["w", "or", "ld!"], [*"world!"], ["Hello wor", "ld!"], ["ld", "!"]])
def test_a_continued_reply_says_nothing_twice_at_its_seam(pieces):
    got = played_on(*pieces)
    texts = [item.text for item in got.items if isinstance(item, sk.TextDelta)]
    assert "".join(texts) == got.reply.text == "Hello world!"
    assert all(texts)


def test_a_genuine_repetition_at_the_seam_stays():
    assert played_on(" very", " late", kept=("so", " very")).reply.text == "so very very late"


def test_other_events_keep_their_place_at_the_seam():
    got = played_on(sk.ReasoningDelta("hm"), "wor", sk.TextDelta("other", 1), sk.RefusalDelta("no"))
    assert [item for item in got.items if item.type in ("text.delta", "reasoning.delta", "refusal.delta")][2:] == [
        sk.ReasoningDelta("hm"), sk.TextDelta("other", 1), sk.TextDelta("wor"), sk.RefusalDelta("no"),
    ]  # fmt: skip
    assert got.reply.text == "Hello worwor"


def test_what_the_seam_holds_when_a_continuation_breaks_off_is_not_lost():
    parts = iter([testing.script("wor", "never", drop_after=1), testing.script("world")])
    broken = testing.script("Hello", " wor", "never", drop_after=2)
    asked = []

    def ask(partial):
        asked.append(partial.text)
        return next(parts)

    got = played(broken.pipe(ops.continue_with(ask, mode="prefill", attempts=2)))
    assert (got.reply.text, asked) == ("Hello world", ["Hello wor", "Hello wor"])
    parts = iter([testing.script("wor", "never", drop_after=1)])
    got = played(broken.pipe(ops.continue_with(ask, mode="prefill")))
    assert got.error.partial.text == "Hello worwor"


def test_the_run_of_a_continued_reply_has_the_whole_text_below_a_view():
    async def main():
        broken = testing.script("Once", drop_after=1)
        continued = broken.pipe(ops.continue_with(lambda partial: testing.script(" more"), mode="prefill"), ops.text())
        return await sk.start(continued, lambda piece: None)

    assert testing.clock().run_coroutine(main()).text == "Once more"


def test_attempts_to_continue_are_counted():
    broken = testing.script("x", drop_after=1)
    got = played(broken.pipe(ops.continue_with(lambda partial: broken, attempts=2)))
    assert isinstance(got.error, sk.BrokenError)
    assert [item.type for item in got.items].count("restart") == 2
    assert got.error.partial.text == "x"


def test_what_the_server_refused_is_not_continued():
    got = played(
        testing.script("x", fail={"type": "invalid_request_error"}).pipe(
            ops.continue_with(lambda _: testing.script("y"))
        )
    )
    assert isinstance(got.error, sk.ApiError)
