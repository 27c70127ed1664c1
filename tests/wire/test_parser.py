"""How a body may end, what counts as whole, and what is kept when it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from streamkit import wire
from streamkit.errors import ApiError, BrokenError, MalformedError, StreamkitError, TooLargeError
from streamkit.events import Reply, Start, TextDelta, ToolCall
from streamkit.wire import Parser
from tests.wire.bodies import (
    DONE,
    choice,
    chunk,
    delta,
    error_of,
    finish,
    read,
    reply_of,
    say,
    splits,
    sse,
    tool,
    tools,
)

HI = sse(say("Hi"))
WHOLE: dict[str, bytes] = {
    "done": HI + sse(finish()) + DONE,
    "done without a finish reason": HI + DONE,
    "finish reason without done": HI + sse(finish()),
    "done without a line end": HI + b"data: [DONE]",
    "done with one line end": HI + b"data: [DONE]\n",
    "finish without a blank line": HI + sse(finish())[:-1],
    "finish without a line end": HI + sse(finish())[:-2],
    "no space": (HI + sse(finish()) + DONE).replace(b"data: ", b"data:"),
    "crlf": (HI + sse(finish()) + DONE).replace(b"\n", b"\r\n"),
    "cr": (HI + sse(finish()) + DONE).replace(b"\n", b"\r"),
    "bom": b"\xef\xbb\xbf" + HI + sse(finish()) + DONE,
    "comments and ids": b": hi\n\nid: 1\n\n" + HI + b"retry: 5\n\n:\n\n" + sse(finish()) + DONE,
    "json over several lines": HI.replace(b", ", b",\ndata: ") + sse(finish()),
    "unknown lines": b"hello\nworld: 1\n" + HI + b"<p>\n" + DONE,
    "half an event after the finish": HI + sse(finish()) + HI[:-9],
    "something unknown after the finish": HI + sse(finish()) + b"x",
    "empty choice after the finish": HI + sse(finish(), chunk(usage={"prompt_tokens": 5})),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_reply_is_read_at_every_split(name: str):
    expected, error = read(WHOLE[name])
    assert error is None
    assert expected[-1].text == "Hi"
    for chunks in splits(WHOLE[name]):
        assert read(chunks) == (expected, None), chunks


CUT: dict[str, bytes] = {
    "nothing": b"",
    "blank lines": b"\n\n\n",
    "comments": b": hi\n\n: ho\n\n",
    "no end": HI,
    "half an event": HI + HI[:-9],
    "half a done": HI + b"data: [DON",
    "one choice of two": sse(say("Hi"), say("Ho", 1), finish("stop", 1)),
    "usage is no end": HI + sse(chunk(usage={"prompt_tokens": 5})),
    "damaged rest": HI + sse(finish())[:-2].replace(b"stop", b"st\xff"),
    "half a character": HI + "data: 世".encode()[:-1],
    "half a json line": HI + b'{"error": {"mess',
    "first event cut": HI[:-9],
    "first line cut": b"da",
    "unknown text": HI + b"bye\n",
}


@pytest.mark.parametrize("name", CUT)
def test_an_end_that_nobody_announced_is_a_broken_reply(name: str):
    error = error_of(CUT[name])
    assert isinstance(error, BrokenError)
    assert error.partial.outcome == "truncated"
    assert error.partial.text in ("", "Hi")


def test_every_prefix_of_a_reply_is_whole_or_broken():
    data = (
        HI
        + sse(tools(tool('{"a": 1}', id="t", name="f")), finish("tool_calls"), chunk(usage={"total_tokens": 1}))
        + DONE
    )
    finished = data.index(b"tool_calls", data.index(b"finish_reason"))
    for end in range(len(data)):
        events, error = read(data[:end])
        if end < finished:
            assert isinstance(error, BrokenError), data[:end]
        else:
            assert error is None or end < data.index(b"}", finished) + 4
        assert (error.partial if error else events[-1]).text in ("", "Hi")


def test_calls_of_a_broken_reply_are_not_announced_but_kept():
    events, error = read(sse(tools(tool('{"a', id="t", name="f"))))
    assert error is not None
    assert [type(event).__name__ for event in events] == ["Start", "ToolCallDelta"]
    assert error.partial.tool_calls[0].arguments == '{"a'
    assert "tool_calls" not in error.partial.message


def test_lenient_takes_a_clean_end_for_a_complete_reply():
    events, error = read(HI, lenient=True)
    assert error is None
    assert (events[-1].text, events[-1].outcome) == ("Hi", "complete")
    events, _ = read(sse(tools(tool("{", id="t", name="f"))), lenient=True)
    assert events[-2] == ToolCall("t", "f", "{")
    for nothing in (b"", b": hi\n\n", sse({"id": "a", "choices": []})):
        assert isinstance(read(nothing, lenient=True)[1], BrokenError)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<html>\n<body>no</body>\n", MalformedError),
        (b"<!DOCTYPE html><p>", MalformedError),
        (b"Service unavailable\n", MalformedError),
        (b"Service unavailable", MalformedError),
        (b"eve", BrokenError),
        (b"data", BrokenError),
        (b'{\n  "error": {\n    "message": "no"\n  }\n}\n', ApiError),
        (b'{\n  "error": {\n    "message": "no"\n  }\n}', ApiError),
        (b'{"error": "no"}', ApiError),
        (b'{"object": "error", "message": "no"}', ApiError),
        (b'{\n  "id": 5\n}\n', MalformedError),
        (b'{"id": 5}', MalformedError),
        (b"error: no", ApiError),
    ],
)
def test_a_body_that_is_no_event_stream(data: bytes, kind: type[StreamkitError]):
    assert isinstance(error_of(data), kind)


def test_unknown_lines_are_kept_up_to_a_bound():
    assert isinstance(read([b"x" * 1000 + b"\n"] * 1000)[1], MalformedError)


def test_reading_stops_at_done():
    def chunks() -> Iterator[bytes]:
        yield HI + DONE
        raise AssertionError("read on")

    assert list(wire.parse(chunks()))[-1].text == "Hi"


def test_errors_of_the_source_pass_unchanged():
    def chunks() -> Iterator[bytes]:
        yield HI
        raise KeyError("mine")

    events = wire.parse(chunks())
    assert [next(events), next(events)] == [Start("c1", "m"), TextDelta("Hi")]
    with pytest.raises(KeyError):
        next(events)


def test_an_unknown_api_is_refused_at_once():
    with pytest.raises(ValueError, match="chat, completions, responses"):
        wire.parse([], "smoke")


def test_a_parser_tells_how_far_it_is():
    parser = Parser(request_id="r1", attempts=2)
    assert not parser.finished
    first, _ = parser.feed(HI)
    assert first == Start("c1", "m", "r1")
    reply = parser.reply("stopped")
    assert (reply.text, reply.outcome, reply.request_id, reply.attempts) == ("Hi", "stopped", "r1", 2)
    list(parser.feed(sse(finish())))
    assert (parser.finished, parser.done) == (True, False)
    (reply,) = parser.flush()
    assert (parser.finished, parser.done, reply.attempts) == (True, True, 2)
    assert list(parser.feed(HI)) == list(parser.flush()) == list(parser.body(b"{}")) == []


def test_an_error_knows_its_request_and_ends_all_claims_to_be_finished():
    parser = Parser(request_id="r1")
    with pytest.raises(ApiError) as caught:
        list(parser.feed(HI + sse(finish(), {"error": "no"})))
    assert caught.value.request_id == caught.value.partial.request_id == "r1"
    assert not parser.finished


def test_sizes_are_limited():
    for chunks in ([sse(say("x" * 300))], [bytes([byte]) for byte in sse(say("x" * 300))]):
        assert isinstance(read([HI, *chunks], event_bytes=200)[1], TooLargeError)
    many = [HI] * 100
    events, error = read(many, reply_bytes=100)
    assert isinstance(error, TooLargeError)
    assert error.partial.text == "Hi" * 50 == "".join(event.text for event in events[1:])
    assert read([*many, DONE], reply_bytes=None, event_bytes=None)[1] is None


def test_the_limit_of_an_event_is_told_after_the_events_before_it():
    events, error = read(HI + b"x" * 300, event_bytes=200)
    assert isinstance(error, TooLargeError)
    assert events[-1] == TextDelta("Hi")


def test_an_unfinished_event_counts_against_the_limit_at_the_end_too():
    parser = Parser(event_bytes=100)
    assert list(parser.feed(b"data: " + b"x" * 80)) == []
    with pytest.raises(BrokenError):
        list(parser.flush())


# chunks that somebody else has parsed


def test_parsed_chunks_give_the_same_events():
    chunks = [say("a"), tools(tool("{}", id="t", name="f")), finish("tool_calls", usage={"prompt_tokens": 3})]
    parser = Parser()
    events = [event for one in chunks for event in parser.feed_object(one)]
    assert [*events, *parser.flush()] == read(sse(*chunks))[0]
    with pytest.raises(MalformedError):
        list(Parser().feed_object([1]))  # type: ignore[arg-type]


def test_halves_in_parsed_chunks_are_joined():
    parser = Parser()
    events = [event for text in ("a", "\ud83d", "\ude00") for event in parser.feed_object(say(text))]
    assert events[1:] == [TextDelta("a"), TextDelta("😀")]


def test_parsed_chunks_of_a_reply_that_says_it_is_over():
    parser = Parser("responses")
    end = {"type": "response.completed", "response": {"id": "r", "output": []}}
    assert isinstance(list(parser.feed_object(end))[-1], Reply)
    assert list(parser.feed_object(end)) == []


# a whole reply in one JSON document


def body_of(value: Any, api: str = "chat", **options: Any) -> list[Any]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list(Parser(api, **options).body(data))


CHAT = {
    "id": "c1",
    "object": "chat.completion",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hi",
                "reasoning_content": "hm",
                "refusal": None,
                "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                ],
            },
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


def test_a_whole_chat_completion():
    for data in (CHAT, b"\xef\xbb\xbf \n" + json.dumps(CHAT).encode() + b"\n"):
        *events, reply = body_of(data)
        assert [type(event).__name__ for event in events] == [
            "Start", "ReasoningDelta", "TextDelta", "ToolCallDelta", "ToolCallDelta",
            "ToolCallDelta", "ToolCall", "ToolCallDelta", "ToolCall", "Finish", "UsageUpdate",
        ]  # fmt: skip
        assert (reply.text, reply.reasoning, len(reply.tool_calls), reply.usage.total_tokens) == ("Hi", "hm", 2, 3)


def test_a_whole_reply_without_a_finish_reason_is_complete():
    (choice_form,) = CHAT["choices"]  # type: ignore[misc]
    *_, reply = body_of({**CHAT, "choices": [{**choice_form, "finish_reason": None}]})
    assert (reply.outcome, reply.finish_reason) == ("complete", None)


def test_a_whole_completion():
    form = {"id": "c", "object": "text_completion", "choices": [{"index": 0, "text": "Hi", "finish_reason": "length"}]}
    *_, reply = body_of(form, "completions")
    assert (reply.text, reply.outcome) == ("Hi", "length")


@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"error": {"message": "no"}}, ApiError),
        ([{"error": {"message": "no"}}], ApiError),
        ({"object": "error", "message": "no"}, ApiError),
        ({"message": "no", "code": "NotFound"}, ApiError),
        ({}, MalformedError),
        ({"detail": "Not Found"}, ApiError),
        ({"hello": "world"}, MalformedError),
        ({"id": "c1", "choices": []}, MalformedError),
        ([], MalformedError),
        ([{}, {}], MalformedError),
        ("x", MalformedError),
        (b"{", MalformedError),
        (b"<html>", MalformedError),
        (b"\xff", MalformedError),
        (b"", BrokenError),
        (b" \n", BrokenError),
    ],
)
def test_a_document_that_is_no_reply(api: str, data: Any, kind: type[StreamkitError]):
    with pytest.raises(kind) as caught:
        body_of(data, api)
    assert (caught.value.partial.text, caught.value.partial.outcome) == ("", kind.outcome)


def test_an_event_stream_announced_as_json_is_read_all_the_same():
    for start in (b"", b"\n", b"\xef\xbb\xbf", b": hi\n\n"):
        assert body_of(start + HI + sse(finish()))[-1].text == "Hi"
        assert body_of(start + HI + DONE)[-1].text == "Hi"
    with pytest.raises(BrokenError):
        body_of(HI)


def test_a_document_is_limited():
    with pytest.raises(TooLargeError):
        body_of(CHAT, event_bytes=10)


def test_legacy_and_reasoning_only_replies_are_not_empty():
    assert reply_of(delta(reasoning="a")).reasoning == "a"
    assert reply_of(chunk(choice({"role": "assistant"}, finish_reason="stop")), end=b"").outcome == "complete"
