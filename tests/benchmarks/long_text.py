"""Row G: a very long reply through redaction, meter, text and sentences, each size in a fresh process.

``python -m tests.benchmarks.long_text CHARACTERS`` prints its figures.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import streamkit as sk
from streamkit import operators as ops
from tests.benchmarks.figures import Figure, Plan, Row, column, in_turn, ratios
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
    found = in_turn([large // 10, large], plan.rounds_of(2, 1), _in_a_process)
    return {"characters": large, "small": found[large // 10], "large": found[large]}


def _in_a_process(size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.long_text", str(size)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def rows(found: dict[str, Any]) -> list[Row]:
    small, large = (column(found[name], "us a character") for name in ("small", "large"))
    grown = [
        big - little for little, big in zip(*(column(found[name], "MB") for name in ("small", "large")), strict=True)
    ]
    return [
        Row(
            "G",
            f"{found['characters'] / 1e6:g} MB of text",
            [
                Figure("us a character", large, 4),
                Figure("x a tenth of it, a character", ratios(large, small), 1.2),
                Figure("MB more memory than a tenth of it", grown, 16),
            ],
        )
    ]


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


def peak() -> float:
    """MB that the process has taken at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    asyncio.run(read(WARM))
    before, begin = peak(), time.process_time()
    deque(body(int(sys.argv[1])), 0)
    making = time.process_time() - begin
    asyncio.run(read(int(sys.argv[1])))
    cost = time.process_time() - begin - 2 * making
    print(json.dumps({"us a character": cost / int(sys.argv[1]) * 1e6, "MB": peak() - before}))
