"""The times of a reply and of its parts, in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as some
from reactivex import Observable

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.engine.streams import Reading, ReplyStream, Source
from streamkit.sources import Recording
from streamkit.sources.recording import Read
from streamkit.timing import joined_timing, later

USAGE = sk.Usage(prompt_tokens=5, completion_tokens=20, total_tokens=25)


def timing_of(stream: Any, **options: Any) -> sk.Timing:
    """The timing of the reply, or of what had come of it."""
    recorded = testing.clock().run(stream, **options)
    assert recorded.reply.timing is not None
    return recorded.reply.timing


def test_a_reply_has_its_times_and_its_speed() -> None:
    stream = testing.script("a", "b", "c", first=1, every=2, usage=USAGE)
    assert timing_of(stream) == sk.Timing(first_event=1, first_content=1, total=5, tokens_per_second=5)


def test_without_known_tokens_there_is_no_speed() -> None:
    assert timing_of(testing.script("a", "b", first=1, every=2)) == sk.Timing(1, 1, 3, None)


def test_the_first_content_may_come_after_the_first_event() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for seconds, delta in ((1, {"role": "assistant"}), (2, {"reasoning_content": "hm"}), (4, {"content": "a"})):
            await asyncio.sleep(seconds)
            yield chunk({"choices": [{"index": 0, "delta": delta}]})
        yield b"data: [DONE]\n\n"

    assert timing_of(lambda: sk.from_bytes(pieces(), lenient=True)) == sk.Timing(1, 3, 7)


def chunk(value: Any) -> bytes:
    return b"data: " + json.dumps({"id": "c", **value}).encode() + b"\n\n"


@pytest.mark.parametrize(("shown", "speed"), [(True, 10.0), (False, 4.0)])
def test_thinking_that_was_not_shown_is_not_a_part_of_the_speed(shown: bool, speed: float) -> None:
    usage = {"completion_tokens": 20, "completion_tokens_details": {"reasoning_tokens": 12}}

    async def pieces() -> AsyncIterator[bytes]:
        yield chunk({"choices": [{"index": 0, "delta": {"role": "assistant"}}]})
        await asyncio.sleep(3)
        yield chunk({"choices": [{"index": 0, "delta": {"reasoning_content" if shown else "content": "a"}}]})
        await asyncio.sleep(2)
        yield chunk({"choices": [{"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"}], "usage": usage})
        yield b"data: [DONE]\n\n"

    assert timing_of(lambda: sk.from_bytes(pieces())) == sk.Timing(0, 3, 5, speed)


def test_what_came_in_a_single_read_has_no_speed() -> None:
    body = chunk({"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]})
    usage = chunk({"choices": [], "usage": {"completion_tokens": 20}})
    (got,) = (sk.run(sk.from_bytes([body + usage + b"data: [DONE]\n\n"])),)
    assert got.usage is not None
    assert got.timing is not None
    assert got.timing.first_content is not None
    assert got.timing.tokens_per_second is None


def test_a_reply_without_content_has_no_first_content() -> None:
    timing = timing_of(testing.script(first=1))
    assert (timing.first_event, timing.first_content, timing.total) == (1, None, 1)


def test_a_file_is_content_and_nothing_passes_what_came_before() -> None:
    async def batches(reading: Reading) -> AsyncGenerator[list[sk.Event], None]:
        await asyncio.sleep(1)
        yield [sk.Start(), sk.File("image")]
        await asyncio.sleep(1)
        yield [sk.TextDelta("a"), sk.Finish("stop")]
        yield [sk.Reply((sk.Choice(text="a"),))]

    stream = ReplyStream(Source(batches))
    recorded = testing.clock().run(stream)
    assert recorded.reply.timing is not None
    assert recorded.reply.timing.first_content == 1
    kinds = [type(item) for item in recorded.items]
    assert kinds.index(sk.File) < kinds.index(sk.TextDelta)


def test_text_that_is_given_is_timed_too() -> None:
    async def pieces() -> AsyncIterator[str]:
        for piece in "ab":
            await asyncio.sleep(1)
            yield piece

    timing = timing_of(lambda: sk.from_text(pieces()))
    assert (timing.first_content, timing.total) == (1, 2)


def test_a_failure_has_the_times_until_then() -> None:
    stream = testing.script("a", "b", first=1, every=2, fail=sk.BrokenError("cut"))
    assert timing_of(stream) == sk.Timing(1, 1, 3)


def test_a_cut_reply_has_no_speed_though_figures_came() -> None:
    assert timing_of(testing.script("a", "b", every=2, usage=USAGE), until=1) == sk.Timing(0, 0, 1)


def test_a_run_has_them_while_it_goes_on() -> None:
    async def program() -> list[sk.Timing]:
        run = sk.start(testing.script("a", "b", first=1, every=4))
        seen = []
        for _ in range(3):
            await asyncio.sleep(0.75)
            seen.append(await asyncio.to_thread(lambda: run.timing))  # from any thread
        await run
        await asyncio.sleep(9)
        return [*seen, run.timing]

    assert testing.clock().run(program) == [
        sk.Timing(None, None, 0.75),
        sk.Timing(1, 1, 1.5),
        sk.Timing(1, 1, 2.25),
        sk.Timing(1, 1, 5),
    ]


def test_a_run_without_a_reply_has_none() -> None:
    async def program() -> sk.Timing:
        run = sk.start(sk.stream([1, 2]))
        await run
        return run.timing

    assert testing.clock().run(program) == sk.Timing()


def test_a_slow_sink_does_not_count() -> None:
    async def slow(event: Any) -> None:
        if isinstance(event, sk.TextDelta):
            await asyncio.sleep(50)

    stream = testing.script("a", "b", "c", every=1)
    recorded = testing.clock().run(stream, sk.branch(into=slow, capacity=1))
    assert recorded.ended_at > 100
    assert recorded.reply.timing == sk.Timing(0, 0, 2)


BUSY = sk.StatusError("no", status=503, retryable=True)


def test_a_retry_is_measured_from_the_first_request() -> None:
    client = testing.client(BUSY, testing.Script("Hi", first=1), retry=sk.Retry(first=4, jitter=0))
    assert timing_of(client.chat("hi")) == sk.Timing(5, 5, 5)


def works() -> sk.ReplyStream:
    return testing.script("a", "b", first=1, every=2, usage=USAGE)


def fails(after: float) -> sk.ReplyStream:
    return testing.script(first=after, fail=BUSY)


@pytest.mark.parametrize(
    "stream",
    [
        lambda: fails(2).pipe(ops.fallback(works())),
        lambda: sk.race(fails(2), works(), after=5),
        lambda: sk.race(testing.script("z", first=99), works(), after=2),
    ],
    ids=["fallback", "race after a failure", "hedge"],
)
def test_another_stream_is_measured_from_the_first_one(stream: Any) -> None:
    assert timing_of(stream()) == sk.Timing(3, 3, 5, 10.0)


def test_while_a_race_goes_on_it_counts_from_the_first_stream() -> None:
    async def program() -> sk.Timing:
        run = sk.start(sk.race(testing.script("z", first=99), testing.script("a", "b", first=1, every=9), after=2))
        await asyncio.sleep(4)
        timing = run.timing
        run.cancel()
        await run
        return timing

    assert testing.clock().run(program) == sk.Timing(3, 3, 4)


def test_the_error_of_a_race_is_measured_from_its_beginning() -> None:
    assert timing_of(sk.race(fails(1), fails(3), after=2)).total == 4  # the second begins when the first has failed
    late = testing.script("a", first=1, every=1, fail=sk.BrokenError("cut"))
    assert timing_of(sk.race(fails(2), late)) == sk.Timing(1, 1, 1)
    assert timing_of(sk.race(testing.script("z", first=99), late, after=2)) == sk.Timing(3, 3, 3)


def test_streams_subscribed_to_again_are_measured_from_the_first_time() -> None:
    answers = iter([fails(2), testing.script("a", first=1)])

    def subscribe(observer: Any, scheduler: Any = None) -> Any:
        return next(answers).subscribe(observer, scheduler=scheduler)

    stream = sk.stream(Observable(subscribe)).pipe(ops.retry_unstarted(sk.Retry(first=4, jitter=0)))
    assert timing_of(stream) == sk.Timing(7, 7, 7)


@pytest.mark.parametrize("mode", ["restart", "prefill"])
def test_a_reply_that_is_continued_is_one_reply(mode: Any) -> None:
    cut = testing.script("a", "b", first=1, every=2, usage=USAGE, fail=sk.BrokenError("cut"))
    rest = testing.script("a", "b", "c", "d", first=1, every=2, usage=USAGE)
    timing = timing_of(cut.pipe(ops.continue_with(lambda partial: rest, mode=mode)))
    assert timing == sk.Timing(1, 1, 3 + 1 + 6)


def loop_of_two_rounds() -> sk.ReplyStream:
    rounds = iter(
        [
            testing.script(tool_calls=[("look", {})], first=1, every=1, usage=USAGE),
            testing.script("a", "b", first=3, every=4, usage=USAGE),
        ]
    )

    async def look() -> str:
        await asyncio.sleep(10)
        return "seen"

    return sk.tool_loop(lambda messages: next(rounds), "hi", [look])


def test_a_tool_loop_counts_all_rounds_and_what_its_tools_took() -> None:
    reply = testing.clock().run(loop_of_two_rounds()).reply
    first = testing.clock().run(testing.script(tool_calls=[("look", {})], first=1, every=1, usage=USAGE)).reply.timing
    assert reply.timing is not None
    assert first is not None
    assert first.total is not None
    writing = (first.total - 1) + 4
    assert reply.timing == sk.Timing(1, 1, first.total + 10 + 3 + 4, 40 / writing)


def test_while_tools_run_the_time_goes_on_and_a_cancel_stops_it() -> None:
    async def program() -> tuple[sk.Timing, ...]:
        run = sk.start(loop_of_two_rounds())
        await asyncio.sleep(8)
        seen = run.timing
        run.cancel()
        await run
        await asyncio.sleep(9)
        return seen, run.timing

    seen, after = testing.clock().run(program)
    assert (seen.first_content, seen.total) == (1, 8)
    assert (after.first_content, after.total) == (1, 8)


def test_each_request_of_a_run_has_its_own() -> None:
    async def program() -> tuple[sk.Reply, ...]:
        run = sk.start(loop_of_two_rounds())
        await run
        return run.replies

    assert [reply.timing and reply.timing.first_content for reply in testing.clock().run(program)] == [1, 3]


RECORDING = Recording(
    (
        Read(0.5, chunk({"choices": [{"index": 0, "delta": {"content": "a"}}]})),
        Read(2.5, chunk({"choices": [{"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"}]})),
        Read(2.5, chunk({"choices": [], "usage": {"completion_tokens": 20}})),
        Read(4.5, b"data: [DONE]\n\n"),
    ),
    end=5.0,
)


@pytest.mark.parametrize("speed", [0, 1, 4])
def test_a_recording_has_its_own_times_however_fast_it_is_played(speed: float) -> None:
    assert timing_of(sk.replay(RECORDING, speed)) == sk.Timing(0.5, 0.5, 4.5, 5.0)
    assert timing_of(sk.replay(replace(RECORDING, reads=RECORDING.reads[:1]), speed)) == sk.Timing(0.5, 0.5, 5.0)


def test_one_that_stops_early_has_the_times_until_then() -> None:
    stream = testing.script("a", "b", "c", first=1, every=2).pipe(ops.stop_at("b"))
    assert timing_of(stream) == sk.Timing(1, 1, 3)


def test_a_shared_reply_is_measured_once() -> None:
    shared = sk.share(testing.script("a", "b", first=1, every=2), replay=9)
    assert timing_of(shared) == sk.Timing(1, 1, 3)


# -- the value -----------------------------------------------------------------------------------------------------


def test_it_takes_no_part_in_equality_or_repr_and_survives_json() -> None:
    bare = sk.Reply((sk.Choice(text="a"),), model="m")
    limits = sk.RateLimits(sk.RateLimit(1, 0, 2.5), output_tokens=sk.RateLimit(9), retry_after=0.5)
    told = replace(bare, headers={"server": "s"}, rate_limits=limits, timing=sk.Timing(1, 2, 3, 4.5))
    assert told == bare
    assert repr(told) == repr(bare)
    read = sk.from_json(sk.to_json(told))
    assert isinstance(read, sk.Reply)
    assert (read.headers, read.rate_limits, read.timing) == (told.headers, limits, told.timing)
    assert sk.to_json(read) == sk.to_json(told)
    assert not {"headers", "rate_limits", "timing"} & json.loads(sk.to_json(bare)).keys()
    assert told.upto(0).timing == told.timing


def test_of_a_newer_version_the_rest_is_read() -> None:
    parts = {"rate_limits": {"requests": {"limit": 1, "burst": 2}}, "timing": {"total": 3, "queue": 1}}
    line = json.dumps({"type": "reply", **parts})
    with pytest.warns(RuntimeWarning, match="burst, queue"):
        read = sk.from_json(line)
    assert isinstance(read, sk.Reply)
    assert (read.rate_limits, read.timing) == (sk.RateLimits(sk.RateLimit(1)), sk.Timing(total=3))


@pytest.mark.parametrize("form", ['"timing": 5', '"rate_limits": 5', '"rate_limits": {"tokens": 5}', '"headers": 5'])
def test_what_has_another_form_is_malformed(form: str) -> None:
    with pytest.raises(sk.MalformedError):
        sk.from_json(f'{{"type": "reply", {form}}}')


TIMES = some.floats(0, 1000).map(lambda time: round(time, 6))


@given(some.lists(some.tuples(TIMES, TIMES, some.floats(0.1, 500)), min_size=1, max_size=5), TIMES)
def test_parts_together_have_the_speed_of_all_tokens(parts: list[tuple[float, float, float]], seconds: float) -> None:
    timings = [sk.Timing(first, first, first + length, speed) for first, length, speed in parts]
    joined = joined_timing(timings)
    assert joined is not None
    writing = sum(length for _, length, _ in parts)
    tokens = sum(length * speed for _, length, speed in parts)
    if writing > 1e-3:
        assert joined.tokens_per_second == pytest.approx(tokens / writing, rel=1e-3)
    moved = later(joined, seconds)
    assert moved is not None
    assert moved.total == pytest.approx((joined.total or 0) + seconds)
    assert moved.tokens_per_second == joined.tokens_per_second
