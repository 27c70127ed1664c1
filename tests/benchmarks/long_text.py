"""Row G: a very long reply through redaction, meter, text and sentences, each size in a fresh process.

``python -m tests.benchmarks.long_text CHARACTERS time`` prints microseconds a character, with ``memory`` the MB that it
takes at most: what Python's allocator is asked for, as a process that has freed memory does not grow.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import streamkit as sk
from streamkit import operators as ops
from tests.benchmarks.figures import Figure, Plan, Row, in_turn, ratios
from tests.benchmarks.processes import ROOT, environment

__all__ = ["measure", "rows"]

PROSE = (
    "The sky is blue because air scatters short waves of light more than long ones. At sunset the light comes a longer "
    "way, and what is left of it is red. Ask Dr. Novak, who has measured 3.5 times as much at noon! Is it the same on "
    "Mars? No. There dust makes the day red and the sunset blue, which was seen by the first rovers in 1997. "
)
PIECE = 4
"""Characters, about a token."""
PIECES_A_READ = 32
WARM = 20_000


def measure(plan: Plan) -> dict[str, Any]:
    large = plan.of(10_000_000, 500_000)
    sizes = {"large": large, "small": large // 10, "smallest": large // 100}
    times = in_turn(["small", "large"], plan.rounds_of(2, 1), lambda name: _in_a_process(sizes[name], "time"))
    memory = {name: _in_a_process(sizes[name], "memory") for name in ("smallest", "small")}
    return {"characters": large, "us": times, "MB": memory}


def _in_a_process(size: int, what: str) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.long_text", str(size), what]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    return float(done.stdout)


def rows(found: dict[str, Any]) -> list[Row]:
    small, large = found["us"]["small"], found["us"]["large"]
    size, memory = found["characters"] / 1e6, found["MB"]
    figures = [
        Figure("us a character", large, 4),
        Figure("x a tenth of it, a character", ratios(large, small), 1.2),
        Figure(f"MB more for {size / 10:g} MB than for {size / 100:g}", [memory["small"] - memory["smallest"]], 0.1),
    ]
    return [Row("G", f"{size:g} MB of text", figures)]


def body(size: int) -> Iterator[bytes]:
    text, at = PROSE * 2, 0
    for _ in range(size // (PIECE * PIECES_A_READ)):
        yield b"".join(
            block({"content": text[place : place + PIECE]}) for place in range(at, at + PIECE * PIECES_A_READ, PIECE)
        )
        at = (at + PIECE * PIECES_A_READ) % len(PROSE)
    yield block({}, "stop") + b"data: [DONE]\n\n"


def block(delta: dict[str, str], finish: str | None = None) -> bytes:
    chunk = {"id": "c", "model": "gpt-4o", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


async def read(size: int) -> None:
    """Nothing asks for the text to be kept."""

    async def reads() -> AsyncIterator[bytes]:  # a plain iterator would be read in a thread
        for read in body(size):
            yield read

    events = sk.from_bytes(reads, keep_text=False)
    await sk.start(
        events.pipe(ops.meter(), ops.redact("email", "phone"), ops.text(), ops.sentences()), lambda item: None
    )


def seconds(size: int) -> float:
    """Without what making the body takes."""
    begin = time.process_time()
    deque(body(size), 0)
    made = time.process_time()
    asyncio.run(read(size))
    return (time.process_time() - made) - (made - begin)


def megabytes(size: int) -> float:
    tracemalloc.start()
    asyncio.run(read(size))
    return tracemalloc.get_traced_memory()[1] / 1e6


if __name__ == "__main__":
    size = int(sys.argv[1])
    asyncio.run(read(WARM))
    print(seconds(size) / size * 1e6 if sys.argv[2] == "time" else megabytes(size))
