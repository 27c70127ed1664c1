"""Runs that are left through every door at random moments leave no task, no thread and no open file."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.bodies import DONE, END, START, data, say
from tests.faults.server import HANG, KEEP, RESET, chunked, head, serving

RUNS, SEED = 300, 17
CALL = {"index": 0, "id": "call-1", "type": "function", "function": {"name": "lookup", "arguments": '{"city": "Rome"}'}}
ASKS = data({"id": "c-1", "model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [CALL]}}]})
CALLS = say(None, finish="tool_calls")


class Moody:
    """Answers well most of the time, quickly or slowly."""

    def __init__(self, seed: int) -> None:
        self._random, self._lock = random.Random(seed), threading.Lock()

    def __call__(self, heard: Any) -> Iterator[Any]:
        with self._lock:
            mood = random.Random(self._random.random())
        if mood.random() < 0.1:
            yield mood.choice([0.02, 0.1])
        if mood.random() < 0.1:
            yield from mood.choice(
                [
                    [head("503 Busy", content_length="0"), KEEP],
                    [RESET],
                    [HANG],
                    [head("400 No", content_length="2"), b"{}", KEEP],
                ]
            )
            return
        yield head(transfer_encoding="chunked")
        tools = heard.json["messages"][-1]["content"] == "tools" and mood.random() < 0.7
        for step in [START, *([ASKS, CALLS] if tools else [*(say(f"word {n}. ") for n in range(6)), END])]:
            if mood.random() < 0.5:
                yield mood.random() * 0.02
            if mood.random() < 0.02:
                yield mood.choice([RESET, HANG])
            yield chunked(step)
        yield chunked(DONE)
        yield chunked(b"")
        yield KEEP


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_door_at_random_moments_leaves_nothing() -> None:
    with serving(Moody(SEED)) as server:
        command = [
            sys.executable,
            "-X",
            "dev",
            "-W",
            "error",
            "-m",
            "tests.engine.ways_out",
            server.url,
            str(SEED),
            str(RUNS),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=220)
        left = (done.stdout.splitlines(), done.stderr, done.returncode)
        assert left == (["tasks []", "threads []", "files []"], "", 0)
        assert server.all_closed(2.0)
