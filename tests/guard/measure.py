"""The figures of the guarded work, measured in a process of its own: no debug mode, no coverage, no other tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.guard.workloads import WORKLOADS
from tests.work import timed

__all__ = ["measured"]

ROOT = Path(__file__).resolve().parents[2]


def measured(names: Iterable[str]) -> dict[str, float]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONASYNCIODEBUG"}
    command = [sys.executable, "-m", "tests.guard.measure", *names]
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    with timed():  # a sink that the machine interrupts is not a slow one
        print(json.dumps({name: WORKLOADS[name]() for name in sys.argv[1:] or WORKLOADS}))
