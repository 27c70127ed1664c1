"""Anthropic's official Python client streams from the scripted server, and sees its faults as errors of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import streamkit as sk
from streamkit.scripted.script import Script
from streamkit.scripted.server import Server
from streamkit.sources.recording import Recording
from streamkit.wire import parse

pytestmark = pytest.mark.slow  # its types alone take half a second to load
anthropic = pytest.importorskip("anthropic")

CALLS = [("weather", {"city": "Oslo"}), ("now", {})]
ERRORS = [(401, "AuthenticationError", "authentication_error"), (404, "NotFoundError", "not_found_error"),
          (429, "RateLimitError", "rate_limit_error"), (529, "InternalServerError", "overloaded_error")]  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, str]]:
    server = Server.shipped(speed=0)
    server.models["mixed"] = Script("Hello there", reasoning="Hm. ", tool_calls=CALLS, keepalive=0.01, every=0.02)
    server.models["cut"] = Script("Hello there", drop_after=1)
    server.models["slow"] = Script("a b c d", every=0.01, stall_after=2)
    server.models["failing"] = Script("Hello", fail="the model is gone")
    for status, _, _ in ERRORS:
        server.models[f"status {status}"] = Script(status=status, headers={"Retry-After": "1"})
    with server.running() as url:
        yield server, url.removesuffix("/v1")


@pytest.fixture
def client(server: tuple[Server, str]) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server[1], api_key="test", max_retries=0) as client:
        yield client


def asked(name: str) -> Any:
    return {"model": name, "max_tokens": 500, "messages": [{"role": "user", "content": "Hi"}]}


def text_of(name: str) -> str:
    recording = Recording.open(name)
    *_, reply = parse([read.data for read in recording.reads], recording.api)
    return reply.text


def said(chunks: Any) -> str:
    deltas = (chunk.delta for chunk in chunks if chunk.type == "content_block_delta")
    return "".join(delta.text for delta in deltas if delta.type == "text_delta")


@pytest.mark.parametrize("name", ["demo", "chinese", "engine-english"])
def test_it_streams_a_recording_of_another_api(client, name):
    chunks = list(client.messages.create(**asked(name), stream=True))
    assert said(chunks) == text_of(name)
    assert (chunks[0].type, chunks[-1].type) == ("message_start", "message_stop")
    told = next(chunk for chunk in chunks if chunk.type == "message_delta")
    assert told.delta.stop_reason == "end_turn"
    assert told.usage.output_tokens > 0


def test_its_helper_gathers_a_message_with_thinking_and_tools(client):
    with client.messages.stream(**asked("mixed")) as stream:
        texts = list(stream.text_stream)
        message = stream.get_final_message()
    assert "".join(texts) == "Hello there"
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert message.content[0].thinking == "Hm. "
    assert [(block.name, block.input) for block in message.content[2:]] == CALLS
    assert len({block.id for block in message.content[2:]}) == 2
    assert message.stop_reason == "tool_use"
    assert message.usage.input_tokens > 0


def test_it_gets_whole_messages_too(client):
    message = client.messages.create(**asked("mixed"))
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert [block.text for block in message.content if block.type == "text"] == ["Hello there"]
    assert client.messages.create(**asked("demo")).content[0].text == text_of("demo")


@pytest.mark.parametrize(("status", "error", "kind"), ERRORS)
def test_it_sees_a_status_as_an_error_of_its_own(client, status, error, kind):
    with pytest.raises(getattr(anthropic, error)) as refused:
        client.messages.create(**asked(f"status {status}"), stream=True)
    assert refused.value.status_code == status
    assert refused.value.response.headers["retry-after"] == "1"
    assert (refused.value.body["type"], refused.value.body["error"]["type"]) == ("error", kind)


def test_it_sees_that_something_is_not_served(client):
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.list()


def test_it_sees_an_error_amid_the_reply(client):
    with pytest.raises(anthropic.APIStatusError, match="the model is gone"):
        list(client.messages.create(**asked("failing"), stream=True))
    with pytest.raises(sk.ApiError, match="the model is gone"):
        sk.run(sk.from_sdk(lambda: client.messages.create(**asked("failing"), stream=True)))


def test_a_cut_reaches_it_as_a_broken_connection(client):
    with pytest.raises(sk.BrokenError) as cut:
        sk.run(sk.from_sdk(lambda: client.messages.create(**asked("cut"), stream=True)))
    assert cut.value.partial.text == "Hello"


def test_leaving_early_is_noticed(server, client):
    with client.messages.stream(**asked("slow")) as stream:
        assert next(stream.text_stream) == "a"
    request = server[0].requests[-1]
    while request.outcome == "open":  # the test's time limit is the one for this, too
        client.messages.create(**asked("demo"))
    assert request.outcome == "cancelled"


def test_the_same_reply_through_every_door(server, client):
    direct = sk.run(sk.Client(server[1], "test", api="anthropic", model="mixed").chat("Hi"))
    reply = sk.run(sk.from_sdk(lambda: client.messages.stream(**asked("mixed"))))
    assert (reply.text, reply.reasoning, reply.finish_reason, reply.usage) == (
        direct.text, direct.reasoning, direct.finish_reason, direct.usage)  # fmt: skip
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [
        (call.name, call.arguments) for call in direct.tool_calls
    ]


def test_the_async_client_streams_many_at_once(server):
    async def ask(client: anthropic.AsyncAnthropic, name: str) -> str:
        async with client.messages.stream(**asked(name)) as stream:
            return await stream.get_final_text()

    async def main() -> None:
        async with anthropic.AsyncAnthropic(base_url=server[1], api_key="test") as client:
            names = ["demo", "chinese", "engine-english"] * 5
            assert await asyncio.gather(*(ask(client, name) for name in names)) == [text_of(name) for name in names]

    asyncio.run(main())
