"""What is written in the form of the Messages API: blocks in order, and what the official client makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.errors import ApiError, BrokenError
from streamkit.events import (
    BlockEnd,
    BlockStart,
    Choice,
    Event,
    Finish,
    Origin,
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
from streamkit.wire import APIS, Encoder, Parser, decode
from tests.wire.bodies import read

SAID: list[Event] = [
    Start("msg_1", "claude"),
    ReasoningDelta("Hm"),
    TextDelta("Héllo "),
    TextDelta("世界"),
    ToolCallDelta("", 0, "a", "f"),
    ToolCallDelta("", 1, "b", "g"),
    ToolCallDelta('{"y":', 1),
    ToolCallDelta('{"x"', 0),
    ToolCallDelta(":1}", 0),
    ToolCall("a", "f", '{"x":1}', 0, 0),
    ToolCallDelta("[2]}", 1),
    ToolCall("b", "g", '{"y":[2]}', 0, 1),
    TextDelta("Done."),
    Finish("tool_calls"),
    UsageUpdate(Usage(10, 7, 17, 4, 2)),
]


def written(*events: Event) -> bytes:
    encoder = Encoder("anthropic")
    return b"".join([*(block for event in events for block in encoder.feed(event)), *encoder.flush()])


def payloads(data: bytes) -> list[dict[str, Any]]:
    """Those of a body; each is named by its type."""
    found = [(sse.event, json.loads(sse.data)) for sse in decode([data])]
    assert all(name == form["type"] for name, form in found)
    return [form for _, form in found]


def test_one_block_at_a_time_is_open():
    told = payloads(written(*SAID))
    assert [form["type"] for form in (told[0], *told[-2:])] == ["message_start", "message_delta", "message_stop"]
    open_block, seen = None, []
    for form in told[1:-2]:
        if form["type"] == "content_block_start":
            assert open_block is None
            open_block = form["index"]
            assert open_block == len(seen)
            seen.append(form["content_block"]["type"])
        assert form["index"] == open_block
        open_block = None if form["type"] == "content_block_stop" else open_block
    assert open_block is None
    assert seen == ["thinking", "text", "tool_use", "tool_use", "text"]


def test_a_piece_is_written_as_soon_as_its_block_may_grow():
    encoder = Encoder("anthropic")
    sizes = [len(encoder.feed(event)) for event in SAID]
    # start; opened and grown; the thinking closed too; grown; the text closed and a call opened; two that wait ...
    assert sizes == [1, 2, 3, 1, 2, 0, 0, 1, 1, 3, 1, 1, 2, 0, 0]


def test_all_of_it_reads_back():
    events, error = read(written(*SAID), "anthropic")
    assert error is None
    reply = events[-1]
    assert isinstance(reply, Reply)
    assert (reply.id, reply.model, reply.text, reply.reasoning) == ("msg_1", "claude", "Héllo 世界Done.", "Hm")
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [
        ("a", "f", '{"x":1}'), ("b", "g", '{"y":[2]}')]  # fmt: skip
    assert (reply.usage, reply.finish_reason) == (Usage(10, 7, 17, 4, 2), "tool_use")


def test_only_the_first_choice_has_a_form():
    assert written(TextDelta("a"), TextDelta("b", 1), Finish("length", 1)) == written(TextDelta("a"))


def test_a_call_waits_for_its_name():
    told = payloads(written(ToolCallDelta("{", 0, "a"), ToolCallDelta("}", 0, None, "f"), Finish("stop")))
    assert told[1]["content_block"] == {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    assert [form["delta"]["partial_json"] for form in told if form["type"] == "content_block_delta"] == ["{", "}"]


def test_a_refusal_is_text_that_the_stop_reason_calls_one():
    for reason in ("stop", "refusal", "content_filter"):
        told = payloads(written(RefusalDelta("No."), Finish(reason)))
        assert told[2]["delta"] == {"type": "text_delta", "text": "No."}
        assert told[-2]["delta"]["stop_reason"] == "refusal"


def test_figures_that_the_server_told_apart_stay_apart():
    report = {"input_tokens": 1, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 4, "output_tokens": 8}
    data = written(TextDelta("x"), Finish("end_turn"), UsageUpdate(Usage(7, 8, 15, 4, raw=report)))
    assert payloads(data)[-2]["usage"] == report
    assert payloads(written(TextDelta("x")))[-2]["usage"] == {"output_tokens": 0}
    assert read(written(TextDelta("x")), "anthropic")[0][-1].usage is None


def test_an_error_takes_the_place_of_the_end():
    for failure, kind in (
        (ApiError("Busy", error_type="overloaded_error"), "overloaded_error"),
        (BrokenError("Cut"), "stream_broken"),
    ):
        encoder = Encoder("anthropic")
        encoder.feed(TextDelta("x"))
        (block,) = encoder.fail(failure)
        assert payloads(block) == [{"type": "error", "error": {"type": kind, "message": str(failure)}}]


def test_an_error_without_a_kind_has_a_general_one():
    (block,) = Encoder("anthropic").fail_with({"message": "No", "type": None})
    assert payloads(block) == [{"type": "error", "error": {"type": "api_error", "message": "No"}}]


def test_what_waits_behind_an_open_call_is_told_before_an_error():
    encoder = Encoder("anthropic")
    data = b"".join(
        [
            *encoder.feed(ToolCallDelta('{"x":', 0, "a", "f")),
            *encoder.feed(TextDelta("after")),
            *encoder.fail(BrokenError("Cut")),
        ]
    )
    events, error = read(data, "anthropic")
    assert isinstance(error, ApiError)
    assert error.partial.text == "after"
    assert not [event for event in events if isinstance(event, ToolCall)]  # it was cut


def test_each_call_has_an_id():
    late = written(ToolCallDelta("", 0, None, "f"), ToolCallDelta("{}", 0, "late"), Finish("stop"))
    assert payloads(late)[1]["content_block"]["id"] == "late"
    data = written(Start("c"), ToolCallDelta("{}", 0, None, "f"), ToolCallDelta("{}", 1, None, "f"), Finish("stop"))
    ids = [form["content_block"]["id"] for form in payloads(data) if form["type"] == "content_block_start"]
    assert ids == ["toolu_c_0", "toolu_c_1"]
    whole = APIS["anthropic"].whole
    assert whole is not None
    reply = Reply((Choice(tool_calls=(ToolCall("", "f", "{}"), ToolCall("", "f", "{}"))),), id="a b")
    assert [block["id"] for block in whole(reply)["content"]] == ["toolu_0", "toolu_1"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (401, "authentication_error"), (403, "permission_error"), (404, "not_found_error"),
     (413, "request_too_large"), (422, "invalid_request_error"), (429, "rate_limit_error"), (500, "api_error"),
     (503, "api_error"), (529, "overloaded_error")],
)  # fmt: skip
def test_an_http_error_has_the_kind_of_its_status(status: int, kind: str):
    form = APIS["anthropic"].error
    assert form is not None
    assert form(status, {"message": "No", "code": None}) == {"type": "error", "error": {"type": kind, "message": "No"}}
    assert form(status, {"message": "No", "type": "mine"})["error"]["type"] == "mine"


def test_a_whole_message():
    whole = APIS["anthropic"].whole
    assert whole is not None
    calls = (ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", ""), ToolCall("c", "h", "no JSON"))
    choice = Choice(text="Hi", reasoning="Hm", refusal="No", tool_calls=calls, finish_reason="length")
    form = whole(Reply((choice, Choice(1, text="other")), Usage(5, 6, 11, 2), id="msg_1", model="claude"))
    assert form == {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "max_tokens",
        "stop_sequence": None, "content": [
            {"type": "thinking", "thinking": "Hm", "signature": ""},
            {"type": "text", "text": "Hi", "citations": None},
            {"type": "text", "text": "No", "citations": None},
            {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
            {"type": "tool_use", "id": "b", "name": "g", "input": {}},
            {"type": "tool_use", "id": "c", "name": "h", "input": "no JSON"},
        ],
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 6},
    }  # fmt: skip
    assert whole(Reply())["usage"] == {"input_tokens": 0, "output_tokens": 0}


CITATION = {"type": "char_location", "cited_text": "x", "document_index": 0, "document_title": "d"}
SEARCH = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "", "signature": "S1"},
    {"type": "thinking", "thinking": "Hm", "signature": "S2"},
    {"type": "redacted_thinking", "data": "D"},
    SEARCH,
    FOUND,
    {"type": "text", "text": "Well, "},
    {"type": "text", "text": "it rains.", "citations": [CITATION]},
    {"type": "hologram", "light": [1]},
    {"type": "container_upload", "file_id": "f1"},
    {"type": "thinking", "thinking": "So", "signature": "S3"},
    {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
]


def own_reply(*blocks: dict[str, Any]) -> list[Event]:
    about = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_sequence": None}
    form = {**about, "content": [*blocks], "stop_reason": "tool_use", "container": {"id": "c1"}}
    return list(Parser("anthropic").body(json.dumps(form).encode()))


def test_the_blocks_of_a_reply_of_this_api_are_written_as_they_were():
    events = own_reply(*BLOCKS)
    again, error = read(written(*events), "anthropic")
    assert error is None
    assert again[-1].messages == events[-1].messages == [{"role": "assistant", "content": BLOCKS}]
    assert again[-1].messages[0].request == {"container": "c1"}
    forms = payloads(written(*events))
    begun = [form["content_block"]["type"] for form in forms if form["type"] == "content_block_start"]
    assert begun == [block["type"] for block in BLOCKS]
    assert forms[-2]["delta"]["container"] == {"id": "c1"}


def test_a_whole_message_has_the_blocks_as_they_were():
    whole = APIS["anthropic"].whole
    assert whole is not None
    call = {**BLOCKS[-1], "caller": {"type": "direct"}}
    assert whole(own_reply(*BLOCKS[:-1], call)[-1])["content"] == [*BLOCKS[:-1], call]
    unsigned = {"type": "thinking", "thinking": "Hm", "signature": ""}
    assert whole(own_reply(unsigned, BLOCKS[5])[-1])["content"] == [unsigned, BLOCKS[5]]


def test_blocks_of_other_apis_are_texts_here():
    said = [
        Start("c", origin=Origin("responses")),
        *(BlockStart("message"), TextDelta("Hi"), BlockEnd("message", form={})),
        *(BlockStart("message"), TextDelta("!"), BlockEnd("message", form={})),
        Finish("stop"),
    ]
    begun = [form["content_block"] for form in payloads(written(*said)) if form["type"] == "content_block_start"]
    assert begun == [{"type": "text", "text": "", "citations": None}]


@pytest.mark.slow
def test_the_official_client_reads_the_blocks_as_they_were():
    anthropic, httpx = pytest.importorskip("anthropic"), pytest.importorskip("httpx2")
    data = written(*own_reply(*BLOCKS))

    def answer(request: Any) -> Any:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=data)

    asked: Any = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    http = httpx.Client(transport=httpx.MockTransport(answer))
    with http, anthropic.Anthropic(api_key="k", http_client=http).messages.stream(**asked) as stream:
        message = stream.get_final_message()
    known = [block.to_dict() for block in message.content if block.type != "hologram"]
    assert [{name: value for name, value in block.items() if value is not None} for block in known] == [
        block for block in BLOCKS if block["type"] != "hologram"]  # fmt: skip


@pytest.mark.slow
def test_the_official_client_reads_what_is_written():
    anthropic, httpx = pytest.importorskip("anthropic"), pytest.importorskip("httpx2")
    whole = APIS["anthropic"].whole
    assert whole is not None
    message = whole(read(written(*SAID), "anthropic")[0][-1])

    def answer(request: Any) -> Any:
        if json.loads(request.content).get("stream"):
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=written(*SAID))
        return httpx.Response(200, json=message)

    asked: Any = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        client = anthropic.Anthropic(api_key="k", http_client=http)
        with client.messages.stream(**asked) as stream:
            streamed = stream.get_final_message()
        plain = client.messages.create(**asked)
    for found in (streamed, plain):
        assert (found.id, found.stop_reason, found.usage.input_tokens) == ("msg_1", "tool_use", 6)
        assert (found.usage.cache_read_input_tokens, found.usage.output_tokens) == (4, 7)
        assert [block.input for block in found.content if block.type == "tool_use"] == [{"x": 1}, {"y": [2]}]
        assert "".join(block.text for block in found.content if block.type == "text") == "Héllo 世界Done."
        assert found.content[0].thinking == "Hm"
