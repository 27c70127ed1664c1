"""The table of APIs: each entry is whole, loaded when asked for, and knows its own chunks from those of others."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from streamkit import wire
from streamkit.errors import ApiError, ConnectError
from streamkit.events import (
    Finish,
    ReasoningDelta,
    Reply,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageUpdate,
)
from streamkit.sources.http.requests import Endpoint
from streamkit.sources.tools.schemas import with_schemas
from streamkit.wire.api import Access
from streamkit.wire.apis import api_named
from streamkit.wire.json_codec import encode_json, load_json
from tests.wire.bodies import read

CHUNKS: dict[str, tuple[dict[str, Any], ...]] = {
    "chat": ({"choices": []}, {"object": "chat.completion", "choices": [{"message": {}}]}),
    "responses": ({"type": "response.created"}, {"type": "error", "message": "no"}, {"object": "response"}),
    "anthropic": (
        {"type": "message_start", "message": {}},
        {"type": "content_block_delta", "delta": {}},
        {"type": "message", "role": "assistant", "content": []},
    ),
    "gemini": ({"candidates": []}, {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {}}),
    "ollama": ({"model": "m", "message": {"role": "assistant", "content": ""}, "done": False},),
}


@pytest.mark.parametrize("name", wire.APIS)
def test_an_entry_is_whole(name: str) -> None:
    api = wire.APIS[name]
    assert api.name == name
    assert api.required
    assert (api.writer is None) == (api.whole is None)
    assert api.writer is None or api.error is not None
    assert (api.tool is None) == (api.choice is None) == (api.format is None) == (api.body is None)
    assert api.path.startswith(api.access.version)


WRITTEN = [name for name, api in wire.APIS.items() if api.writer is not None and api.body is not None]


@pytest.mark.parametrize("name", CHUNKS)
def test_an_api_knows_its_own_chunks(name: str) -> None:
    for chunk in CHUNKS[name]:
        owners = {one for one, api in wire.APIS.items() if api.owns(chunk)}
        assert owners == ({"chat", "completions"} if name == "chat" else {name}), chunk


def test_of_every_api_there_are_chunks_to_know() -> None:
    assert {*wire.APIS} - {"completions"} <= CHUNKS.keys()


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("told", [(), (ToolCall("c1", "look", '{"at": 1}', call=0),)], ids=["pieces", "whole calls"])
def test_what_is_written_is_read_back(name: str, told: tuple[ToolCall, ...]) -> None:
    """Also where a writer gets calls in pieces and nobody says that they are whole, as of `testing.script`."""
    call = ToolCallDelta("", 0, "c1", "look"), ToolCallDelta('{"at"', 0), ToolCallDelta(": 1}", 0)
    said = Start("r", "m"), ReasoningDelta("Hm."), TextDelta("Hel"), TextDelta("lo."), *call, *told, Finish("stop")
    encoder = wire.Encoder(name)
    blocks = [block for event in (*said, UsageUpdate(Usage(3, 4, 7))) for block in encoder.feed(event)]
    (*_, streamed), error = read(b"".join([*blocks, *encoder.flush()]), name)
    assert error is None
    whole = wire.APIS[name].whole
    assert whole is not None
    (*_, document) = wire.Parser(name).body(encode_json(whole(streamed)))
    for reply in (streamed, document):
        assert isinstance(reply, Reply)
        assert (reply.text, reply.reasoning, reply.outcome) == ("Hello.", "Hm.", "complete")
        assert [(one.name, load_json(one.arguments)) for one in reply.tool_calls] == [("look", {"at": 1})]
        assert reply.usage is not None
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (3, 4)


@pytest.mark.parametrize("name", WRITTEN)
def test_an_error_that_is_written_is_read_as_one(name: str) -> None:
    encoder = wire.Encoder(name)
    blocks = [*encoder.feed(Start("r", "m")), *encoder.feed(TextDelta("a")), *encoder.fail(ApiError("no room"))]
    _, error = read(b"".join(blocks), name)
    assert isinstance(error, ApiError)
    assert "no room" in str(error)


@pytest.mark.parametrize("name", ["claude", "", "Chat", ["chat"], None])
def test_a_name_that_is_not_in_the_table_is_named(name: Any) -> None:
    assert name not in wire.APIS
    with pytest.raises(ValueError, match=r"unknown api .*: one of chat, completions, responses"):
        api_named(name)


def test_an_api_is_loaded_when_it_is_asked_for() -> None:
    program = "import sys, streamkit.wire; print(*(name for name in sys.modules if name.startswith('streamkit.wire.')))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {f"streamkit.wire.{name}" for name in ("openai", "anthropic", "gemini", "ollama")} & set(loaded)


def test_what_an_entry_leaves_out_is_said_where_it_is_wanted() -> None:
    bare = replace(
        wire.APIS["chat"], name="mine", access=Access(address="https://mine.invalid"), tool=None, choice=None
    )
    with pytest.raises(ConnectError, match=r"^There is no API key: pass api_key=\.$"):
        Endpoint(bare.access.address, bare.access).sent_headers(bare)
    assert Endpoint("https://other.invalid", bare.access, "k").sent_headers(bare)["authorization"] == "Bearer k"
    for tools in ([print], [{"type": "function", "function": {"name": "look"}}]):
        with pytest.raises(ValueError, match="the API 'mine' has no tools"):
            with_schemas(bare, {"tools": tools}, {})
    assert with_schemas(bare, {"tools": [], "seed": 1}, {}) == {"tools": [], "seed": 1}
