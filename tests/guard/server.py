"""A server in a process of its own that sends each event when the one before has been handed over: each event is a read
of its own, whatever the speed of the machine. What its connections take is not in the process that is measured."""

from __future__ import annotations

import json
import socket
import socketserver
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.guard.bodies import body

__all__ = ["OPEN", "served"]

OPEN = "open"
"""The name of a model that answers with one event and never ends."""
ROOT = Path(__file__).resolve().parents[2]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


class _Answers(socketserver.StreamRequestHandler):
    """The first connection says that an event has been handed over, the others are replies."""

    handed: socket.socket | None = None

    def handle(self) -> None:
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if _Answers.handed is None:
            _Answers.handed = self.connection.dup()
            self.wfile.write(b".")
            return
        while request := self._request_body():
            model = json.loads(request)["model"]
            first, *rest = body(2 if model == OPEN else int(model))
            self.wfile.write(HEAD + _framed(first))
            if model == OPEN:
                self.rfile.read(1)
                return
            for event in rest:
                _Answers.handed.recv(1)
                self.wfile.write(_framed(event))
            self.wfile.write(END)

    def _request_body(self) -> bytes:
        length = 0
        for line in iter(self.rfile.readline, b"\r\n"):
            if not line:
                return b""
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return self.rfile.read(length)


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@contextmanager
def served() -> Iterator[tuple[str, Callable[[], object]]]:
    """The address of a server, and a function to call when an event has been handed over. The name of the model is the
    number of events, or `OPEN`."""
    command = [sys.executable, "-m", "tests.guard.server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as handed:
            handed.recv(1)
            try:
                yield f"http://127.0.0.1:{port}/v1", lambda: handed.send(b".")
            finally:
                process.kill()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with _Server(("127.0.0.1", 0), _Answers) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
