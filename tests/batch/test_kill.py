"""kill -9 at random moments, again and again on one ledger, against a server that counts what it is asked."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from streamkit import testing
from streamkit.scripted.answer import Answer

pytestmark = pytest.mark.slow  # each starts and kills programs

HERE = Path(__file__).resolve().parents[2]
CONCURRENCY = 8

BATCH = """
import sys
import streamkit as sk

url, ledger, count, concurrency, run = sys.argv[1:]
with sk.Client(url, "key", model="m") as client:
    print("ready", flush=True)
    prompts = [f"prompt {n}" for n in range(int(count))]
    def ask(prompt):
        return client.chat(prompt, user=run)
    for item in sk.batch(prompts, ask, ledger=ledger, concurrency=int(concurrency)):
        assert item.text == f"answer to {item.prompt}", item
        print(item.prompt, flush=True)
"""


class Counting:
    """Answers with the prompt, after a moment, and counts how often each run asked it.

    By run, for what a killed process had sent may be read when the next one is at work.
    """

    def __init__(self) -> None:
        self.asked: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def answer(self, api: str, body: Mapping[str, Any]) -> Answer:
        prompt = body["messages"][0]["content"]
        self.asked[body["user"]][prompt] += 1
        return testing.Script(f"answer to {prompt}", first=0.005, every=0.002, jitter=1.0).answer(api, body)


def finished(ledger: Path) -> set[str]:
    """The prompts that the whole lines of the ledger answer, read without the library."""
    texts = [
        json.loads(line)["reply"]["choices"][0]["text"]
        for line in (ledger.read_bytes() if ledger.exists() else b"").splitlines(keepends=True)
        if line.endswith(b"\n")
    ]
    assert len(texts) == len(set(texts))
    return {text.removeprefix("answer to ") for text in texts}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("kills", "seed"), [(5, 1), pytest.param(50, 2, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_no_prompt_is_asked_twice_but_those_in_flight_and_nothing_acknowledged_is_lost(
    tmp_path: Path, kills: int, seed: int
):
    play, ledger, dice = Counting(), tmp_path / "ledger.jsonl", random.Random(seed)
    count, acknowledged = 40 * kills, set[str]()
    steps = [finished(ledger)]
    with testing.Server(play).running() as url:
        for run in range(kills + 1):
            args = [sys.executable, "-c", BATCH, url, str(ledger), str(count), str(CONCURRENCY), str(run)]
            moment = (dice.randrange(16), dice.uniform(0, 0.02)) if run < kills else None
            acknowledged |= delivered(args, moment)
            steps.append(finished(ledger))
            assert steps[-2] | acknowledged <= steps[-1]
    for run, (known, now) in enumerate(pairwise(steps)):
        asked = play.asked[str(run)]
        assert not set(asked) & known
        assert set(asked.values()) <= {1}
        assert len(asked) - len(now - known) <= (CONCURRENCY if run < kills else 0)
    assert steps[-1] == {f"prompt {n}" for n in range(count)}


def delivered(args: list[str], moment: tuple[int, float] | None) -> set[str]:
    """The prompts that a batch delivered until it ended, or was killed: so many lines and seconds after its start."""
    env = {**os.environ, "PYTHONASYNCIODEBUG": "", "PYTHONPATH": str(HERE)}
    told, timer = set[str](), None
    with subprocess.Popen(args, cwd=HERE, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout):
            if line.endswith("\n") and line != "ready\n":
                told.add(line.removesuffix("\n"))
            if moment is not None and number == moment[0]:
                timer = threading.Timer(moment[1], process.kill)
                timer.start()
    if timer is not None:
        timer.join()
    assert process.returncode == (0 if moment is None else -9)
    return told
