"""Row E: what importing takes, in fresh interpreters with warm byte code."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from tests.benchmarks.figures import Figure, Plan, Row, in_turn, ratios
from tests.benchmarks.processes import ROOT, environment

__all__ = ["measure", "rows"]

NAMES = ("streamkit", "openai", "httpx, reactivex")
SCRIPT = "import time; begin = time.process_time(); import {}; print(time.process_time() - begin)"


def measure(plan: Plan) -> dict[str, Any]:
    for name in NAMES:
        _seconds(name)  # byte code is written
    return in_turn(NAMES, plan.rounds_of(9, 5), _seconds)


def _seconds(names: str) -> float:
    command = [sys.executable, "-c", SCRIPT.format(names)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    return float(done.stdout)


def rows(found: dict[str, Any]) -> list[Row]:
    ours, openai, base = (found[name] for name in NAMES)
    return [
        Row(
            "E",
            "import",
            [Figure("x openai", ratios(ours, openai), 0.16), Figure("x httpx, reactivex", ratios(ours, base))],
        )
    ]
