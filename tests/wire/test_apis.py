"""The table of APIs: each entry is whole, loaded when asked for, and knows its own chunks from those of others."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from streamkit import wire
from streamkit.wire.apis import api_named

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


@pytest.mark.parametrize("name", CHUNKS)
def test_an_api_knows_its_own_chunks(name: str) -> None:
    for chunk in CHUNKS[name]:
        owners = {one for one, api in wire.APIS.items() if api.owns(chunk)}
        assert owners == ({"chat", "completions"} if name == "chat" else {name}), chunk


@pytest.mark.parametrize("name", ["claude", "", "Chat", ["chat"], None])
def test_a_name_that_is_not_in_the_table_is_named(name: Any) -> None:
    assert name not in wire.APIS
    with pytest.raises(ValueError, match=r"unknown api .*: one of chat, completions, responses"):
        api_named(name)


def test_an_api_is_loaded_when_it_is_asked_for() -> None:
    program = "import sys, streamkit.wire; print(*(name for name in sys.modules if name.startswith('streamkit.wire.')))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {f"streamkit.wire.{name}" for name in ("openai", "anthropic", "gemini", "ollama")} & set(loaded)
