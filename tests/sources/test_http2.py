"""HTTP/2 of a given transport is refused before anything of a request is sent, and others on its connection go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest

import streamkit as sk
from streamkit.sources.http.exchange import shut_socket
from tests.faults.bodies import reply
from tests.faults.server import KEEP, chunked, head, serving
from tests.libraries import with_both

PIECES = (b"one ", b"two ", b"three")


class Peer(asyncio.Protocol):
    """A server of HTTP/2 that answers each request with `PIECES` of text, slowly."""

    asked: list[str]
    connections: list[Any]

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.connections.append(transport)
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._h2.initiate_connection()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        for event in self._h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.asked.append(dict(event.headers)[b":path"].decode())
                task = asyncio.ensure_future(self._answer(event.stream_id))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        self._flush()

    async def _answer(self, stream: int) -> None:
        self._h2.send_headers(stream, [(":status", "200"), ("content-type", "text/plain")])
        for piece in PIECES:
            self._h2.send_data(stream, piece)
            self._flush()
            await asyncio.sleep(0.05)
        self._h2.end_stream(stream)
        self._flush()

    def _flush(self) -> None:
        self._transport.write(self._h2.data_to_send())


@asynccontextmanager
async def speaking_http2() -> AsyncIterator[tuple[str, list[str]]]:
    """The server's address and the paths that were asked for."""
    asked: list[str] = []
    connections: list[Any] = []
    factory = type("Listed", (Peer,), {"asked": asked, "connections": connections})
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", asked
    finally:
        server.close()
        for connection in connections:
            connection.abort()
        await asyncio.sleep(0)


@with_both
def test_http2_is_refused_and_others_on_the_connection_go_on(library: Any) -> None:
    async def main() -> None:
        async with speaking_http2() as (url, asked), library.AsyncClient(http1=False, http2=True) as own:
            async with own.stream("GET", f"{url}/own") as sibling, sk.Client(url, "k", transport=own) as client:
                parts = sibling.aiter_bytes()
                read = await anext(parts)
                refused = await asyncio.gather(
                    *(sk.start(client.chat("hi", model="m")) for _ in range(5)), return_exceptions=True
                )
                assert all(isinstance(error, sk.ConnectError) and not error.retryable for error in refused)
                assert {str(error).partition(":")[0] for error in refused} == {"HTTP/2 is refused"}
                assert "http2=False" in str(refused[0])
                read += b"".join([part async for part in parts])
                assert read == b"one two three"
            assert (await own.get(f"{url}/again")).text == "one two three"
            assert asked == ["/v1/own", "/v1/again"]

    asyncio.run(main())


@with_both
def test_a_fresh_connection_of_http2_is_refused(library: Any) -> None:
    async def main() -> None:
        async with speaking_http2() as (url, asked), library.AsyncHTTPTransport(http1=False, http2=True) as own:
            for _ in range(2):
                with pytest.raises(sk.ConnectError, match="HTTP/2 is refused") as caught:
                    await sk.Client(url, "k", transport=own).chat("hi", model="m")
                assert caught.value.partial.attempts == 1
            assert asked == []

    asyncio.run(main())


@with_both
def test_a_transport_that_could_speak_http2_serves_over_http1(library: Any) -> None:
    """Without TLS httpx has nothing to agree on HTTP/2 with."""

    async def main(url: str) -> None:
        async with library.AsyncClient(http2=True) as own, sk.Client(url, "k", transport=own) as client:
            assert (await client.chat("hi", model="m")).text == "fine"  # type: ignore[union-attr]

    with serving([head(transfer_encoding="chunked"), chunked(reply("fine")), chunked(b""), KEEP]) as server:
        asyncio.run(main(server.url))


@with_both
@pytest.mark.parametrize(("version", "shut"), [("HTTP/1.1", 1), ("HTTP/2", 0)])
def test_the_socket_of_http2_is_not_ours_to_shut(version: str, shut: int, library: Any) -> None:
    """As that of a client of the openai library, or of a transport that is not httpx's."""
    done: list[int] = []

    class Stream:
        def get_extra_info(self, name: str) -> Any:
            return type("Socket", (), {"shutdown": lambda _, how: done.append(how)})()

    shut_socket(library.Response(200, extensions={"http_version": version.encode(), "network_stream": Stream()}))
    assert len(done) == shut
