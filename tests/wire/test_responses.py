"""Events of the Responses API: in pieces, whole, and both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.errors import ApiError, BrokenError, MalformedError
from streamkit.events import (
    BlockEnd,
    BlockStart,
    Finish,
    LogprobsDelta,
    Other,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageUpdate,
)
from streamkit.wire import Parser
from tests.wire.bodies import DONE, error_of, read, sse

API = "responses"


def ev(type: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{type}", **fields}


def text(piece: str, item: int = 0, part: int = 0, **more: Any) -> dict[str, Any]:
    return ev("output_text.delta", output_index=item, content_index=part, delta=piece, **more)


def item(type: str, index: int = 0, *, done: bool = False, **fields: Any) -> dict[str, Any]:
    return ev("output_item.done" if done else "output_item.added", output_index=index, item={"type": type, **fields})


def message(*texts: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": one} for one in texts]}


def end(status: str = "completed", *output: Any, **fields: Any) -> dict[str, Any]:
    return ev(status, response={"id": "r1", "model": "m", "status": status, "output": list(output), **fields})


BESIDE = (Start, BlockStart, BlockEnd, Other, Reply)
CREATED = ev("created", response={"id": "r1", "model": "m", "error": None})


def events_of(*chunks: Any) -> list[Any]:
    """Without Start, blocks, Other and the Reply; the same whether events are named or not."""
    events, error = read(sse(CREATED, *chunks), API)
    assert error is None, error
    named = b"".join(sse(chunk, event=chunk["type"]) for chunk in (CREATED, *chunks))
    assert read(named, API) == (events, None)
    return [event for event in events if not isinstance(event, BESIDE)]


def reply_of(*chunks: Any) -> Reply:
    events, error = read(sse(CREATED, *chunks), API)
    assert error is None, error
    assert isinstance(events[-1], Reply)
    return events[-1]


def test_a_plain_reply():
    chunks = [
        CREATED,
        ev("in_progress", response={"id": "r1"}),
        item("message", content=[]),
        ev("content_part.added", output_index=0, content_index=0, part={"type": "output_text", "text": ""}),
        text("Hel"),
        text("lo"),
        ev("output_text.done", output_index=0, content_index=0, text="Hello"),
        ev("content_part.done", output_index=0, content_index=0, part={"type": "output_text", "text": "Hello"}),
        item("message", done=True, content=[{"type": "output_text", "text": "Hello"}]),
        end("completed", message("Hello"), usage={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
    ]
    events, error = read(sse(*chunks), API)
    assert error is None
    reply = events[-1]
    assert events == [
        Start("r1", "m"), BlockStart("message"), TextDelta("Hel"), TextDelta("lo"), BlockEnd("message"), Finish("stop"),
        UsageUpdate(Usage(1, 2, 3)), reply,
    ]  # fmt: skip
    assert (reply.text, reply.id, reply.model, reply.outcome) == ("Hello", "r1", "m", "complete")


WHOLE_TEXT = {
    "in pieces": [text("a"), text("b"), end()],
    "at the end of the text": [ev("output_text.done", output_index=0, content_index=0, text="ab"), end()],
    "at the end of the part": [
        ev("content_part.done", output_index=0, content_index=0, part={"type": "output_text", "text": "ab"}),
        ev("content_part.done", output_index=0, content_index=1, part={"type": "reasoning_text", "text": "hm"}),
        end(),
    ],
    "at the end of the item": [item("message", done=True, content=message("a", "b")["content"]), end()],
    "at the end of the reply": [end("completed", message("a"), message("b"))],
    "five times": [
        text("a"), text("b"), ev("output_text.done", output_index=0, content_index=0, text="ab"),
        item("message", done=True, content=message("ab")["content"]), end("completed", message("ab")),
    ],
    "at another place in the end": [text("ab", 1), end("completed", message("ab"))],
    "in two parts": [
        text("a"), text("b", 0, 1), ev("output_text.done", output_index=0, content_index=1, text="b"), end(),
    ],
    "in two items": [text("a"), text("b", 2), item("message", 2, done=True, content=message("b")["content"]), end()],
    "one item in pieces, one whole": [text("a"), item("message", 1, done=True, content=message("b")["content"]), end()],
    "item ids change": [text("a", item_id="x"), text("b", item_id="y"), end()],
    "no positions": [
        ev("output_text.delta", delta="a", item_id="x"), ev("output_text.delta", delta="b", item_id="x"),
        ev("output_text.done", text="ab", item_id="x"), end(),
    ],
    "nothing to go by": [ev("output_text.delta", delta="a"), ev("output_text.delta", delta="b"), end()],
    "odd output": [text("ab"), end("completed", "x", 5, {"type": ["message"]}, message("ab"))],
    "output is no list": [text("ab"), ev("completed", response={"output": "x"})],
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE_TEXT)
def test_text_is_taken_once(name: str):
    reply = reply_of(*WHOLE_TEXT[name])
    assert (reply.text, reply.finish_reason) == ("ab", "stop")


def thought(piece: str, kind: str = "summary_", done: bool = False) -> dict[str, Any]:
    what = {"text": piece} if done else {"delta": piece}
    return ev(f"reasoning_{kind}text.{'done' if done else 'delta'}", output_index=0, **what)


BOTH = {"summary": [{"text": "short"}], "content": [{"text": "long"}]}


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([thought("a"), thought("b"), thought("ab", done=True), end()], "ab"),
        ([thought("a", ""), thought("b", ""), end()], "ab"),
        ([thought("a"), thought("x", ""), thought("b"), thought("x", "", True), end()], "ab"),
        ([thought("ab", done=True), end()], "ab"),
        ([item("reasoning", done=True, **BOTH), end()], "short"),
        ([item("reasoning", done=True, summary=[], content=[{"text": "long"}, {"text": 5}, "x"]), end()], "long"),
        ([thought("a", ""), item("reasoning", 1, done=True, **BOTH), end()], "along"),
        ([end("completed", {"type": "reasoning", **BOTH})], "short"),
        ([thought("a"), end("completed", {"type": "reasoning", **BOTH})], "a"),
        ([item("reasoning", done=True, summary=None, encrypted_content="x"), end()], ""),
    ],
)
def test_reasoning_has_one_source(chunks: list[Any], expected: str):
    assert reply_of(*chunks).reasoning == expected


def test_refusals():
    pieces = [ev("refusal.delta", output_index=0, content_index=0, delta=one) for one in ("I ", "cannot")]
    done = ev("refusal.done", output_index=0, content_index=0, refusal="I cannot")
    for chunks in ([*pieces, done], [done], [item("message", done=True, content=[{"refusal": "I cannot"}])]):
        reply = reply_of(*chunks, end())
        assert (reply.refusal, reply.text, reply.outcome) == ("I cannot", "", "refused")
    assert events_of(*pieces, end())[:2] == [RefusalDelta("I "), RefusalDelta("cannot")]


def test_log_probabilities():
    chunks = [text("a", logprobs=[]), text("b", logprobs=[{"token": "b"}]), text("", logprobs=[1]), end()]
    assert events_of(*chunks)[:4] == [
        TextDelta("a"), TextDelta("b"), LogprobsDelta({"content": [{"token": "b"}]}), LogprobsDelta({"content": [1]}),
    ]  # fmt: skip


def arguments(piece: str, index: int = 0, kind: str = "function_call_arguments") -> dict[str, Any]:
    return ev(f"{kind}.delta", output_index=index, delta=piece)


CALL = {"id": "fc1", "call_id": "a", "name": "f"}
CALLS: dict[str, list[Any]] = {
    "in pieces": [
        item("function_call", **CALL, arguments=""), arguments('{"x"'), arguments(":1}"),
        ev("function_call_arguments.done", output_index=0, arguments='{"x":1}'),
        item("function_call", done=True, **CALL, arguments='{"x":1}'),
    ],
    "without ends": [item("function_call", **CALL), arguments('{"x"'), arguments(":1}")],
    "whole at the end of the arguments": [
        item("function_call", **CALL), ev("function_call_arguments.done", output_index=0, arguments='{"x":1}'),
    ],
    "whole at the end of the item": [item("function_call", done=True, **CALL, arguments='{"x":1}')],
    "whole in the reply": [],
    "custom": [
        item("custom_tool_call", **CALL, input=""), arguments('{"x":1}', 0, "custom_tool_call_input"),
        ev("custom_tool_call_input.done", output_index=0, input='{"x":1}'),
    ],
    "item not seen": [
        arguments('{"x"'), arguments(":1}"), ev("function_call_arguments.done", output_index=0, arguments='{"x":1}'),
        item("function_call", done=True, **CALL, arguments='{"x":1}'),
    ],
    "named at the end of the arguments": [
        item("function_call", call_id="a"),
        ev("function_call_arguments.done", output_index=0, arguments='{"x":1}', name="f"),
    ],
    "by id": [
        ev("output_item.added", item={"type": "function_call", **CALL}),
        ev("function_call_arguments.delta", item_id="fc1", delta='{"x":1}'),
    ],
    "an object": [item("function_call", done=True, **CALL, arguments={"x": 1})],
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_announced_once(name: str):
    final = {"type": "function_call", **CALL, "arguments": '{"x":1}'}
    events = events_of(*CALLS[name], end("completed", final))
    assert [event for event in events if type(event) is ToolCall] == [ToolCall("a", "f", '{"x":1}')]
    assert events[-1] == Finish("tool_calls")
    reply = reply_of(*CALLS[name], end("completed", final))
    assert reply.tool_calls == (ToolCall("a", "f", '{"x":1}'),)


def test_parallel_calls_are_joined_by_position():
    events = events_of(
        item("function_call", 0, call_id="a", name="f"),
        item("function_call", 1, id="b", name="g"),
        arguments("[1", 0),
        arguments("[2", 1),
        arguments("]", 0),
        arguments("]", 1),
        end(),
    )
    assert [event.call for event in events if type(event) is ToolCallDelta] == [0, 1, 0, 1, 0, 1]
    assert [event for event in events if type(event) is ToolCall] == [
        ToolCall("a", "f", "[1]"),
        ToolCall("b", "g", "[2]"),
    ]


def test_one_place_for_all_calls():
    first = item("function_call", done=True, call_id="a", name="f", arguments="[1]")
    second = item("function_call", done=True, call_id="b", name="f", arguments="[2]")
    both = (ToolCall("a", "f", "[1]"), ToolCall("b", "f", "[2]"))
    assert reply_of(first, second, end()).tool_calls == both
    second = item("function_call", call_id="b", name="f")
    assert reply_of(first, second, arguments("[2"), arguments("]"), end()).tool_calls == both


def test_calls_of_the_final_list_that_never_came_before():
    first = item("function_call", done=True, call_id="a", name="f", arguments="[1]")
    final = [{"type": "function_call", "call_id": id, "name": "f", "arguments": "[1]"} for id in "abb"]
    assert [call.id for call in reply_of(first, end("completed", final[0])).tool_calls] == ["a"]
    assert [call.id for call in reply_of(text("x"), end("completed", *final)).tool_calls] == ["a", "b", "b_2"]
    other = {**final[1], "arguments": "[2]"}
    assert [call.id for call in reply_of(first, end("completed", final[0], other)).tool_calls] == ["a", "b"]
    renamed = {**final[0], "call_id": "other"}
    assert [call.id for call in reply_of(first, end("completed", renamed)).tool_calls] == ["a"]


def test_the_reason_is_what_came_last():
    call = item("function_call", done=True, **CALL, arguments="{}")
    assert events_of(text("a"), call, end())[-1] == Finish("tool_calls")
    assert events_of(call, thought("hm"), end())[-1] == Finish("tool_calls")
    assert events_of(call, text("a", 1), end())[-1] == Finish("stop")
    assert events_of(text("a"), call, text("b"), end())[-1] == Finish("stop")


@pytest.mark.parametrize(
    ("last", "reason", "outcome"),
    [
        (end("incomplete", incomplete_details={"reason": "max_output_tokens"}), "max_output_tokens", "length"),
        (end("incomplete", incomplete_details={"reason": "content_filter"}), "content_filter", "filtered"),
        (end("incomplete", incomplete_details=None), "incomplete", "length"),
        (end("incomplete", incomplete_details={"reason": 5}), "incomplete", "length"),
        (end("cancelled"), "cancelled", "cancelled"),
        (ev("completed", response={"status": "incomplete"}), "incomplete", "length"),
        (ev("completed"), "stop", "complete"),
    ],
)
def test_how_a_reply_ends(last: Any, reason: str, outcome: str):
    reply = reply_of(text("a"), last)
    assert (reply.text, reply.finish_reason, reply.outcome) == ("a", reason, outcome)


def test_nothing_counts_after_the_terminal_event():
    events, error = read(sse(CREATED, text("a"), end(), text("b"), {"error": "no"}, end("failed"), DONE), API)
    assert error is None
    assert (events[-1].text, len([event for event in events if type(event) is Reply])) == ("a", 1)


def test_done_ends_a_reply_too():
    events, error = read(sse(CREATED, text("a"), item("function_call", 1, **CALL), DONE), API)
    assert error is None
    assert (events[-2], events[-1].outcome) == (ToolCall("a", "f", ""), "complete")


def test_without_a_terminal_event_a_reply_is_broken():
    error = error_of(sse(CREATED, text("a"), ev("output_text.done", output_index=0, content_index=0, text="a")), API)
    assert isinstance(error, BrokenError)
    assert error.partial.text == "a"
    assert read(sse(text("a")), API, lenient=True)[1] is None
    assert isinstance(read(sse(CREATED), API, lenient=True)[1], BrokenError)


FULL = {"message": "no", "code": "server_error", "param": None}


@pytest.mark.parametrize(
    "data",
    [
        sse({"type": "error", **FULL}),
        sse({"type": "error", "sequence_number": 1, "error": {"type": "server_error", **FULL}}),
        sse({"type": "error", **FULL}, event="error"),
        sse(FULL, event="error"),
        sse({"error": FULL}),
        sse(end("failed", error=FULL)),
        sse({**text("b"), "error": FULL}),
        sse(ev("completed", response={"status": "failed", "error": FULL})),
        sse(ev("completed", response={"error": FULL})),
        sse("no", event="error"),
    ],
)
def test_errors(data: bytes):
    error = error_of(sse(CREATED, text("a"), text("b")) + data + sse(end()), API)
    assert isinstance(error, ApiError)
    assert (str(error), error.partial.text) == ("no", "ab")
    assert error.retryable is (error.code == "server_error")


def test_a_message_instead_of_a_response_is_an_error():
    assert isinstance(error_of(sse({"detail": "Not Found"}), API), ApiError)


def test_a_failure_without_words_has_some_and_keeps_its_usage():
    for form in ({}, {"error": None}):
        events, error = read(sse(ev("failed", response={**form, "usage": {"input_tokens": 1}})), API)
        assert isinstance(error, ApiError)
        assert "failed" in str(error)
        assert error.partial.usage == Usage(1)
        assert events[-1] == UsageUpdate(Usage(1))


def test_an_error_event_that_says_nothing_is_an_error():
    assert isinstance(error_of(sse({"type": "error"}), API), ApiError)


@pytest.mark.parametrize(
    "chunk",
    [
        text(5),  # type: ignore[arg-type]
        ev("created", response="x"),
        ev("completed", response=[1]),
        ev("output_item.added", item=["x"]),
        item("function_call", call_id=5),
        item("function_call", done=True, **CALL, arguments=5),
        ev("output_text.done", text=5),
        [1],
        "x",
    ],
)
def test_other_shapes_are_malformed(chunk: Any):
    assert isinstance(error_of(sse(text("a"), chunk), API), MalformedError)


@pytest.mark.parametrize(
    "chunk",
    [
        {"type": "new"}, {"type": ["x"]}, {}, ev("mcp_call_arguments.delta", delta="{}"),
        ev("web_search_call_words.delta", delta="x"), ev("output_item.added", item={"type": ["function_call"]}),
        ev("output_item.added", item={"type": "", "x": 1}), ev("reasoning.started"),
    ],
)  # fmt: skip
def test_what_nobody_knows_is_kept(chunk: dict[str, Any]):
    events, _ = read(sse(CREATED, chunk, end()), API)
    assert Other(chunk["type"] if isinstance(chunk.get("type"), str) else "") in events
    assert [event.raw for event in events if type(event) is Other] == [chunk]


def test_a_start_comes_with_content_at_the_latest():
    for chunk in (text("a"), arguments("{}"), thought("a"), text("", logprobs=[1]), end("completed", message("a"))):
        events, _ = read(sse(chunk, end()), API)
        assert type(events[0]) is Start


def test_halves_of_characters_are_joined():
    halves = [json.dumps(text("@")).replace("@", half) for half in (r"a\ud83d", r"\ude00", r"\ud83d")]
    assert events_of_raw(*halves, end())[:3] == [TextDelta("a"), TextDelta("😀"), TextDelta("\ud83d")]


def events_of_raw(*chunks: Any) -> list[Any]:
    events, error = read(sse(*chunks), API)
    assert error is None
    return [event for event in events if not isinstance(event, BESIDE)]


def test_half_a_character_is_not_taken_for_no_arguments():
    whole = ev("function_call_arguments.done", output_index=0, arguments="\ud83d")
    chunks = [item("function_call", **CALL), arguments("\ud83d"), whole, end()]
    data = b"".join(sse(json.dumps(chunk)) for chunk in chunks)
    assert read(data, API)[0][-1].tool_calls[0].arguments == "\ud83d"  # type: ignore[union-attr]


def test_a_whole_response_in_one_document():
    form = {
        "object": "response", "id": "r1", "model": "m", "status": "completed", "error": None,
        "output": [
            {"type": "reasoning", "summary": [{"text": "hm"}]}, message("Hi"), {"type": "function_call", **CALL},
        ],
        "usage": {"input_tokens": 1},
    }  # fmt: skip
    events = list(Parser(API).body(json.dumps(form).encode()))
    assert [event for event in events if not isinstance(event, BESIDE)][:4] == [
        ReasoningDelta("hm"),
        TextDelta("Hi"),
        ToolCallDelta("", 0, "a", "f"),
        ToolCall("a", "f", ""),
    ]
    assert events[-1].outcome == "complete"
    assert read(sse(form, DONE), API)[0][1:5] == events[1:5]  # the same in a stream
    for status in ("queued", "in_progress"):
        with pytest.raises(MalformedError, match="not a reply"):
            list(Parser(API).body(json.dumps({**form, "status": status}).encode()))
    *_, cut = Parser(API).body(json.dumps({**form, "status": "incomplete"}).encode())
    assert cut.outcome == "length"
    with pytest.raises(ApiError):
        list(Parser(API).body(json.dumps({**form, "status": "failed", "error": {"message": "no"}}).encode()))
