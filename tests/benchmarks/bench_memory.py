"""Prints how much memory a very long reply takes at most, while one of its four consumers is stuck.

Three slow ones wait, conflate and drop; the stuck one has each policy in turn, is given up after a second if the
source waits for it, and else stays to the end. Each in a fresh process: ``python tests/benchmarks/bench_memory.py``
for a reply of 1 GB, with an argument for as many MB. The bound is the one of the four mailboxes, 16 MiB each, twice
over (pieces are joined when they are taken), and what a read expands to.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any, get_args

import streamkit as sk
from streamkit.engine.branches.backlog import Overflow

PIECE = 8192
PIECES_A_READ = 16
BOUND = 4 * 2 * 16 + 16
"""MB."""


async def body(size: int) -> AsyncIterator[bytes]:
    def frame(delta: dict[str, str], finish: str | None = None) -> bytes:
        chunk = {"id": "x", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    read = frame({"content": "x" * PIECE}) * PIECES_A_READ
    for _ in range(size // (PIECE * PIECES_A_READ)):
        yield read
    yield frame({}, "stop") + b"data: [DONE]\n\n"


async def play(size: int, policy: Any) -> tuple[sk.Run, int]:
    seen = 0

    async def slow(item: Any) -> None:
        await asyncio.sleep(0)

    async def stuck(item: Any) -> None:
        await asyncio.Event().wait()

    def count(item: Any) -> None:
        nonlocal seen
        seen += len(item.text) if isinstance(item, sk.TextDelta) else 0

    slower = [sk.branch(into=slow, overflow=kind, name=kind) for kind in ("wait", "conflate", "drop_oldest")]
    run = sk.start(
        sk.from_bytes(lambda: body(size), keep_text=False),
        count,
        *slower,
        sk.branch(into=stuck, overflow=policy, max_wait=1.0, name="stuck"),
    )
    try:
        await run
    except sk.SinkError:
        pass
    return run, seen


def peak() -> float:
    """MB that this process ever had; Linux counts in kB, macOS in bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 2**10


def measured(size: int, policy: str) -> None:
    asyncio.run(play(2**20, policy))
    before = peak()
    run, seen = asyncio.run(play(size, policy))
    assert seen == size // (PIECE * PIECES_A_READ) * PIECE * PIECES_A_READ
    stats = run.stats
    print(json.dumps({"grown": round(peak() - before, 1), **{name: one.high_water for name, one in stats.items()}}))


def grown(megabytes: int, policy: str) -> dict[str, Any]:
    """What one policy came to in a process of its own: ``grown`` in MB, and the most that waited at each sink."""
    command = [sys.executable, __file__, str(megabytes), policy]
    quick = {**os.environ, "PYTHONASYNCIODEBUG": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=quick)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main(megabytes: int = 1024, policy: str | None = None) -> None:
    if policy is not None:
        measured(megabytes * 2**20, policy)
        return
    print(f"a reply of {megabytes} MB; the bound is {BOUND} MB")
    for kind in get_args(Overflow):
        found = grown(megabytes, kind)
        print(f"stuck consumer with {kind:12} {found.pop('grown'):6.1f} MB more at most; most items waiting: {found}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:3])
