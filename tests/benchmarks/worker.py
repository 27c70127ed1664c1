"""A process with one client, which reads replies when it is told to: a line of JSON for each task, one for its figures.

``python -m tests.benchmarks.worker CLIENT ADDRESS LOOP CORE``; the tasks are ``["one", MODEL]``, ``["acked", MODEL]``
and ``["many", MODEL, REPLIES]``.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks.clients import CLIENTS, Read
from tests.benchmarks.processes import allow_many_connections

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def begin_peak() -> float:
    """Lets `peak` begin anew where the system can; KiB that the process takes now."""
    if not RESET.exists():
        return peak()
    RESET.write_text("5")
    return peak()


def peak() -> float:
    """KiB that the process has taken at most."""
    if STATUS.exists():
        return float(next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")).split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)


async def read_one(read: Read, model: str) -> dict[str, Any]:
    texts: list[str] = []
    cpu, wall = time.process_time(), time.perf_counter()
    await read(model, texts.append)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu, "wall": wall, "texts": len(texts), "sum": zlib.crc32("".join(texts).encode())}


async def read_acked(read: Read, model: str, address: str) -> dict[str, Any]:
    """Each text is acknowledged, and the server sends the next one only then."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port)) as acks:
        acks.sendall(b"GET /acks HTTP/1.1\r\n\r\n")
        acks.recv(1)
        await read(model, lambda text: acks.send(b"."))
    return {}


async def read_many(read: Read, model: str, replies: int) -> dict[str, Any]:
    late: list[int] = []
    opened: list[float] = []
    clock = time.monotonic_ns

    def on_text(text: str) -> None:
        late.append(clock() - int(text))
        if not opened:
            opened.extend((time.process_time(), time.perf_counter()))

    before, cpu = begin_peak(), time.process_time()
    await asyncio.gather(*(read(model, on_text) for _ in range(replies)))
    ended = time.process_time(), time.perf_counter()
    late.sort()
    return {
        "texts": len(late),
        "rate": len(late) / (ended[1] - opened[1]),
        "cpu": (ended[0] - opened[0]) / len(late) * 1e6,
        "p50": late[len(late) // 2] / 1e6,
        "p99": late[int(len(late) * 0.99)] / 1e6,
        "set-up": (opened[0] - cpu) / replies * 1e6,
        "memory": max(peak() - before, replies) / replies,  # what had been freed before may serve a few replies
    }


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if name != "uvloop":
        return None
    import uvloop

    return uvloop.new_event_loop


def main(name: str, address: str, loop: str, core: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a client prints is no answer
    if hasattr(os, "sched_setaffinity") and int(core) >= 0:
        os.sched_setaffinity(0, {int(core)})
    allow_many_connections()
    with asyncio.Runner(loop_factory=loop_factory(loop)) as runner:
        read = CLIENTS[name](address)
        for line in sys.stdin:
            match json.loads(line):
                case ["one", model]:
                    figures = runner.run(read_one(read, model))
                case ["acked", model]:
                    figures = runner.run(read_acked(read, model, address))
                case ["many", model, replies]:
                    figures = runner.run(read_many(read, model, replies))
            print(json.dumps(figures), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
