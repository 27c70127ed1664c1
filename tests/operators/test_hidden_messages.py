"""Messages that quote what must not be shown: they are excerpts, which are cut off anywhere."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import reactivex as rx
from hypothesis import given, settings, strategies as st

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.errors import excerpt
from streamkit.stages import Redactor
from streamkit.stages.rewriting.hiding import excerpts_through
from tests.operators.reach import everything

SECRET = "bob@example.org"
MASK = "[redacted]"


def collected(stream: Any) -> Any:
    return testing.clock().run(stream.pipe(ops.redact("email")))


def data(parsed: Any) -> bytes:
    return f"data: {json.dumps(parsed)}\n\n".encode()


def lost(before: str) -> Any:
    async def body() -> Any:
        yield "a"
        raise ValueError(f"{before} {SECRET} and so on")

    return collected(sk.from_text(body)).error


def bad_sink(before: str) -> Any:
    def sink(item: Any) -> None:
        raise ValueError(f"{before} {SECRET} and so on")

    return collected(testing.script("a").pipe(ops.attach(sink))).error


def bad_tool(before: str) -> Any:
    def tool() -> Any:
        raise ValueError(f"{before} {SECRET} and so on")

    def ask(messages: Any) -> Any:
        return testing.script(tool_calls=[("tool", "{}")])

    return collected(sk.tool_loop(ask, "?", {"tool": tool}, rounds=2)).items


def refused(before: str) -> Any:
    return collected(sk.from_bytes([data({"error": {"message": f"{before} {SECRET} and so on"}})])).error


def unknown_reason(before: str) -> Any:
    choice = {"index": 0, "delta": {"content": "a"}, "finish_reason": f"{before} {SECRET} and so on"}
    reply = collected(sk.from_bytes([data({"choices": [choice]}), b"data: [DONE]\n\n"])).items[-1]
    return reply.warnings


def restarted(before: str) -> Any:
    reason = excerpt(f"{before} {SECRET} and so on")
    return collected(sk.stream(rx.of(sk.Restart(reason), sk.Reply()))).items


def noted(before: str) -> Any:
    error = sk.BrokenError("no")
    error.add_note(excerpt(f"{before} {SECRET} and so on"))
    return collected(sk.stream(rx.throw(error))).error


MESSAGES = {
    "a source": (lost, 200),
    "a sink": (bad_sink, 200),
    "a tool": (bad_tool, 200),
    "a server": (refused, 1000),
    "a warning": (unknown_reason, 200),
    "a restart": (restarted, 200),
    "a note": (noted, 200),
}


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_that_was_cut_within_what_is_hidden_shows_no_piece_of_it(message: str) -> None:
    make, limit = MESSAGES[message]
    shown = set()
    for size in range(limit - 50, limit, 3):
        told = everything(make("z" * size))
        assert "zzz" in told
        assert "bob" not in told
        shown.add(MASK in told)
    assert True in shown


def test_the_end_of_a_body_is_where_no_more_of_it_was_read() -> None:
    for size in range(1, len(SECRET)):
        error = collected(testing.script(fail=sk.StatusError("no", body=f'{{"to": "{SECRET[:size]}'))).error
        assert error.body == f'{{"to": "{MASK}'
    assert collected(testing.script(fail=sk.StatusError("no", body='{"to": 1}'))).error.body == '{"to": 1}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Loading… done", f"{MASK}… done"),
        ("reason 'x y bob@ex…', taken", f"reason 'x y {MASK}…', taken"),
        ("…b@example.org and on", "… and on"),
        ("from …ample.org, …", "from … …"),
        ("one. … two", "one. … two"),
        (f"a {SECRET}… b {SECRET} c bo…", f"a {MASK}… b {MASK} c {MASK}…"),
        ("", ""),
        ("…", "…"),
    ],
)
def test_what_is_left_of_what_was_cut_off_is_masked(text: str, told: str) -> None:
    assert excerpts_through(Redactor("email"), text) == told


@given(st.integers(0, 50), st.sampled_from(["email", "key", "words"]))
@settings(max_examples=60, deadline=None)
def test_wherever_an_excerpt_ends(size: int, rule: str) -> None:
    secret = {"email": SECRET, "key": "sk-proj-abcdefABCDEF0123456789abcdef", "words": "two words here"}[rule]
    text = excerpt("say: " + "x " * 5 + secret + " and " * 9, 10 + size)
    told = excerpts_through(Redactor([secret] if rule == "words" else rule), text)
    assert told.count("…") == 1
    for part in range(4, len(secret)):
        assert secret[:part] not in told


def test_a_stage_without_cut_sees_the_message_as_it_is() -> None:
    class Upper:
        def feed(self, text: str) -> list[str]:
            return [text.upper()]

        def flush(self) -> list[str]:
            return []

    assert excerpts_through(Upper(), "so far…and on") == "SO FAR…AND ON"


def test_the_text_of_a_result_is_no_excerpt() -> None:
    call = sk.ToolCall("1", "f", "{}")
    event = sk.ToolResult(call, ["Loading…", "…and on"], "Loading…")
    shown = collected(sk.stream(rx.of(event, sk.Reply()))).items[0]
    assert shown.value == ["Loading…", "…and on"]
    assert shown.error == f"{MASK}…"


def test_guard_tells_no_excerpt_of_a_malformed_reply_either() -> None:
    async def body() -> Any:
        await asyncio.sleep(0)
        yield data({"choices": [{"index": 0, "delta": {"content": "Fine. "}}]})
        yield f"data: {SECRET}\n\n".encode()

    error = testing.clock().run(sk.from_bytes(body).pipe(ops.guard(lambda text: True))).error
    assert isinstance(error, sk.MalformedError)
    assert SECRET not in everything(error)
