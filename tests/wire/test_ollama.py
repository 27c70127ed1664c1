"""Ollama's own API: replies as its servers send them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamkit.errors import ApiError, BrokenError, MalformedError, StreamkitError
from streamkit.events import (
    Event,
    File,
    Finish,
    LogprobsDelta,
    Other,
    ReasoningDelta,
    Reply,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    UsageUpdate,
)
from streamkit.json_form import to_json
from streamkit.testing import every_split
from streamkit.wire import APIS, Parser
from tests.wire.bodies import check_calls, read
from tests.wire.test_corpus import CORPUS, INDEX, seen

OLLAMA = APIS["ollama"]
FILES: list[dict[str, Any]] = (
    [case for line in INDEX.read_text().splitlines() if (case := json.loads(line))["api"] == "ollama"]
    if INDEX.exists()
    else []
)


def lines(*chunks: Any) -> bytes:
    return b"".join(json.dumps(chunk).encode() + b"\n" for chunk in chunks)


def piece(**message: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "created_at": "2026-01-02T03:04:05Z",
        "message": {"role": "assistant", **message},
        "done": False,
    }


def say(text: Any) -> dict[str, Any]:
    return piece(content=text)


def end(reason: Any = "stop", **more: Any) -> dict[str, Any]:
    return {**piece(content=""), "done": True, "done_reason": reason, **more}


def call(name: Any, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **more}


def events_of(*chunks: Any) -> list[Event]:
    """What whole chunks amount to, without Start and the Reply."""
    events, error = read(lines(*chunks), "ollama")
    assert error is None, error
    check_calls(events)
    return [event for event in events if not isinstance(event, (Start, Reply))]


def reply_of(*chunks: Any) -> Reply:
    events, error = read(lines(*chunks), "ollama")
    assert error is None, error
    assert isinstance(events[-1], Reply)
    return events[-1]


@pytest.mark.skipif(not FILES, reason="the recorded streams are kept elsewhere")
def test_there_are_recorded_streams():
    assert len(FILES) >= 3


@pytest.mark.parametrize("case", FILES, ids=[case["file"] for case in FILES])
def test_a_recorded_stream(case: dict[str, Any]):
    data, expected = (CORPUS / case["file"]).read_bytes(), case["expected"]
    events, error = read(data, "ollama")
    assert error is None
    check_calls(events)
    reply = events[-1]
    assert isinstance(reply, Reply)
    assert (reply.text, len(reply.reasoning)) == (expected["text"], expected["reasoning_len"])
    assert (reply.finish_reason, reply.outcome) == (expected["finish_reason"], "complete")
    told = [(one.name, json.loads(one.arguments)) for one in reply.tool_calls]
    assert told == [(one["name"], one["arguments"]) for one in expected["tool_calls"]]
    assert len({one.id for one in reply.tool_calls} - {""}) == len(told)
    assert reply.usage is not None
    assert reply.usage.raw == expected["usage"]
    assert [reply.usage.prompt_tokens, reply.usage.completion_tokens] == list(expected["usage"].values())
    assert reply.model == case["model"]
    assert not [event for event in events if type(event) is Other]
    assert not reply.warnings


@pytest.mark.parametrize("case", FILES, ids=[case["file"] for case in FILES])
def test_the_cuts_of_a_recorded_stream_do_not_matter(case: dict[str, Any]):
    data = (CORPUS / case["file"]).read_bytes()
    expected = seen(read(data, "ollama"))
    for size in (1, 2, 3, 7, 100, 1000):
        assert seen(read([data[at : at + size] for at in range(0, len(data), size)], "ollama")) == expected


def test_every_kind_of_content():
    assert events_of(
        piece(content="", thinking="Hm"),
        piece(content=None, thinking=""),
        say("Hel"),
        say("lo"),
        piece(content="", tool_calls=[call("f", {"a": "é"}), call("g", '{"b": 2}', id="x")]),
        piece(content=" there", thinking="!"),
        piece(content="", images=["aGk="]),
        end(prompt_eval_count=3, eval_count=4, total_duration=5),
    ) == [
        ReasoningDelta("Hm"),
        TextDelta("Hel"),
        TextDelta("lo"),
        ToolCallDelta('{"a":"é"}', 0, "call_20260102T030405Z_0", "f"),
        ToolCall("call_20260102T030405Z_0", "f", '{"a":"é"}', 0, 0),
        ToolCallDelta('{"b": 2}', 1, "x", "g"),
        ToolCall("x", "g", '{"b": 2}', 0, 1),
        ReasoningDelta("!"),
        TextDelta(" there"),
        File("image", data="aGk=", form={"images": ["aGk="]}),
        Finish("stop"),
        UsageUpdate(reply_of(end(prompt_eval_count=3, eval_count=4)).usage),  # type: ignore[arg-type]  # it has one
    ]


def test_the_start_names_the_model_and_every_event_has_its_chunk():
    chunks = [say("a"), piece(content="b"), end()]
    events = read(lines(*chunks), "ollama")[0]
    assert events[0] == Start("", "m")
    assert [event.raw for event in events] == [chunks[0], chunks[0], chunks[1], chunks[2], None]


@pytest.mark.parametrize("arguments", [{}, None, "", "{}"])
def test_a_call_without_arguments(arguments: Any):
    reply = reply_of(piece(content="", tool_calls=[call("now", arguments)]), end())
    assert [(one.name, one.arguments) for one in reply.tool_calls] == [("now", "{}")]


def test_the_same_call_twice_is_two_calls():
    reply = reply_of(
        piece(tool_calls=[call("f", {"a": 1}), call("f", {"a": 1})]), piece(tool_calls=[call("f", {})]), end()
    )
    assert [one.id for one in reply.tool_calls] == [f"call_20260102T030405Z_{at}" for at in range(3)]
    assert [one.arguments for one in reply.tool_calls] == ['{"a":1}', '{"a":1}', "{}"]


def test_pieces_of_a_call_are_joined():
    def part(text: str, **more: Any) -> dict[str, Any]:
        return piece(content="", tool_calls=[{"function": {"name": "f", "arguments": text}, **more}])

    for more in ({"index": 0, "id": "x"}, {"id": "x"}, {"index": 0}):
        reply = reply_of(part('{"a"', **more), part(":1}", **more), end())
        assert [(one.name, one.arguments) for one in reply.tool_calls] == [("f", '{"a":1}')]
        assert reply.tool_calls[0].id == more.get("id", "call_20260102T030405Z_0")
    assert reply_of(part("", id="x"), end()).tool_calls[0].arguments == "{}"
    assert len(reply_of(part('{"a":1}'), part('{"a":1}'), end()).tool_calls) == 2


def test_arguments_that_are_no_object_are_told_as_text():
    assert reply_of(piece(tool_calls=[call("f", 5)]), end()).tool_calls[0].arguments == "5"


def test_the_sum_of_the_figures_is_known():
    usage = reply_of(say("a"), end(prompt_eval_count=3, eval_count=4)).usage
    assert usage is not None
    assert usage.total_tokens == 7


def test_a_document_that_is_not_done_is_cut():
    with pytest.raises(BrokenError):
        list(Parser("ollama").body(json.dumps(say("a"), indent=1).encode()))


def test_log_probabilities_have_the_form_of_chat_completions():
    told = [{"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "a", "logprob": -0.5}]}]
    events = events_of({**say("a"), "logprobs": told}, {**say("b"), "logprobs": None}, end())
    assert events == [TextDelta("a"), LogprobsDelta({"content": told}), TextDelta("b"), Finish("stop")]


def test_generated_text_is_read_as_well():
    events = events_of(
        {"model": "m", "response": "", "thinking": "Hm", "done": False},
        {"model": "m", "response": "Hi", "done": False},
        {"model": "m", "completed": 1, "total": 4, "done": False},
        {"model": "m", "image": "aGk=", "response": "", "done": False},
        {"model": "m", "response": "", "done": True, "done_reason": "length", "context": [1], "eval_count": 2},
    )
    assert events[:4] == [ReasoningDelta("Hm"), TextDelta("Hi"), File("image", data="aGk="), Finish("length")]
    assert isinstance(events[4], UsageUpdate)


@pytest.mark.parametrize(
    ("reason", "outcome", "told"),
    [
        ("stop", "complete", "stop"),
        ("load", "complete", "load"),
        ("unload", "complete", "unload"),
        ("", "complete", "stop"),
        (None, "complete", "stop"),
        ("whatever", "complete", "whatever"),
    ],
)
def test_a_reply_without_a_word(reason: Any, outcome: str, told: str):
    reply = reply_of(end(reason))
    assert (reply.text, reply.outcome, reply.finish_reason) == ("", outcome, told)
    assert bool(reply.warnings) == (reason == "whatever")


def test_a_reply_at_its_limit():
    assert reply_of(say("a"), end("length")).outcome == "length"
    assert type(read(lines(end("length")), "ollama")[1]) is ApiError


def test_a_prompt_out_of_the_cache_has_no_figure():
    usage = reply_of(say("a"), end(eval_count=1)).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.raw) == (None, 1, {"eval_count": 1})
    assert reply_of(say("a"), end()).usage is None


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        ({"error": "an error was encountered while running the model"}, None, False),
        ({"error": "server busy, please try again"}, None, True),
        ({"error": "upstream", "status_code": 503}, 503, True),
        ({"error": {"message": "no", "code": "nope"}}, "nope", False),
        ({"model": "m", "error": "no", "done": True}, None, False),
        ({**say("b"), "error": "no"}, None, False),
        (end("error"), "error", False),
    ],
)
def test_an_error_in_the_middle(error: dict[str, Any], code: Any, retryable: bool):
    for pieces in every_split(lines(say("a"), error)):
        _, found = read(pieces, "ollama")
        assert type(found) is ApiError
        assert (found.code, found.retryable) == (code, retryable)
        assert found.partial is not None
        assert found.partial.text == ("ab" if error.get("message", {}).get("content") else "a")


def test_an_error_and_nothing_else():
    for data in (
        lines({"error": "model 'x' not found"}),
        b'{"error": "model \'x\' not found"}',
        b'{\n"error": "not found"\n}',
    ):
        for events in (Parser("ollama").body(data), *([Parser("ollama").feed(data)] if data.count(b"\n") == 1 else [])):
            with pytest.raises(ApiError, match="not found"):
                list(events)


def test_words_in_place_of_a_chunk_are_an_error_if_nothing_follows():
    words = {"message": "no Route matched", "request_id": "1"}
    assert type(read(lines(words), "ollama")[1]) is ApiError
    assert [type(event) for event in events_of(words, say("a"), end())] == [Other, TextDelta, Finish]


@pytest.mark.parametrize("chunks", [[], [say("")], [say("a")], [say("a"), {**end(), "done": False}]])
def test_a_reply_without_its_end_is_cut(chunks: list[Any]):
    _, error = read(lines(*chunks), "ollama")
    assert type(error) is BrokenError
    assert error.retryable == (chunks in ([], [say("")]))


def test_a_lenient_reader_takes_a_clean_end_for_the_end():
    events, error = read(lines(say("a")), "ollama", lenient=True)
    assert error is None
    assert events[-1].text == "a"  # type: ignore[union-attr]  # a Reply


@pytest.mark.parametrize(
    "chunk",
    [
        {"message": "text", "done": False},
        {"message": [], "done": False},
        say(1),
        piece(thinking=[]),
        piece(tool_calls={}) | {"message": {"tool_calls": {"function": {}}}},
        piece(tool_calls=["f"]),
        piece(tool_calls=[call([], {})]),
        end(reason=["stop"]),
    ],
)
def test_what_has_another_shape(chunk: dict[str, Any]):
    _, error = read(lines(say("a"), chunk, end()), "ollama")
    assert type(error) is MalformedError


@pytest.mark.parametrize(
    ("chunk", "names"),
    [
        (say(""), []),
        (piece(), []),
        ({"model": "m", "message": {}, "done": False, "remote_host": "https://ollama.com:443"}, []),
        ({"model": "m", "done": False}, []),
        (piece(content="", audio="aGk="), ["audio"]),
        ({**say(""), "citations": [1]}, ["citations"]),
        ({"type": "notice"}, ["notice"]),
        (piece(content="", tool_name="f"), ["tool_name"]),
        ({**say(""), "logprobs": "x"}, ["logprobs"]),
        ({"response": "", "done": False, "context": [1]}, ["context"]),
        ({**say(""), "model": "another"}, ["model"]),
    ],
)
def test_known_chunks_are_silent_and_others_are_not(chunk: dict[str, Any], names: list[str]):
    events = events_of(say("a"), chunk, end())
    assert [event.name for event in events if isinstance(event, Other)] == names


def test_halves_of_a_character():
    data = lines(say("a")) + b"".join(
        b'{"message":{"content":"%b"},"done":false}\n' % half for half in (b"\\ud83d", b"\\ude00", b"\\ud83d")
    )
    events, error = read(data + lines(end()), "ollama")
    assert error is None
    assert events[-1].text == "a\U0001f600\ud83d"  # type: ignore[union-attr]  # a Reply


def test_a_dialect_reads_objects_that_somebody_else_has_parsed():
    parser = Parser("ollama")
    events = [event for chunk in (say("a"), say("b"), end()) for event in parser.feed_object(chunk)]
    assert parser.done
    assert events[-1].text == "ab"  # type: ignore[union-attr]  # a Reply


@pytest.mark.parametrize(
    ("form", "ours"),
    [
        (say("a"), True),
        (end(), True),
        ({"response": "a", "done": False}, True),
        ({"model": "m", "created_at": "x", "done": False, "total": 4}, True),
        ({"choices": [], "message": {}}, False),
        ({"type": "message", "message": {}}, False),
        ({"object": "response", "done": True}, False),
    ],
)
def test_whose_chunk_it_is(form: dict[str, Any], ours: bool):
    assert OLLAMA.owns(form) is ours


FIELDS = st.sampled_from(["content", "thinking", "tool_calls", "images", "role", "function", "name", "arguments", "id"])
LEAVES = (
    st.none() | st.booleans() | st.integers(-1, 2) | st.floats() | st.sampled_from(["", "a", "\ud83d", "stop", "{}"])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=3), max_leaves=6
)
CHUNK = st.fixed_dictionaries({"done": st.booleans() | VALUES}, optional={
    "message": st.dictionaries(FIELDS, VALUES, max_size=4) | VALUES, "model": VALUES, "response": VALUES,
    "error": VALUES, "done_reason": VALUES, "eval_count": VALUES, "prompt_eval_count": VALUES, "logprobs": VALUES,
    "image": VALUES, "status_code": VALUES,
})  # fmt: skip


@pytest.mark.slow
@given(st.lists(CHUNK | VALUES, max_size=5))
def test_any_chunks(chunks: list[Any]):
    data = lines(*chunks)
    events, error = read(data, "ollama")
    assert (type(events[-1]) is Reply) if error is None else isinstance(error, StreamkitError)
    if error is None:
        check_calls(events)
    again, other = read([data[i : i + 1] for i in range(len(data))], "ollama")
    assert ([*map(to_json, again)], repr(other)) == ([*map(to_json, events)], repr(error))
