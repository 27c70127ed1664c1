"""Prints what a long reply costs on its way through redact, meter, text and sentences: time a character, and memory.

Run it by hand: ``python tests/benchmarks/bench_long.py [characters ...]``, by default 100,000 and 1,000,000; 10 million
take some minutes. Read along a row: it is flat if the cost is linear. Deltas have 4 characters, as of a model, or 64,
as a server sends them that is faster than its network. The figures are of one machine.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import AsyncIterator

import streamkit as sk
from streamkit import ops

SIZES = (100_000, 1_000_000)
PIECES = (4, 64)
TEXTS = {
    "English": "The kettle on the stove began to sing, and nobody minded. They waited for Dr. Novak (he was late). ",
    "Chinese": "水壶开始唱歌，谁也不在意。为什么呢？因为大家都在等茶！",
    "Markdown": "## Tea\n\n- Boil the *water*.\n- See [more](https://tea.example/a).\n\n```\npour(1)\n```\n\n",
    "one word": "a",
}


async def body(text: str, size: int, piece: int) -> AsyncIterator[bytes]:
    whole = text * (2 * piece)
    for at in range(0, size, piece):
        delta = {"content": whole[at % len(text) :][:piece]}
        yield f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n".encode()
    yield b"data: [DONE]\n\n"


async def making(text: str, size: int, piece: int) -> None:
    async for _ in body(text, size, piece):
        pass


def cost(text: str, size: int, piece: int) -> float:
    """CPU microseconds a character, those of making the body left out."""
    begin = time.process_time()
    asyncio.run(making(text, size, piece))
    made = time.process_time()
    events = sk.from_bytes(lambda: body(text, size, piece), keep_text=False)
    sk.run(events.pipe(ops.redact("email"), ops.meter(), ops.text(), ops.sentences()), lambda sentence: None)
    return (time.process_time() - made - (made - begin)) / size * 1e6


def peak() -> int:
    """MB that this process ever had; Linux counts in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main(sizes: tuple[int, ...]) -> None:
    cost(TEXTS["English"], 10_000, PIECES[0])  # warm
    print("us a character at      " + "".join(f"{size:>12,}" for size in sizes) + "   MB at most, so far")
    for name, text in TEXTS.items():
        for piece in PIECES:
            figures = "".join(f"{cost(text, size, piece):12.2f}" for size in sizes)
            print(f"{name:9} in pieces of {piece:2}{figures}{peak():10}", flush=True)


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
