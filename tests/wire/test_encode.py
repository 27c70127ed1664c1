"""What is written parses to the same content, and nothing that is written can be taken for something else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

from streamkit import wire
from streamkit.errors import ApiError, BrokenError
from streamkit.events import (
    Choice,
    Finish,
    LogprobsDelta,
    Other,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    Usage,
    UsageUpdate,
)
from streamkit.stages import Fold
from streamkit.wire import Encoder, ServerSentEvent, frame
from tests.wire.bodies import read

EVENTS = [
    Start("r1", "m"),
    ReasoningDelta("hm "),
    ReasoningDelta("so"),
    TextDelta("Hello 世界 "),
    TextDelta("😀\r\n\u2028"),
    ToolCallDelta("", 0, "a", "f"),
    ToolCallDelta('{"x"', 0),
    ToolCallDelta("", 1, "b", "g"),
    ToolCallDelta(":1}", 0),
    ToolCall("a", "f", '{"x":1}'),
    ToolCallDelta("[1]", 1),
    ToolCall("b", "g", "[1]"),
    RefusalDelta("no"),
    LogprobsDelta({"content": [{"token": "x"}]}),
    Finish("tool_calls"),
    UsageUpdate(Usage(1, 2, 3, 4, 5)),
]


def written(*events: Any, api: str = "chat", **options: Any) -> bytes:
    encoder = Encoder(api, **options)
    return b"".join([*(block for event in events for block in encoder.feed(event)), *encoder.flush()])


def read_back(*events: Any, api: str = "chat") -> Reply:
    found, error = read(written(*events, api=api), api)
    assert error is None, error
    assert isinstance(found[-1], Reply)
    return found[-1]


def folded(*events: Any) -> Reply:
    fold = Fold()
    for event in events:
        fold.feed(event)
    return fold.reply()


def test_chat_reads_back_event_by_event():
    found, error = read(written(*EVENTS))
    assert error is None
    assert found == [*EVENTS, folded(*EVENTS)]


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_everything_a_reply_says_survives(api: str):
    back, expected = read_back(*EVENTS, api=api), folded(*EVENTS)
    assert (back.text, back.reasoning, back.refusal) == (expected.text, expected.reasoning, expected.refusal)
    assert (back.tool_calls, back.usage, back.id, back.model) == (expected.tool_calls, expected.usage, "r1", "m")
    assert back.choices[0].logprobs == expected.choices[0].logprobs


def test_completions_have_text_and_usage():
    back = read_back(*EVENTS, api="completions")
    assert (back.text, back.reasoning, back.tool_calls) == (folded(*EVENTS).text, "", ())
    assert (back.usage, back.finish_reason) == (Usage(1, 2, 3, 4, 5), "tool_calls")


TEXT = st.text(st.characters(categories=["L", "N", "P", "Z", "Cc", "Cs", "So"]), min_size=1)


def no_json(text: str) -> str:
    """Arguments that no reader takes for a whole object, behind which nothing counts."""
    return re.sub(r"[{}\[\]]", ".", text)


ANY = st.one_of(
    st.builds(TextDelta, TEXT, st.integers(0, 2)),
    st.builds(ReasoningDelta, TEXT, st.integers(0, 2)),
    st.builds(RefusalDelta, TEXT, st.integers(0, 2)),
    st.builds(ToolCallDelta, TEXT.map(no_json), st.just(0), st.just("a"), st.just("f")),
    st.builds(UsageUpdate, st.builds(Usage, *[st.none() | st.integers(1, 99)] * 5)),
)


def joined(text: str) -> str:
    """As a reader sees it who joins the halves of characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@given(st.lists(ANY, max_size=20), st.sampled_from(["stop", "length", "content_filter"]))
def test_any_content_survives(events: list[Any], reason: str):
    assume(reason != "length" or any(type(event) is not UsageUpdate for event in events))
    back, expected = read_back(*events, Finish(reason)), folded(*events, Finish(reason))
    for ours, theirs in zip(back.choices, expected.choices, strict=True):
        for field in ("text", "reasoning", "refusal"):
            assert joined(getattr(ours, field)) == joined(getattr(theirs, field))
        assert [joined(c.arguments) for c in ours.tool_calls] == [joined(c.arguments) for c in theirs.tool_calls]
    assert (back.finish_reason, back.outcome) == (reason, expected.outcome)


@pytest.mark.slow
@given(st.lists(ANY, max_size=20), st.sampled_from(["stop", "length", "content_filter"]))
def test_any_content_of_choice_0_survives_as_a_response(events: list[Any], reason: str):
    events = [event for event in events if getattr(event, "index", 0) == 0]
    assume(reason != "length" or any(type(event) is not UsageUpdate for event in events))
    back, expected = read_back(*events, Finish(reason), api="responses"), folded(*events, Finish(reason))
    for field in ("text", "reasoning", "refusal"):
        assert joined(getattr(back, field)) == joined(getattr(expected, field))
    assert [joined(c.arguments) for c in back.tool_calls] == [joined(c.arguments) for c in expected.tool_calls]
    assert back.outcome == expected.outcome


@pytest.mark.slow
@given(st.lists(ANY, max_size=20), st.sampled_from(["stop", "length", "content_filter"]))
def test_any_content_of_choice_0_survives_as_a_message(events: list[Any], reason: str):
    events = [event for event in events if getattr(event, "index", 0) == 0]
    assume(reason != "length" or any(type(event) is not UsageUpdate for event in events))
    back, expected = read_back(*events, Finish(reason), api="anthropic"), folded(*events, Finish(reason))
    said = "".join(event.text for event in events if isinstance(event, (TextDelta, RefusalDelta)))  # no other form
    assert (joined(back.text), joined(back.reasoning)) == (joined(said), joined(expected.reasoning))
    arguments = [joined(call.arguments).strip() or "{}" for call in expected.tool_calls]  # none there are an object
    assert [joined(call.arguments).strip() for call in back.tool_calls] == arguments
    assert back.outcome == {"filtered": "refused"}.get(expected.outcome, expected.outcome)


@pytest.mark.parametrize("api", ["chat", "responses", "anthropic"])
def test_a_call_without_pieces_is_written_whole(api: str):
    calls = (ToolCall("a", "f", "{}"), ToolCall("b", "g", "[1]"), ToolCall("b", "g", "[1]"))
    if api != "chat":
        assert read_back(*calls, api=api).tool_calls == (*calls[:2], ToolCall("b_2", "g", "[1]"))
    assert read_back(*calls[:2], api=api).tool_calls == calls[:2]
    mixed = [ToolCallDelta("{}", 0, "a", "f"), calls[0], calls[1]]
    assert read_back(*mixed, api=api).tool_calls == calls[:2]


@pytest.mark.parametrize("api", ["chat", "responses", "anthropic"])
def test_calls_may_be_announced_in_any_order(api: str):
    pieces = [ToolCallDelta("{}", 0, "a", "f"), ToolCallDelta("[]", 1, "b", "g")]
    calls = (ToolCall("a", "f", "{}"), ToolCall("b", "g", "[]"))
    assert read_back(*pieces, *reversed(calls), api=api).tool_calls == calls


def test_calls_of_several_choices_are_kept_apart():
    back = read_back(ToolCallDelta("{}", 0, "a", "f", 1), ToolCall("a", "f", "{}"), ToolCall("a", "f", "{}", 1))
    assert [len(one.tool_calls) for one in back.choices] == [1, 1]


@pytest.mark.parametrize("api", ["chat", "completions", "responses", "anthropic"])
def test_a_reply_ends_the_stream_with_what_was_not_told_before(api: str):
    reply = Reply((Choice(text="Hi", finish_reason="length"),), usage=Usage(1, 2, 3))
    encoder = Encoder(api)
    data = b"".join([*encoder.feed(TextDelta("Hi")), *encoder.feed(reply)])
    assert (
        encoder.flush() == encoder.feed(TextDelta("x")) == encoder.feed(reply) == encoder.fail(BrokenError("x")) == []
    )
    found, error = read(data, api)
    assert error is None
    assert (found[-1].text, found[-1].outcome, found[-1].usage) == ("Hi", "length", Usage(1, 2, 3))


def test_a_reply_tells_nothing_twice():
    data = written(
        TextDelta("Hi"), Finish("stop"), UsageUpdate(Usage(1)), Reply((Choice(finish_reason="stop"),), Usage(1))
    )
    assert (data.count(b'"stop"'), data.count(b'"usage"'), data.count(b"[DONE]")) == (1, 1, 1)


@pytest.mark.parametrize("api", ["chat", "completions", "responses", "anthropic"])
def test_a_running_count_is_told_once(api: str):
    counts = [Usage(1, count, 1 + count, origin="exact") for count in range(1, 4)]
    running = [item for count in counts for item in (TextDelta("Hi"), UsageUpdate(count))]
    data = written(*running, Reply((Choice(finish_reason="stop"),), counts[-1]), api=api)
    counted = b'"completion_tokens"' if api in ("chat", "completions") else b'"output_tokens":3'
    assert data.count(counted) == 1
    assert read(data, api)[0][-1].usage == Usage(1, 3, 4)


@pytest.mark.parametrize("api", ["chat", "completions", "responses", "anthropic"])
def test_what_has_no_form_is_left_out(api: str):
    encoder = Encoder(api)
    for event in (Other("x", raw={"a": 1}), Restart("x"), ToolResult(ToolCall("a", "f", ""))):
        assert encoder.feed(event) == []


def test_a_response_has_choice_0_only():
    assert read_back(TextDelta("a"), TextDelta("b", 1), Finish("length", 1), api="responses").text == "a"


def test_an_empty_reply_is_a_reply():
    for api in (name for name, one in wire.APIS.items() if one.writer is not None):
        assert read_back(Start("r", "m"), Finish("stop"), api=api).id == ("" if api == "ollama" else "r")
    assert read_back(api="responses").outcome == "complete"


def test_what_the_caller_says_stands_before_what_the_start_says():
    back = written(Start("r1", "m"), model="mine", id="x", created=5)
    form = json.loads(back.split(b"\n")[0][6:])
    assert (form["model"], form["id"], form["created"]) == ("mine", "x", 5)
    assert form["choices"][0]["delta"] == {"role": "assistant", "content": ""}


@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
@pytest.mark.parametrize("usage", [Usage(5, 6, 11, 2, 3), Usage(5, 6, 11)])
def test_all_figures_are_written_in_a_stream_and_in_a_document(api: str, usage: Usage):
    streamed = read_back(TextDelta("x"), Finish("stop"), UsageUpdate(usage), api=api)
    assert streamed.usage == usage
    whole = wire.APIS[api].whole
    assert whole is not None
    (*_, document) = wire.Parser(api).body(json.dumps(whole(streamed)).encode())
    zeros = {"cached_tokens": 0, "reasoning_tokens": 0} if api == "responses" and not usage.cached_tokens else {}
    assert document.usage == replace(usage, **zeros)


def test_the_role_comes_once_for_each_choice():
    data = written(Start(), TextDelta("a"), TextDelta("b", 1), TextDelta("c", 1))
    assert data.count(b'"role"') == 2


FOREIGN = [  # the word, and what it is in chat completions and in the Messages API
    ("end_turn", "stop", "end_turn"),
    ("STOP", "stop", "end_turn"),
    ("max_tokens", "length", "max_tokens"),
    ("model_context_window_exceeded", "length", "model_context_window_exceeded"),
    ("SAFETY", "content_filter", "refusal"),
    ("refusal", "content_filter", "refusal"),
    ("function_call", "function_call", "end_turn"),
    ("wombat", "wombat", "wombat"),
    ("cancelled", "cancelled", "cancelled"),
]


@pytest.mark.parametrize(("word", "chat", "message"), FOREIGN)
def test_a_word_for_the_end_is_one_that_the_readers_know(word: str, chat: str, message: str):
    events = (TextDelta("x"), Finish(word))
    for api, expected in (("chat", chat), ("completions", chat), ("anthropic", message)):
        assert read_back(*events, api=api).finish_reason == expected
        whole = wire.APIS[api].whole
        assert whole is not None
        assert f'"{expected}"' in json.dumps(whole(folded(*events)))
        assert read_back(TextDelta("x"), folded(*events), api=api).finish_reason == expected


def test_an_end_with_calls_has_a_word_of_its_own():
    call = ToolCallDelta("{}", 0, "a", "f")
    assert read_back(call, Finish("tool_use")).finish_reason == "tool_calls"
    assert read_back(call, Finish("STOP"), api="anthropic").finish_reason == "tool_use"
    assert read_back(call, Finish("stop")).finish_reason == "stop"  # as chat says it where a tool was forced
    assert read_back(call, Finish("stop", raw={"done_reason": "stop"})).finish_reason == "tool_calls"
    assert read_back(call, Finish("function_call")).finish_reason == "function_call"
    assert read_back(TextDelta("x"), call, Finish("refusal"), api="responses").outcome == "filtered"


@pytest.mark.parametrize("api", ["chat", "completions", "responses", "anthropic"])
def test_a_failure_is_reported_instead_of_an_end(api: str):
    for failure, code in ((ApiError("no", code=5, error_type="t", param="p"), 5), (BrokenError("no"), None)):
        encoder = Encoder(api)
        data = b"".join([*encoder.feed(TextDelta("Hi")), *encoder.fail(failure), *encoder.flush()])
        _, error = read(data, api)
        assert isinstance(error, ApiError)
        assert (str(error), error.code, error.partial.text) == ("no", code, "Hi")


def test_an_unknown_api_is_refused():
    with pytest.raises(ValueError, match="chat, completions, responses"):
        Encoder("smoke")


def test_characters_stay_as_they_are_but_for_lone_halves():
    assert "世界😀".encode() in written(TextDelta("世界😀"))
    assert rb"\ud83d" in written(TextDelta("\ud83d"))


# frames


@given(st.text(), st.text(), st.text())
def test_a_frame_is_one_event_whatever_it_says(data: str, event: str, id: str):
    if any(c in event + id for c in "\r\n\0"):
        with pytest.raises(ValueError, match="must not hold"):
            frame(data, event, id)
        return
    lines = data.replace("\r\n", "\n").replace("\r", "\n")
    assert list(wire.decode([frame(data, event, id)])) == [ServerSentEvent(event or "message", lines, id)]


def test_the_form_of_a_frame():
    assert frame("a") == b"data: a\n\n"
    assert frame(b"a\rb\r\nc\n", event="e", id="1") == b"event: e\nid: 1\ndata: a\ndata: b\ndata: c\ndata: \n\n"
    assert frame("\ud83d") == b"data: \\ud83d\n\n"
