"""Each event is handed over before the server sends the next one: what holds an event back hangs, and is not timed."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

import streamkit as sk
from tests.faults.bodies import DONE, END, START, say
from tests.faults.server import chunked, head
from tests.sources.responses import hearing, request_on
from tests.transports import names_its_transports

PIECES = [f"piece {number} " for number in range(20)]
PATIENCE = 10.0


def options_of(name: str) -> dict[str, Any]:
    if name != "httpx2":
        return {"transport": name}
    httpx2 = pytest.importorskip("httpx2")  # nobody closes this client, so it keeps no connection
    return {"transport": httpx2.AsyncClient(limits=httpx2.Limits(max_keepalive_connections=0))}


def bytes_as_they_are(data: bytes) -> bytes:
    return data


def run(client: sk.Client, note: Callable[[Any], None]) -> None:
    sk.run(client.chat("hi"), note)


def run_an_async_sink(client: sk.Client, note: Callable[[Any], None]) -> None:
    async def sink(event: Any) -> None:
        note(event)

    sk.run(client.chat("hi"), sink)


def read_with_for(client: sk.Client, note: Callable[[Any], None]) -> None:
    for event in client.chat("hi"):
        note(event)


def read_with_async_for(client: sk.Client, note: Callable[[Any], None]) -> None:
    async def main() -> None:
        async for event in client.chat("hi"):
            note(event)

    asyncio.run(main())


def read_with_uvloop(client: sk.Client, note: Callable[[Any], None]) -> None:
    async def main() -> None:
        async for event in client.chat("hi"):
            note(event)

    with asyncio.Runner(loop_factory=pytest.importorskip("uvloop").new_event_loop) as runner:
        runner.run(main())


@names_its_transports
@pytest.mark.parametrize("transport", ["httpx", "aiohttp", "httpx2"])
@pytest.mark.parametrize("frame", [chunked, bytes_as_they_are])
@pytest.mark.parametrize("read", [run, run_an_async_sink, read_with_for, read_with_async_for, read_with_uvloop])
def test_no_event_waits_for_the_next(
    read: Callable[..., None], frame: Callable[[bytes], bytes], transport: str
) -> None:
    arrived, held_back = threading.Semaphore(0), list[str]()

    def answer(peer: socket.socket) -> None:
        request_on(peer)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.sendall(head(transfer_encoding="chunked") if frame is chunked else head())
        peer.sendall(frame(START))
        for piece in PIECES:
            peer.sendall(frame(say(piece)))
            if not arrived.acquire(timeout=PATIENCE):
                held_back.append(piece)
                return
        peer.sendall(frame(END) + frame(DONE) + (frame(b"") if frame is chunked else b""))

    def note(event: Any) -> None:
        if isinstance(event, sk.TextDelta):
            arrived.release()

    with hearing(answer) as port:
        client = sk.Client(f"http://127.0.0.1:{port}/v1", "key", model="m", **options_of(transport))
        with client:
            read(client, note)
    assert held_back == []
