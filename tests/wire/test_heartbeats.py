"""What servers send to keep a connection open, besides comments, and the spellings of the end."""

from __future__ import annotations

import pytest

from streamkit.errors import ApiError, MalformedError
from streamkit.events import Other, Reply
from streamkit.json_form import to_json
from streamkit.wire import APIS, Parser
from streamkit.wire.framing import SSE
from tests.wire.bodies import DONE, error_of, finish, read, say, splits, sse

HI, YOU = sse(say("Hi")), sse(say(" you"), finish())


def text_of(data: bytes) -> str:
    """The text of a whole reply; the same wherever it is cut."""
    replies = {to_json(reply_in(chunks)) for chunks in ([data], *splits(data))}
    assert len(replies) == 1
    return reply_in([data]).text


def reply_in(chunks: list[bytes]) -> Reply:
    events, error = read(chunks)
    assert error is None
    assert isinstance(events[-1], Reply)
    return events[-1]


HEARTBEATS = {
    "a comment as data": b"data: : waiting\n\n",
    "a bare colon": b"data: :\n\n",
    "a comment as data, without the space": b"data::waiting\n\n",
    "two of them": b"data: : a\ndata: : b\n\n",
    "a word": b"data: ping\n\n",
    "two words one after the other": b"data: ping\n\ndata: pong\n\n",
    "a word in quotes": b'data: "keep-alive"\n\n',
    "null": b"data: null\n\n",
    "a word in brackets": b"data: [PING]\n\n",
    "two words": b"data: keep alive\n\n",
    "a sign": "data: 💓\n\n".encode(),
    **{
        f"{name}: {data}": f"event: {name}\ndata: {data}\n\n".encode()
        for name in ("ping", "heartbeat", "keepalive", "keep-alive", "Ping", "message_ping", "response.heartbeat")
        for data in ('""', "null", "{}", "still here", '{"type": "ping"}', '{"error": "none"}', "[1]")
    },
}


@pytest.mark.parametrize("name", HEARTBEATS)
def test_a_heartbeat_says_nothing(name: str):
    beat = HEARTBEATS[name]
    assert text_of(beat + HI + beat + YOU + beat + DONE) == "Hi you"


def test_a_heartbeat_is_no_event():
    bare = [{"type": "ping"}, {"type": "keepalive", "sequence_number": 4}, {"type": "heartbeat", "timestamp": 1.5}]
    for api in (name for name, api in APIS.items() if api.framing is SSE):
        for beat in (*HEARTBEATS.values(), *map(sse, bare)):
            assert list(Parser(api).feed(beat)) == [], (api, beat)


def named(name: str, chunk: object) -> bytes:
    return f"event: {name}\n".encode() + sse(chunk)


def test_what_a_heartbeat_holds_is_not_lost():
    for beat in (
        sse({"type": "keep-alive", "queue": 4}),
        sse({"type": "ping", "id": {"text": "still here"}}),
        named("ping", {"n": 1}),
        named("ping", {"type": "ping", "error": {"message": "ok", "data": "x"}}),
        named("response.heartbeat", {"type": "status"}),
    ):
        events, _ = read(HI + beat + YOU + DONE)
        assert [type(event) for event in events].count(Other) == 1, beat


def test_a_chunk_under_the_name_of_a_heartbeat_is_read():
    assert text_of(named("ping", say("Hi")) + named("heartbeat", say(" there")) + YOU + DONE) == "Hi there you"
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "O"}}
    for api in (name for name, api in APIS.items() if api.framing is SSE):
        for name in ("ping", "keep-alive"):
            _, error = read(named(name, overloaded), api)
            assert isinstance(error, ApiError), api


@pytest.mark.parametrize("before", [b"", HI, HI + YOU], ids=["at the start", "later", "behind the finish"])
@pytest.mark.parametrize("word", ["bye", '"bye"', "bye\n\ndata: bye"])
def test_a_word_that_nothing_follows_is_malformed_and_quoted(word: str, before: bytes):
    error = error_of(before + f"data: {word}\n\n".encode())
    assert isinstance(error, MalformedError)
    assert "bye" in str(error)


@pytest.mark.parametrize("data", ["17", "upstream_failed", "Internal Server Error", "<html>", '{"choices"', "x" * 65])
def test_what_is_no_heartbeat_is_malformed_at_once(data: str):
    _, error = read(HI + sse(data) + YOU + DONE)
    assert isinstance(error, MalformedError)
    assert error.partial.text == "Hi"


@pytest.mark.parametrize("end", ["[DONE] ", " [DONE]", "\t[DONE]\t", "[DONE]"])
@pytest.mark.parametrize("tail", ["\n\n", "\n", ""])
def test_white_space_around_the_end_means_nothing(end: str, tail: str):
    assert text_of(HI + f"data: {end}{tail}".encode()) == "Hi"


@pytest.mark.parametrize("end", ["[done]", '"[DONE]"', '"[Done]" ', "DONE"])
@pytest.mark.parametrize("tail", ["\n\n", "\n", ""])
def test_other_spellings_of_the_end(end: str, tail: str):
    assert text_of(HI + f"data: {end}{tail}".encode()) == "Hi"
    assert text_of(HI + f"data: {end}\n\n".encode() + YOU) == "Hi"  # nothing is read behind it
