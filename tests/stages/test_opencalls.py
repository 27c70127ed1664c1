"""Which pieces a whole call is made of, for everything that asks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit import operators as ops
from streamkit.events import ToolCall, ToolCallDelta
from streamkit.stages.open_calls import OpenCalls
from streamkit.wire import Encoder
from tests.wire.bodies import DONE, check_calls, delta, finish, read, sse, tool, tools


def test_a_number_says_it_all():
    calls = OpenCalls()
    for number in range(3):
        calls.feed(ToolCallDelta("", number, None, "f"))
    assert [calls.close(ToolCall("", "f", "", call=number)) for number in (2, 0, 0, 1, 7)] == [2, 0, None, 1, None]
    assert calls.close(ToolCall("", "f", "", index=1, call=0)) is None


def test_without_a_number_the_oldest_of_the_same_name_is_meant():
    calls = OpenCalls()
    calls.feed(ToolCallDelta("", 0, "a", "f"))
    calls.feed(ToolCallDelta("", 1, None, "f"))
    calls.feed(ToolCallDelta("", 2))
    calls.feed(ToolCallDelta("", 2, None, "g"))
    wanted = [ToolCall("b", "h", ""), ToolCall("a", "f", ""), ToolCall("c", "f", ""), ToolCall("", "g", "")]
    assert [calls.close(call) for call in wanted] == [None, 0, 1, 2]


def test_a_call_begins_with_its_first_piece_or_as_a_whole():
    calls = OpenCalls()
    pieces = [("", 0, "a", "f"), ("{", 0), ("", 1, "b", "f"), ("", 0, "a", "f", 1)]
    assert [calls.begins(ToolCallDelta(*piece)) for piece in pieces] == [True, False, True, True]
    assert [calls.begins(ToolCall(id, "f", "{}")) for id in ("a", "c")] == [False, True]


# two calls of one function, interleaved, without ids: everything that reads them

TWO = [
    tools(tool('{"to":"ann@exa', name="send")),
    tools(tool('{"to":"eve', index=1, name="send")),
    tools(tool('@example.org"}', index=1)),
    tools(tool('mple.org"}')),
    finish("tool_calls"),
]
ARGUMENTS = ['{"to":"ann@example.org"}', '{"to":"eve@example.org"}']
BODY = sse(*TWO, DONE)


def test_what_is_hidden_stays_hidden_and_calls_stay_apart():
    events = list(sk.from_bytes([BODY]).pipe(ops.redact("email", parts=["tool_calls"])))
    check_calls(events)
    assert [call.args() for call in events[-1].tool_calls] == [{"to": "[redacted]"}] * 2  # type: ignore[union-attr]
    shown = "".join(map(repr, events))
    assert not any(part in shown for part in ("ann@", "eve@", "example"))


def test_the_json_of_each_call_grows_by_itself():
    values = list(sk.from_bytes([BODY]).pipe(ops.json_values(tool="send")))
    whole = [value for value in values if str(value.get("to")).endswith(".org")]
    assert whole == [json.loads(arguments) for arguments in reversed(ARGUMENTS)]


def test_calls_that_come_whole_have_values_of_their_own():
    calls = [ToolCall("", "f", f'{{"a":{n}}}') for n in range(3)]
    assert list(sk.stream([*calls, sk.Reply()]).pipe(ops.json_values(tool="f"))) == [{"a": n} for n in range(3)]


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_calls_are_written_once_and_read_back(api: str):
    encoder = Encoder(api)
    events, _ = read(BODY)
    written = b"".join(block for event in events for block in encoder.feed(event))
    again, error = read(written, api)
    assert error is None
    check_calls(again)
    assert [call.arguments for call in again[-1].tool_calls] == ARGUMENTS  # type: ignore[union-attr]


def test_calls_are_counted_once():
    def tokens(*events: Any) -> int:
        *_, reply = sk.stream(list(events)).pipe(ops.meter())
        return reply.usage.completion_tokens  # type: ignore[no-any-return]

    events, _ = read(BODY)
    assert tokens(*events) == tokens(*(event for event in events if not isinstance(event, ToolCall)))


ROUND = st.lists(
    st.tuples(st.sampled_from(["f", "g"]), st.dictionaries(st.text(max_size=2), st.integers(0, 9), min_size=1)),
    min_size=1,
    max_size=3,
)


@pytest.mark.slow
@given(ROUND, ROUND, st.booleans())
def test_in_each_round_of_a_tool_loop_events_and_replies_agree(
    first: list[tuple[str, Any]], second: list[tuple[str, Any]], ids: bool
):
    replies: list[sk.Reply] = []

    def body(calls: list[tuple[str, Any]]) -> bytes:
        entries = [
            tool(part, index=n, id=f"c{n}" if ids and not at else None, name=name if not at else None)
            for at in (0, 1)
            for n, (name, value) in enumerate(calls)
            for part in (json.dumps(value)[3 * at :] if at else json.dumps(value)[:3],)
        ]
        return sse(*map(tools, entries), finish("tool_calls"), DONE)

    rounds = iter([body(first), body(second), sse(delta(content="done"), finish(), DONE)])

    def ask(_: Any) -> sk.Stream[sk.Event]:
        return sk.from_bytes([next(rounds)]).pipe(ops.attach(sk.on(reply=replies.append)))

    def answer(**_: Any) -> int:
        return 1

    events = list(sk.tool_loop(ask, "go", {"f": answer, "g": answer}))
    told = [(event.name, event.args()) for event in events if isinstance(event, ToolCall)]
    assert sorted(map(repr, told)) == sorted(map(repr, [*first, *second]))
    assert [[(call.name, call.args()) for call in reply.tool_calls] for reply in replies] == [first, second, []]
    assert events[-1].rounds == 3  # type: ignore[union-attr]
