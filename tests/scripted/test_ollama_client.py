"""Ollama's official Python client streams from the scripted server, and sees its faults as errors of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamkit.scripted.script import Script
from streamkit.scripted.server import Server

pytestmark = pytest.mark.slow  # its types alone take half a second to load
ollama = pytest.importorskip("ollama")

MESSAGES = [{"role": "user", "content": "Hi"}]
CALLS = [("weather", {"city": "Oslo"}), ("now", {})]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = Server.shipped(speed=0)
    server.models["mixed"] = Script("Hello there", reasoning="Hm. ", tool_calls=CALLS, keepalive=0.01, every=0.02)
    server.models["busy"] = Script(status=429)
    server.models["failing"] = Script("Hello", fail="the model is gone")
    with server.running() as url:
        yield url.removesuffix("/v1")


@pytest.fixture
def client(server: str) -> Iterator[ollama.Client]:
    with ollama.Client(server) as client:
        yield client


def test_it_streams_a_chat(client):
    chunks = list(client.chat("mixed", MESSAGES, stream=True))
    assert "".join(chunk.message.content for chunk in chunks) == "Hello there"
    assert "".join(chunk.message.thinking or "" for chunk in chunks) == "Hm. "
    calls = [call.function for chunk in chunks for call in chunk.message.tool_calls or ()]
    assert [(call.name, call.arguments) for call in calls] == CALLS
    assert [chunk.done for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert (chunks[-1].model, chunks[-1].done_reason) == ("mixed", "stop")
    assert chunks[-1].prompt_eval_count > 0
    assert chunks[-1].eval_count > 0


@pytest.mark.parametrize("name", ["demo", "chinese", "engine-english", "tools"])
def test_it_streams_what_other_apis_recorded(client, name):
    chunks = list(client.chat(name, MESSAGES, stream=True))
    whole = client.chat(name, MESSAGES)
    assert "".join(chunk.message.content for chunk in chunks) == whole.message.content
    assert bool(whole.message.tool_calls) == (name == "tools")
    assert whole.done


def test_it_sees_errors_as_its_own(client):
    with pytest.raises(ollama.ResponseError, match="scripted status 429") as busy:
        list(client.chat("busy", MESSAGES, stream=True))
    assert busy.value.status_code == 429
    with pytest.raises(ollama.ResponseError, match="the model is gone"):
        list(client.chat("failing", MESSAGES, stream=True))
    with pytest.raises(ollama.ResponseError) as elsewhere:
        client.embed("demo", "Hi")
    assert elsewhere.value.status_code == 404
