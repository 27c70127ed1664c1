from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import streamkit as sk
from pipelines import guarded_chat
from streamkit import sinks, testing

pytestmark = pytest.mark.slow  # each starts a program

HERE = Path(__file__).resolve().parents[2]
SECRET = "anna.meier@example.org"


def test_secrets_are_in_nothing_that_is_shown_or_kept():
    shown, events = sinks.memory(), []
    with testing.client(f"Ask {SECRET} or me.", model="gpt-4o") as client:
        reply = sk.run(guarded_chat.build(client)("Whom?"), shown, events.append)
    assert reply.text == shown.text == "Ask [redacted] or me."
    assert reply.messages == [sk.assistant("Ask [redacted] or me.")]
    assert not [event for event in events if SECRET.encode() in sk.to_json(event)]
    assert not [event for event in events if "meier" in repr(getattr(event, "raw", None))]


def test_it_ends_before_the_words_that_stop_it():
    with testing.client(testing.Script("One. Two END three.", every=0.01), model="gpt-4o") as client:
        reply = sk.run(guarded_chat.build(client, stop=["END"])("?"))
        assert client.requests[0].outcome == "cancelled"
    assert (reply.text, reply.stopped_by, reply.usage.origin) == ("One. Two ", "stop_at", "partial")


@pytest.mark.parametrize("drain", [False, True])
def test_it_costs_no_more_than_it_may(drain: bool):
    usage = sk.Usage(8, 20, 28)
    with testing.client(testing.Script("word " * 20, every=0.01, usage=usage), model="gpt-4o") as client:
        reply = sk.run(guarded_chat.build(client, tokens=8 + 5, drain=drain)("?"))
        assert client.requests[0].outcome == ("done" if drain else "cancelled")
    assert reply.text.startswith("word word word word")  # what the last one might have become is not known
    assert (reply.text.count("word") <= 5, reply.stopped_by) == (True, "budget")
    assert reply.usage == usage if drain else (reply.usage.total_tokens, reply.usage.origin) == (13, "partial")


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.guarded_chat", *args]
    env = {**os.environ, "PYTHONASYNCIODEBUG": "", **env}
    return subprocess.run(command, capture_output=True, text=True, cwd=HERE, env=env)


def test_it_runs_without_a_key_and_says_so():
    done = run("--stop", "Kind regards")
    assert (done.returncode, done.stdout.count("[redacted]")) == (0, 3)
    assert "comes from a script" in done.stderr
    assert "stopped by stop_at" in done.stderr


def test_with_a_key_it_asks_the_api_and_a_failure_is_told():
    server = testing.Server("One.", testing.Script(status=400))
    with server.running() as url:
        good, bad = (run("Hi", OPENAI_API_KEY="key", OPENAI_BASE_URL=url) for _ in range(2))
    assert (good.returncode, good.stdout) == (0, "One.\n")
    assert bad.returncode == 1
    assert bad.stderr.startswith("[")
