"""How many requests policies make that are put around each other: counted, on virtual time, by the scripted server."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.scripted.server import as_play

Ask: TypeAlias = Callable[[], Any]

AGAIN, PARTS, ROUNDS, PROMPTS = 2, 2, 3, 2
PLAYS = {
    "busy": as_play(sk.StatusError("busy", status=503, retryable=True)),
    "silent": testing.Script(head_after=1e5),
    "cut": testing.Script("half", drop_after=1),
    "tool": testing.Script(tool_calls=[("look", {})]),
}
COURSES = [
    "busy", "silent", "cut", "tool", "busy cut", "busy tool", "busy busy cut cut busy busy cut", "busy busy tool",
    "busy busy tool tool busy", "busy tool tool", "busy silent busy busy busy", "tool tool cut",
]  # fmt: skip
"""What the server does, again and again: the worst for each pair is among them."""
AROUND: dict[str, Callable[[Ask], Any]] = {
    "client": lambda ask: ask(),
    "retry_unstarted": lambda ask: ask().pipe(ops.retry_unstarted(sk.Retry(attempts=AGAIN))),
    "restart": lambda ask: ask().pipe(ops.continue_with(lambda partial: ask(), attempts=PARTS)),
    "prefill": lambda ask: ask().pipe(ops.continue_with(lambda partial: ask(), mode="prefill", attempts=PARTS)),
    "fallback": lambda ask: ask().pipe(ops.fallback(ask())),
    "race": lambda ask: sk.race(ask(), ask()),
    "tool_loop": lambda ask: sk.tool_loop(lambda messages: ask(), "hi", {"look": lambda: "seen"}, rounds=ROUNDS),
    "batch": lambda ask: sk.batch(range(PROMPTS), lambda prompt: ask()),
}
MOST = {  # around what is named first: nothing, then the others in their order
    "client": (3, 5, 7, 7, 6, 6, 9, 6),
    "retry_unstarted": (3, 3, 7, 7, 6, 6, 9, 6),
    "restart": (3, 3, 3, 3, 6, 6, 9, 6),
    "prefill": (3, 3, 3, 3, 6, 6, 9, 6),
    "fallback": (2, 2, 4, 4, 4, 4, 6, 4),
    "race": (2, 2, 6, 6, 4, 4, 6, 4),
    "tool_loop": (3, 5, 9, 9, 4, 4, 3, 6),
}


class Course:
    """Answers as a course says, from its beginning."""

    def __init__(self) -> None:
        self._plays: Iterator[Any] = iter(())
        self.asked = 0

    def begin(self, course: str) -> None:
        self._plays, self.asked = cycle(PLAYS[name] for name in course.split()), 0

    def answer(self, api: str, body: Mapping[str, Any]) -> Any:
        self.asked += 1
        return next(self._plays).answer(api, body)


@pytest.mark.slow
@pytest.mark.parametrize("inner", MOST)
def test_the_most_requests_of_every_pair(inner: str) -> None:
    course, retry = Course(), sk.Retry(attempts=AGAIN if inner == "client" else 0)
    found = dict.fromkeys(AROUND, 0)
    with testing.clock() as clock, testing.client(course, retry=retry, limits=sk.Limits(first_byte=1)) as client:
        for outer in AROUND:
            for name in COURSES:
                course.begin(name)
                clock.run(AROUND[outer](lambda: AROUND[inner](lambda: client.chat("hi"))))
                found[outer] = max(found[outer], course.asked)
    assert tuple(found.values()) == MOST[inner]


def test_the_table_of_the_docs_is_right() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "errors-and-limits.md"
    if not page.exists():
        pytest.skip("tests of an installed wheel: no documents around them")
    names = ["Client(retry=)", "retry_unstarted", "continue_with", "fallback", "race", "tool_loop"]
    rows = [line for line in page.read_text("utf-8").splitlines() if line.startswith(tuple(f"| `{n}" for n in names))]
    told = [[int(cell) for cell in row.split("|")[2:-1]] for row in rows if row.count("|") == 9]
    alike = [row[:2] + row[3:] for name, row in MOST.items() if name != "prefill"]  # both modes of continue_with
    assert [tuple(row) for row in told] == alike


def refused(**details: Any) -> sk.StatusError:
    return sk.StatusError("busy", status=429, retryable=True, **details)


def asked_at(client: testing.ScriptedClient, operator: Any) -> tuple[testing.Recorded, int]:
    return testing.clock().run(client.chat("hi").pipe(operator(client))), len(client.requests)


@pytest.mark.parametrize("mode", ["restart", "prefill"])
def test_continuing_repeats_nothing_that_the_client_gave_up(mode: Any) -> None:
    with testing.client(refused()) as client:
        got, requests = asked_at(client, lambda one: ops.continue_with(lambda _: one.chat("hi"), mode=mode, attempts=2))
    assert requests == 3
    assert isinstance(got.error, sk.StatusError)
    assert got.error.given_up


def test_what_a_server_puts_off_for_long_is_repeated_by_nobody() -> None:
    with testing.client(refused(retry_after=3600)) as client:
        for operator in (
            ops.retry_unstarted(sk.Retry(retry_after=1e5)),
            ops.continue_with(lambda _: client.chat("hi")),
        ):
            got, requests = asked_at(client, lambda _, operator=operator: operator)
            assert got.ended_at < 1
            assert got.error.given_up
    assert requests == 2


def test_continuing_waits_as_long_as_the_server_asks() -> None:
    with testing.client(refused(retry_after=30), "fine", retry=sk.Retry(attempts=0)) as client:
        got, requests = asked_at(client, lambda one: ops.continue_with(lambda _: one.chat("hi")))
    assert (got.reply.text, got.reply.attempts, requests) == ("fine", 2, 2)
    assert got.times[0] == pytest.approx(30, abs=0.1)
    with testing.client(refused(retry_after=61), retry=sk.Retry(attempts=0)) as client:
        got, requests = asked_at(client, lambda one: ops.continue_with(lambda _: one.chat("hi"), attempts=9))
    assert (requests, got.error.given_up) == (1, True)


def test_continuing_can_be_left_while_it_waits() -> None:
    with testing.client(refused(retry_after=30), retry=sk.Retry(attempts=0)) as client:
        stream = client.chat("hi").pipe(ops.continue_with(lambda _: client.chat("hi")))
        assert testing.clock().run(stream, until=3).ended_at == pytest.approx(3)
        assert len(client.requests) == 1


def test_a_client_without_retries_leaves_them_to_the_policy_around_it() -> None:
    with testing.client(refused(), refused(), "fine", retry=sk.Retry(attempts=0)) as client:
        got, requests = asked_at(client, lambda _: ops.retry_unstarted())
    assert (got.reply.text, got.reply.attempts, requests) == ("fine", 3, 3)


def test_silence_is_left_to_the_policy_around_the_client() -> None:
    silent = testing.Script("late", head_after=1000)
    with testing.client(silent, "fine") as client:
        got, requests = asked_at(client, lambda _: ops.retry_unstarted(sk.Retry(first=1, jitter=0)))
    assert (got.reply.text, requests) == ("fine", 2)
    assert got.times[0] == pytest.approx(301, abs=0.1)
    with testing.client(silent) as client:
        got = testing.clock().run(client.chat("hi"))
        assert (len(client.requests), got.ended_at) == (1, pytest.approx(300))
    assert (got.error.clock, got.error.retryable, got.error.given_up) == ("first_byte", True, False)


def test_who_gave_up_is_told_by_every_copy_and_never_by_the_original() -> None:
    error = refused()
    gone = error.as_given_up()
    assert (error.given_up, gone.given_up, gone.is_same(error)) == (False, True, True)
    assert gone.with_partial(sk.Reply()).given_up
    assert copy.copy(gone).given_up
    assert pickle.loads(pickle.dumps(gone)).given_up
    with testing.client(refused()) as client:
        run = sk.tool_loop(lambda messages: client.chat(messages), "hi", {})
        assert testing.clock().run(run).error.given_up


@pytest.mark.parametrize("mode", ["restart", "prefill"])
def test_closing_a_client_is_the_end_under_every_policy(mode: Any) -> None:
    seen: list[Any] = []

    def ask(partial: sk.Reply) -> Any:
        raise AssertionError("nothing is asked again")

    async def main() -> sk.StreamkitError:
        async with testing.client(testing.Script("Hello world", every=1)) as client:
            shown = asyncio.Event()

            def show(event: Any) -> None:
                seen.append(event)
                if isinstance(event, sk.TextDelta):
                    shown.set()

            run = sk.start(client.chat("hi").pipe(ops.continue_with(ask, mode=mode), ops.retry_unstarted()), show)
            await shown.wait()
            await client.aclose()
            with pytest.raises(sk.BrokenError, match="client was closed") as caught:
                await run
            assert len(client.requests) == 1
            return caught.value

    error = testing.clock().run_coroutine(main())
    assert error.given_up
    text = "".join(event.text for event in seen if isinstance(event, sk.TextDelta))
    assert text
    assert error.partial.text == text
    assert not any(isinstance(event, sk.Restart) for event in seen)


def test_what_a_policy_begins_last_may_take_the_client_more_requests() -> None:
    with testing.client(PLAYS["cut"], refused()) as client:
        got, requests = asked_at(client, lambda one: ops.continue_with(lambda _: one.chat("hi"), attempts=1))
    assert (requests, got.error.given_up) == (4, True)


def test_fallback_counts_the_requests_of_every_stream() -> None:
    with testing.client(refused()) as busy, testing.client("fine") as good:
        got = testing.clock().run(busy.chat("hi").pipe(ops.fallback(good.chat("hi"))))
        assert (got.reply.text, got.reply.attempts) == ("fine", 4)
        assert len(busy.requests) + len(good.requests) == 4


@pytest.mark.parametrize("together", [sk.race, lambda one, other: one.pipe(ops.fallback(other))])
def test_a_failure_of_all_counts_the_requests_of_all(together: Any) -> None:
    with testing.client(refused()) as busy:
        got = testing.clock().run(together(busy.chat("hi"), busy.chat("hi")))
        assert isinstance(got.error, sk.AllFailedError)
        assert (got.error.partial.attempts, got.error.given_up, len(busy.requests)) == (6, True, 6)
    with testing.client(refused()) as busy, testing.client(sk.StatusError("no", status=401)) as closed:
        got = testing.clock().run(together(busy.chat("hi"), closed.chat("hi")))
        assert (got.error.partial.attempts, got.error.given_up) == (4, False)


def test_the_run_tells_of_all_attempts() -> None:
    async def main() -> sk.Reply:
        with testing.client(refused(), "fine", retry=sk.Retry(attempts=0)) as client:
            run = sk.start(client.chat("hi").pipe(ops.retry_unstarted(), ops.text()), lambda piece: None)
            reply = await run
            assert [one.attempts for one in run.replies] == [1, 1]
            return reply

    assert testing.clock().run_coroutine(main()).attempts == 2
