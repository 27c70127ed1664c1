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


def test_a_broken_reply_is_restarted_when_asked_for():
    broken = testing.script("half a", " reply", drop_after=1)
    got = played(broken.pipe(ops.continue_with(lambda partial: testing.script("a whole one"))))
    assert [item.type for item in got.items if item.type in ("text.delta", "restart")] == [
        "text.delta",
        "restart",
        "text.delta",
    ]
    assert (got.reply.text, got.reply.attempts) == ("a whole one", 2)


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
