"""The official library's streams give the same events as HTTP does directly, but for what the library hides.

What it hides, and what comes of it (`DIFFERENCES` finds each by its cause, never by a file's name):

====================  ==============================================================================================
``[DONE]``            it looks like any end of the body, so a reply without a finish reason counts as cut
an error's chunk      is raised instead of given: content beside the error in the same chunk is lost
lines of no field     are dropped, as the standard says: an ``error: …`` line is only noticed as a missing end
====================  ==============================================================================================
"""

# ruff: noqa: E501  # the rows of a table are easier to read in one line
# what is waited for happens where no event of ours can be set

from __future__ import annotations

import asyncio
import json
import operator
import pathlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import streamkit as sk
from tests.faults.bodies import DONE, END, START, data, reply, say
from tests.faults.server import HANG, RESET, Heard, Server, head, serving
from tests.waiting import soon

openai = pytest.importorskip("openai")

CORPUS = pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "corpus"
Seen = tuple[list[Any], sk.StreamkitError | None]


def collected(stream: Any) -> Seen:
    events: list[Any] = []
    try:
        sk.run(stream, events.append)
    except sk.StreamkitError as exc:
        return events, exc
    return events, None


def directly(server: Server, api: str) -> Seen:
    with sk.Client(server.url, "k", model="m", retry=sk.Retry(attempts=0)) as client:
        return collected({"chat": client.chat, "completions": client.complete, "responses": client.respond}[api]("hi"))


@contextmanager
def opened(*script: Any) -> Iterator[tuple[Server, Any]]:
    """A server that answers every request so, and a sync client of the library."""
    with serving(script) as server, openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
        yield server, client


def creates(client: Any, api: str) -> Callable[[], Any]:
    """What asks the library for a stream: sync or async, as ``client`` is."""
    if api == "responses":
        return lambda: client.responses.create(model="m", input="hi", stream=True)
    if api == "completions":
        return lambda: client.completions.create(model="m", prompt="hi", stream=True)
    return lambda: client.chat.completions.create(model="m", messages=[], stream=True)


def by_sync(server: Server, api: str) -> Seen:
    with openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
        return collected(sk.from_sdk(creates(client, api)))


def by_async(server: Server, api: str) -> Seen:
    async def main() -> Seen:
        events: list[Any] = []
        async with openai.AsyncOpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
            try:
                await sk.start(sk.from_sdk(creates(client, api)), events.append)
            except sk.StreamkitError as exc:
                return events, exc
        return events, None

    return asyncio.run(main())


LIBRARIES = pytest.mark.parametrize("library", [by_sync, by_async], ids=["sync", "async"])


AT_THE_END = (sk.ToolCallDelta, sk.ToolCall, sk.File, sk.BlockEnd, sk.Reply)


def hides_done(body: bytes, direct: Seen, via: Seen) -> bool:
    """And with it the end of a call, a file or a message that nothing else completes."""
    events, error = direct
    seen = len(via[0])
    return (
        error is None
        and b"data: [DONE]" in body
        and not any(isinstance(event, sk.Finish) for event in events)
        and via[0] == events[:seen]
        and all(isinstance(event, AT_THE_END) for event in events[seen:])
        and isinstance(via[1], sk.BrokenError)
    )


def loses_what_is_beside_an_error(body: bytes, direct: Seen, via: Seen) -> bool:
    (events, error), (fewer, its) = direct, via
    return isinstance(error, sk.ApiError) and isinstance(its, sk.ApiError) and events[: len(fewer)] == fewer


def drops_unknown_lines(body: bytes, direct: Seen, via: Seen) -> bool:
    names = {line.partition(b":")[0] for line in body.splitlines() if line}
    return bool(names - {b"data", b"event", b"id", b"retry", b""}) and direct[0] == via[0] and via[1] is not None


DIFFERENCES = [hides_done, loses_what_is_beside_an_error, drops_unknown_lines]


def same(direct: Seen, via: Seen) -> bool:
    (events, error), (others, its) = direct, via
    if (error is None) != (its is None) or events != others:
        return False
    return error is None or its is None or told(error) == told(its)


def told(error: sk.StreamkitError) -> tuple[Any, ...]:
    details = (str(error), error.code, error.error_type, error.param) if isinstance(error, sk.ApiError) else ()
    return error.kind, error.retryable, error.partial.text, *details


def corpus() -> Iterator[Any]:
    if not (CORPUS / "index.jsonl").exists():
        return
    for line in (CORPUS / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["api"] in ("chat", "completions", "responses"):
            yield pytest.param(row["file"], row["api"], id=row["file"])


@pytest.mark.slow
@pytest.mark.parametrize(("file", "api"), list(corpus()))
def test_recorded_streams_give_the_same_events(file: str, api: str) -> None:
    body = (CORPUS / file).read_bytes()
    library = by_sync if len(body) % 2 else by_async
    with serving([head(), body]) as server:
        direct, via = directly(server, api), library(server, api)
    if not same(direct, via):
        assert any(reason(body, direct, via) for reason in DIFFERENCES), (direct[1], via[1])


CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":'}}
MORE = {"index": 0, "function": {"arguments": "1}"}}
BODIES: dict[str, tuple[str, bytes]] = {
    "text": ("chat", reply("Hello", ", wörld 😀")),
    "two choices": ("chat", b"".join([say("a"), say("b", index=1), END, say(None, index=1, finish="length"), DONE])),
    "a call": ("chat", b"".join([START, data({"choices": [{"index": 0, "delta": {"tool_calls": [CALL]}}]}),
                                 data({"choices": [{"index": 0, "delta": {"tool_calls": [MORE]}}]}),
                                 say(None, finish="tool_calls"), DONE])),
    "reasoning": ("chat", b"".join([data({"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}), say("a"), END, DONE])),
    "refusal": ("chat", b"".join([data({"choices": [{"index": 0, "delta": {"refusal": "no"}}]}), END, DONE])),
    "usage": ("chat", b"".join([say("a"), END, data({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}), DONE])),
    "unknown keys": ("chat", b"".join([say("a", odd=[1, {"x": None}], created="yesterday"), END, DONE])),
    "log probabilities": ("chat", b"".join([data({"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": {
        "content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}], "refusal": None}}]}), END, DONE])),
    "a completion": ("completions", data({"id": "x", "object": "text_completion", "model": "m", "choices": [
        {"index": 0, "text": "a", "finish_reason": None}]}) + data({"object": "text_completion", "choices": [
            {"index": 0, "text": "b", "finish_reason": "stop"}]}) + DONE),
    "a response": ("responses", b"".join(data(event, event=event["type"]) for event in [
        {"type": "response.created", "response": {"id": "r", "model": "m"}},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "i", "delta": "a"},
        {"type": "response.function_call_arguments.delta", "output_index": 1, "item_id": "j", "delta": "{}"},
        {"type": "response.something.new", "x": 1},
        {"type": "response.completed", "response": {"id": "r", "model": "m", "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}},
    ])),
    "an error": ("chat", START + say("kept") + data({"error": {"message": "died", "type": "server_error", "code": "x"}})),
    "an error that may pass": ("chat", START + data({"error": {"message": "busy", "type": "server_error", "code": "x"}})),
    "an error of few words": ("chat", START + data({"error": {"code": 429, "param": "n"}})),
    "an error event": ("chat", START + say("kept") + data({"error": {"message": "died"}}, event="error")),
    "a response's error": ("responses", data({"type": "error", "message": "died", "code": "x", "param": None}, event="error")),
    "bad JSON": ("chat", START + say("kept") + b"data: {oops\n\n"),
    "truncated": ("chat", START + say("kept")),
    "half an event": ("chat", START + say("kept") + say("lost")[:-30]),
    "empty": ("chat", b""),
    "an endless number": ("chat", START + say("kept") + b'data: {"choices": [{"index": ' + b"9" * 5000 + b"}]}\n\n"),
}  # fmt: skip


@LIBRARIES
@pytest.mark.parametrize(("api", "body"), BODIES.values(), ids=BODIES)
def test_the_same_events_and_errors_as_directly(api: str, body: bytes, library: Any) -> None:
    with serving([head(), body]) as server:
        direct, via = directly(server, api), library(server, api)
        assert same(direct, via), (direct, via)


@LIBRARIES
def test_a_connection_that_breaks(library: Any) -> None:
    with serving([head(), START, say("kept"), 0.05, RESET]) as server:
        events, error = library(server, "chat")
    assert isinstance(error, sk.BrokenError)
    assert error.partial.text == "kept" == events[-1].text


@LIBRARIES
@pytest.mark.parametrize("status", ["400 Bad", "401 No", "429 Slow", "500 Oops"])
def test_a_status(library: Any, status: str) -> None:
    body = b'{"error": {"message": "not today", "code": "x"}}'
    refusal = [
        head(
            status,
            "application/json",
            content_length=str(len(body)),
            connection="close",
            retry_after="7",
            x_request_id="req-1",
        ),
        body,
    ]
    with serving(refusal) as server:
        _, error = library(server, "chat")
    assert isinstance(error, sk.StatusError)
    assert error.status == int(status[:3])
    assert error.retry_after == 7
    assert error.request_id == "req-1"
    assert error.retryable is (error.status in (429, 500))
    assert f"not today ({server.url}/chat/completions)" in str(error)


@LIBRARIES
def test_nobody_listens(library: Any) -> None:
    with serving([b""]) as server:
        pass
    _, error = library(server, "chat")
    assert isinstance(error, sk.ConnectError)
    assert str(error).endswith(f"({server.url}/chat/completions)")


@LIBRARIES
def test_an_address_without_a_version(library: Any) -> None:
    with serving([head("404 No", "text/plain", content_length="0", connection="close")]) as server:
        server.url = f"http://bob:hunter2x@127.0.0.1:{server.port}"
        _, error = library(server, "chat")
    assert str(error).endswith(f"(http://127.0.0.1:{server.port}/chat/completions: is /v1 missing in base_url?)")


@pytest.mark.parametrize("silent", [[HANG], [head(), START, say("kept"), HANG]], ids=["head", "body"])
def test_the_librarys_own_time_limit_is_a_stall(silent: Any) -> None:
    with (
        serving(silent) as server,
        openai.OpenAI(base_url=server.url, api_key="k", max_retries=0, timeout=0.3) as client,
    ):
        _, error = collected(sk.from_sdk(creates(client, "chat")))
    assert isinstance(error, sk.StalledError)
    assert error.partial.text in ("", "kept")


def test_cancel_closes_the_socket_of_a_sync_stream() -> None:
    with opened(head(), START, say("kept"), HANG) as (server, client):
        run = sk.start(sk.from_sdk(creates(client, "chat")))
        while not run.reply.text:
            assert server.heard(1)
        run.cancel()
        assert run.result(5).outcome == "cancelled"
        assert run.reply.text == "kept"
        assert server.all_closed()
    assert not _pumps()


def test_cancel_closes_the_socket_of_an_async_stream() -> None:
    async def main(server: Server) -> None:
        async with openai.AsyncOpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
            run = sk.start(sk.from_sdk(creates(client, "chat")))
            await soon(lambda: run.reply.text)
            run.cancel()
            assert (await run).text == "kept"
            assert await asyncio.to_thread(server.all_closed)

    with serving([head(), START, say("kept"), HANG]) as server:
        asyncio.run(main(server))


def test_leaving_a_sync_stream_in_the_middle() -> None:
    with opened(head(), START, say("a"), say("b"), HANG) as (server, client):
        for event in sk.from_sdk(creates(client, "chat")):
            if isinstance(event, sk.TextDelta):
                break
        assert server.all_closed()


def test_a_stream_that_opens_after_the_cancel_is_closed() -> None:
    opens = threading.Event()

    def late(_: Heard) -> Iterator[Any]:
        opens.wait(10)
        yield from (head(), START, HANG)

    with (
        serving(late) as server,
        openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client,
    ):
        run = sk.start(sk.from_sdk(creates(client, "chat")))
        assert server.heard(1)
        run.cancel()
        assert run.result(5).outcome == "cancelled"  # it does not wait for the library
        opens.set()
        assert server.all_closed()


def test_an_open_stream_is_read_once() -> None:
    with opened(head(), reply("a")) as (server, client):
        stream = sk.from_sdk(creates(client, "chat")())
        assert sk.run(stream).text == "a"
        assert len(server.requests) == 1


def test_a_callable_makes_it_cold() -> None:
    with opened(head(), reply("a")) as (server, client):
        stream = sk.from_sdk(creates(client, "chat"))
        assert (sk.run(stream).text, sk.run(stream).text) == ("a", "a")
        assert len(server.requests) == 2


def test_lenient_takes_a_clean_end() -> None:
    with opened(head(), START, say("a")) as (_, client):
        assert sk.run(sk.from_sdk(creates(client, "chat"), lenient=True)).text == "a"


@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
def test_a_whole_reply_serves_too(api: str) -> None:
    """Who forgot ``stream=True`` gets the same Reply."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}, "text": "Hi"}
    text = {"type": "output_text", "text": "Hi", "annotations": []}
    message = {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [text]}
    body = {
        "chat": {"id": "c1", "object": "chat.completion", "model": "m", "choices": [choice]},
        "completions": {"id": "c1", "object": "text_completion", "model": "m", "choices": [choice]},
        "responses": {"id": "c1", "object": "response", "model": "m", "status": "completed", "output": [message]},
    }[api]
    call = {"chat": "chat.completions", "completions": "completions", "responses": "responses"}[api]
    asked = {"chat": {"messages": []}, "completions": {"prompt": "hi"}, "responses": {"input": "hi"}}[api]
    with opened(head(type="application/json"), json.dumps(body).encode()) as (_, client):
        create = operator.attrgetter(f"{call}.create")(client)
        reply = sk.run(sk.from_sdk(lambda: create(model="m", **asked)))
    assert (reply.text, reply.id, reply.outcome) == ("Hi", "c1", "complete")


@LIBRARIES
@pytest.mark.parametrize("media", ["text/html; charset=utf-8", "application/json"])
def test_an_answer_that_is_no_stream(library: Any, media: str) -> None:
    with serving([head(type=media), b'{"x": 1}']) as server:
        _, error = library(server, "chat")
    assert isinstance(error, sk.MalformedError)
    assert media.partition(";")[0] in str(error)


def _pumps() -> list[str]:
    """Threads of ours that read a sync stream, once they had time to end."""
    for thread in threading.enumerate():
        if thread.name.startswith("streamkit ") and thread is not threading.current_thread():
            thread.join(5)
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("streamkit ")]
