"""kill -9 at random moments, again and again on one ledger, against a server that counts what it is asked."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streamkit import testing
from streamkit.edges.answer import Answer

HERE = Path(__file__).resolve().parents[2]
CONCURRENCY = 8

BATCH = """
import sys
import streamkit as sk

url, ledger, count, concurrency = sys.argv[1:]
with sk.Client(url, "key", model="m") as client:
    print("ready", flush=True)
    prompts = [f"prompt {n}" for n in range(int(count))]
    for item in sk.batch(prompts, client.chat, ledger=ledger, concurrency=int(concurrency)):
        assert item.text == f"answer to {item.prompt}", item
        print(item.prompt, flush=True)
"""


class Counting:
    """Answers with the prompt, after a moment, and counts how often each was asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def answer(self, api: str, body: Mapping[str, Any]) -> Answer:
        prompt = body["messages"][0]["content"]
        self.asked[prompt] += 1
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
    with testing.Server(play).running() as url:
        for kill in [*[True] * kills, False]:
            known, before = finished(ledger), Counter(play.asked)
            args = [sys.executable, "-c", BATCH, url, str(ledger), str(count), str(CONCURRENCY)]
            moment = (dice.randrange(16), dice.uniform(0, 0.02)) if kill else None
            acknowledged |= delivered(args, moment)
            now, again = finished(ledger), play.asked - before
            assert known <= now
            assert acknowledged <= now
            assert not set(again) & known
            assert set(again.values()) <= {1}
            assert len(again) - len(now - known) <= (CONCURRENCY if kill else 0)
    assert finished(ledger) == {f"prompt {n}" for n in range(count)}
    assert count <= sum(play.asked.values()) <= count + kills * CONCURRENCY


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
