"""Responses, byte for byte, and what becomes of a reply that is answered with one of them.

As a program it prints the outcomes of all, for each transport: aiohttp reads differently outside of asyncio's debug
mode.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import streamkit as sk
from tests.faults.bodies import reply
from tests.faults.server import chunked, head

__all__ = ["DIFFERENT", "RESPONSES", "STRICT", "cuts", "hearing", "outcome", "request_on"]


@contextmanager
def hearing(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that calls ``answer`` with one connection after the other, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the listener is shut
                while True:
                    peer, _ = listener.accept()
                    with peer, suppress(OSError):
                        answer(peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        assert not thread.is_alive()


def request_on(peer: socket.socket) -> bytes:
    """The bytes of the next request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65536)
    top, _, content = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    is_chunked = b"transfer-encoding: chunked" in top.lower()
    while len(content) < length or (is_chunked and not content.endswith(b"0\r\n\r\n")):
        content += peer.recv(65536)
    return top + b"\r\n\r\n" + content


BODY = reply("Hello", " world")
RESPONSES = {
    "chunked": head(transfer_encoding="chunked") + chunked(BODY[:50]) + chunked(BODY[50:]) + b"0\r\n\r\n",
    "a length": head(content_length=str(len(BODY))) + BODY,
    "until the end": head() + BODY,
    "HTTP/1.0": head().replace(b"1.1", b"1.0") + BODY,
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + head() + BODY,
    "trailers": head(transfer_encoding="chunked", trailer="x") + chunked(BODY) + b"0\r\nx: y\r\n\r\n",
    "chunk extensions": head(transfer_encoding="chunked") + b"%x;a=b\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    "a cut chunk": head(transfer_encoding="chunked") + chunked(BODY[:90]) + b"ff\r\ndata",
    "no last chunk": head(transfer_encoding="chunked") + chunked(BODY[:90]),
    "too short": head(content_length="9999") + BODY[:90],
    "a chunk without a size": head(transfer_encoding="chunked") + chunked(BODY[:90]) + b"zz\r\n",
    "a negative size": head(transfer_encoding="chunked") + chunked(BODY[:90]) + b"-1\r\n",
    "an error": head("503 Busy Now", content_length="4", retry_after="0") + b"busy",
    "nothing": head("204 No Content"),
    "a redirect": head("307 There", location="/elsewhere", content_length="0"),
    "a phrase of its own": head("404 N\xf6, not here", content_length="0"),
    "no phrase": head("404", content_length="0"),
    "a large head": head(content_length=str(len(BODY)), x="y" * 60_000, **{f"x-{n}": "z" for n in range(90)}) + BODY,
    "cookies": head(content_length=str(len(BODY)), set_cookie="a=b") + BODY,
    "compressed, it says": head(content_length=str(len(BODY)), content_encoding="br") + BODY,
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "half a head": head()[:25],
    "empty": b"",
    "two replies": (head(content_length=str(len(BODY))) + BODY) * 2,
    "a space before the colon": head().replace(b"type:", b"type :") + BODY,
    "lengths that differ": head(content_length=str(len(BODY))).replace(b"\r\n\r\n", b"\r\ncontent-length: 3\r\n\r\n")
    + BODY,
    "a zero in a field": head(x="a\0b") + BODY,
    "a folded field": head().replace(b"\r\n\r\n", b"\r\nx: a\r\n b\r\n\r\n") + BODY,
    "a field without a colon": head().replace(b"\r\n\r\n", b"\r\nnonsense\r\n\r\n") + BODY,
    "a field without a name": head().replace(b"\r\n\r\n", b"\r\n: x\r\n\r\n") + BODY,
    "a field with no ASCII": head(x="\xe9") + BODY,
    "an empty line first": b"\r\n" + head() + BODY,
    "chunks and a length": head(transfer_encoding="chunked", content_length="3") + chunked(BODY) + b"0\r\n\r\n",
    "an unknown coding": head(transfer_encoding="gzip, chunked") + chunked(BODY) + b"0\r\n\r\n",
    "identity": head(transfer_encoding="identity") + BODY,
    "another protocol": head("101 Switching Protocols", upgrade="x", connection="upgrade") + BODY,
    "a length with a sign": head(content_length=f"+{len(BODY)}") + BODY,
    "a length that is not a number": head(content_length="many") + BODY,
    "the same length twice": head(content_length=f"{len(BODY)}, {len(BODY)}") + BODY,
    "a status of four digits": head("2000 OK") + BODY,
    "a later version": head().replace(b"1.1", b"9.9", 1) + BODY,
    "an endless chunk": head(transfer_encoding="chunked") + b"f" * 30 + b"\r\n" + BODY,
    "spaces after a size": head(transfer_encoding="chunked") + b"%x  \r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    "no end of a chunk": head(transfer_encoding="chunked") + b"%x\r\n%b0\r\n\r\n" % (len(BODY), BODY),
    "a large chunk extension": head(transfer_encoding="chunked") + b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
    "bare line feeds": head().replace(b"\r\n", b"\n") + BODY,
    "bare line feeds in chunks": head(transfer_encoding="chunked")
    + (chunked(BODY) + b"0\r\n\r\n").replace(b"\r\n", b"\n"),
}
"""Responses of servers that close the connection after them."""
DIFFERENT = {
    "an empty line first": "complete",
    "chunks and a length": "stream_broken",
    "an unknown coding": "complete",
    "identity": "complete",
    "another protocol": "http_status",
    "the same length twice": "stream_broken",
    "a later version": "stream_broken",
}
"""Malformed responses that one transport reads and the other does not, with what becomes of them by aiohttp."""
STRICT = {"a folded field", "spaces after a size", "bare line feeds"}
"""Those that aiohttp does not read in asyncio's debug mode."""
LIMITS = sk.Limits(total=10)


def outcome(transport: str, pieces: list[bytes]) -> tuple[Any, ...]:
    """What becomes of a reply that arrives in ``pieces``."""

    def answer(peer: socket.socket) -> None:
        request_on(peer)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            peer.sendall(piece)

    with hearing(answer) as port:
        options: Any = {"transport": transport, "retry": sk.Retry(attempts=0), "limits": LIMITS}
        with sk.Client(f"http://127.0.0.1:{port}/v1", "key", model="m", **options) as client:
            try:
                reply = sk.run(client.chat("hi"))
            except sk.StreamkitError as error:
                status = (error.status, str(error).partition(" (http")[0]) if error.status else None
                return error.kind, error.retryable, error.partial.text, error.partial.outcome, status
            return reply.outcome, reply.text


def cuts(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < end]


def main() -> None:
    for name, response in RESPONSES.items():
        outcomes = [outcome(transport, [response]) for transport in ("httpx", "aiohttp")]
        sys.stdout.write(json.dumps([name, *outcomes]) + "\n")


if __name__ == "__main__":
    main()
