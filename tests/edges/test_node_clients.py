"""Node's clients stream from the scripted server: the official one, and api2d, which brings its own SSE reader."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamkit.scripted.script import Script
from streamkit.scripted.server import Server
from streamkit.sources.recording import Recording
from streamkit.wire import parse

FOLDER = Path(__file__).resolve().parents[1] / "node"
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="no node on this machine"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "openai").exists(), reason="run `npm install` in tests/node for these"
    ),
]

Run = Callable[[str, str], dict[str, Any]]


def text_of(name: str) -> str:
    recording = Recording.open(name)
    *_, reply = parse([read.data for read in recording.reads], recording.api)
    return reply.text


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, str]]:
    server = Server.shipped(speed=0)
    server.models["busy"] = Script(status=429)
    server.models["slow"] = Script("a b c d", every=0.01, stall_after=2)
    server.models["bytes"] = Script("你好 😀!", split=1)
    with server.running() as url:
        yield server, url


@pytest.fixture
def stream(server) -> Run:
    def run(client: str, model: str) -> dict[str, Any]:
        command = [NODE or "", "stream.mjs", client, server[1], model]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=15, check=True)
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    return run


@pytest.mark.parametrize("name", ["demo", "engine-chinese"])
def test_the_official_client_streams_a_chat(stream, name):
    got = stream("chat", name)
    assert "".join(got["pieces"]) == text_of(name)
    assert len(got["pieces"]) > 10
    assert (got["finish"], got["tokens"] > 0) == ("stop", True)


def test_the_official_client_gathers_tool_calls(stream):
    got = stream("helper", "tools")
    assert got["calls"] == [
        ["get_weather", '{"city": "Oslo", "unit": "celsius"}'],
        ["get_time", '{"zone": "Europe/Oslo"}'],
    ]


@pytest.mark.parametrize("name", ["demo", "engine-english"])
def test_the_official_client_streams_responses(stream, name):
    got = stream("responses", name)
    assert "".join(got["pieces"]) == got["text"] == text_of(name)
    assert got["status"] == "completed"


def test_the_official_client_gets_a_whole_reply(stream):
    assert stream("whole", "hello") == {"text": text_of("hello"), "finish": "stop"}


def test_the_official_client_sees_errors_as_its_own(stream):
    assert stream("chat", "busy")["error"] == "RateLimitError"
    assert stream("chat", "error")["error"] == "APIError"


def test_an_aborted_request_is_noticed(server, stream):
    assert stream("abort", "slow") == {"pieces": ["a", " b"]}
    request, pause = server[0].requests[-1], threading.Event()
    while request.outcome == "open":  # the test's time limit is the one for this, too
        pause.wait(0.005)
    assert request.outcome == "cancelled"


@pytest.mark.parametrize("name", ["demo", "engine-chinese", "reasoning"])  # it loses characters cut between reads
def test_api2d_streams(stream, name):
    got = stream("api2d", name)
    assert "".join(got["pieces"]) == got["text"] == text_of(name)
    assert bool(got["reasoning"]) == (name == "reasoning")


def test_characters_cut_between_writes_arrive_whole(stream):
    assert "".join(stream("chat", "bytes")["pieces"]) == "你好 😀!"
