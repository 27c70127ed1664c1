"""Rows A: what one reply costs for each event, as each client reads it.

``bulk`` has 32 events in an HTTP chunk; ``framed`` one, and 32 chunks in a write; ``paced`` one event at a time, 1 ms
apart, so that each wakes the client, as those of a model do.
"""

from __future__ import annotations

import math
import socket
import time
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks import instructions
from tests.benchmarks.clients import CLIENTS
from tests.benchmarks.figures import Figure, Plan, Row, in_turn, ratios
from tests.benchmarks.processes import client, server
from tests.benchmarks.replies import END

__all__ = ["MODES", "measure", "rows"]

MODES = ("bulk", "framed", "paced")
GAP = 1000
"""Microseconds between two events of ``paced``."""
WARM = "bulk-300"
DRAINS = 9
AHEAD = 1.5
"""How many times as fast as the clients the server must be."""


def measure(plan: Plan) -> dict[str, Any]:
    """Microseconds of CPU for each event, of each mode, client and round."""
    sizes = {"bulk": plan.of(20_000, 4_000), "framed": plan.of(20_000, 4_000), "paced": plan.of(2_000, 500)}
    rounds = plan.rounds_of(7, 3)
    found: dict[str, Any] = {"cost": {}, "rate": {}, "server": {}, "faults": []}
    with server() as address, ExitStack() as stack:
        workers = {name: stack.enter_context(client(name, address)) for name in CLIENTS}
        for worker in workers.values():
            worker.ask("one", WARM)
        for mode, events in sizes.items():
            model = f"{mode}-{events}" + (f"-{GAP}" if mode == "paced" else "")
            if mode != "paced":
                found["server"][mode] = events / drained(address, model)
            names = [name for name in CLIENTS if mode == "bulk" or name not in ("openai .stream()", GATHERED)]
            answers = in_turn(names, rounds, lambda name, model=model: workers[name].ask("one", model))
            found["cost"][mode] = {name: [one["cpu"] / events * 1e6 for one in all] for name, all in answers.items()}
            found["rate"][mode] = {name: [events / one["wall"] for one in all] for name, all in answers.items()}
            fastest = max(rate for rates in found["rate"][mode].values() for rate in rates)
            if found["server"].get(mode, math.inf) < AHEAD * fastest:
                found["faults"].append(f"{mode}: the server is not {AHEAD} times as fast as the fastest client")
            texts = {(one["texts"], one["sum"]): name for name, all in answers.items() for one in all}
            if len(texts) > 1:
                found["faults"].append(f"{mode}: not all clients read the same text: {texts}")
    found["instructions"] = instructions.measure() if not plan.quick else "left out by --quick"
    return found


def drained(address: str, model: str) -> float:
    """The seconds that the server takes for a reply that is only received, when it is least disturbed."""
    place = urlsplit(address)
    request = b'{"model":"%b"}' % model.encode()
    head = b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(request)
    took = []
    with socket.create_connection((place.hostname, place.port)) as peer:
        for _ in range(DRAINS):
            begin, last = time.perf_counter(), b""
            peer.sendall(head + request)
            while not last.endswith(END):
                last = (last + peer.recv(1 << 20))[-len(END) :]
            took.append(time.perf_counter() - begin)
    return min(took)


GATHERED = "streamkit, gathered"
FAST = "streamkit on aiohttp"


def rows(found: dict[str, Any]) -> list[Row]:
    def figure(mode: str, ours: str, theirs: str, goal: float | None = None) -> Figure:
        cost = found["cost"][mode]
        return Figure(f"x {theirs}", ratios(cost[ours], cost[theirs]), goal)

    counted = found["instructions"]
    more = (
        [Figure("x httpx, instructions", [counted["streamkit"] / counted["httpx"]], 1.1)]
        if isinstance(counted, dict)
        else []
    )
    without = counted if isinstance(counted, str) else ""
    return [
        Row("A1", "bulk", [figure("bulk", "streamkit", "openai", 0.040), figure("bulk", "streamkit", "httpx", 1.8)]),
        Row(
            "A2", "framed", [figure("framed", "streamkit", "openai", 0.11), figure("framed", "streamkit", "httpx", 1.3)]
        ),
        Row("A3", "framed, fast transport", [figure("framed", FAST, "openai", 0.03)]),
        Row("A4", "paced", [figure("paced", "streamkit", "openai", 0.50), *more], left_out=without),
        Row("A5", "paced, fast transport", [figure("paced", FAST, "openai", 0.27)]),
        Row("A6", "bulk, whole reply gathered", [figure("bulk", GATHERED, "openai .stream()", 0.025)]),
    ]
