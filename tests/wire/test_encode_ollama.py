"""Events in the form of Ollama's own API: what is written reads back, and is what its official library reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamkit.errors import ApiError
from streamkit.events import (
    Event,
    File,
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
from streamkit.stages import Fold
from streamkit.wire import APIS, Encoder
from tests.wire.bodies import read

EVENTS = [
    Start("", "m"),
    ReasoningDelta("hm "),
    TextDelta("Hello 世界 "),
    ToolCallDelta("", 0, "a", "f"),
    ToolCallDelta('{"x"', 0),
    ToolCallDelta("", 1, "b", "g"),
    ToolCallDelta(":1}", 0),
    ToolCall("a", "f", '{"x":1}', 0, 0),
    TextDelta("😀\r\n\u2028"),
    TextDelta("of another choice", 1),
    LogprobsDelta({"content": [{"token": "x", "logprob": -1}]}),
    ToolCallDelta("{}", 1),
    ToolCall("b", "g", "{}", 0, 1),
    ToolCall("c", "h", "[1]"),
    Finish("tool_calls"),
    UsageUpdate(Usage(1, 2)),
]


def written(*events: Event, **options: Any) -> list[bytes]:
    encoder = Encoder("ollama", **options)
    return [*(block for event in events for block in encoder.feed(event)), *encoder.flush()]


def read_back(*events: Event) -> Reply:
    found, error = read(written(*events), "ollama")
    assert error is None, error
    assert isinstance(found[-1], Reply)
    return found[-1]


def folded(*events: Event) -> Reply:
    fold = Fold()
    for event in events:
        fold.feed(event)
    return fold.reply()


def test_everything_that_has_a_form_survives():
    back, expected = read_back(*EVENTS), folded(*EVENTS)
    assert (back.text, back.reasoning, back.model) == (expected.text, expected.reasoning, "m")
    assert (back.tool_calls, back.usage) == (expected.tool_calls, Usage(1, 2, 3))
    assert back.choices[0].logprobs == expected.choices[0].logprobs
    assert (back.finish_reason, back.outcome) == ("stop", "complete")


def test_each_object_is_a_line():
    blocks = written(*EVENTS, model="mine", created=1_700_000_000)
    assert all(block.endswith(b"\n") and block.count(b"\n") == 1 for block in blocks)
    first, *_, last = map(json.loads, blocks)
    assert first == {
        "model": "mine",
        "created_at": "2023-11-14T22:13:20Z",
        "message": {"role": "assistant", "content": "", "thinking": "hm "},
        "done": False,
    }
    assert last == {
        "model": "mine",
        "created_at": "2023-11-14T22:13:20Z",
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 1,
        "eval_count": 2,
    }


@pytest.mark.parametrize(
    ("reason", "told", "outcome"),
    [
        ("end_turn", "stop", "complete"),
        ("max_tokens", "length", "length"),
        ("content_filter", "content_filter", "filtered"),
        (None, "stop", "complete"),
    ],
)
def test_reasons(reason: str | None, told: str, outcome: str):
    back = read_back(TextDelta("a"), *([Finish(reason)] if reason else []))
    assert (back.finish_reason, back.outcome) == (told, outcome)


def test_a_call_of_which_nobody_said_that_it_is_whole():
    back = read_back(ToolCallDelta('{"a":', 0, "x", "f"), ToolCallDelta("1}", 0), Finish("tool_calls"))
    assert back.tool_calls == (ToolCall("x", "f", '{"a":1}'),)


def test_a_refusal_is_text():
    for reason in ("stop", "length"):
        back = read_back(RefusalDelta("No."), Finish(reason))
        assert (back.text, back.outcome) == ("No.", "refused" if reason == "stop" else "length")


def test_a_reply_ends_the_stream():
    reply = folded(TextDelta("a"), Finish("max_tokens"), UsageUpdate(Usage(3, 4)))
    encoder = Encoder("ollama")
    found, error = read([*encoder.feed(TextDelta("a")), *encoder.feed(reply)], "ollama")
    assert error is None
    assert isinstance(found[-1], Reply)
    assert (found[-1].outcome, found[-1].usage) == ("length", Usage(3, 4, 7))


def test_an_error():
    _, error = read(Encoder("ollama").fail(ApiError("the model is busy")), "ollama")
    assert type(error) is ApiError
    assert str(error) == "the model is busy"


def test_a_whole_reply():
    whole = APIS["ollama"].whole
    assert whole is not None
    reply = folded(*EVENTS)
    found, error = read(json.dumps(whole(reply)).encode(), "ollama")
    assert error is None
    back = found[-1]
    assert isinstance(back, Reply)
    assert (back.text, back.reasoning, back.tool_calls) == (reply.text, reply.reasoning, reply.tool_calls)
    assert back.usage == Usage(1, 2, 3)
    assert whole(folded(TextDelta("a")))["message"] == {"role": "assistant", "content": "a"}


def test_what_goes_back_is_the_same_after_reading_it_back():
    call = {"id": "1", "new": 2, "function": {"name": "f", "arguments": {"a": [1]}, "signature": "S"}}
    message = {"role": "assistant", "content": "a", "thinking": "Hm", "images": ["aGk="], "tool_calls": [call]}
    data = json.dumps({"model": "m", "message": message, "done": True, "done_reason": "stop"}).encode()
    *events, reply = read(data, "ollama")[0]
    assert isinstance(reply, Reply)
    assert reply.messages == [message]
    assert read_back(*events).messages == reply.messages
    whole = APIS["ollama"].whole
    assert whole is not None
    *_, again = read(json.dumps(whole(reply)).encode(), "ollama")[0]
    assert isinstance(again, Reply)
    assert again.messages == reply.messages


def test_files_that_are_not_whole_images_are_left_out():
    files = [File("audio", data="AA=="), File("image", url="https://a"), File("image", data="AA==", last=False)]
    assert len(written(*files)) == 1


def test_what_has_no_form_is_left_out():
    assert list(Encoder("ollama").feed(Other("notice"))) == []
    assert list(Encoder("ollama").feed(LogprobsDelta({"tokens": ["x"]}))) == []


TEXT = st.text(st.characters(categories=["L", "N", "P", "Z", "Cc", "Cs", "So"]), min_size=1)


@given(st.lists(st.builds(TextDelta, TEXT) | st.builds(ReasoningDelta, TEXT), max_size=9), st.integers())
def test_any_text_survives(events: list[Event], created: int):
    found, error = read(written(*events, Finish("stop"), created=created), "ollama")
    assert error is None
    back, expected = found[-1], folded(*events)
    assert isinstance(back, Reply)
    for ours, theirs in ((back.text, expected.text), (back.reasoning, expected.reasoning)):
        assert _joined(ours) == _joined(theirs)


def _joined(text: str) -> str:
    """As a reader sees it who joins the halves of characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@pytest.mark.slow
def test_the_official_library_reads_it():
    types = pytest.importorskip("ollama._types")
    objects = [types.ChatResponse(**json.loads(block)) for block in written(*EVENTS[:-3], *EVENTS[-2:])]
    assert "".join(one.message.content for one in objects) == folded(*EVENTS).text
    calls = [call.function for one in objects for call in one.message.tool_calls or ()]
    assert [(call.name, call.arguments) for call in calls] == [("f", {"x": 1}), ("g", {})]
    assert (objects[-1].done, objects[-1].done_reason, objects[-1].eval_count) == (True, "stop", 2)
