"""Nanoseconds per event of the wire, next to the least that anybody must do: split the bytes, parse the JSON.

Run it by hand: ``python tests/benchmarks/bench_wire.py``. Read the ratios, not the figures: they are of one run.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from pydantic_core import from_json

from streamkit import wire

EVENTS = 20_000
ROUNDS = 9
WORDS = ("The", " sky", " is", " blue", " because", " of", " Rayleigh", " scattering", ".")


def chunk(delta: dict[str, object], finish: str | None = None) -> dict[str, object]:
    return {
        "id": "chatcmpl-9f1c2b3a4d5e6f708192a3b4c5d6e",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": "some-model-2025-08-07",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        "usage": None,
        "obfuscation": "aB3dE5fG7hI",
    }


def body() -> bytes:
    chunks = [chunk({"role": "assistant", "content": ""})]
    chunks += [chunk({"content": WORDS[i % len(WORDS)]}) for i in range(EVENTS - 2)]
    chunks.append(chunk({}, "stop"))
    frames = [b"data: " + json.dumps(one, separators=(",", ":")).encode() + b"\n\n" for one in chunks]
    return b"".join(frames) + b"data: [DONE]\n\n"


def reads(data: bytes, events: int) -> list[bytes]:
    frames = [frame + b"\n\n" for frame in data.split(b"\n\n")[:-1]]
    return [b"".join(frames[i : i + events]) for i in range(0, len(frames), events)]


def bare(chunks: list[bytes]) -> None:
    for chunk in chunks:
        for block in chunk.split(b"\n\n"):
            if block and block != b"data: [DONE]":
                from_json(block[6:])


def decode(chunks: list[bytes]) -> None:
    for _ in wire.decode(chunks):
        pass


def parse(chunks: list[bytes]) -> None:
    for _ in wire.parse(chunks):
        pass


def measure(candidates: dict[str, Callable[[list[bytes]], None]], chunks: list[bytes]) -> dict[str, float]:
    """Median CPU nanoseconds per event; the candidates take turns, so that load hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, candidate in candidates.items():
            begin = time.process_time_ns()
            candidate(chunks)
            times[name].append((time.process_time_ns() - begin) / EVENTS)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> None:
    data = body()
    print(f"{EVENTS} events of {len(data) // EVENTS} bytes")
    for events in (32, 1):
        found = measure({"split + from_json": bare, "decode": decode, "parse": parse}, reads(data, events))
        for name, taken in found.items():
            print(f"{events:3} events a read  {name:18} {taken:7.0f} ns  {taken / found['split + from_json']:.2f} x")


if __name__ == "__main__":
    main()
