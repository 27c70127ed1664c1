from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from pipelines import batch
from streamkit import testing

pytestmark = pytest.mark.slow  # each starts a program

HERE = Path(__file__).resolve().parents[2]
PROMPTS = ['"Why?"', '{"prompt": "What?"}', '{"id": 7, "messages": [{"role": "user", "content": "Who?"}]}', "{oops"]


def test_questions_in_every_form_are_asked_in_order():
    with testing.client("One.", "Two.") as client:
        prompts = ["Why?", {"prompt": "What?", "id": 1}, {"messages": [sk.user("Who?")], "custom_id": "b"}, {}]
        items = list(batch.build(client, prompts, system="Be brief.", concurrency=1))
        assert [item.outcome for item in items] == ["complete"] * 3 + ["failed"]
        assert [item.key for item in items[1:3]] == ["1", "b"]
        assert [request.body["messages"] for request in client.requests] == [
            [sk.system("Be brief."), sk.user(text)] for text in ("Why?", "What?", "Who?")
        ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts.jsonl").write_text("\n".join(PROMPTS))
    return tmp_path


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "pipelines.batch", *args]


def run(folder: Path, *args: str, **env: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, the lines of the results, and stderr."""
    names = [str(folder / name) for name in ("prompts.jsonl", "out.jsonl", "ledger.jsonl")]
    line = command(names[0], "--out", names[1], "--ledger", names[2], *args)
    env = {**os.environ, "PYTHONASYNCIODEBUG": "", "PYTHONPATH": str(HERE), **env}
    done = subprocess.run(line, capture_output=True, text=True, cwd=HERE, env=env)
    lines = (folder / "out.jsonl").read_text().splitlines()
    assert done.stdout == ""
    return done.returncode, [json.loads(line) for line in lines], done.stderr


def test_it_runs_without_a_key_and_says_so(folder: Path):
    code, lines, err = run(folder)
    assert [line["outcome"] for line in lines] == ["complete", "complete", "complete", "failed"]
    assert lines[0]["text"] == "This answer comes from a script."
    assert (lines[2]["key"], lines[1]["prompt"]) == ("7", {"prompt": "What?"})
    assert "line 4" in lines[3]["error"]
    assert code == 1
    assert "come from a script" in err
    assert "3 complete, 1 failed, 0 of them from the ledger" in err
    if os.name == "posix":
        assert stat.S_IMODE((folder / "out.jsonl").stat().st_mode) == 0o600


def test_with_a_key_it_asks_the_api_and_what_is_finished_only_once(folder: Path):
    server = testing.Server(testing.Script(status=400), testing.Script("Yes.", usage=sk.Usage(1, 2, 3)))
    with server.running() as url:
        key = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": url}
        code, lines, _ = run(folder, "--concurrency", "1", **key)
        assert (code, lines[0]["outcome"], len(server.requests)) == (1, "failed", 3)
        assert lines[1]["tokens"] == {"prompt": 1, "completion": 2}
        code, lines, err = run(folder, "--prices", "1", "2", "--budget", "1", **key)
    assert (code, lines[0]["text"], len(server.requests)) == (1, "Yes.", 4)
    assert lines[0]["cost"] == pytest.approx(5e-6)
    assert "2 of them from the ledger" in err


def test_a_budget_is_kept_and_needs_prices(folder: Path):
    code, lines, _ = run(folder, "--prices", "0", "1e6", "--budget", "2", "--concurrency", "1")
    assert [line["outcome"] for line in lines] == ["complete", "skipped", "skipped", "failed"]
    assert code == 1
    with pytest.raises(SystemExit):
        batch.main(["p", "--out", "o", "--budget", "1"])


class Stuck:
    """Never answers, and tells when it is asked."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def answer(self, api: str, body: Any) -> Any:
        self.asked.set()
        return testing.Script("No", stall_after=0).answer(api, body)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_it_and_it_goes_on_from_there(folder: Path):
    stuck = Stuck()
    server = testing.Server("Yes.", stuck)
    with server.running() as url:
        env = {**os.environ, "OPENAI_API_KEY": "key", "OPENAI_BASE_URL": url, "PYTHONASYNCIODEBUG": ""}
        names = ["prompts.jsonl", "--out", "out.jsonl", "--ledger", "ledger.jsonl", "--concurrency", "1"]
        line = command(*names)
        process = subprocess.Popen(
            line, cwd=folder, env={**env, "PYTHONPATH": str(HERE)}, stderr=subprocess.PIPE, text=True
        )
        assert stuck.asked.wait(15)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=15)
        assert (process.returncode, err.strip()) == (
            130,
            "Interrupted. With a ledger the same command goes on from here.",
        )
        assert server.requests[1].outcome == "cancelled"
    _, lines, err = run(folder)
    assert [line["text"] for line in lines[:2]] == ["Yes.", "This answer comes from a script."]
    assert "1 of them from the ledger" in err


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert batch.main([str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "out.jsonl")]) == 1
    assert "none.jsonl" in capsys.readouterr().err
