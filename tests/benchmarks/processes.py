"""The processes of a benchmark: the server, and clients that stay idle between their turns."""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = [
    "ROOT",
    "Worker",
    "WorkerError",
    "allow_many_connections",
    "client",
    "cores",
    "environment",
    "module_command",
    "server",
    "server_lags",
    "worker",
    "worker_command",
]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300.0
"""Seconds for one task."""
FILES = 10_240


class WorkerError(Exception):
    """A client did not do what it was told to."""


def environment() -> dict[str, str]:
    """Variables for a process: without proxies, and with byte code that is kept, as for users."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**env, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)}


def cores() -> tuple[int, int] | None:
    """One core for the client and one for the server, where processes can be tied to them."""
    if not hasattr(os, "sched_getaffinity") or len(usable := sorted(os.sched_getaffinity(0))) < 2:
        return None
    return usable[0], usable[1]


def allow_many_connections() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(most, FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def module_command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]


@contextmanager
def server() -> Iterator[str]:
    """The address that clients are given."""
    with subprocess.Popen(
        module_command("server"), cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        if (both := cores()) is not None:
            os.sched_setaffinity(process.pid, {both[1]})
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def server_lags(address: str) -> list[float]:
    """How many seconds late the server sent the events of its last crowd, in ascending order."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{address}/lags", timeout=10) as response:
        lags: list[float] = json.load(response)["lags"]
        return lags


class Worker:
    """A client in a process of its own."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self._process = process

    def ask(self, *task: Any) -> dict[str, Any]:
        """The figures of a task; raises WorkerError if there are none."""
        self.tell(*task)
        return self.answer()

    def tell(self, *task: Any) -> None:
        """Begin a task, whose figures are taken later."""
        tasks = self._process.stdin
        assert tasks is not None
        self._task = task
        try:
            print(json.dumps(task), file=tasks, flush=True)
        except BrokenPipeError:
            raise WorkerError(f"{self.name} has ended") from None

    def answer(self) -> dict[str, Any]:
        """The figures of the task that was begun."""
        answers = self._process.stdout
        assert answers is not None
        if not select.select([answers], [], [], PATIENCE)[0]:
            raise WorkerError(f"{self.name} took more than {PATIENCE:g} s")
        line = answers.readline()
        if not line:
            raise WorkerError(f"{self.name} ended within {self._task[1]}")
        figures: dict[str, Any] = json.loads(line)
        return figures


def worker_command(name: str, address: str, loop: str = "asyncio") -> list[str]:
    both = cores()
    return module_command("worker", name, address, loop, str(-1 if both is None else both[0]))


@contextmanager
def client(name: str, address: str, loop: str = "asyncio") -> Iterator[Worker]:
    with worker(name, worker_command(name, address, loop)) as one:
        yield one


@contextmanager
def worker(name: str, command: list[str]) -> Iterator[Worker]:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment(), **pipes) as process:
        try:
            yield Worker(name, process)
        finally:
            process.kill()
