"""A server that answers in JSON lines: what its body is, asked by a client, recorded and replayed."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import streamkit as sk
from streamkit import ops, testing
from streamkit.sources.http.answers import Sniffer
from streamkit.sources.recording import Read, Recording
from streamkit.testing import Script
from streamkit.wire.framing import LINES
from tests.libraries import with_both
from tests.sources.test_openings import BOM, cuts

TYPES = ["application/x-ndjson", "application/x-ndjson; charset=utf-8", "application/json", "text/plain", ""]
WORD = b'{"model":"m","message":{"content":"Hi"},"done":false}\n'
END = b'{"model":"m","message":{"content":""},"done":true}\n'
CALL = ("weather", {"city": "Oslo"})


def opened(type: str, parts: list[bytes]) -> tuple[str, bytes]:
    """The kind of a body that came in ``parts``, and what of it was read."""
    sniffer = Sniffer(type, LINES)
    read = b"".join(sniffer.feed(part) for part in parts) + sniffer.flush()
    return sniffer.kind, read


# -- what a body is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", [*TYPES, "text/html"])
@pytest.mark.parametrize("body", [WORD + END, b"{}", b"{", b'{ \t"done":true}'])
def test_lines_under_any_name(type: str, body: bytes) -> None:
    for lead in (b"", b"\r\n", BOM, BOM + b"\n"):
        for parts in cuts(lead + body):
            assert opened(type, parts) == ("stream", body), parts


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("body", [b'{\n"done": true}', b"{ \r\n}", b"[" + END + b"]"])
def test_a_document_over_several_lines(type: str, body: bytes) -> None:
    for lead in (b"", b"\n", BOM):
        for parts in cuts(lead + body):
            assert opened(type, parts) == ("stream" if "ndjson" in type else "json", body), parts


@pytest.mark.parametrize("page", [b"<html>busy</html>", b"<!doctype html>"])
@pytest.mark.parametrize("type", ["", "text/html", "application/json"])
def test_a_page_is_no_reply(type: str, page: bytes) -> None:
    for parts in cuts(page):
        with pytest.raises(sk.MalformedError, match="not a stream of JSON lines"):
            opened(type, parts)


def test_nothing_is_nothing() -> None:
    for parts in cuts(b"\n \n"):
        assert opened("", parts) == ("stream", b"")


# -- through a client --------------------------------------------------------------------------------------------------


def answered(body: bytes, type: str = "application/x-ndjson", library: Any = httpx) -> sk.Reply:
    def handle(request: Any) -> Any:
        return library.Response(200, content=body, headers={"content-type": type})

    with sk.Client(api="ollama", transport=library.MockTransport(handle), retry=sk.Retry(attempts=1)) as client:
        return sk.run(client.chat("Hi", model="m"))


@with_both
@pytest.mark.parametrize("body", [WORD + END, WORD + END[:-1], b"[" + END.replace(b'""', b'"Hi"') + b"]"])
@pytest.mark.parametrize("type", ["application/x-ndjson", "application/json", "text/event-stream", ""])
def test_a_reply_under_any_name(body: bytes, type: str, library: Any) -> None:
    if body.startswith(b"[") and "ndjson" in type:
        with pytest.raises(sk.MalformedError):
            answered(body, type, library)
    else:
        assert answered(body, type, library).text == "Hi"


def test_an_error_over_several_lines_with_status_200() -> None:
    with pytest.raises(sk.ApiError, match="no such model"):
        answered(json.dumps({"error": "no such model"}, indent=2).encode(), "application/json")


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[testing.Server, str]]:
    server = testing.Server(Script("Hello 世界.", reasoning="Hm. ", tool_calls=[CALL, CALL], split=7))
    with server.running() as url:
        yield server, url.removesuffix("/v1")


def test_a_server_on_this_machine_is_asked(server: tuple[testing.Server, str], tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    with sk.Client(server[1], api="ollama", model="m") as client:
        reply = sk.run(client.chat("Hi").pipe(ops.record(file)))
    assert (reply.text, reply.reasoning, reply.outcome, reply.finish_reason) == (
        "Hello 世界.",
        "Hm. ",
        "complete",
        "stop",
    )
    assert [(call.name, call.args()) for call in reply.tool_calls] == [CALL, CALL]
    assert reply.usage is not None
    assert reply.usage.origin == "provider"
    asked = server[0].requests[-1]
    assert (asked.path, asked.headers["accept"]) == ("/api/chat", "application/x-ndjson")
    again = sk.run(sk.replay(file, speed=0))
    assert (again.text, again.reasoning, again.tool_calls) == (reply.text, reply.reasoning, reply.tool_calls)
    for api in ("chat", "responses", "ollama"):
        with testing.client(file, api=api) as client:
            served = sk.run(client.chat("Hi"))
        assert (served.text, served.tool_calls) == (reply.text, reply.tool_calls)


def test_bytes_that_somebody_else_reads(server: tuple[testing.Server, str]) -> None:
    body = json.dumps({"model": "m", "messages": []}).encode()  # such a request is for a stream
    with urllib.request.urlopen(urllib.request.Request(f"{server[1]}/api/chat", data=body)) as answer:
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        reply = sk.run(sk.from_bytes(iter(lambda: answer.read(5), b""), api="ollama"))
    assert (reply.text, len(reply.tool_calls)) == ("Hello 世界.", 2)


@pytest.mark.parametrize(
    ("script", "error", "text"),
    [
        (Script("a b c", drop_after=2), sk.BrokenError, "a b"),
        (Script("a b c", done=False), sk.BrokenError, "a b c"),
        (Script("a b c", bad_json_at=1), sk.MalformedError, "a"),
        (Script("a b c", fail=sk.MalformedError("")), sk.MalformedError, "a b c"),
        (Script("a b c", fail="the model is gone"), sk.ApiError, "a b c"),
        (Script(status=503), sk.StatusError, ""),
        (Script(body="<html>busy</html>"), sk.MalformedError, ""),
    ],
)
def test_faults_are_errors_of_ours(script: Script, error: type[sk.StreamkitError], text: str) -> None:
    with testing.client(script, api="ollama", retry=sk.Retry(attempts=1)) as client, pytest.raises(error) as caught:
        sk.run(client.chat("Hi"))
    assert caught.value.partial is not None
    assert caught.value.partial.text == text


def test_a_tool_loop() -> None:
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"rain in {city}"

    with testing.client(Script("Let me see.", tool_calls=[CALL]), "It rains.", api="ollama") as client:
        reply = sk.run(sk.tool_loop(client.chat, "How is the weather?", {"weather": weather}))
    assert (reply.text, reply.rounds) == ("It rains.", 2)
    first, second = (request.body for request in client.requests)
    assert first["tools"][0]["function"]["parameters"]["required"] == ["city"]
    *_, said, told = second["messages"]
    assert said["tool_calls"][0]["function"] == {"name": "weather", "arguments": {"city": "Oslo"}}
    assert (told["role"], told["tool_name"], told["content"]) == ("tool", "weather", "rain in Oslo")


# -- replayed ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 40, 1000])
@pytest.mark.parametrize("body", [WORD + END, b"\n{" + WORD[1:] + END, b'{\n"message":{"content":"Hi"},"done":true}'])
def test_a_recording_is_a_stream_or_a_document(body: bytes, size: int) -> None:
    reads = tuple(Read(at / 1000, body[at : at + size]) for at in range(0, len(body), size))
    recorded = testing.clock().run(sk.replay(Recording(reads, api="ollama", end=1.0)))
    assert recorded.reply.text == "Hi"


def test_a_recorded_stream_is_played_piece_by_piece() -> None:
    reads = (Read(1.0, WORD), Read(2.0, END))
    recorded = testing.clock().run(sk.replay(Recording(reads, api="ollama", end=2.0)))
    assert dict(zip([item.type for item in recorded.items], recorded.times, strict=True))["text.delta"] == 1.0
