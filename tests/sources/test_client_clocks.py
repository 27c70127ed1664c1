"""The clocks with their real, long limits, in virtual time: a body is what a script says, second by second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import httpx
import pytest

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.sources.http.limits import CLOCKS
from tests.faults.bodies import END, START, reply, say
from tests.libraries import class_of, with_both

Steps = Iterable[bytes | float]
FOR_EVER = 1e9


class Scripted:
    """Answers after ``head`` seconds; the bodies' numbers are seconds of silence."""

    library: Any

    def __init__(self, *bodies: Callable[[], Steps], head: float = 0.0) -> None:
        self._bodies, self._head = list(bodies), head
        self.asked: list[float] = []
        self.closed = 0

    async def handle_async_request(self, request: Any) -> Any:
        self.asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._head)
        body = self._bodies.pop(0) if len(self._bodies) > 1 else self._bodies[0]
        stream = class_of(self.library, _Body)(self, body())
        return self.library.Response(200, headers={"content-type": "text/event-stream"}, stream=stream)


class _Body:
    def __init__(self, transport: Scripted, steps: Steps) -> None:
        self._transport, self._steps = transport, steps

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for step in self._steps:
            if isinstance(step, bytes):
                yield step
            else:
                await asyncio.sleep(step)

    async def aclose(self) -> None:
        self._transport.closed += 1


def drip(*before: bytes | float, step: bytes, every: float) -> Callable[[], Steps]:
    def steps() -> Steps:
        yield from before
        while True:
            yield every
            yield step

    return steps


def scripted(*bodies: Callable[[], Steps], head: float = 0.0, library: Any = httpx) -> Any:
    """A `Scripted` as a transport of ``library``."""
    return class_of(library, Scripted)(*bodies, head=head)


def run(transport: Any, *branches: Any, **options: Any) -> testing.Recorded:
    options.setdefault("retry", sk.Retry(attempts=0))
    client = sk.Client("http://localhost/v1", transport=transport, model="m", **options)
    with testing.clock() as clock:
        return clock.run(client.chat("hi"), *branches)


@with_both
@pytest.mark.parametrize(
    ("body", "head", "clock", "at", "text"),
    [
        (lambda: [START], 1e6, "first_byte", 300.0, ""),
        (lambda: [FOR_EVER], 0.0, "first_byte", 300.0, ""),
        (lambda: [30.0, START, say("a"), FOR_EVER], 20.0, "byte_idle", 110.0, "a"),
        (drip(START, say("a"), step=b": ping\n\n", every=20.0), 0.0, "event_idle", 600.0, "a"),
        (drip(START, say("a"), step=b"\n", every=20.0), 0.0, "event_idle", 600.0, "a"),
        (drip(step=b"\n", every=20.0), 0.0, "event_idle", 620.0, ""),
        (drip(START, say("a"), step=say(""), every=20.0), 0.0, "event_idle", 600.0, "a"),
        (drip(START, step=say("a"), every=45.0), 0.0, "total", 3600.0, "a" * 79),
        (lambda: [START, say("a"), END, FOR_EVER], 0.0, None, 60.0, "a"),
    ],
    ids=[
        "head",
        "body",
        "silence",
        "comments",
        "blank lines",
        "blank lines first",
        "empty deltas",
        "total",
        "finished",
    ],
)
def test_default_limits(body: Any, head: float, clock: str | None, at: float, text: str, library: Any) -> None:
    transport = scripted(body, head=head, library=library)
    seen = run(transport)
    assert (seen.error.clock if isinstance(seen.error, sk.StalledError) else None) == clock
    assert seen.ended_at == pytest.approx(at, abs=0.2)
    assert seen.reply.text == text
    assert transport.closed == (0 if head > 60 else 1)


def test_slower_than_any_limit_is_fine_as_long_as_it_goes_on() -> None:
    def steps() -> Steps:
        yield START
        for _ in range(60):
            yield 55.0
            yield say("a")
        yield END

    seen = run(scripted(steps))
    assert (seen.error, seen.reply.text, seen.ended_at) == (None, "a" * 60, 3300.0)


def test_a_slow_sink_stops_the_idle_clocks() -> None:
    """The server has sent everything long ago, or would, if it were read."""

    async def slow(event: Any) -> None:
        await asyncio.sleep(50)

    seen = run(
        scripted(lambda: [START, *(say("a") for _ in range(30)), 59.0, reply("b")]),
        sk.branch(into=slow, capacity=1),
        limits=sk.Limits(event_idle=61),
    )
    assert seen.error is None
    assert seen.reply.text == "a" * 30 + "b"
    assert seen.ended_at > 1600


def test_a_sink_that_blocks_the_loop_does_not_use_up_the_idle_clocks() -> None:
    def block(event: Any) -> None:
        if isinstance(event, sk.TextDelta):
            loop: Any = asyncio.get_running_loop()
            loop.now += 100

    seen = run(
        scripted(lambda: [START, say("a"), 59.0, say("b"), 59.0, reply("c")]), block, limits=sk.Limits(event_idle=60)
    )
    assert (seen.error, seen.reply.text) == (None, "abc")


def test_keep_alives_that_come_after_content_do_not_move_its_clock() -> None:
    seen = run(scripted(drip(START, say("a"), 10.0, say("b"), step=b": ping\n\n", every=20.0)))
    assert (seen.error.clock, seen.ended_at) == ("event_idle", 610.0)


def test_total_counts_on_while_a_sink_holds() -> None:
    async def slow(event: Any) -> None:
        await asyncio.sleep(50)

    seen = run(
        scripted(lambda: [START, *(say("a") for _ in range(30)), END]),
        sk.branch(into=slow, capacity=1),
        limits=sk.Limits(total=500),
    )
    assert isinstance(seen.error, sk.StalledError)
    assert seen.error.clock == "total"


@pytest.mark.parametrize(("body", "at"), [([FOR_EVER], 300.0), ([START, FOR_EVER], 60.0), ([200.0, reply("")], 200.0)])
def test_a_request_that_the_server_may_be_at_work_on_is_not_made_again(body: Any, at: float) -> None:
    transport = scripted(lambda: body, lambda: [reply("fine")])
    seen = run(transport, retry=sk.Retry())
    assert (transport.asked, seen.ended_at) == ([0.0], pytest.approx(at))
    if at != 200.0:
        assert isinstance(seen.error, sk.StalledError)
        assert (seen.error.retryable, seen.error.given_up, seen.error.partial.attempts) == (True, False, 1)


def test_a_policy_around_the_client_asks_again_after_silence() -> None:
    transport = scripted(lambda: [FOR_EVER], lambda: [START, FOR_EVER], lambda: [reply("fine")])
    client = sk.Client("http://localhost/v1", transport=transport, model="m")
    with testing.clock() as clock:
        seen = clock.run(client.chat("hi").pipe(ops.retry_unstarted(sk.Retry(jitter=0))))
    assert (seen.error, seen.reply.text, seen.reply.attempts) == (None, "fine", 3)
    assert transport.asked == [0.0, 300.5, 361.5]
    assert sum(isinstance(event, sk.Start) for event in seen.items) == 1


def test_half_an_hour_of_limits_off() -> None:
    limits = sk.Limits(**dict.fromkeys(CLOCKS))
    seen = run(scripted(lambda: [1800.0, START, 1800.0, say("a"), 86_000.0, END]), limits=limits)
    assert (seen.error, seen.reply.text, seen.ended_at) == (None, "a", 89_600.0)


@with_both
def test_a_cancel_while_waiting_for_the_next_attempt(library: Any) -> None:
    def cut() -> Steps:
        yield START
        raise library.ReadError("cut")

    transport = scripted(cut, library=library)
    client = sk.Client("http://localhost/v1", transport=transport, model="m", retry=sk.Retry(first=8, jitter=0))
    with testing.clock() as clock:
        seen = clock.run(client.chat("hi"), until=3.0)
    assert (seen.error, seen.reply.outcome, seen.ended_at) == (None, "cancelled", 3.0)
    assert (len(transport.asked), transport.closed) == (1, 1)
