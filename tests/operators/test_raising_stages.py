"""A stage that fails while it rewrites: that is the end, and nothing that it held gets out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import operators as ops, testing
from tests.operators.reach import everything

HELD = "hidden"


class Slow(sk.StageBase):
    """Holds everything behind a colon, and fails where ``at`` says."""

    def __init__(self, at: str, error: type[Exception] = sk.StreamkitError) -> None:
        self._at, self._error = at, error
        self._held: str | None = None

    def _check(self, place: str) -> None:
        if place == self._at:
            raise self._error("it took too long")

    def feed(self, text: str) -> list[str]:
        if "now" in text:
            self._check("feed")
        if "lost" in text:
            self._check("message")
        if self._held is not None:
            self._held += text
            return []
        shown, colon, held = text.partition(":")
        self._held = held if colon else None
        return [shown]

    def flush(self) -> list[str]:
        self._check("flush")
        return [self._held or ""]

    def cut(self) -> list[str]:
        self._check("cut")
        return ["..."]


def rewritten(at: str, error: type[Exception] = sk.StreamkitError, *, hides: bool = True) -> Any:
    return ops.rewrite(lambda: Slow(at, error), parts=["text", "reasoning", "tool_calls"], hides=hides, name="slow")


def script(**options: Any) -> sk.Stream[sk.Event]:
    return testing.script("shown:", HELD, " now ", "and on", **options)


CASES = {
    "feed": script,
    "flush": script,
    "cut": lambda: script(fail=sk.BrokenError("cut off")),
    "message": lambda: script(fail=sk.ApiError(f"lost {HELD}")),
}


@pytest.mark.parametrize("hides", [True, False])
@pytest.mark.parametrize("error", [sk.StreamkitError, ValueError])
@pytest.mark.parametrize("at", CASES)
def test_a_stage_that_fails_ends_the_run_and_shows_nothing_of_what_it_held(at, error, hides):
    if at == "message" and not hides:
        pytest.skip("messages are rewritten by what hides")
    run: list[sk.Run] = []

    async def main():
        items: list[Any] = []
        run.append(sk.start(CASES[at]().pipe(rewritten(at, error, hides=hides)), items.append))
        try:
            await asyncio.wait_for(asyncio.shield(run[0]), 60)
        except Exception as exc:
            return items, exc
        return items, None

    items, failure = testing.clock().run_coroutine(main())
    assert type(failure) is error
    assert str(failure) == "it took too long"
    assert not any(isinstance(item, sk.Reply) for item in items)
    shown = "".join(item.text for item in items if isinstance(item, sk.TextDelta))
    assert shown == ("shown..." if at == "message" else "shown")
    assert HELD not in everything([items, run[0].reply, run[0].replies, run[0].last])
    assert not hides or HELD not in everything(
        failure
    )  # else what the stage raised has the failure of the source behind
    if isinstance(failure, sk.StreamkitError):
        assert failure.partial.text == shown
        assert failure.partial.outcome == "failed"
    assert run[0].reply.text == shown


def test_the_partial_reply_tells_what_was_known_of_the_reply():
    got = testing.clock().run(script(model="m-1").pipe(rewritten("feed")))
    assert isinstance(got.error, sk.StreamkitError)
    assert got.error.partial.model == "m-1"


@pytest.mark.parametrize(
    "event",
    [
        sk.ToolCall("1", "f", '{"x": "lost"}'),
        sk.ToolResult(sk.ToolCall("1", "f", "{}"), "lost"),
        sk.Restart("lost"),
        sk.Restart("", kept="lost"),
        sk.ToolCallDelta("lost", 0, "1", "f"),
        sk.ReasoningDelta("lost"),
    ],
    ids=lambda event: event.type,
)
def test_whatever_it_was_to_rewrite(event):
    events = [sk.TextDelta("shown:hidden"), event, sk.TextDelta("more"), sk.Reply()]
    got = testing.clock().run(sk.stream(rx.of(*events)).pipe(rewritten("message")))
    assert str(got.error) == "it took too long"
    assert got.items == [sk.TextDelta("shown")]
    assert got.error.partial.text == "shown"


def test_a_place_that_notes_the_failure_gets_the_same_error_and_changes_nothing():
    async def main():
        items: list[Any] = []
        failing = testing.script("shown:", HELD, fail=sk.ApiError(f"lost {HELD}"))
        run = sk.start(failing.pipe(ops.note("above"), rewritten("message")), items.append)
        with pytest.raises(sk.StreamkitError, match="too long"):
            await run
        return items, run.notes["above"].error

    items, noted = testing.clock().run_coroutine(main())
    assert "".join(item.text for item in items if isinstance(item, sk.TextDelta)) == "shown..."
    assert str(noted) == "it took too long"
    assert HELD not in everything([items, noted])


def test_warnings_that_it_cannot_rewrite_are_left_out():
    reply = sk.Reply((sk.Choice(0, "x"),), warnings=("lost",))
    got = testing.clock().run(sk.stream(rx.of(sk.TextDelta("fine"), reply)).pipe(rewritten("message")))
    assert got.error is None
    assert (got.items[-1].text, got.items[-1].warnings) == ("fine", ())


def test_bare_text_ends_with_the_error_too():
    got = testing.clock().run(sk.stream(rx.of("shown:", HELD, " now ")).pipe(rewritten("feed")))
    assert (got.items, str(got.error)) == (["shown"], "it took too long")
    got = testing.clock().run(sk.stream(rx.of("shown:", HELD)).pipe(rewritten("flush")))
    assert (got.items, str(got.error)) == (["shown"], "it took too long")


def test_a_run_ends_though_nobody_can_say_what_was_let_through():
    class Broken(sk.StageBase):
        def feed(self, event):
            return [] if isinstance(event, sk.Reply) else [event]

        def flush(self):
            return ()

        def reply(self, reply):
            raise LookupError("no idea")

    closed: list[sk.Reply] = []

    class Keep:
        def write(self, item):
            pass

        def close(self, reply):
            closed.append(reply)

    async def main(*branches):
        await sk.start(script().pipe(ops.attach(Keep()), ops.stage(Broken)), print)

    async def beside():
        await sk.start(script(), sk.branch(ops.stage(Broken), into=Keep()))

    with pytest.raises(LookupError, match="no idea"):
        testing.clock().run_coroutine(main())
    assert closed[0].text == "shown:hidden now and on"
    with pytest.raises(sk.SinkError, match="no idea"):
        testing.clock().run_coroutine(beside())
    assert closed[1] == sk.Reply()
