"""Instructions of the processor that an event takes when it comes alone: the same in each run, however busy the machine
is. Valgrind counts them.

The server sends an event when the one before has been handed over: clients are so slow under Valgrind that events which
come by the clock would be read several at a time.
"""

from __future__ import annotations

import re
import shutil
import subprocess

from tests.benchmarks.processes import ROOT, environment, server, worker_command

__all__ = ["counted", "measure"]

FEW, MANY = 10, 60


def measure() -> dict[str, float] | str:
    """For each client; or why there is no figure."""
    if shutil.which("valgrind") is None:
        return "no instructions: there is no valgrind here"
    with server() as address:
        return {name: per_event(name, address) for name in ("httpx", "streamkit")}


def per_event(name: str, address: str) -> float:
    count(name, address, FEW)  # byte code is written
    return (count(name, address, MANY) - count(name, address, FEW)) / (MANY - FEW)


def count(name: str, address: str, events: int) -> int:
    """The instructions of a process that reads one reply."""
    return counted(worker_command(name, address), f'["one", "bulk-20"]\n["acked", "acked-{events}"]\n')


def counted(command: list[str], tasks: str) -> int:
    """The instructions of a process that does these tasks."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    pipes = {"input": tasks, "capture_output": True, "text": True}
    done = subprocess.run(command, cwd=ROOT, env=environment(), check=True, **pipes)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    assert collected is not None, done.stderr
    return int(collected[1])
