"""Limits a minute, on virtual time: never more in any minute, and no slower than that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit import testing
from streamkit.batch.pace import Bucket


def starts(count: int, script: testing.Script, **limits: float) -> list[float]:
    """When each of ``count`` prompts was asked."""
    times: list[float] = []

    def ask(prompt: int) -> sk.Stream[sk.Event]:
        times.append(asyncio.get_running_loop().time())
        return one.chat(f"{prompt:04}")  # one token, by the estimate

    with testing.client(script, retry=sk.Retry(attempts=1, first=0.1)) as one, testing.clock() as clock:
        assert len(clock.run(sk.batch(range(count), ask, **limits)).items) == count
    return times


def most_in_a_minute(times: list[float], weight: float = 1) -> float:
    return max(weight * sum(start <= at < start + 60 - 1e-4 for at in times) for start in times)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 7, 60, 100, 600, pytest.param(6000, marks=pytest.mark.slow)])
def test_in_no_minute_are_more_requests_made_than_the_limit(limit: int):
    count = min(3 * limit, 150)
    times = starts(count, testing.Script("Hi"), requests_per_minute=limit)
    assert most_in_a_minute(times) <= limit
    assert times[-1] <= 60 * count / limit * 1.03
    assert times == sorted(times)


def test_at_sixty_a_minute_a_prompt_starts_each_second():
    assert starts(4, testing.Script("Hi"), requests_per_minute=60) == pytest.approx([0, 1, 2, 3])


def test_a_limit_works_on_prompts_that_a_thread_reads():
    def prompts() -> Iterator[str]:
        yield from "abc"

    with testing.client(testing.Script("Hi", first=0.25)) as one:
        recorded = testing.clock().run(sk.batch(prompts(), one.chat, requests_per_minute=6))
    assert recorded.times == pytest.approx([0.25, 10.25, 20.25])


def test_requests_that_the_client_repeated_count():
    server = testing.Server(sk.StatusError("busy", status=503), testing.Script("Hi"))
    times: list[float] = []

    def ask(prompt: int) -> sk.Stream[sk.Event]:
        times.append(asyncio.get_running_loop().time())
        return one.chat(str(prompt))

    one = testing.ScriptedClient(server, retry=sk.Retry(attempts=1, first=0.1))
    with one:
        testing.clock().run(sk.batch(range(3), ask, requests_per_minute=6))
    assert times == pytest.approx([0, 20, 30])


def test_in_no_minute_are_more_tokens_used_than_the_limit_once_the_size_of_an_answer_is_known():
    script = testing.Script("Hi", usage=sk.Usage(1, 99, 100))
    times = starts(60, script, tokens_per_minute=1000)
    assert times[1] - times[0] < 10  # the guess for the first answer was corrected
    assert most_in_a_minute(times, weight=100) <= 1100
    assert times[-1] <= 60 * 60 * 100 / 1000 * 1.03 + 10


def test_a_prompt_larger_than_the_limit_starts_all_the_same():
    script = testing.Script("Hi", usage=sk.Usage(900, 100, 1000))
    assert starts(3, script, tokens_per_minute=100) == pytest.approx([0, 606, 1212], rel=0.02)


def test_tokens_that_are_not_reported_are_estimated():
    script = testing.Script("x" * 400, usage=sk.Usage(), every=0.0)
    times = starts(30, script, tokens_per_minute=600)
    assert most_in_a_minute(times, weight=101) == pytest.approx(600, abs=101)


@given(
    st.floats(0.1, 10_000),
    st.lists(st.tuples(st.floats(0, 30), st.floats(0.1, 500), st.floats(-200, 200)), min_size=1, max_size=40),
)
def test_what_is_taken_in_any_minute_stays_within_the_limit_and_the_largest_amount(
    limit: float, steps: list[tuple[float, float, float]]
):
    taken: list[tuple[float, float]] = []

    async def take() -> None:
        time = asyncio.get_running_loop().time
        bucket = Bucket(limit, time)
        for pause, amount, correction in steps:
            await asyncio.sleep(pause)
            await bucket.take(amount)
            taken.append((time(), amount - min(0, correction)))
            bucket.give(min(0, correction))

    with testing.clock(limit=1e12) as clock:
        clock.run_coroutine(take())
    largest = max(amount for _, amount in taken)
    for start, _ in taken:
        assert sum(amount for at, amount in taken if start <= at < start + 60 - 1e-3) <= limit + largest + 1


@pytest.mark.parametrize("limit", [0.01, 60_000_000])
def test_a_clock_that_rounds_keeps_nobody_waiting(limit: float):
    async def take() -> float:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1e6)
        bucket = Bucket(limit, loop.time)
        for _ in range(20):
            await bucket.take(limit / 7)
        return loop.time() - 1e6

    with testing.clock(limit=1e9) as clock:
        assert clock.run_coroutine(take()) == pytest.approx(19 / 7 * 60, rel=0.1, abs=60 / limit * 19)


def test_a_correction_wakes_whoever_waits():
    async def wait() -> float:
        loop = asyncio.get_running_loop()
        bucket = Bucket(60, loop.time)
        await bucket.take(100)
        loop.call_later(5, bucket.give, 90)
        await bucket.take(1)
        return loop.time()

    with testing.clock() as clock:
        assert clock.run_coroutine(wait()) == pytest.approx(10)
