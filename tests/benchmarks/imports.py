"""Row E: what importing takes, and a client that is ready to ask, in fresh interpreters with warm byte code."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from tests.benchmarks.figures import Figure, Plan, Row, in_turn, ratios
from tests.benchmarks.processes import ROOT, environment

__all__ = ["measure", "rows"]

STREAMKIT, OPENAI, BASE = "import streamkit", "import openai", "import httpx, reactivex"
OUR_CLIENT = "import streamkit as sk; sk.Client('https://localhost/v1', 'key', model='m').chat('hi')"
OPENAI_CLIENT = "import openai; openai.AsyncOpenAI(base_url='https://localhost/v1', api_key='key').chat.completions"
CODES = (STREAMKIT, OPENAI, BASE, OUR_CLIENT, OPENAI_CLIENT)
SCRIPT = "import time; begin = time.process_time()\n{}\nprint(time.process_time() - begin)"


def measure(plan: Plan) -> dict[str, Any]:
    for code in CODES:
        _seconds(code)  # byte code is written
    return in_turn(CODES, plan.rounds_of(9, 5), _seconds)


def _seconds(code: str) -> float:
    command = [sys.executable, "-c", SCRIPT.format(code)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    return float(done.stdout)


def rows(found: dict[str, Any]) -> list[Row]:
    ours, openai, base, our_client, openai_client = (found[code] for code in CODES)
    return [
        Row(
            "E",
            "import",
            [
                Figure("x openai", ratios(ours, openai), 0.16),
                Figure("x httpx, reactivex", ratios(ours, base)),
                Figure("a ready client x openai's", ratios(our_client, openai_client)),
            ],
        )
    ]
