"""Anthropic's Messages API as it is read: its blocks, its figures, its ends, and what goes wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from streamkit.errors import ApiError, BrokenError, MalformedError
from streamkit.events import (
    BlockEnd,
    BlockStart,
    Citation,
    Event,
    Finish,
    Other,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    ServerTool,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageUpdate,
)
from streamkit.reasons import meaning
from streamkit.turns import check_sum, sealed_slot
from streamkit.wire import APIS, Parser
from tests.wire.bodies import check_calls, error_of, read, splits

Form = dict[str, Any]


def start(**usage: Any) -> Form:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
    return {"type": "message_start", "message": {**message, "stop_reason": None, "usage": usage}}


def opened(kind: str, index: int | None = 0, **fields: Any) -> Form:
    return placed({"type": "content_block_start", "content_block": {"type": kind, **fields}}, index)


def grown(kind: str, index: int | None = 0, **fields: Any) -> Form:
    return placed({"type": "content_block_delta", "delta": {"type": kind, **fields}}, index)


def closed(index: int | None = 0) -> Form:
    return placed({"type": "content_block_stop"}, index)


def placed(form: Form, index: int | None) -> Form:
    return form if index is None else {**form, "index": index}


def ended(reason: Any = "end_turn", details: Any = None, **usage: Any) -> Form:
    delta = {"stop_reason": reason, "stop_sequence": None, "stop_details": details}
    return {"type": "message_delta", "delta": delta, "usage": usage}


STOP = {"type": "message_stop"}
PING = {"type": "ping"}
THOUGHT = [
    opened("thinking", thinking="", signature=""),
    grown("thinking_delta", thinking="Hm, "),
    grown("thinking_delta", thinking="so"),
    grown("signature_delta", signature="c2ln"),
    closed(),
]
TEXT = [
    opened("text", 1, text=""),
    grown("text_delta", 1, text="Hé"),
    PING,
    grown("text_delta", 1, text="llo"),
    closed(1),
]
CALL = [
    opened("tool_use", 2, id="toolu_1", name="weather", input={}),
    grown("input_json_delta", 2, partial_json=""),
    grown("input_json_delta", 2, partial_json='{"city": '),
    grown("input_json_delta", 2, partial_json='"Oslo"}'),
    closed(2),
]
EMPTY_CALL = [opened("tool_use", 3, id="toolu_2", name="now", input={}), closed(3)]
WHOLE = [
    start(input_tokens=7, output_tokens=1),
    *THOUGHT,
    *TEXT,
    *CALL,
    *EMPTY_CALL,
    ended("tool_use", output_tokens=9),
]


def body(*chunks: Any, named: bool = True, line: bytes = b"\n") -> bytes:
    """The chunks as events, with their types as names as the server writes them."""
    blocks = []
    for chunk in chunks:
        head = b"event: " + chunk["type"].encode() + line if named and "type" in chunk else b""
        blocks.append(head + b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + line + line)
    return b"".join(blocks)


def told(*chunks: Any, **options: Any) -> list[Event]:
    events, error = read(body(*chunks, **options), "anthropic")
    assert error is None, error
    check_calls(events)
    return events


def reply_of(*chunks: Any) -> Reply:
    reply = told(*chunks)[-1]
    assert isinstance(reply, Reply)
    return reply


def others(events: list[Event]) -> list[str]:
    return [event.name for event in events if isinstance(event, Other)]


def sealed(thinking: str) -> Form:
    return sealed_slot("reasoning", check_sum(thinking))


def blocks(events: list[Event]) -> list[str]:
    """The kinds of the blocks that ended, and of the tools of the server that are whole."""
    return [event.kind for event in events if isinstance(event, (BlockEnd, ServerTool)) and event.form]


def test_a_reply_event_by_event():
    events = told(*WHOLE, STOP)
    assert events[:-1] == [
        Start("msg_1", "claude"),
        UsageUpdate(Usage(7)),
        BlockStart("thinking"),
        ReasoningDelta("Hm, "),
        ReasoningDelta("so"),
        BlockEnd("thinking", form={"type": "thinking", "thinking": sealed("Hm, so"), "signature": "c2ln"}),
        BlockStart("text"),
        TextDelta("Hé"),
        TextDelta("llo"),
        BlockEnd("text", form={"type": "text", "text": {"@text": None}}),
        ToolCallDelta("", 0, "toolu_1", "weather"),
        ToolCallDelta('{"city": ', 0),
        ToolCallDelta('"Oslo"}', 0),
        ToolCall("toolu_1", "weather", '{"city": "Oslo"}', 0, 0),
        ToolCallDelta("", 1, "toolu_2", "now"),
        ToolCallDelta("{}", 1),
        ToolCall("toolu_2", "now", "{}", 0, 1),
        Finish("tool_use"),
        UsageUpdate(Usage(7, 9, 16)),
    ]
    reply = events[-1]
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning, reply.outcome, reply.finish_reason) == (
        "Héllo",
        "Hm, so",
        "complete",
        "tool_use",
    )
    assert (reply.id, reply.model, reply.usage) == ("msg_1", "claude", Usage(7, 9, 16))


@pytest.mark.parametrize(("line", "named"), [(b"\n", True), (b"\r\n", True), (b"\n", False)])
def test_no_cut_matters(line: bytes, named: bool):
    data = body(*WHOLE, STOP, named=named, line=line)
    expected = told(*WHOLE, STOP)
    for chunks in splits(data):
        assert read(chunks, "anthropic") == (expected, None)


def test_each_event_has_its_chunk():
    for event in told(*WHOLE, STOP)[:-1]:
        assert event.raw in WHOLE


# blocks


def test_a_block_may_begin_with_what_it_says():
    events = told(start(), opened("thinking", thinking="Hm", signature="s"), closed(), opened("text", 1, text="Hi"),
                  grown("text_delta", 1, text="!"), closed(1), ended(), STOP)  # fmt: skip
    assert (events[-1].text, events[-1].reasoning, others(events)) == ("Hi!", "Hm", [])
    thought = {"type": "thinking", "thinking": sealed("Hm"), "signature": "s"}
    text = {"type": "text", "text": {"@text": None}}
    assert [event.form for event in events if isinstance(event, BlockEnd)] == [thought, text]


def test_input_that_comes_with_the_beginning_counts_unless_pieces_follow():
    begun = opened("tool_use", id="a", name="f", input={"x": 1})
    assert reply_of(start(), begun, closed(), ended(), STOP).tool_calls[0].arguments == '{"x":1}'
    piece = grown("input_json_delta", partial_json='{"y":2}')
    assert reply_of(start(), begun, piece, closed(), ended(), STOP).tool_calls[0].arguments == '{"y":2}'


def test_a_call_ends_with_its_block_the_reason_or_the_reply():
    begun = [start(), opened("tool_use", id="a", name="f"), grown("input_json_delta", partial_json='{"x"')]
    for rest in ([closed(), ended(), STOP], [ended(), STOP], [closed(), STOP], [opened("text", text="x"), ended()]):
        assert reply_of(*begun, *rest).tool_calls == (ToolCall("a", "f", '{"x"', 0, 0),)


def test_calls_may_grow_at_the_same_time():
    chunks = [opened("tool_use", index, id=str(index), name="f") for index in (0, 1)]
    chunks += [grown("input_json_delta", index, partial_json=piece) for piece in ("[", "]") for index in (1, 0)]
    assert [call.arguments for call in reply_of(start(), *chunks, closed(1), closed(), ended()).tool_calls] == [
        "[]"
    ] * 2


def test_content_without_an_event_of_its_own_comes_as_it_is():
    search = opened("server_tool_use", 0, id="srvtoolu_1", name="web_search", input={})
    found = opened("web_search_tool_result", 1, tool_use_id="srvtoolu_1", content=[{"title": "Oslo"}])
    search_form = {**search["content_block"], "input": {"query": "x"}}
    citation = {"cited_text": "x"}
    cited = grown("citations_delta", 2, citation=citation)
    packed = grown("compaction_delta", 3, content="so far")
    piece = grown("input_json_delta", 0, partial_json='{"query": "x"}')
    chunks = [search, piece, closed(), opened("redacted_thinking", data="b2s="), closed(), found, closed(1),
              opened("text", 2, text=""), cited, closed(2), opened("compaction", 3, content=None), packed, closed(3),
              opened("hologram", 4), grown("hologram_delta", 4, light=1), closed(4)]  # fmt: skip
    events = told(start(), *chunks, ended(), STOP)
    assert others(events) == ["compaction_delta", "hologram_delta"]
    assert [event.raw for event in events if isinstance(event, Other)] == [packed, chunks[-2]]
    assert [event for event in events if isinstance(event, ServerTool)] == [
        ServerTool("server_tool_use", "srvtoolu_1", "web_search"),
        ServerTool("server_tool_use", "srvtoolu_1", "web_search", input={"query": "x"}, form=search_form),
        ServerTool("web_search_tool_result", "srvtoolu_1", "web_search", output=[{"title": "Oslo"}],
                   form=found["content_block"]),
    ]  # fmt: skip
    assert [event for event in events if isinstance(event, Citation)] == [Citation("", text="x", form=citation)]
    assert [event.kind for event in events if isinstance(event, BlockStart)] == [
        "redacted_thinking", "text", "compaction", "hologram"]  # fmt: skip
    assert events[-1].tool_calls == ()


def test_such_content_makes_a_reply():
    assert reply_of(start(), opened("redacted_thinking", data="b2s="), closed(), STOP).text == ""


def test_a_kind_of_event_that_nobody_knew():
    assert others(told(start(), {"type": "message_hint", "x": 1}, *TEXT, ended(), STOP)) == ["message_hint"]


def test_blocks_without_an_index_come_one_after_the_other():
    chunks = [{name: value for name, value in chunk.items() if name != "index"} for chunk in WHOLE]
    assert [*told(*chunks, STOP)] == told(*WHOLE, STOP)


def test_a_stream_without_its_frame_is_read():
    """No message_start, no beginnings of blocks, no types of deltas: what some gateways leave out."""
    pieces = [
        {"type": "content_block_delta", "delta": delta} for delta in ({"thinking": "Hm"}, {"text": "Hi"}, {"text": "!"})
    ]
    reply = reply_of(*pieces, ended(), STOP)
    assert (reply.text, reply.reasoning) == ("Hi!", "Hm")


def test_nulls_say_nothing():
    chunks = [{"type": "message_start", "message": None}, {"type": "content_block_start", "content_block": None},
              grown("text_delta", text=None), {"type": "content_block_delta", "delta": None}, closed(None),
              {"type": "message_delta", "delta": None, "usage": None}]  # fmt: skip
    assert reply_of(*chunks, grown("text_delta", text="x"), ended(), STOP).text == "x"


def test_a_quick_piece_is_an_event_like_any_other():
    """Beside an error, a word or a half character the quick path must not be taken."""
    pieces = [grown("text_delta", text="a"), grown("text_delta", text="b")]
    reported = {**grown("text_delta", text="c"), "error": {"type": "overloaded_error", "message": "busy"}}
    events, error = read(body(start(), *pieces, reported), "anthropic")
    assert isinstance(error, ApiError)
    assert [event for event in events if isinstance(event, TextDelta)] == [TextDelta("a"), TextDelta("b")]
    halves = [grown("text_delta", text="x"), grown("text_delta", text="\ud83d"), grown("text_delta", text="\ude00!")]
    raw = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in (start(), *halves, ended(), STOP))
    assert read(raw, "anthropic")[0][-1].text == "x😀!"


# figures


def test_the_whole_prompt_counts_and_what_a_cache_had():
    usage = {"input_tokens": 3, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 1}
    end = {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 30}}
    found = reply_of(start(**usage), *TEXT, ended(**end), STOP).usage
    assert found == Usage(123, 50, 173, 100, 30, cache_write_tokens=20)
    assert found.raw == {**usage, **end}


def test_a_later_figure_replaces_an_earlier_one_even_by_nothing():
    begin = {"input_tokens": 100, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 55096}
    end = {"input_tokens": 181, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 8}
    assert reply_of(start(**begin), *TEXT, ended(**end), STOP).usage == Usage(181, 8, 189, 0, cache_write_tokens=0)


def test_a_prompt_without_tokens_and_nulls_are_no_report():
    begin = {"input_tokens": 5, "cache_read_input_tokens": 2}
    end = {"input_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": None, "output_tokens": 3}
    assert reply_of(start(**begin), *TEXT, ended(**end), STOP).usage == Usage(7, 3, 10, 2)
    assert reply_of(start(input_tokens=0), *TEXT, ended(output_tokens=0), STOP).usage is None


def test_a_cut_reply_does_not_count_the_placeholder_of_its_beginning():
    _, error = read(body(start(input_tokens=5, output_tokens=2), *TEXT), "anthropic")
    assert isinstance(error, BrokenError)
    assert (error.partial.text, error.partial.usage.prompt_tokens, error.partial.usage.completion_tokens) == (
        "Héllo",
        5,
        None,
    )


def test_a_figure_that_cannot_be_one_is_left_out():
    reply = reply_of(start(input_tokens=-5), *TEXT, ended(output_tokens=4), STOP)
    assert reply.usage == Usage(None, 4)
    assert reply.warnings == ("the server's input_tokens is not a figure and was left out",)


# ends

REASONS = {
    "end_turn": "complete",
    "stop_sequence": "complete",
    "tool_use": "complete",
    "pause_turn": "complete",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}


@pytest.mark.parametrize(("reason", "outcome"), REASONS.items())
def test_each_stop_reason_has_its_outcome(reason: str, outcome: str):
    reply = reply_of(start(), *TEXT, ended(reason), STOP)
    assert (reply.finish_reason, reply.outcome, meaning(reason)) == (reason, outcome, outcome)
    assert reply_of(start(), *TEXT, ended(reason)) == reply  # without the very end


def test_what_the_server_says_of_a_refusal_is_kept():
    details = {"type": "refusal", "category": "cyber", "explanation": "Not this."}
    events = told(start(), *TEXT, ended("refusal", details, output_tokens=3), STOP)
    assert events[-4:-1] == [RefusalDelta("Not this."), Finish("refusal"), UsageUpdate(Usage(None, 3))]
    assert (events[-1].text, events[-1].refusal, events[-1].outcome) == ("Héllo", "Not this.", "refused")
    silent = reply_of(start(), ended("refusal", {"type": "refusal", "explanation": None}, output_tokens=3), STOP)
    assert (silent.refusal, silent.outcome) == ("", "refused")


def test_the_first_reason_counts():
    reply = reply_of(start(), *TEXT, ended(None), ended("max_tokens"), ended("end_turn", output_tokens=5), STOP)
    assert (reply.finish_reason, reply.usage) == ("max_tokens", Usage(None, 5))


@pytest.mark.parametrize("end", range(1, len(WHOLE) - 1))
def test_a_reply_that_is_cut_is_broken(end: int):
    error = read(body(*WHOLE[:end]), "anthropic")[1]
    assert isinstance(error, BrokenError)
    assert error.retryable == (end < 3)  # before the first word


def test_a_reason_that_means_a_failure_is_an_error():
    events, error = read(body(start(input_tokens=2), *TEXT, ended("server_error", output_tokens=3), STOP), "anthropic")
    assert isinstance(error, ApiError)
    assert (error.code, error.retryable, events[-1]) == ("server_error", True, UsageUpdate(Usage(2, 3, 5)))


def test_a_reply_of_no_word_is_none():
    for chunks in ([start(), STOP], [STOP]):
        assert isinstance(read(body(*chunks), "anthropic")[1], BrokenError)
    error = read(body(start(), ended("max_tokens"), STOP), "anthropic")[1]
    assert isinstance(error, ApiError)


def test_the_legacy_stream_is_read():
    pieces = [{"type": "completion", "id": "c", "model": "claude-2", "completion": piece, "stop_reason": reason}
              for piece, reason in ((" Hi", None), (" i", None), ("'m", "max_tokens"))]  # fmt: skip
    reply = reply_of(pieces[0], pieces[1], PING, pieces[2])
    assert (reply.text, reply.finish_reason, reply.id, reply.model) == (" Hi i'm", "max_tokens", "c", "claude-2")


# errors


def test_an_error_in_the_middle():
    error = error_of(
        body(*WHOLE[:10], {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        "anthropic",
    )
    assert isinstance(error, ApiError)
    assert (str(error), error.error_type, error.retryable) == ("Overloaded", "overloaded_error", True)
    assert error.partial.text == "Héllo"


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        ("invalid_request_error", False),
        ("rate_limit_error", True),
        ("api_error", True),
        ("authentication_error", False),
    ],
)
def test_kinds_of_errors(kind: str, retryable: bool):
    error = read(body(start(), {"type": "error", "error": {"type": kind, "message": "It is so"}}), "anthropic")[1]
    assert isinstance(error, ApiError)
    assert (error.error_type, error.retryable) == (kind, retryable)


@pytest.mark.parametrize("chunk", [
    {"type": "content_block_delta", "delta": []}, {"type": "content_block_start", "content_block": "x"},
    {"type": "message_start", "message": 1}, grown("text_delta", text=5), ended(7),
    grown("thinking_delta", thinking={}),
    {"type": "message", "content": "x"}, {"type": "message", "content": ["x"]}, opened("tool_use", id=[], name="f"),
    opened("tool_use", id="a", name="f", input=5),
])  # fmt: skip
def test_what_has_another_shape_is_malformed(chunk: Form):
    assert isinstance(read(body(start(), chunk, STOP), "anthropic")[1], MalformedError)


# whole messages


def message(**more: Any) -> Form:
    content = [
        {"type": "thinking", "thinking": "Hm", "signature": "s"},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": [1]}},
        {"type": "tool_use", "id": "b", "name": "g", "input": {}},
        {"type": "server_tool_use", "id": "c", "name": "web_search", "input": {"query": "x"}},
    ]
    usage = {"input_tokens": 2, "cache_read_input_tokens": 3, "output_tokens": 4}
    about = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "usage": usage}
    return {**about, "content": content, "stop_reason": "tool_use", "stop_sequence": None, **more}


def test_a_whole_message():
    events = list(Parser("anthropic").body(json.dumps(message()).encode()))
    check_calls(events)
    reply = events[-1]
    assert isinstance(reply, Reply)
    assert (reply.id, reply.model, reply.text, reply.reasoning) == ("msg_1", "claude", "Hi", "Hm")
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [
        ("a", "f", '{"x":[1]}'),
        ("b", "g", "{}"),
    ]
    assert (reply.usage, reply.finish_reason, blocks(events)) == (
        Usage(5, 4, 9, 3), "tool_use", ["thinking", "text", "server_tool_use"])  # fmt: skip
    assert reply.messages == [{"role": "assistant", "content": message()["content"]}]


def test_a_whole_message_in_a_stream_is_a_reply_too():
    assert reply_of(message(content=[{"type": "text", "text": "Hi"}])).text == "Hi"


def test_documents_that_are_no_message():
    for form, kind in (({"type": "message"}, MalformedError), ({"type": "message", "message": "It failed"}, ApiError),
                       ({"type": "error", "error": {"type": "x", "message": "no"}}, ApiError)):  # fmt: skip
        with pytest.raises(kind):
            list(Parser("anthropic").body(json.dumps(form).encode()))


def test_whose_objects_are_these():
    owns = APIS["anthropic"].owns
    whole = {name: value for name, value in message().items() if name != "type"}
    for form in (*[chunk for chunk in WHOLE if chunk != PING], STOP, message(), whole,
                 {"type": "error", "error": {"type": "x", "message": "y"}}):  # fmt: skip
        assert owns(form)
    others = ({}, {"type": []}, {"type": "error", "message": "x"}, {"type": "response.created"}, {"choices": []})
    for form in (PING, *others):
        assert not owns(form)


# properties

PIECES = st.lists(st.text('ab😀{}"\\ é\u2028', max_size=4), max_size=3)
BLOCKS = st.lists(st.tuples(st.sampled_from(["text", "thinking", "tool_use"]), PIECES), max_size=4)


@settings(max_examples=25)
@given(BLOCKS, st.sampled_from(list(REASONS)), st.randoms(use_true_random=False))
def test_whatever_comes_in_blocks_comes_out_wherever_it_is_cut(blocks: Any, reason: str, rng: Any):
    chunks, texts = [start()], {"text": "", "thinking": ""}
    fields = {"text": "text", "thinking": "thinking", "tool_use": "partial_json"}
    kinds = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}
    for index, (kind, pieces) in enumerate([*blocks, ("text", ["end"])]):
        chunks.append(opened(kind, index, **({"id": str(index), "name": "f"} if kind == "tool_use" else {})))
        chunks += [grown(kinds[kind], index, **{fields[kind]: piece}) for piece in pieces]
        chunks.append(closed(index))
        if kind in texts:
            texts[kind] += "".join(pieces)
    data = body(*chunks, ended(reason), STOP)
    events, error = read(data, "anthropic")
    assert error is None
    reply = events[-1]
    assert (reply.text, reply.reasoning) == (texts["text"], texts["thinking"])
    assert [call.id for call in reply.tool_calls] == [
        str(i) for i, (kind, _) in enumerate(blocks) if kind == "tool_use"
    ]
    check_calls(events)
    cuts = sorted(rng.randrange(len(data)) for _ in range(20))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert read(pieces, "anthropic") == (events, None)


# what gateways get wrong

TOOL = opened("tool_use", id="a", name="f", input={})
OTHER_TOOL = opened("tool_use", 1, id="b", name="g", input={})
INPUT = grown("input_json_delta", partial_json='{"x":1}')


def test_input_goes_to_its_call_however_its_index_is_written():
    """A tool that runs without its arguments does something that nobody asked for."""
    texts = [{**chunk, "index": str(chunk["index"])} for chunk in (TOOL, OTHER_TOOL, INPUT)]
    floats = [TOOL, OTHER_TOOL, {**INPUT, "index": 0.0}]
    for chunks in (texts, floats):
        calls = reply_of(start(), *chunks, ended("tool_use"), STOP).tool_calls
        assert [call.arguments for call in calls] == ['{"x":1}', "{}"]
    strayed = {**INPUT, "index": 7}
    for chunks in ([TOOL, strayed, closed()], [opened("text", 7), TOOL, strayed], [TOOL, {**INPUT, "index": None}]):
        assert reply_of(start(), *chunks, ended("tool_use"), STOP).tool_calls[0].arguments == '{"x":1}'


def test_input_that_is_nobodys_is_an_error():
    strayed = {**INPUT, "index": 7}
    for chunks in ([TOOL, OTHER_TOOL, strayed], [TOOL, closed(), INPUT], [TOOL, closed(), OTHER_TOOL, INPUT], [INPUT],
                   [TOOL, INPUT, ended("tool_use"), INPUT], [TOOL, {**INPUT, "index": "first"}]):  # fmt: skip
        error = read(body(start(), *chunks, ended("tool_use"), STOP), "anthropic")[1]
        assert isinstance(error, MalformedError), chunks
    search = opened("server_tool_use", id="s", name="web_search", input={})
    for chunks in ([search, closed(), INPUT], [opened("text"), INPUT], [TOOL, closed(), grown("input_json_delta")]):
        reply_of(start(), *chunks, ended(), STOP)


def test_a_call_without_input_has_none_only_if_it_is_whole():
    for rest in ([closed(), ended("max_tokens")], [opened("text"), ended()], [ended("tool_use")]):
        assert reply_of(start(), TOOL, *rest, STOP).tool_calls[0].arguments == "{}"
    assert reply_of(start(), TOOL, ended("max_tokens"), STOP).tool_calls[0].arguments == ""


def test_an_end_inside_of_a_block_is_a_cut():
    for blocks in ([TOOL], [TOOL, INPUT], TEXT[:2]):
        for end in (body(STOP), body(ended(None), STOP), b"data: [DONE]\n\n"):
            events, error = read(body(start(), *blocks) + end, "anthropic")
            assert isinstance(error, BrokenError)
            assert not [event for event in events if isinstance(event, ToolCall)]
            assert error.partial.text == ("Hé" if blocks[0]["content_block"]["type"] == "text" else "")
    for end in (body(STOP), b"data: [DONE]\n\n"):
        reply = read(body(start(), *TEXT) + end, "anthropic")[0][-1]
        assert (reply.outcome, reply.warnings) == ("complete", ("the server ended the reply without a stop reason",))
    assert read(body(start(), *TEXT[:2]), "anthropic", lenient=True)[1] is None


def test_another_end_than_the_first_is_a_warning():
    events = told(start(), *TEXT, ended("end_turn"), ended("max_tokens"), STOP)
    assert (events[-1].outcome, others(events)) == ("complete", ["stop_reason"])
    assert events[-1].warnings == ("the reply ended twice: end_turn, then max_tokens",)
    assert reply_of(start(), *TEXT, ended("end_turn"), ended("stop_sequence"), STOP).warnings == ()


def test_calls_without_an_id_get_one_that_no_other_has():
    chunks = [opened("tool_use", index, id=None, name="f", input={}) for index in (0, 1)]
    ids = [call.id for call in reply_of(start(), *chunks, ended("tool_use"), STOP).tool_calls]
    assert ids == ["toolu_msg_1_0", "toolu_msg_1_1"]
    assert reply_of(chunks[0], ended("tool_use"), STOP).tool_calls[0].id == "toolu_0"


@pytest.mark.parametrize(
    ("begin", "end", "usage"),
    [
        ({"input_tokens": 25}, {"input_tokens": "25", "output_tokens": 3}, Usage(25, 3, 28)),
        ({"input_tokens": 25}, {"input_tokens": -1, "output_tokens": 3}, Usage(25, 3, 28)),
        ({"input_tokens": 25, "cache_read_input_tokens": 100}, {"input_tokens": 125, "output_tokens": 3},
         Usage(125, 3, 128, 100)),
        ({"input_tokens": 25}, {"input_tokens": 30, "output_tokens": 3}, Usage(30, 3, 33)),
        ({"prompt_tokens": 25}, {"prompt_tokens": 25, "completion_tokens": 3, "prompt_tokens_details":
         {"cached_tokens": 5}}, Usage(25, 3, 28, 5)),
        ({"input_tokens": 0, "output_tokens": 0}, {"completion_tokens": 3, "total_tokens": 9}, Usage(None, 3, 9)),
        ({"input_tokens": 5}, {"output_tokens": 3, "output_tokens_details": "x"}, Usage(5, 3, 8)),
    ],
)  # fmt: skip
def test_figures_of_gateways(begin: Form, end: Form, usage: Usage):
    assert reply_of(start(**begin), *TEXT, ended(**end), STOP).usage == usage


def test_a_report_that_says_nothing_changes_nothing():
    details = {"output_tokens": 12, "output_tokens_details": {"thinking_tokens": 2}}
    for last in ({"output_tokens": 0, "output_tokens_details": {"thinking_tokens": 0}}, {"output_tokens": None}, []):
        later = {"type": "message_delta", "delta": {}, "usage": last}
        reply = reply_of(start(input_tokens=5), *TEXT, ended(**details), later, {**STOP, "usage": last})
        assert reply.usage == Usage(5, 12, 17, None, 2)
    assert reply_of(start(), *TEXT, ended(), {**STOP, "usage": {"input_tokens": 9}}).usage == Usage(9)


@pytest.mark.parametrize(
    ("chunk", "names"),
    [
        ({"type": "message_delta", "delta": {"container": {"id": "c"}}}, []),
        ({"type": "message_delta", "delta": {"container": {"name": "c"}}}, ["container"]),
        ({"type": "message_delta", "delta": {}, "context_management": {"applied_edits": [1]}}, ["context_management"]),
        ({"type": "content_block_stop", "index": 1, "note": "x"}, ["note"]),
        ({"type": "message_delta", "usage": {"server_tool_use": {"web_search_requests": 1}}}, ["server_tool_use"]),
        ({"type": "message_start", "message": {"id": "other", "model": "another"}}, ["model"]),
        ({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "thinking": "x"}}, ["thinking"]),
        (PING, []), (ended(None), []), ({**PING, "error": None}, []), (start(), []),
    ],
)  # fmt: skip
def test_known_chunks_are_silent_unless_they_say_more(chunk: Form, names: list[str]):
    assert others(told(start(), *TEXT, chunk, ended(), STOP)) == names


def test_the_last_chunk_may_say_more():
    assert others(told(start(), *TEXT, ended(), {**STOP, "amazon-bedrock-invocationMetrics": {"n": 9}}))


def test_a_document_without_its_type_is_a_message():
    form = {name: value for name, value in message().items() if name != "type"}
    assert list(Parser("anthropic").body(json.dumps(form).encode()))[-1].text == "Hi"  # type: ignore[union-attr]


def test_chunks_of_another_api_are_named():
    chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [{"delta": {"content": "x"}}]}
    for end in (b"", b"data: [DONE]\n\n"):
        error = read(b"data: " + json.dumps(chunk).encode() + b"\n\n" + end, "anthropic")[1]
        assert isinstance(error, MalformedError)
        assert "not of the API 'anthropic' but of 'chat'" in str(error)
    with pytest.raises(MalformedError, match="but of 'chat'"):
        list(Parser("anthropic").body(json.dumps(chunk).encode()))
    assert "but of 'anthropic'" in str(read(body(start(), *TEXT), "chat")[1])
