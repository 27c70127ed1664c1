"""The scripted server on real sockets: HTTP as clients speak it, and clients that misbehave."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, closing
from urllib.parse import urlsplit

import httpx
import pytest

from streamkit.scripted.client_limits import ServerLimits
from streamkit.scripted.script import Script
from streamkit.scripted.server import Server
from streamkit.wire import parse
from tests.waiting import soon

BODY = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "stream": True}).encode()
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


def on_a_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(asyncio.wait_for(test(), 15))

    run.__name__ = run.__qualname__ = test.__name__
    return run


@asynccontextmanager
async def connected(url: str):
    """A plain connection to the server."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except OSError:
            pass


async def head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:] if line)


async def chunked(reader: asyncio.StreamReader) -> bytes:
    """The body of an answer, which must come to its proper end."""
    out = b""
    while size := int(await reader.readline(), 16):
        out += await reader.readexactly(size)
        assert await reader.readexactly(2) == b"\r\n"
    assert await reader.readexactly(2) == b"\r\n"
    return out


def text(body: bytes) -> str:
    *_, reply = parse([body])
    return reply.text


@on_a_loop
async def test_requests_share_a_connection():
    server = Server("one", "two", "three")
    async with server.listen() as url, connected(url) as (reader, writer):
        for word in ("one", "two", "three"):
            writer.write(POST)
            status, headers = await head(reader)
            assert (status, headers["transfer-encoding"]) == (200, "chunked")
            assert text(await chunked(reader)) == word
    assert [request.outcome for request in server.requests] == ["done"] * 3
    assert server.cancelled == 0


@on_a_loop
async def test_requests_sent_ahead_are_answered_in_turn():
    server = Server(Script("one", first=0.02), "two", "three")
    async with server.listen() as url, connected(url) as (reader, writer):
        writer.write(POST * 3)
        for word in ("one", "two", "three"):
            assert (await head(reader))[0] == 200
            assert text(await chunked(reader)) == word


@on_a_loop
async def test_an_old_client_gets_a_body_that_ends_with_the_connection():
    async with Server("Hi there").listen() as url, connected(url) as (reader, writer):
        writer.write(POST.replace(b"HTTP/1.1", b"HTTP/1.0"))
        _, headers = await head(reader)
        assert "transfer-encoding" not in headers
        assert text(await reader.read()) == "Hi there"


@on_a_loop
async def test_a_client_that_waits_to_send_is_told_to_go_on():
    async with Server("Hi").listen() as url, connected(url) as (reader, writer):
        start, _, body = POST.partition(b"\r\n\r\n")
        writer.write(start + b"\r\nExpect: 100-continue\r\n\r\n")
        assert (await head(reader))[0] == 100
        writer.write(body)
        assert (await head(reader))[0] == 200


@on_a_loop
async def test_pieces_are_sent_when_they_are_due():
    loop = asyncio.get_running_loop()
    async with Server(Script(["a", "b"], first=0.05, every=0.5)).listen() as url, connected(url) as (reader, writer):
        start = loop.time()
        writer.write(POST)
        await head(reader)
        await reader.readuntil(b'"a"')
        first = loop.time()
        await reader.readuntil(b'"b"')
        assert first - start > 0.03
        assert loop.time() - first > 0.1  # 0.5 unless this machine is busy


@on_a_loop
async def test_the_head_can_be_late_too():
    loop = asyncio.get_running_loop()
    async with Server(Script("a", head_after=0.1)).listen() as url, connected(url) as (reader, writer):
        start = loop.time()
        writer.write(POST)
        await head(reader)
        assert loop.time() - start > 0.08


@pytest.mark.parametrize("how", ["close", "abort", "half"])
def test_a_client_that_goes_away_is_noticed_at_once(how):
    async def main() -> None:
        server = Server(Script("a b c", every=0.01, stall_after=2))
        async with server.listen() as url, connected(url) as (reader, writer):
            writer.write(POST)
            await reader.readuntil(b'" b"')
            assert server.cancelled == 0
            {"close": writer.close, "abort": writer.transport.abort, "half": writer.write_eof}[how]()
            await soon(lambda: server.cancelled == 1)

    asyncio.run(main())


@on_a_loop
async def test_a_client_that_goes_before_the_answer_is_noticed_too():
    server = Server(Script("a", head_after=60.0))
    async with server.listen() as url:
        async with connected(url) as (_, writer):
            writer.write(POST)
            await soon(lambda: bool(server.requests))
        await soon(lambda: server.cancelled == 1)


@on_a_loop
async def test_a_cut_comes_after_its_pieces_and_without_the_end_of_the_body():
    server = Server(Script("a b c", drop_after=2))
    async with server.listen() as url, connected(url) as (reader, writer):
        writer.write(POST)
        await head(reader)
        rest = await reader.read()
        assert b'" b"' in rest
        assert not rest.endswith(b"0\r\n\r\n")
    assert server.requests[0].outcome == "dropped"


@on_a_loop
async def test_no_answer_at_all_is_a_closed_connection():
    from streamkit import ConnectError

    async with Server(ConnectError("no")).listen() as url, connected(url) as (reader, writer):
        writer.write(POST)
        assert await reader.read() == b""


@on_a_loop
async def test_a_slow_client_holds_the_server():
    """The system keeps back what both buffers hold, and not a byte more is written until somebody reads."""
    script = Script(["x" * 1000] * 20_000)
    server = Server(script, "Hi")
    async with server.listen(sndbuf=8192) as url:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.setblocking(False)
        with closing(sock):
            loop = asyncio.get_running_loop()
            await loop.sock_connect(sock, (urlsplit(url).hostname, urlsplit(url).port))
            await loop.sock_sendall(sock, POST)
            sent = -1
            while not server.requests or sent != server.requests[0].sent:
                sent = server.requests[0].sent if server.requests else -1
                for _ in range(100):  # the server is on this loop
                    await asyncio.sleep(0)
            assert 0 < sent < 100_000
            while server.requests[0].sent == sent:
                await loop.sock_recv(sock, 4096)
        await soon(lambda: server.cancelled == 1)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x00\x01" + b"\xff" * 100 + b"\r\n\r\n", 400),
        (b"POST /v1/chat/completions HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100_000, 431),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(data, status):
    async def main() -> None:
        async with Server("Hi").listen() as url, connected(url) as (reader, writer):
            writer.write(data)
            got, headers = await head(reader)
            assert (got, headers["connection"]) == (status, "close")
            assert json.loads(await reader.read())["error"]["message"]

    asyncio.run(main())


@on_a_loop
async def test_a_body_that_is_too_large_is_refused_before_it_is_all_there():
    start = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n"
    limits = ServerLimits(body_bytes=1000)
    async with Server("Hi").listen(limits=limits) as url, connected(url) as (reader, writer):
        writer.write(start + b"x" * 2000)
        assert (await head(reader))[0] == 413


@on_a_loop
async def test_who_sends_far_too_much_ahead_gets_the_answers_to_what_was_kept():
    server = Server(Script("one", first=0.05), "two")
    start, _, body = POST.partition(b"\r\n\r\n")
    large = start.replace(b"%d" % len(BODY), b"20000") + b"\r\n\r\n" + body.ljust(20_000)
    async with server.listen(limits=ServerLimits(ahead_bytes=100_000)) as url, connected(url) as (reader, writer):
        writer.write(large * 50)
        for word in ("one", *["two"] * 4):
            assert (await head(reader))[0] == 200
            assert text(await chunked(reader)) == word
        assert b"HTTP/1.1 413" in await reader.read()
    assert 4 < len(server.requests) < 50


@on_a_loop
async def test_a_head_that_is_longer_than_it_may_be_is_refused_though_it_comes_at_once():
    head_of = lambda size: b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * size + b"\r\n\r\n"  # noqa: E731
    for limits, size, status in ((1000, 900, 200), (1000, 2000, 431), (65536, 66000, 431)):
        allowed = ServerLimits(head_bytes=limits)
        async with Server("Hi").listen(limits=allowed) as url, connected(url) as (reader, writer):
            writer.write(head_of(size))
            assert (await head(reader))[0] == status


@on_a_loop
async def test_a_request_with_two_origins_is_refused():
    async with Server("Hi").listen() as url, connected(url) as (reader, writer):
        origins = b"origin: http://evil.example\r\norigin: http://127.0.0.1\r\n"
        writer.write(b"GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\n" + origins + b"\r\n")
        assert (await head(reader))[0] == 400


def test_limits_that_are_none_are_told_at_once():
    with pytest.raises(TypeError, match="limits is a ServerLimits"), Server("Hi").running(limits=5):  # type: ignore[arg-type]
        pass


@on_a_loop
async def test_a_request_that_never_ends_ends_with_its_connection():
    server = Server("Hi")
    async with server.listen() as url, connected(url) as (_, writer):
        writer.write(POST[:-5])
        await writer.drain()
    assert server.requests == []


@on_a_loop
async def test_closing_the_server_cuts_what_is_open():
    server = Server(Script("a b", every=0.01, stall_after=1))
    async with server.listen() as url:
        reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
        idle = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
        writer.write(POST)
        await reader.readuntil(b'"a"')
    assert await idle[0].read() == b""
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readuntil(b"never")
    for stream in (writer, idle[1]):
        stream.close()
    assert server.requests[0].outcome == "dropped"
    assert server.cancelled == 0
    assert len(asyncio.all_tasks()) <= 2  # this test, and the one that waits for it


def test_it_runs_in_a_thread_and_leaves_none():
    before = set(threading.enumerate())
    with Server("Hi").running() as url:
        answer = httpx.post(f"{url}/chat/completions", content=BODY)
        assert text(answer.content) == "Hi"
        assert httpx.get(f"{url}/models").json()["data"][0]["id"] == "scripted"
        assert set(threading.enumerate()) - before
    assert set(threading.enumerate()) <= before
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/models")


def test_a_port_that_is_taken_is_told_to_who_asked():
    with Server("Hi").running() as url:
        second = Server("Hi").running(port=urlsplit(url).port)
        with pytest.raises(OSError, match="in use"):
            second.__enter__()


def test_a_port_that_cannot_be_is_told_as_well():
    with pytest.raises(OverflowError):
        Server("Hi").running(port=99_999).__enter__()


def test_an_ipv6_address_is_written_as_urls_want_it():
    try:
        with Server("Hi").running("::1") as url:
            assert url.startswith("http://[::1]:")
            assert httpx.get(f"{url}/models").status_code == 200
    except OSError:
        pytest.skip("no IPv6 here")
