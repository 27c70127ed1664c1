"""The scripted server as an httpx transport: what a socket would have shown, without one."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

import streamkit as sk
from streamkit import testing
from streamkit.scripted.script import Script
from streamkit.scripted.server import Server
from tests.libraries import with_both

ASK = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}


async def read(server: Server, take: int | None = None, library: Any = httpx) -> list[bytes]:
    """The chunks of one answer, or the first few of them."""
    chunks: list[bytes] = []
    async with (
        library.AsyncClient(transport=server.transport(), base_url="http://scripted") as client,
        client.stream("POST", "/v1/chat/completions?a=b", json=ASK) as response,
    ):
        async for chunk in response.aiter_raw():
            chunks.append(chunk)
            if len(chunks) == take:
                break
    return chunks


@with_both
def test_every_write_is_one_chunk(library: Any):
    script = Script("Hello there", split=5)
    server = Server(script)
    writes = [write.data for write in script.writes("chat", ASK) if write.data]
    assert asyncio.run(read(server, library=library)) == writes
    (request,) = server.requests
    assert (request.outcome, request.sent) == ("done", sum(map(len, writes)))
    assert (request.path, request.query, request.body) == ("/v1/chat/completions", {"a": "b"}, ASK)


def test_the_same_bytes_come_over_a_socket():
    async def over_a_socket(server: Server) -> bytes:
        async with server.listen() as url, httpx.AsyncClient() as client:
            return (await client.post(f"{url}/chat/completions", json=ASK)).content

    for name in ("hello", "chinese", "error"):
        direct = asyncio.run(read(Server.shipped(speed=0)))
        assert asyncio.run(over_a_socket(Server.shipped(speed=0))) == b"".join(direct), name


@with_both
def test_leaving_early_counts_as_cancelled(library: Any):
    server = Server(Script("a b c d"))
    assert len(asyncio.run(read(server, take=2, library=library))) == 2
    assert (server.cancelled, server.requests[0].outcome) == (1, "cancelled")
    assert server.requests[0].sent < 1000


@with_both
def test_a_cut_raises_what_httpx_raises_for_one(library: Any):
    server = Server(Script("a b c", drop_after=1))
    with pytest.raises(library.RemoteProtocolError, match="incomplete chunked read"):
        asyncio.run(read(server, library=library))
    assert server.requests[0].outcome == "dropped"


@with_both
def test_no_connection_raises_what_httpx_raises(library: Any):
    server = Server(sk.ConnectError("no"))
    with pytest.raises(library.ConnectError):
        asyncio.run(read(server, library=library))


def test_a_task_that_is_cancelled_while_it_waits_for_the_head_counts():
    server = Server(Script("a", head_after=60.0))

    async def main() -> None:
        async with asyncio.timeout(1.0):
            await read(server)

    with pytest.raises(TimeoutError):
        testing.clock().run_coroutine(main())
    assert server.cancelled == 1
