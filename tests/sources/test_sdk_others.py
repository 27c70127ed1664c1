"""The official libraries of Ollama and of Google give the same events as the bytes do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

import streamkit as sk
from tests.faults.bodies import data
from tests.faults.server import Server, head, serving

pytestmark = pytest.mark.slow  # loading these libraries takes seconds

Ask = Callable[[str], Any]


def asked_ollama(address: str) -> Any:
    ollama = pytest.importorskip("ollama")

    def ask() -> Any:
        with ollama.Client(address) as client:
            yield from client.chat("m", [{"role": "user", "content": "Hi"}], stream=True)

    return ask()


def asked_google(address: str) -> Any:
    genai = pytest.importorskip("google.genai")

    def ask() -> Any:
        with closing(genai.Client(api_key="k", http_options={"base_url": address})) as client:
            yield from client.models.generate_content_stream(model="m", contents="Hi")

    return ask()


def lines(*forms: Any) -> bytes:
    return b"".join(json.dumps(form).encode() + b"\n" for form in forms)


def part(**said: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": [said]}, "index": 0}], "modelVersion": "m",
            "responseId": "r1"}  # fmt: skip


def turn(**said: Any) -> dict[str, Any]:
    return {"model": "m", "created_at": "2025-01-01T00:00:00Z", "message": {"role": "assistant", **said}, "done": False}


CALL = {"function": {"name": "weather", "arguments": {"city": "Oslo"}}}
OLLAMA = [
    turn(content="", thinking="hm"), turn(content="Hel"), turn(content="lö"), turn(content="", tool_calls=[CALL]),
    {**turn(content=""), "done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 5},
]  # fmt: skip
GOOGLE = [
    part(text="hm", thought=True), part(text="Hel"), part(text="lö"),
    part(functionCall={"name": "weather", "args": {"city": "Oslo"}}),
    {**part(text="!"), "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8}},
]  # fmt: skip
GOOGLE[-1]["candidates"][0]["finishReason"] = "STOP"
BOTH = {
    "ollama": (asked_ollama, "application/x-ndjson", lines(*OLLAMA), lines(OLLAMA[1], {"error": "gone"})),
    "gemini": (asked_google, "text/event-stream", b"".join(map(data, GOOGLE)),
               data(GOOGLE[1]) + data({"error": {"code": 503, "message": "gone", "status": "UNAVAILABLE"}})),
}  # fmt: skip
LIBRARIES = pytest.mark.parametrize(
    ("api", "ask", "media", "body", "failing"), [(k, *v) for k, v in BOTH.items()], ids=BOTH
)


def address(server: Server) -> str:
    return server.url.removesuffix("/v1")


@LIBRARIES
def test_the_same_events_as_of_the_bytes(api: str, ask: Ask, media: str, body: bytes, failing: bytes) -> None:
    with serving([head(type=media), body]) as server:
        events = list(sk.from_sdk(lambda: ask(address(server))))
    assert events == list(sk.from_bytes([body], api))
    reply = events[-1]
    assert isinstance(reply, sk.Reply)
    assert reply.text.startswith("Hellö")
    assert (reply.reasoning, reply.outcome) == ("hm", "complete")
    assert [call.name for call in reply.tool_calls] == ["weather"]


@LIBRARIES
def test_an_error_amid_the_reply(api: str, ask: Ask, media: str, body: bytes, failing: bytes) -> None:
    with serving([head(type=media), failing]) as server, pytest.raises(sk.ApiError, match="gone") as caught:
        sk.run(sk.from_sdk(lambda: ask(address(server))))
    assert not isinstance(caught.value, sk.StatusError)
    assert caught.value.partial.text == "Hel"


@LIBRARIES
def test_a_status(api: str, ask: Ask, media: str, body: bytes, failing: bytes) -> None:
    said = json.dumps({"error": {"code": 429, "message": "not today", "status": "RESOURCE_EXHAUSTED"}}).encode()
    if api == "ollama":
        said = b'{"error": "not today"}'
    refusal = [head("429 Slow", "application/json", content_length=str(len(said))), said]
    with serving(refusal) as server, pytest.raises(sk.StatusError, match="not today") as caught:
        sk.run(sk.from_sdk(lambda: ask(address(server))))
    assert (caught.value.status, caught.value.retryable) == (429, True)


@LIBRARIES
def test_nobody_listens(api: str, ask: Ask, media: str, body: bytes, failing: bytes) -> None:
    with serving([b""]) as server:
        pass
    with pytest.raises(sk.ConnectError, match="no connection"):
        sk.run(sk.from_sdk(lambda: ask(address(server))))


def test_nobody_listens_for_a_reply_that_is_not_streamed() -> None:
    ollama = pytest.importorskip("ollama")
    with serving([b""]) as server:
        pass
    with ollama.Client(address(server)) as client, pytest.raises(sk.ConnectError, match="no connection") as caught:
        sk.run(sk.from_sdk(lambda: client.chat("m", [])))
    assert caught.value.retryable


SIGNED = {"thoughtSignature": "+/+/"}
SIGNS = [
    part(text="hm", thought=True, **SIGNED), part(text="I look."),
    part(inlineData={"mimeType": "image/png", "data": "+/8="}),
    part(executableCode={"language": "PYTHON", "code": "1"}),
    part(functionCall={"id": "c1", "name": "weather", "args": {"city": None, "days": 1.5}}, **SIGNED),
    part(toolCall={"id": "s1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["x"]}}),
    part(text="", **SIGNED),
]  # fmt: skip
SUPPORT = {"segment": {"startIndex": 2, "endIndex": 6, "text": "look"}, "groundingChunkIndices": [0]}
SIGNS[-1]["candidates"][0] |= {
    "finishReason": "STOP",
    "groundingMetadata": {"groundingChunks": [{"web": {"uri": "a", "title": "A"}}], "groundingSupports": [SUPPORT]},
}


def test_what_goes_back_is_the_same_too() -> None:
    """Google's library spells base64 in its own way; the server's spelling goes back."""
    with serving([head(type="text/event-stream"), b"".join(map(data, SIGNS))]) as server:
        *events, reply = sk.from_sdk(lambda: asked_google(address(server)))
    *same, other = sk.from_bytes([b"".join(map(data, SIGNS))], "gemini")
    assert events == same
    assert isinstance(reply, sk.Reply)
    assert isinstance(other, sk.Reply)
    assert reply.messages == other.messages
    parts = [one["candidates"][0]["content"]["parts"][0] for one in SIGNS]
    assert reply.messages == [{"role": "model", "parts": parts}]
    assert [(one.url, one.start, one.end) for one in reply.choices[0].citations] == [("a", 2, 6)]


def test_a_turn_with_thoughts_goes_back_to_ollama() -> None:
    with serving([head(type="application/x-ndjson"), BOTH["ollama"][2]]) as server:
        reply = sk.run(sk.from_sdk(lambda: asked_ollama(address(server))))
    (call,) = reply.tool_calls
    assert reply.messages == [
        {"role": "assistant", "content": "Hellö", "thinking": "hm", "tool_calls": [{"id": call.id, **CALL}]}
    ]


def test_a_stream_of_the_async_client() -> None:
    ollama = pytest.importorskip("ollama")
    body = BOTH["ollama"][2]

    async def main(server: Server) -> sk.Reply:
        async with ollama.AsyncClient(address(server)) as client:
            return await sk.from_sdk(lambda: client.chat("m", [], stream=True))

    with serving([head(type="application/x-ndjson"), body]) as server:
        assert asyncio.run(main(server)).text == "Hellö"
