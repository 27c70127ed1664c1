"""The cost of `import streamkit`, and of a client that is ready, next to `openai` and to `httpx` with `reactivex`.

The aims for the import alone: at most 0.16 of `import openai`, and 1.25 of `import httpx, reactivex`.

Each import runs in a fresh interpreter with warm byte code; they take turns. The quickest of each counts; the median
shows how quiet the machine was.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from statistics import median

ROUNDS = 20
OURS = "import streamkit"
READY = "import streamkit as sk; sk.Client('https://localhost', 'key', model='m').chat('hi')"
AIMS = {"import httpx, reactivex": 1.25}
if find_spec("openai"):
    AIMS["import openai"] = 0.16
SCRIPT = "import time; t = time.perf_counter()\n{}\nprint(time.perf_counter() - t)"


def cost(code: str) -> float:
    """Seconds that ``code`` takes in a new process, without the start of the interpreter."""
    warm = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(code)], env=warm, capture_output=True, check=True)
    return float(done.stdout)


def main() -> None:
    codes = [OURS, READY, *AIMS]
    for code in codes:
        cost(code)  # byte code is written
    rounds = [[cost(code) for code in codes] for _ in range(ROUNDS)]
    best = dict(zip(codes, map(min, zip(*rounds, strict=True)), strict=True))
    usual = dict(zip(codes, map(median, zip(*rounds, strict=True)), strict=True))
    for code in codes:
        print(f"{best[code] * 1e3:7.1f} ms (median {usual[code] * 1e3:.1f})  {code}")
    for code, aim in AIMS.items():
        alone, ready = best[OURS] / best[code], best[READY] / best[code]
        print(f"{OURS} is {alone:.3f} of {code} (at most {aim}), a client that is ready {ready:.2f}")


if __name__ == "__main__":
    main()
