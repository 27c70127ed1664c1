"""The server of the benchmarks: one thread, and replies that are written before they are asked for.

The name of the model says what the reply is like: ``bulk-N``, ``framed-N``, ``paced-N-US`` with N events, US
microseconds apart; ``acked-N``, whose events wait until the text before them has been acknowledged with a byte on the
connection that asked for ``/acks``; and ``many-N-REPLIES-US``: all of so many replies are held until the last one has
been asked for, and begin with evenly spread phases. The text of each event is then the clock, just before it is sent.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from functools import lru_cache

from tests.benchmarks.processes import allow_many_connections
from tests.benchmarks.replies import END, HEAD, clocked, finish, framed, opening, reply

PAUSE = 0.5
"""Seconds from the last request of ``many`` to the first event: the client has done all that opening takes."""
PATIENCE = 120.0
"""Seconds after which a client that reads no more is given up."""
SMALL_SLEEP = 50e-6

Connections = list[socket.socket]
bulk = lru_cache(lambda events: reply(events, events_a_chunk=32, chunks_a_write=8))
framed_reply = lru_cache(lambda events: reply(events, events_a_chunk=1, chunks_a_write=32))
single = lru_cache(lambda events: reply(events, events_a_chunk=1, chunks_a_write=1))


class Server:
    """Plays one reply at a time, or one crowd of replies."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._received: dict[socket.socket, bytes] = {}
        self._acks: socket.socket | None = None
        self._waiting: Connections = []
        self.lags: list[float] = []
        """Seconds that the events of the last ``many`` were sent after they were due."""

    def serve(self, listener: socket.socket) -> None:
        self._selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is listener:
                    self._accept(listener)
                else:
                    self._read(key.data)

    def _accept(self, listener: socket.socket) -> None:
        peer, _ = listener.accept()
        peer.settimeout(PATIENCE)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(peer, selectors.EVENT_READ, peer)

    def _read(self, peer: socket.socket) -> None:
        try:
            data = peer.recv(65536)
            self._received[peer] = self._handle(peer, self._received.get(peer, b"") + data)
        except OSError:
            data = b""
        if not data:
            self._received.pop(peer, None)
            self._waiting = [one for one in self._waiting if one is not peer]
            self._selector.unregister(peer)
            peer.close()

    def _handle(self, peer: socket.socket, data: bytes) -> bytes:
        """Answers a request that is whole; gives what is left of ``data``."""
        head, found, body = data.partition(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length:")
        if not found or len(body) < (size := int(length.split(b"\r\n")[0] or 0)):
            return data
        if head.startswith(b"GET /acks"):
            self._acks = peer
            self._selector.unregister(peer)
            peer.sendall(b".")
        elif head.startswith(b"GET"):
            report = json.dumps({"lags": sorted(self.lags)[:: max(1, len(self.lags) // 1000)]}).encode()
            peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(report) + report)
        else:
            self._answer(peer, json.loads(body[:size])["model"])
        return body[size:]

    def _answer(self, peer: socket.socket, model: str) -> None:
        kind, *numbers = model.split("-")
        match kind, [*map(int, numbers)]:
            case "bulk", [events]:
                send(peer, bulk(events))
            case "framed", [events]:
                send(peer, framed_reply(events))
            case "paced", [events, gap]:
                pace(peer, single(events), gap / 1e6)
            case "acked", [events]:
                send_acked(peer, single(events), self._acks)
            case "many", [events, replies, gap]:
                peer.sendall(HEAD + framed(opening()))
                self._waiting.append(peer)
                if len(self._waiting) == replies:
                    time.sleep(PAUSE)
                    self.lags = play(self._waiting, events, gap / 1e6)
                    self._waiting = []
            case _:
                raise ValueError(model)


def send(peer: socket.socket, writes: list[bytes]) -> None:
    for write in writes:
        peer.sendall(write)


def send_acked(peer: socket.socket, writes: list[bytes], acks: socket.socket | None) -> None:
    assert acks is not None
    head, begin, *texts, finish, done = writes
    send(peer, [head, begin])
    for write in texts:
        peer.sendall(write)
        acks.recv(1)
    send(peer, [finish, done])


def pace(peer: socket.socket, writes: list[bytes], gap: float) -> None:
    due = time.perf_counter()
    for write in writes:
        wait_until(due)
        peer.sendall(write)
        due += gap


def play(peers: Connections, events: int, gap: float) -> list[float]:
    """Sends each of ``peers`` its events, ``gap`` seconds apart; how late each was sent."""
    before, after = clocked()
    last = framed(b"".join(finish())) + END
    clock, clock_ns, lags = time.perf_counter, time.monotonic_ns, []
    sends = [peer.sendall for peer in peers]
    begin, step = clock(), gap / len(peers)
    for place in range(events * len(peers)):
        due = begin + place * step
        wait_until(due)
        sends[place % len(peers)](b"%b%019d%b" % (before, clock_ns(), after))
        lags.append(clock() - due)
    for hand in sends:
        hand(last)
    return lags


def wait_until(due: float) -> None:
    while (left := due - time.perf_counter()) > 0:
        if left > SMALL_SLEEP:
            time.sleep(left - SMALL_SLEEP)


if __name__ == "__main__":
    allow_many_connections()
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        print(listener.getsockname()[1], flush=True)
        Server().serve(listener)
