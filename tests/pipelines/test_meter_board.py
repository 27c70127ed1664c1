from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import streamkit as sk
from pipelines import meter_board
from streamkit import testing

pytestmark = pytest.mark.slow  # each starts a program

HERE = Path(__file__).resolve().parents[2]
PRICES = {"a": sk.Prices(input=1, output=10), "b": sk.Prices(input=2, output=20)}


def boards(**scripts: testing.Script) -> list[meter_board.Board]:
    streams = {name: testing.client(script, model=name).chat("Hello?") for name, script in scripts.items()}
    return testing.clock().run(meter_board.build(streams, PRICES)).items


def test_every_reply_has_a_row_that_grows_in_its_own_time():
    found = boards(a=testing.Script("one two", every=1), b=testing.Script("three", first=5))
    counts = [tuple(board[name].usage.completion_tokens for name in "ab") for board in found]
    assert counts[0] == (None, None)
    assert (2, None) in counts
    assert [row.state for row in found[-1].values()] == ["complete", "complete"]
    assert [row.text for row in found[-1].values()] == ["one two", "three"]
    assert all(row.usage.origin == "provider" for row in found[-1].values())


def test_a_reply_that_fails_keeps_what_it_has_cost():
    last = boards(a=testing.Script("one two", drop_after=1), b=testing.Script("three"))[-1]
    assert last["a"].state.startswith("failed: ")
    assert (last["a"].usage.completion_tokens, last["a"].usage.origin) == (1, "estimate")
    assert last["b"].state == "complete"


def test_the_lines_have_all_figures_and_their_sum():
    board = {
        "a": meter_board.Row(sk.Usage(10, 2, 12, origin="exact", cost=0.25), "a\nlong text", "complete"),
        "bb": meter_board.Row(),
    }
    first, second, third = meter_board.shown(board)
    assert first.split() == ["a", "0.250000", "10", "+", "2", "exact", "a", "long", "text", "complete"]
    assert second.split() == ["bb", "-", "?", "+", "?", "provider", "…"]
    assert third.split() == ["together", "0.250000"]


def test_a_board_is_drawn_over_the_one_before(capsys):
    screen = meter_board.Screen()
    for _ in range(2):
        screen.write({"a": meter_board.Row()})
    first, second = capsys.readouterr().out.split("\x1b[2A")
    assert first == second
    assert first.count("\n") == 2


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.meter_board", *args]
    env = {**os.environ, "PYTHONASYNCIODEBUG": "", **env}
    return subprocess.run(command, capture_output=True, text=True, cwd=HERE, env=env)


def test_it_runs_without_a_key_and_says_so():
    done = run()
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["quick", "thorough", "together"]
    assert "come from scripts" in done.stderr


def test_with_a_key_it_asks_every_model():
    server = testing.Server("One.")
    with server.running() as url:
        done = run("Hi", "--model", "a=1/2", "--model", "b", OPENAI_API_KEY="key", OPENAI_BASE_URL=url)
    assert {request.body["model"] for request in server.requests} == {"a", "b"}
    priced, unpriced, _ = done.stdout.splitlines()
    assert priced.split()[1] != "-"
    assert unpriced.split()[1] == "-"
