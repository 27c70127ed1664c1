"""A server that does exactly what a script says, byte for byte, and watches what the client does about it.

A script is any iterable of steps: bytes are sent, a number is waited for (seconds), and `RESET`, `HANG`, `KEEP` say
what becomes of the connection; without one of these it is closed at the script's end. Everything is on threads, so
that it goes on whatever the loop under test does.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["HANG", "KEEP", "RESET", "Heard", "Script", "Server", "chunked", "head", "serving"]

RESET = "reset"  # close with a TCP reset
HANG = "hang"  # say nothing more until the client goes away
KEEP = "keep"  # the answer is complete: serve the next request on this connection

Script: TypeAlias = "Iterable[bytes | float | str]"
Answer: TypeAlias = "Script | Callable[[Heard], Script]"


def head(status: str = "200 OK", type: str | None = "text/event-stream", **headers: str) -> bytes:
    """A status line and headers; ``retry_after="1"`` is the header ``retry-after``."""
    named = {"content-type": type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in named.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunked(data: bytes) -> bytes:
    """One chunk of chunked transfer coding; of nothing it is the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass
class Heard:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes
    connection: int
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class Server:
    """Plays ``answers`` in turn, one a request; the last one goes on for ever."""

    def __init__(self, *answers: Answer, send_buffer: int | None = None) -> None:
        self.answers: list[Answer] = list(answers)
        self.requests: list[Heard] = []
        self.sent = 0  # bytes that went out
        self.connections = 0  # that were ever made
        self.left = 0  # connections that the client closed before the script was over
        self._send_buffer = send_buffer
        self._open: dict[int, socket.socket] = {}
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._accepting = threading.Thread(target=self._accept, name="fault server", daemon=True)
        self._accepting.start()

    @property
    def open(self) -> int:
        return len(self._open)

    def all_closed(self, within: float = 10.0) -> bool:
        """Whether every connection is gone within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, within)

    def met(self, connections: int, within: float = 10.0) -> bool:
        """Whether so many connections came within so many seconds: a client may be done before they are accepted."""
        with self._changed:
            return self._changed.wait_for(lambda: self.connections >= connections, within)

    def heard(self, requests: int, within: float = 10.0) -> bool:
        """Whether so many requests came within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.requests) >= requests, within)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for peer in list(self._open.values()):
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self.connections += 1
                number = self.connections
                self._open[number] = peer
                self._changed.notify_all()
            thread = threading.Thread(target=self._serve, args=(peer, number), daemon=True)
            self._threads = [*(t for t in self._threads if t.is_alive()), thread][-2000:]
            thread.start()

    def _serve(self, peer: socket.socket, number: int) -> None:
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._send_buffer is not None:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_buffer)
            while (request := _read(peer, number)) is not None:
                with self._changed:
                    answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                    self.requests.append(request)
                    self._changed.notify_all()
                if not self._play(peer, answer(request) if callable(answer) else answer):
                    return
        except OSError:
            self.left += 1
        finally:
            peer.close()
            with self._changed:
                del self._open[number]
                self._changed.notify_all()

    def _play(self, peer: socket.socket, script: Script) -> bool:
        """Whether the connection is to be kept."""
        for step in script:
            if isinstance(step, bytes):
                self.sent += _send(peer, step)
            elif step == RESET:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif step == HANG:
                _wait(peer, 60.0)
            elif step == KEEP:
                return True
            else:
                _wait(peer, float(step))
        _wait_for_unread(peer)
        return False


def _send(peer: socket.socket, data: bytes) -> int:
    peer.sendall(data)
    return len(data)


def _wait(peer: socket.socket, seconds: float) -> None:
    """OSError as soon as the client goes away."""
    readable, _, _ = select.select([peer], [], [], seconds)
    if readable and not peer.recv(65536):
        raise ConnectionResetError("the client closed")


def _wait_for_unread(peer: socket.socket) -> None:
    """A close with unread input would be a reset, which may destroy what was sent before."""
    peer.shutdown(socket.SHUT_WR)
    readable, _, _ = select.select([peer], [], [], 5.0)
    while readable and peer.recv(65536):
        readable, _, _ = select.select([peer], [], [], 1.0)


def _read(peer: socket.socket, number: int) -> Heard | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := peer.recv(65536)):
            return None
        data += more
    top, _, content = data.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(content) < int(headers.get("content-length", 0)):
        if not (more := peer.recv(65536)):
            return None
        content += more
    method, path, _ = first.split(" ")
    return Heard(method, path, headers, content, number)


@contextmanager
def serving(*answers: Answer, send_buffer: int | None = None) -> Iterator[Server]:
    server = Server(*answers, send_buffer=send_buffer)
    try:
        yield server
    finally:
        server.close()
