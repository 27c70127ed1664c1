"""The official Python client streams from the scripted server, and sees its faults as it would a real server's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from streamkit.scripted.script import Script
from streamkit.scripted.server import Server
from streamkit.sources.recording import Recording

openai = pytest.importorskip("openai")

MESSAGES = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, str]]:
    server = Server.shipped(speed=0)
    server.models["busy"] = Script(status=429, headers={"Retry-After": "1"})
    server.models["cut"] = Script("Hello there", drop_after=1)
    server.models["slow"] = Script("a b c d", every=0.01, stall_after=2)
    with server.running() as url:
        yield server, url


@pytest.fixture
def client(server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server[1], api_key="test", max_retries=0) as client:
        yield client


def text_of(name: str) -> str:
    from streamkit.wire import parse

    recording = Recording.open(name)
    *_, reply = parse([read.data for read in recording.reads], recording.api)
    return reply.text


@pytest.mark.parametrize("name", ["demo", "chinese", "engine-english", "engine-chinese"])
def test_it_streams_a_chat(client, name):
    stream = client.chat.completions.create(
        model=name, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == text_of(name)
    assert chunks[-1].usage.completion_tokens > 0


def test_it_gathers_tool_calls(client):
    with client.chat.completions.stream(model="tools", messages=MESSAGES) as stream:
        calls = stream.get_final_completion().choices[0].message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", '{"city": "Oslo", "unit": "celsius"}'),
        ("get_time", '{"zone": "Europe/Oslo"}'),
    ]


@pytest.mark.parametrize("name", ["demo", "engine-chinese", "tools"])
def test_it_streams_responses(client, name):
    with client.responses.stream(model=name, input="Hi") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(deltas) == final.output_text == text_of(name)
    assert final.status == "completed"
    calls = [item for item in final.output if item.type == "function_call"]
    assert len(calls) == (2 if name == "tools" else 0)


def test_it_streams_legacy_completions(client):
    stream = client.completions.create(model="engine-english", prompt="A river", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream if chunk.choices) == text_of("engine-english")


def test_it_gets_whole_replies_too(client):
    assert client.chat.completions.create(model="demo", messages=MESSAGES).choices[0].message.content == text_of("demo")
    assert client.completions.create(model="demo", prompt="Hi").choices[0].text == text_of("demo")
    response = client.responses.create(model="reasoning", input="Hi")
    assert response.output_text == text_of("reasoning")
    assert response.usage.output_tokens_details.reasoning_tokens == 28


def test_it_lists_the_models(client):
    assert {"demo", "hello", "tools"} <= {model.id for model in client.models.list()}


def test_it_sees_errors_as_its_own(client):
    with pytest.raises(openai.RateLimitError) as busy:
        client.chat.completions.create(model="busy", messages=MESSAGES, stream=True)
    assert busy.value.response.headers["retry-after"] == "1"
    with pytest.raises(openai.APIError, match="server had an error"):
        list(client.chat.completions.create(model="error", messages=MESSAGES, stream=True))
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="demo", input="Hi")


def test_a_cut_reaches_it_as_a_broken_connection(client):
    with pytest.raises(openai.APIConnectionError):
        list(client.chat.completions.create(model="cut", messages=MESSAGES, stream=True))


def test_leaving_early_is_noticed(server, client):
    stream = client.chat.completions.create(model="slow", messages=MESSAGES, stream=True)
    for chunk in stream:
        if chunk.choices[0].delta.content == " b":
            break
    stream.close()
    request = server[0].requests[-1]
    while request.outcome == "open":  # the test's time limit is the one for this, too
        client.models.list()
    assert request.outcome == "cancelled"


def test_the_async_client_streams_many_at_once(server):
    async def ask(client: openai.AsyncOpenAI, name: str) -> str:
        stream = await client.chat.completions.create(model=name, messages=MESSAGES, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=server[1], api_key="test") as client:
            names = ["demo", "chinese", "hello", "engine-english"] * 5
            assert await asyncio.gather(*(ask(client, name) for name in names)) == [text_of(name) for name in names]

    asyncio.run(main())


def test_the_azure_client_finds_its_way(server):
    endpoint = server[1].removesuffix("/v1")
    with openai.AzureOpenAI(azure_endpoint=endpoint, api_key="test", api_version="2024-10-21") as client:
        stream = client.chat.completions.create(model="hello", messages=MESSAGES, stream=True)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert said == text_of("hello")
    request = server[0].requests[-1]
    assert (request.path, request.headers["api-key"]) == ("/openai/deployments/hello/chat/completions", "***")
