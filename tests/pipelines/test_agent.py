from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from pipelines import agent
from streamkit import sinks, testing

HERE = Path(__file__).resolve().parents[2]
APIS = ["chat", "responses", "anthropic", "ollama"]


def roles(requests: Any) -> list[str]:
    body = requests[-1].body
    return [message.get("role", message.get("type")) for message in body.get("messages", body.get("input"))]


@pytest.mark.parametrize("api", APIS)
def test_the_next_question_has_all_rounds_before_it(api: str):
    shown = sinks.memory()
    with testing.client(*agent.SCRIPT, "Take a hat.", api=api) as client:
        talk = agent.build(client, into=[shown])
        assert str(talk.ask("How is Bern?")) == "Clear, with 21 degrees."
        assert str(talk.ask("What to wear?")) == "Take a hat."
        said = json.dumps(client.requests[-1].body)
    once = ("How is Bern?", "Let me look.", "Clear, with 21 degrees.", "What to wear?")
    assert [said.count(text) for text in once] == [1, 1, 1, 1]
    assert shown.text.startswith("Let me look.")


@pytest.mark.parametrize("api", APIS)
def test_a_conversation_goes_on_from_its_file(api: str, tmp_path: Path):
    file = tmp_path / "talk.jsonl"
    with testing.client(*agent.SCRIPT, api=api) as client:
        first = agent.build(client, file=file)
        first.ask("How is Bern?")
    with testing.client("Take a hat.", api=api) as client:
        second = agent.build(client, file=file)
        assert second.history == first.history
        second.ask("What to wear?")
        assert roles(client.requests)[-1] == "user"
    assert len(file.read_text("utf-8").splitlines()) == 4


@pytest.mark.parametrize("agreed", [True, False])
def test_a_function_that_asks_first_runs_only_if_allowed(agreed: bool):
    asked: list[tuple[str, Mapping[str, Any]]] = []

    def approve(name: str, arguments: Mapping[str, Any]) -> bool:
        asked.append((name, arguments))
        return agreed

    mail = {"to": "bob", "text": "Hi"}
    with testing.client(testing.Script(tool_calls=[("send_mail", mail)]), "Well.") as client:
        agent.build(client, asks_first=[agent.send_mail], approve=approve).ask("Write to Bob.")
        result = client.requests[-1].body["messages"][-1]["content"]
    assert asked == [("send_mail", mail)]
    assert ("sent to bob" in result, "denied" in result) == (agreed, not agreed)


def test_a_failure_leaves_the_history_as_it_was(tmp_path: Path):
    with testing.client(testing.Script("One", fail="overloaded")) as client:
        talk = agent.build(client, file=tmp_path / "talk.jsonl")
        with pytest.raises(sk.StreamkitError):
            talk.ask("1?")
    assert (talk.history, (tmp_path / "talk.jsonl").exists()) == ([], False)


def test_what_is_too_long_is_dropped_in_whole_rounds():
    with testing.client("One.", "Two.", "Three.") as client:
        talk = agent.build(client, system="Be brief.", tokens=32, tools=())
        for question in ("First question?", "Second question?", "Third question?"):
            talk.ask(question)
        assert roles(client.requests)[0] == "system"
        assert roles(client.requests)[-1] == "user"
        assert len(client.requests[-1].body["messages"]) < 6
    assert len(talk.history) == 7


@pytest.mark.parametrize("api", [*APIS, "gemini"])
def test_without_a_key_the_script_answers_whatever_the_api(
    api: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name in {name for names in agent.KEYS.values() for name in names}:
        monkeypatch.delenv(name, raising=False)
    assert agent.main(["How is Bern?", "--api", api]) == 0
    assert "Clear, with 21 degrees." in capsys.readouterr().out


@pytest.mark.slow  # it starts a program
def test_as_a_program(tmp_path: Path):
    command = [sys.executable, "-m", "pipelines.agent", "How is Bern?", "--api", "anthropic"]
    done = subprocess.run(
        [*command, "--file", str(tmp_path / "talk.jsonl")], capture_output=True, text=True, cwd=HERE, input=""
    )
    assert (done.returncode, done.stdout) == (0, "Let me look. \n\nClear, with 21 degrees.\n")
    assert len((tmp_path / "talk.jsonl").read_text("utf-8").splitlines()) == 2
