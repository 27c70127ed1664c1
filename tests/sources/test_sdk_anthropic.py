"""The official ``anthropic`` library's streams give the same events as the bytes do, but for what the library hides.

It gives no pings and nothing whose name is not beside its data, reads over lines of no field and over an answer that is
no event stream, and raises an error's event instead of giving it.
"""

# ruff: noqa: E501  # the rows of a table are easier to read in one line

from __future__ import annotations

import asyncio
import json
import pathlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

import streamkit as sk
from streamkit import operators as ops
from tests.faults.bodies import data
from tests.faults.server import HANG, RESET, Server, head, serving

anthropic = pytest.importorskip("anthropic")

API = "anthropic"
CORPUS = pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "corpus" / API
ASKED: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
ARGUMENTS = '{"city": "Oslo"}'
Ask = Callable[[Any], Any]
Seen = tuple[list[Any], sk.StreamkitError | None]

# -- bodies ------------------------------------------------------------------------------------------------------------


def event(kind: str, **rest: Any) -> bytes:
    return data({"type": kind, **rest}, event=kind)


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    told = (event("content_block_delta", index=index, delta=delta) for delta in deltas)
    begun = event("content_block_start", index=index, content_block=start)
    return b"".join([begun, *told, event("content_block_stop", index=index)])


def piece(text: str, index: int = 0) -> bytes:
    return event("content_block_delta", index=index, delta={"type": "text_delta", "text": text})


def text(*pieces: str, index: int = 0) -> bytes:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": one} for one in pieces))


def end(reason: str, **usage: Any) -> bytes:
    told = event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage={"output_tokens": 7, **usage})  # fmt: skip
    return told + event("message_stop")


MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
           "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 1}}  # fmt: skip
START = event("message_start", message=MESSAGE)
PING = event("ping")
OPEN = START + event("content_block_start", index=0, content_block={"type": "text", "text": ""})
HELLO = START + PING + text("Hel", "lö 😀") + end("end_turn")
CITED = {"type": "char_location", "cited_text": "x", "document_index": 0, "document_title": None,
         "start_char_index": 0, "end_char_index": 1, "file_id": None}  # fmt: skip
CALL = block(
    1,
    {"type": "tool_use", "id": "t1", "name": "weather", "input": {}},
    *({"type": "input_json_delta", "partial_json": one} for one in ("", '{"city": ', '"Oslo"}')),
)
OVERLOADED = event("error", error={"type": "overloaded_error", "message": "Overloaded"}, request_id="req_2")

BODIES: dict[str, bytes] = {
    "text": HELLO,
    "thinking": START + block(
        0, {"type": "thinking", "thinking": "", "signature": ""}, {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "c2ln"},
    ) + block(1, {"type": "redacted_thinking", "data": "xyz"}) + text("a", index=2) + end("end_turn"),
    "a call": START + text("Let me see.") + CALL + end("tool_use"),
    "a call without input": START + block(0, {"type": "tool_use", "id": "t1", "name": "now", "input": {}}) + end("tool_use"),
    "a tool of the server": START + block(
        0, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"query": "x"}'},
    ) + block(1, {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}) + block(
        2, {"type": "text", "text": "", "citations": []}, {"type": "text_delta", "text": "a"},
        {"type": "citations_delta", "citation": CITED}) + end("end_turn", server_tool_use={"web_search_requests": 1}),
    "what nobody knows": START + block(0, {"type": "hologram", "x": [1]}, {"type": "hologram_delta", "y": None}) + event(
        "message_dream", z=1) + text("a", index=1) + end("end_turn"),
    "usage with a cache": event("message_start", message={**MESSAGE, "usage": {
        "input_tokens": 3, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 11, "output_tokens": 1,
        "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 0}}},
    ) + text("a") + end("end_turn", input_tokens=4, cache_read_input_tokens=12),
    **{f"stop: {reason}": START + text("a") + end(reason) for reason in (
        "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal",
        "model_context_window_exceeded", "something_new")},
    "an error event": OPEN + piece("kept") + OVERLOADED,
    "an error event at once": OVERLOADED,
    "an error of few words": OPEN + event("error", error={"type": "api_error"}),
    "an error that is text": OPEN + b"event: error\ndata: died\n\n",
    "an error without data": OPEN + piece("kept") + b'event: error\ndata: {"type":"error"}\n\n',
    "bad JSON": OPEN + piece("kept") + b"event: content_block_delta\ndata: {oops\n\n",
    "truncated": OPEN + piece("kept"),
    "without its last event": START + text("a") + end("end_turn").partition(b"event: message_stop")[0],
    "half an event": OPEN + piece("kept") + piece("lost")[:-30],
    "odd kinds of values": OPEN + piece("a") + event("content_block_delta", index=None, delta={"type": "text_delta", "text": "b"})
    + event("content_block_delta", index=7, delta={"type": "text_delta", "text": "c"}) + end("end_turn"),
    "null for text": OPEN + event("content_block_delta", index=0, delta={"type": "text_delta", "text": None}) + piece("a") + end("end_turn"),
    "a number for text": OPEN + event("content_block_delta", index=0, delta={"type": "text_delta", "text": 5}) + end("end_turn"),
    "no delta": OPEN + piece("a") + event("content_block_delta", index=0) + event("content_block_delta", index=0, delta=None) + end("end_turn"),
    "a list for a chunk": OPEN + piece("a") + b"event: content_block_delta\ndata: [1]\n\n",
    "not UTF-8": OPEN + piece("a") + b'event: content_block_delta\ndata: {"type": "\xff"}\n\n',
    "an endless number": OPEN + piece("a") + b'event: content_block_delta\ndata: {"index": ' + b"9" * 5000 + b"}\n\n",
    "empty": b"",
}  # fmt: skip

QUICK = ("thinking", "a call", "an error event", "truncated")
"""What is tested whenever anything is."""

# -- both clients ------------------------------------------------------------------------------------------------------


def collected(stream: Any) -> Seen:
    events: list[Any] = []
    try:
        sk.run(stream, events.append)
    except sk.StreamkitError as exc:
        return events, exc
    return events, None


def address(server: Server) -> str:
    return server.url.removesuffix("/v1")


@contextmanager
def opened(*script: Any, **options: Any) -> Iterator[tuple[Server, Any]]:
    options = {"api_key": "k", "max_retries": 0, **options}
    with serving(script) as server, anthropic.Anthropic(base_url=address(server), **options) as client:
        yield server, client


def by_sync(script: Any, ask: Ask) -> Seen:
    with opened(*script) as (_, client):
        return collected(sk.from_sdk(lambda: ask(client)))


def by_async(script: Any, ask: Ask) -> Seen:
    async def main(server: Server) -> Seen:
        events: list[Any] = []
        async with anthropic.AsyncAnthropic(base_url=address(server), api_key="k", max_retries=0) as client:
            try:
                await sk.start(sk.from_sdk(lambda: ask(client)), events.append)
            except sk.StreamkitError as exc:
                return events, exc
        return events, None

    with serving(script) as server:
        return asyncio.run(main(server))


LIBRARIES = pytest.mark.parametrize("library", [by_sync, by_async], ids=["sync", "async"])


def create(client: Any) -> Any:
    return client.messages.create(**ASKED, stream=True)


def told(error: sk.StreamkitError) -> tuple[Any, ...]:
    details = (str(error), error.code, error.error_type, error.param) if isinstance(error, sk.ApiError) else ()
    return error.kind, error.retryable, error.partial.text, *details


def messages(seen: Seen) -> list[Any]:
    """What goes back to the model."""
    events, error = seen
    reply = events[-1] if error is None else error.partial
    return [dict(message) for message in reply.messages]


def check_same(direct: Seen, via: Seen) -> None:
    assert via[0] == direct[0]
    assert messages(via) == messages(direct)
    assert (via[1] and told(via[1])) == (direct[1] and told(direct[1]))


# -- the same events ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in BODIES]
)
def test_the_same_events_and_errors_as_of_the_bytes(name: str) -> None:
    direct = collected(sk.from_bytes([BODIES[name]], API))
    for library in (by_sync, by_async):
        check_same(direct, library([head(), BODIES[name]], create))


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(CORPUS.glob("messages-*.sse")), ids=lambda path: path.stem)
def test_recorded_streams_give_the_same_events(path: pathlib.Path) -> None:
    direct = collected(sk.from_bytes([path.read_bytes()], API))
    assert direct[1] is None
    for library in (by_sync, by_async):
        for ask in (create, *HELPERS.values()):
            check_same(direct, library([head(), path.read_bytes()], ask))


class City(BaseModel):
    city: str


HELPERS: dict[str, Ask] = {
    "helper": lambda client: client.messages.stream(**ASKED),
    "helper, parsing": lambda client: client.messages.stream(**ASKED, output_format=City),
    "raw": lambda client: client.messages.with_raw_response.create(**ASKED, stream=True),
    "raw and streaming": lambda client: client.messages.with_streaming_response.create(**ASKED, stream=True),
    "beta": lambda client: client.beta.messages.create(**ASKED, stream=True),
    "beta, helper": lambda client: client.beta.messages.stream(**ASKED),
}
HELPING = pytest.mark.parametrize(
    "ask", [pytest.param(ask, id=name, marks=[pytest.mark.slow] * (name != "helper")) for name, ask in HELPERS.items()]
)
SPOKEN = ["thinking", "a call", "a tool of the server", "usage with a cache"]


@pytest.mark.slow
@LIBRARIES
@HELPING
def test_a_helper_gives_the_same_events_as_a_plain_stream(ask: Ask, library: Any) -> None:
    for name in SPOKEN:
        check_same(collected(sk.from_bytes([BODIES[name]], API)), library([head(), BODIES[name]], ask))


@pytest.mark.slow
@pytest.mark.parametrize("beta", [False, True])
@pytest.mark.parametrize("name", SPOKEN)
def test_events_of_a_helper_that_somebody_passes_on(name: str, beta: bool) -> None:
    """What it makes of a delta repeats what the delta says."""

    def ask(client: Any) -> Iterator[Any]:
        with (client.beta if beta else client).messages.stream(**ASKED) as stream:
            yield from stream

    check_same(collected(sk.from_bytes([BODIES[name]], API)), by_sync([head(), BODIES[name]], ask))


@pytest.mark.slow
def test_a_helper_stream_that_was_entered_already() -> None:
    with opened(head(), BODIES["a call"]) as (_, client), client.messages.stream(**ASKED) as stream:
        assert sk.run(sk.from_sdk(stream)).tool_calls == (sk.ToolCall("t1", "weather", ARGUMENTS),)


def test_only_the_texts_of_a_helper_are_no_stream_of_a_reply() -> None:
    def ask(client: Any) -> Iterator[Any]:
        with client.messages.stream(**ASKED) as stream:
            yield from (one for one in stream if one.type in ("message_start", "text", "message_stop"))

    with (
        opened(head(), HELLO) as (_, client),
        pytest.raises(TypeError, match="without its chunks, the first is 'text'"),
    ):
        sk.run(sk.from_sdk(lambda: ask(client)))


@pytest.mark.slow
def test_what_a_helper_cannot_parse_is_a_reply_all_the_same() -> None:
    body = START + text('{"city": "Os') + end("max_tokens")
    events, error = by_sync([head(), body], HELPERS["helper, parsing"])
    assert error is None
    assert (events[-1].text, events[-1].outcome) == ('{"city": "Os', "length")


@LIBRARIES
def test_a_whole_message_is_a_reply(library: Any) -> None:
    said = [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "text", "text": "Hi"},
            {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}]  # fmt: skip
    body = json.dumps({**MESSAGE, "content": said, "stop_reason": "tool_use"}).encode()
    answer = [head(type="application/json", request_id="req_1", content_length=str(len(body))), body]
    events, error = library(answer, lambda client: client.messages.create(**ASKED))
    assert error is None
    reply = events[-1]
    assert (reply.text, reply.reasoning, reply.outcome, reply.id) == ("Hi", "hm", "complete", "msg_1")
    assert [(call.id, call.name, json.loads(call.arguments)) for call in reply.tool_calls] == [
        ("t1", "weather", {"city": "Oslo"})
    ]
    assert reply.request_id == "req_1"
    assert reply.messages == [{"role": "assistant", "content": said}]


def test_the_id_of_the_request_is_in_the_reply() -> None:
    events, _ = by_sync([head(request_id="req_1"), HELLO], create)
    assert events[-1].request_id == events[0].request_id == "req_1"


@pytest.mark.slow
def test_what_the_library_hides() -> None:
    """Events without a name beside their data are not given; neither is the answer of a server that streams nothing."""
    nameless = b"".join(line + b"\n" for line in HELLO.split(b"\n") if not line.startswith(b"event:"))
    assert collected(sk.from_bytes([nameless], API))[1] is None
    assert isinstance(by_sync([head(), nameless], create)[1], sk.BrokenError)
    _, error = by_sync([head(type="text/html"), b"<p>Hi</p>"], create)
    assert isinstance(error, sk.MalformedError)


@pytest.mark.slow
def test_the_reply_goes_through_operators_and_is_asked_again() -> None:
    cut = [head(), START, OVERLOADED]
    with serving(cut, [head(), HELLO]) as server:
        with anthropic.Anthropic(base_url=address(server), api_key="k", max_retries=0) as client:
            stream = sk.from_sdk(lambda: create(client)).pipe(ops.retry_unstarted(sk.Retry(first=0)))
            assert sk.run(stream).text == "Hellö 😀"
        assert len(server.requests) == 2


# -- errors ------------------------------------------------------------------------------------------------------------


@LIBRARIES
def test_an_error_amid_the_reply_may_pass_and_keeps_what_was_said(library: Any) -> None:
    events, error = library([head(request_id="req_1"), OPEN, piece("kept"), OVERLOADED], create)
    assert isinstance(error, sk.ApiError)
    assert not isinstance(error, sk.StatusError)
    assert (error.error_type, str(error), error.retryable) == ("overloaded_error", "Overloaded", True)
    assert error.partial.text == "kept" == events[-1].text
    assert error.request_id == "req_1"
    assert isinstance(error.__cause__, anthropic.APIStatusError)


@pytest.mark.slow
@LIBRARIES
@pytest.mark.parametrize("ask", [create, HELPERS["helper"], HELPERS["beta"]], ids=["create", "helper", "beta"])
@pytest.mark.parametrize(
    ("status", "kind"), [("401 No", "authentication_error"), ("429 Slow", "rate_limit_error"), ("529 Full", "overloaded_error")]
)  # fmt: skip
def test_a_status(library: Any, ask: Ask, status: str, kind: str) -> None:
    body = json.dumps(
        {"type": "error", "error": {"type": kind, "message": "not today"}, "request_id": "req_1"}
    ).encode()
    headers = {"content_length": str(len(body)), "connection": "close", "retry_after": "7", "request_id": "req_1"}
    where: list[str] = []

    def noted(client: Any) -> Any:
        where.append(str(client.base_url).rstrip("/"))
        return ask(client)

    _, error = library([head(status, "application/json", **headers), body], noted)
    assert isinstance(error, sk.StatusError)
    assert (error.status, error.retry_after, error.request_id) == (int(status[:3]), 7, "req_1")
    assert (error.error_type, error.retryable) == (kind, error.status != 401)
    assert f"not today ({where[0]}/v1/messages)" in str(error)


@pytest.mark.slow
@LIBRARIES
def test_nobody_listens(library: Any) -> None:
    with serving([b""]) as server:
        pass
    nobody = {"base_url": address(server)}
    _, error = library([b""], lambda client: create(client.with_options(**nobody)))
    assert isinstance(error, sk.ConnectError)
    assert str(error).endswith(f"({server.url}/messages)")


@pytest.mark.slow
@LIBRARIES
def test_a_connection_that_breaks(library: Any) -> None:
    events, error = library([head(), OPEN, piece("kept"), 0.05, RESET], create)
    assert isinstance(error, sk.BrokenError)
    assert error.partial.text == "kept" == events[-1].text


@pytest.mark.slow
@pytest.mark.parametrize("silent", [[HANG], [head(), OPEN, piece("kept"), HANG]], ids=["head", "body"])
def test_the_librarys_own_time_limit_is_a_stall(silent: Any) -> None:
    with opened(*silent, timeout=0.2) as (_, client):
        _, error = collected(sk.from_sdk(lambda: create(client)))
    assert isinstance(error, sk.StalledError)
    assert error.partial.text in ("", "kept")


@pytest.mark.slow
def test_what_does_not_fit_the_librarys_types_is_an_error_of_ours() -> None:
    with opened(head(type="application/json"), b'"Hi"', _strict_response_validation=True) as (_, client):
        _, error = collected(sk.from_sdk(lambda: client.messages.create(**ASKED)))
    assert isinstance(error, sk.ApiError | sk.MalformedError)


@pytest.mark.slow
def test_a_missing_key_is_the_librarys_own_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # where it may look for credentials
    with serving([b""]) as server, anthropic.Anthropic(base_url=address(server)) as client:
        with pytest.raises(TypeError, match="api_key"):
            sk.run(sk.from_sdk(lambda: create(client)))
        assert not server.requests


# -- leaving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [create, HELPERS["helper"]], ids=["create", "helper"])
def test_cancel_closes_the_socket_of_a_sync_stream(ask: Ask) -> None:
    with opened(head(), OPEN, piece("kept"), HANG) as (server, client):
        run = sk.start(sk.from_sdk(lambda: ask(client)))
        while not run.reply.text:
            assert server.heard(1)
        run.cancel()
        assert run.result(5).outcome == "cancelled"
        assert run.reply.text == "kept"
        assert server.all_closed()


@pytest.mark.parametrize("ask", [create, HELPERS["helper"]], ids=["create", "helper"])
def test_cancel_closes_the_socket_of_an_async_stream(ask: Ask) -> None:
    async def main(server: Server) -> None:
        async with anthropic.AsyncAnthropic(base_url=address(server), api_key="k", max_retries=0) as client:
            run = sk.start(sk.from_sdk(lambda: ask(client)))
            async for one in run:
                if isinstance(one, sk.TextDelta):
                    break
            run.cancel()
            assert (await run).text == "kept"
            assert await asyncio.to_thread(server.all_closed)

    with serving([head(), OPEN, piece("kept"), HANG]) as server:
        asyncio.run(main(server))


@HELPING
def test_leaving_in_the_middle_closes_the_connection(ask: Ask) -> None:
    with opened(head(), OPEN, piece("a"), piece("b"), HANG) as (server, client):
        for one in sk.from_sdk(lambda: ask(client)):
            if isinstance(one, sk.TextDelta):
                break
        assert server.all_closed()
