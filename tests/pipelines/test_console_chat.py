from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import streamkit as sk
from pipelines import console_chat
from streamkit import sinks, testing
from tests.ctrl_c import ctrl_c_in_result

pytestmark = pytest.mark.slow  # each starts a program

HERE = Path(__file__).resolve().parents[2]


def test_every_question_is_sent_with_what_was_said_before():
    shown = sinks.memory()
    with testing.client("One.", "Two.") as client:
        conversation = console_chat.build(client, system="Be brief.", into=[shown])
        assert [str(conversation.ask(question)) for question in ("1?", "2?")] == ["One.", "Two."]
        assert client.requests[1].body["messages"] == [
            sk.system("Be brief."), sk.user("1?"), sk.assistant("One."), sk.user("2?"),
        ]  # fmt: skip
    assert conversation.history[-2:] == [sk.user("2?"), sk.assistant("Two.")]
    assert shown.text == "One.Two."


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_keeps_the_partial_turn():
    shown = sinks.memory()
    with testing.client(testing.Script("Once upon", stall_after=1), "Sorry?") as client:
        conversation = console_chat.build(client, into=[shown])
        with ctrl_c_in_result(lambda: shown.text):
            reply = conversation.ask("A story!")
        assert (reply.outcome, reply.text) == ("cancelled", "Once")
        assert conversation.history == [sk.user("A story!"), sk.assistant("Once")]
        assert client.requests[0].outcome == "cancelled"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_question_that_got_no_word_of_an_answer_is_not_kept():
    with testing.client(testing.Script("Once", stall_after=0)) as client:
        conversation = console_chat.build(client)
        with ctrl_c_in_result(lambda: client.requests):
            assert conversation.ask("A story!").outcome == "cancelled"
        assert conversation.history == []


def test_a_failure_leaves_the_history_as_it_was():
    with testing.client("One.", testing.Script("Tw", fail="overloaded")) as client:
        conversation = console_chat.build(client)
        conversation.ask("1?")
        before = list(conversation.history)
        with pytest.raises(sk.ApiError):
            conversation.ask("2?")
        assert conversation.history == before


def run(text: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.console_chat", "--system", "Be brief."]
    env = {**os.environ, "PYTHONASYNCIODEBUG": "", **env}  # debug mode complains when the machine is busy
    return subprocess.run(command, input=text, capture_output=True, text=True, cwd=HERE, env=env)


def test_it_runs_without_a_key_and_says_so():
    done = run("Hi\n\nMore\n")
    assert done.returncode == 0
    assert done.stdout.splitlines() == list(console_chat.SCRIPT[:2])
    assert "come from a script" in done.stderr


def test_with_a_key_it_asks_the_api_and_goes_on_after_an_error():
    server = testing.Server(testing.Script(status=400), "One.")
    with server.running() as url:
        done = run("Hi\nHi\n", OPENAI_API_KEY="key", OPENAI_BASE_URL=url)
    assert (done.returncode, done.stdout) == (0, "One.\n")
    assert done.stderr.startswith("[")
    assert done.stderr.count("\n") == 1
    assert server.requests[1].body["messages"] == [sk.system("Be brief."), sk.user("Hi")]
