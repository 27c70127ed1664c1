"""Clients of a listening server that mean no good: each is answered or cut in bounded time, and nobody else notices."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import httpx
import pytest

from streamkit.scripted.client_limits import ServerLimits
from streamkit.scripted.script import Script
from streamkit.scripted.server import Server
from tests.waiting import until

HERE = Path(__file__).resolve().parent


def _neighbour(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


hostile = _neighbour("hostile")
QUICK = ServerLimits(idle=0.2, head=0.2, body=0.2, unread=0.2, linger=2.0, body_bytes=hostile.BODY_LIMIT)


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def is_well(url: str) -> bool:
    answer = httpx.post(f"{url}/chat/completions", json={"messages": []}, timeout=5)
    return answer.json()["choices"][0]["message"]["content"] == "Hi"


def test_hostile_requests_are_answered_and_nothing_is_printed(capfd):
    """Every eighth of them, as far as the limits of time are not needed for it."""
    cases = [case for case in hostile.CASES[::8] if 408 not in case.expected]
    with Server("Hi").running(limits=ServerLimits(body_bytes=hostile.BODY_LIMIT)) as url:
        assert asyncio.run(hostile.wrong_answers(port_of(url), cases)) == []
        assert is_well(url)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_each_hostile_request_is_answered_and_its_connection_comes_to_an_end(capfd):
    assert len(hostile.CASES) > 100
    with Server("Hi").running(limits=ServerLimits(head=3.0, body_bytes=hostile.BODY_LIMIT)) as url:
        assert asyncio.run(hostile.wrong_answers(port_of(url), hostile.CASES)) == []
        assert is_well(url)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.timeout(60)  # a program in debug mode on a machine that is busy
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_command_answers_them_too_and_complains_of_nothing():
    """With every warning an error, and asyncio's debug mode: its stderr holds what it says to everyone."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "streamkit", "serve", "--port", "0", "--text", "Hi"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=HERE.parents[1])
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        cases = [case for case in hostile.CASES if not ({408, 413} & {*case.expected})]  # its limits are larger
        assert asyncio.run(hostile.wrong_answers(port_of(url), cases)) == []
        assert is_well(url)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()
        process.communicate()
    told = [line for line in said.splitlines() if "took" not in line]  # of debug mode, where the machine is busy
    assert [line.split()[0] for line in told] == ["Serving", "Try:"]
    assert process.returncode == 0


async def _drip(port: int, pieces: list[bytes]) -> tuple[bytes, float]:
    """What a client gets that sends one of ``pieces`` now and then, and how long it is borne."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began, got = time.monotonic(), b""
    try:
        async with asyncio.timeout(5):
            for piece in pieces:
                writer.write(piece)
                try:
                    async with asyncio.timeout(0.05):
                        got += await reader.read(65536) or b"!"
                        break
                except TimeoutError:
                    pass
            while piece := await reader.read(65536):
                got += piece
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    return got, time.monotonic() - began


HEAD = hostile.GOOD.split(b"\r\n\r\n")[0]
BEGUN = hostile.request(b"", length="1000")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([], b""),
        ([b"G", b"E", b"T"], b"HTTP/1.1 408"),
        ([HEAD[i : i + 1] for i in range(len(HEAD))], b"HTTP/1.1 408"),
        ([BEGUN, *[b"x"] * 100], b"HTTP/1.1 408"),
        (
            [BEGUN.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked"), *[b"1\r\nx\r\n"] * 100],
            b"HTTP/1.1 408",
        ),
        ([BEGUN.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")], b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 408"),
    ],
    ids=["silent", "beginning", "head", "body", "chunks", "expecting"],
)
def test_who_sends_too_slowly_is_told_and_cut(pieces, status):
    with Server("Hi").running(limits=QUICK) as url:
        got, seconds = asyncio.run(_drip(port_of(url), pieces))
    assert got.lstrip(b"!").startswith(status) if status else got == b""
    assert seconds > 0.1


@pytest.mark.slow
def test_a_connection_that_is_not_used_any_more_is_closed_without_a_word():
    with Server("Hi").running(limits=QUICK) as url:
        got, seconds = asyncio.run(_drip(port_of(url), [hostile.get("/v1/models"), b""]))
    assert got.count(b"HTTP/1.1") == 1
    assert seconds > 0.1


@pytest.mark.slow
def test_who_takes_nothing_of_the_answer_is_cut_and_counts_as_gone():
    server = Server(Script(["x" * 1000] * 20_000))
    with server.running(limits=QUICK, sndbuf=8192) as url, socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.connect(("127.0.0.1", port_of(url)))
        sock.sendall(hostile.request(hostile.of({"messages": [], "stream": True})))
        assert until(lambda: server.cancelled == 1)


@pytest.mark.slow
def test_who_takes_a_little_now_and_then_is_served():
    server = Server(Script(["x" * 1000] * 300))
    with server.running(limits=ServerLimits(unread=1.0), sndbuf=8192) as url, socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.connect(("127.0.0.1", port_of(url)))
        sock.sendall(
            hostile.request(hostile.of({"messages": []}))
        )  # one large write, for which no time of 1 s would be enough
        began, got = time.monotonic(), 0
        while got < 300_000:
            got += len(sock.recv(8192)) or pytest.fail("cut")
            time.sleep(0.04)
        assert time.monotonic() - began > 1.2
        assert until(lambda: server.requests[0].outcome == "done")


@pytest.mark.slow
def test_a_client_that_has_left_but_for_its_socket_does_not_keep_a_place():
    """It closed its side and reads nothing: what was written to it never leaves."""
    limits = ServerLimits(clients=1, unread=0.2, linger=0.2)
    with (
        Server(Script(["x" * 1000] * 20_000), "Hi").running(limits=limits, sndbuf=8192) as url,
        socket.socket() as sock,
    ):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.connect(("127.0.0.1", port_of(url)))
        sock.sendall(hostile.request(hostile.of({"messages": [], "stream": True})))
        sock.shutdown(socket.SHUT_WR)
        assert until(lambda: asyncio.run(hostile.statuses(port_of(url), hostile.GOOD, 1)) == [200])


def test_more_clients_than_there_may_be_are_refused_and_later_ones_served():
    limits = ServerLimits(clients=3, linger=0.1)

    async def main(port: int) -> list[list[int]]:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        async with asyncio.timeout(5):
            got = await asyncio.gather(*(hostile.statuses(port, hostile.GOOD) for _ in range(5)))
        for _, writer in idle:
            writer.close()
        return got

    with Server("Hi").running(limits=limits) as url:
        assert asyncio.run(main(port_of(url))) == [[503]] * 5
        assert until(lambda: asyncio.run(hostile.statuses(port_of(url), hostile.GOOD, 1)) == [200])


def test_those_beyond_who_stay_though_they_are_refused_are_cut():
    limits = ServerLimits(clients=1, linger=0.1)
    with Server("Hi").running(limits=limits) as url:
        many = [socket.create_connection(("127.0.0.1", port_of(url)), timeout=5) for _ in range(100)]
        told = [_all_of(sock) for sock in many[1:]]
        assert sum(b"HTTP/1.1 503" in one for one in told) >= 64
        assert {one[:12] for one in told} <= {b"HTTP/1.1 503", b""}
        for sock in many:
            sock.close()
        assert until(lambda: asyncio.run(hostile.statuses(port_of(url), hostile.GOOD, 1)) == [200])


def _all_of(sock: socket.socket) -> bytes:
    got = b""
    try:
        while piece := sock.recv(65536):
            got += piece
    except ConnectionError:
        pass
    return got


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_no_limit_can_be_switched_off(value):
    with pytest.raises(ValueError, match=r"ServerLimits\.idle"):
        ServerLimits(idle=value)
