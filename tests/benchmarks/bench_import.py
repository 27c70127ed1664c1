"""Prints what `import streamkit` costs next to `import httpx, reactivex`: at most 1.25 times is the aim.

Each import runs in a fresh interpreter with warm byte code; the two take turns, and the quickest of each counts.
"""

from __future__ import annotations

import subprocess
import sys

ROUNDS = 15
BASE = "httpx, reactivex"
SCRIPT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def cost(names: str) -> float:
    """Seconds that importing ``names`` takes in a new process, without the start of the interpreter."""
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(names)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    cost(BASE), cost("streamkit")  # byte code is written
    pairs = [(cost(BASE), cost("streamkit")) for _ in range(ROUNDS)]
    base, ours = (min(column) for column in zip(*pairs, strict=True))
    print(f"import {BASE}: {base * 1e3:.1f} ms, import streamkit: {ours * 1e3:.1f} ms, ratio {ours / base:.2f}")


if __name__ == "__main__":
    main()
