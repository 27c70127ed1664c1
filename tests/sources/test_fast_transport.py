"""The fast transport: how it is chosen, that it sends what httpx sends, and that it reads what httpx reads."""

from __future__ import annotations

import asyncio
import builtins
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

import streamkit as sk
from streamkit import patience
from tests.connections import connections, transports
from tests.faults.bodies import START, reply, say
from tests.faults.server import HANG, KEEP, Heard, chunked, head, serving
from tests.sources.proxy import CERTIFICATE, proxying
from tests.sources.responses import DIFFERENT, RESPONSES, STRICT, cuts, hearing, outcome, request_on
from tests.transports import names_its_transports

VARIABLE = "STREAMKIT_TRANSPORT"
both = pytest.mark.parametrize("transport", ["httpx", "aiohttp"])

# -- the choice ----------------------------------------------------------------------------------------------------


def used(**options: Any) -> set[str]:
    with serving([head(), reply("fine")]) as server, sk.Client(server.url, "key", model="m", **options) as client:
        assert sk.run(client.chat("hi")).text == "fine"
        return transports(client)


@names_its_transports
@pytest.mark.parametrize(
    ("variable", "argument", "name"),
    [
        (None, None, "AsyncHTTPTransport"),
        ("", None, "AsyncHTTPTransport"),
        ("httpx", None, "AsyncHTTPTransport"),
        ("aiohttp", None, "FastTransport"),
        (None, "aiohttp", "FastTransport"),
        ("httpx", "aiohttp", "FastTransport"),
        ("aiohttp", "httpx", "AsyncHTTPTransport"),
        ("nonsense", "httpx", "AsyncHTTPTransport"),
    ],
)
def test_an_argument_wins_over_the_environment(
    variable: str | None, argument: str | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    if variable is not None:
        monkeypatch.setenv(VARIABLE, variable)
    assert used(transport=argument) == {name}


@names_its_transports
def test_the_environment_counts_when_the_client_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "aiohttp")
    with serving([head(), reply("fine")]) as server, sk.Client(server.url, "key", model="m") as client:
        monkeypatch.setenv(VARIABLE, "httpx")
        sk.run(client.chat("hi"))
        assert transports(client) == {"FastTransport"}


@names_its_transports
@pytest.mark.usefixtures("no_default_client")
def test_the_default_client_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "nonsense")
    with pytest.raises(ValueError, match="STREAMKIT_TRANSPORT is 'aiohttp' or 'httpx', not 'nonsense'"):
        sk.chat("hi", model="m")


@names_its_transports
def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="transport is 'aiohttp' or 'httpx', not 'requests'"):
        sk.Client(transport="requests")


@names_its_transports
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "aiohttp":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'streamkit-rx\[fast\]'"):
        sk.Client(transport="aiohttp")


@names_its_transports
def test_an_old_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiohttp.__version__", "3.13.5")
    with pytest.raises(ImportError, match=r"newer aiohttp than 3\.13\.5: pip install 'streamkit-rx\[fast\]'"):
        sk.Client(transport="aiohttp")


@names_its_transports
def test_aiohttp_is_not_imported_unless_it_was_chosen() -> None:
    program = """
import sys
import streamkit as sk
sk.Client('http://127.0.0.1:9/v1', 'key')
assert 'aiohttp' not in sys.modules
sk.Client('http://127.0.0.1:9/v1', 'key', transport='aiohttp')
assert 'aiohttp' in sys.modules
"""
    env = {name: value for name, value in os.environ.items() if name != VARIABLE}
    subprocess.run([sys.executable, "-c", program], env=env, check=True, timeout=20)


@pytest.mark.slow
@names_its_transports
def test_through_a_proxy_httpx_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with proxying() as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            options: Any = {"model": "m", "transport": "aiohttp", "allow_http": True}
            async with sk.Client("http://models.invalid/v1", "key", **options) as client:
                assert (await client.chat("hi")).text == "through the proxy"  # type: ignore[union-attr]
                assert transports(client) == {"AsyncHTTPTransport"}
            with serving([head(), reply("fine")]) as server:
                monkeypatch.setenv("NO_PROXY", "127.0.0.2")
                async with sk.Client(server.url.replace(".0.1", ".0.2"), "key", **options) as client:
                    with suppress(sk.ConnectError):  # where loopback has one address only
                        await client.chat("hi")
                    assert transports(client) == {"FastTransport"}

    asyncio.run(main())


# -- what is sent --------------------------------------------------------------------------------------------------


@names_its_transports
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"X-Trace": "a; b", "Accept": "*/*", "user-agent": "mine"}, "query": {"a b": "c&d", "é": "1"}},
        {"headers": {"Host": "models.test", "X-First": "1"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"azure": "2024-10-21", "organization": "o"},
        {"api": "gemini", "model": "models/a b"},
        {"api": "anthropic"},
    ],
    ids=["plain", "fields", "a host of its own", "in chunks", "azure", "the model in the path", "anthropic"],
)
@pytest.mark.parametrize("question", ["hi", "x" * 300_000], ids=["short", "long"])
def test_a_request_is_the_same_byte_for_byte(options: dict[str, Any], question: str) -> None:
    heard: list[bytes] = []

    def answer(peer: socket.socket) -> None:
        heard.append(request_on(peer))
        peer.sendall(head("400 No", content_length="0"))

    with hearing(answer) as port:
        for transport in ("httpx", "aiohttp"):
            client = sk.Client(f"http://127.0.0.1:{port}", "key", transport=transport, **{"model": "m", **options})
            with client, pytest.raises(sk.StatusError):
                sk.run(client.chat(question))
    by_httpx, by_aiohttp = heard
    assert by_aiohttp == by_httpx


@names_its_transports
@both
@pytest.mark.parametrize(
    ("host", "headers", "error"),
    [
        ("127.0.0.1", {"Transfer-Encoding": "gzip"}, "Only Transfer-Encoding: chunked is supported"),
        ("models..invalid", {}, "no connection: "),
        (f"{'a' * 70}.invalid", {}, "no connection: "),
    ],
    ids=["a coding", "a host with an empty label", "a host with a long label"],
)
def test_what_cannot_be_sent(transport: str, host: str, headers: dict[str, str], error: str) -> None:
    with hearing(lambda peer: None) as port:
        options: Any = {"allow_http": True, "retry": sk.Retry(attempts=0), "model": "m", "headers": headers}
        client = sk.Client(f"http://{host}:{port}/v1", "key", transport=transport, trust_env=False, **options)
        with client, pytest.raises(sk.StreamkitError, match=error) as caught:
            sk.run(client.chat("hi"))
    assert caught.value.retryable


# -- what is read --------------------------------------------------------------------------------------------------

SAME = sorted(RESPONSES.keys() - DIFFERENT.keys() - STRICT)


@names_its_transports
@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("places", [[], [17], list(range(0, 400, 7))], ids=["whole", "two", "many"])
def test_a_response_means_the_same(name: str, places: list[int]) -> None:
    pieces = cuts(RESPONSES[name], places)
    assert outcome("aiohttp", pieces) == outcome("httpx", pieces)


@names_its_transports
@pytest.mark.slow
@pytest.mark.timeout(120)
@settings(max_examples=60)
@given(st.sampled_from(SAME), st.lists(st.integers(0, 2000), max_size=5))
@example("a chunk without a size", [120])
def test_a_response_means_the_same_however_it_is_cut(name: str, places: list[int]) -> None:
    pieces = cuts(RESPONSES[name], places)
    assert outcome("aiohttp", pieces) == outcome("httpx", pieces)


@names_its_transports
@pytest.mark.slow
def test_outside_of_the_debug_mode_a_response_means_the_same() -> None:
    """aiohttp's parser is stricter in asyncio's debug mode, in which this suite runs."""
    command = [sys.executable, "-m", "tests.sources.responses"]
    env = {**os.environ, "PYTHONASYNCIODEBUG": ""}
    lines = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True, timeout=20).stdout
    rows = {name: (by_httpx, by_aiohttp) for name, by_httpx, by_aiohttp in map(json.loads, lines.splitlines())}
    assert rows.keys() == RESPONSES.keys()
    different = {name: by_aiohttp[0] for name, (by_httpx, by_aiohttp) in rows.items() if by_httpx != by_aiohttp}
    assert different == DIFFERENT


# -- connections ---------------------------------------------------------------------------------------------------


def asking(port: int, transport: str, **options: Any) -> sk.Client:
    options = {"retry": sk.Retry(attempts=0), "model": "m", **options}
    return sk.Client(f"http://127.0.0.1:{port}/v1", "key", transport=transport, **options)


WHOLE = RESPONSES["chunked"]


def test_a_numeric_address_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> None:
        raise AssertionError("a look-up, which takes a thread")

    def answer(peer: socket.socket) -> None:
        request_on(peer)
        peer.sendall(WHOLE)

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", look_up)
    with hearing(answer) as port, asking(port, "aiohttp") as client:
        assert sk.run(client.chat("hi")).text == "Hello world"


def ask_twice(answer: Callable[[socket.socket], None], transport: str, between: Callable[[], Awaitable[None]]) -> None:
    """Ask for two replies, the second on the same connection if that may be used again."""

    async def main(port: int) -> None:
        async with asking(port, transport) as client:
            assert (await client.chat("hi")).text == "Hello world"  # type: ignore[union-attr]
            await between()
            assert (await client.chat("hi")).text == "Hello world"  # type: ignore[union-attr]

    with hearing(answer) as port:
        asyncio.run(main(port))


@names_its_transports
@both
def test_a_connection_that_the_server_has_closed_a_moment_ago_is_not_used(transport: str) -> None:
    closes, closed = threading.Event(), threading.Event()

    def answer(peer: socket.socket) -> None:
        request_on(peer)
        peer.sendall(WHOLE)
        closes.wait(10)
        peer.shutdown(socket.SHUT_RDWR)
        closed.set()

    async def close() -> None:
        closes.set()
        assert closed.wait(10)  # here, so the loop does not know of it

    ask_twice(answer, transport, close)


@names_its_transports
@pytest.mark.parametrize(
    ("transport", "when"),
    # httpcore parses a response that arrives in one read with the end of another as that to the next request.
    [
        ("httpx", "later"),
        ("httpx", "unnoticed"),
        ("aiohttp", "later"),
        ("aiohttp", "unnoticed"),
        ("aiohttp", "at once"),
    ],
)
def test_what_a_server_sends_unasked_answers_no_request(transport: str, when: str) -> None:
    sends, sent = threading.Event(), threading.Event()
    unasked = head(transfer_encoding="chunked") + chunked(reply("of somebody else")) + b"0\r\n\r\n"

    def answer(peer: socket.socket) -> None:
        request_on(peer)
        peer.sendall(WHOLE + (unasked if when == "at once" else b""))
        sends.wait(10)
        if when != "at once":
            peer.sendall(unasked)
        sent.set()
        while peer.recv(65536):
            pass

    async def send() -> None:
        sends.set()
        assert sent.wait(10)
        for _ in range(5 if when == "later" else 0):
            await asyncio.sleep(0)

    ask_twice(answer, transport, send)


@names_its_transports
@both
def test_after_a_part_of_a_response_that_came_unasked_a_connection_is_not_used(transport: str) -> None:
    sends, sent = threading.Event(), threading.Event()

    def answer(peer: socket.socket) -> None:
        request_on(peer)
        peer.sendall(WHOLE)
        sends.wait(10)
        peer.sendall(b"HTTP/1.1 408 Too")
        sent.set()
        if peer.recv(65536):
            peer.sendall(b" Late\r\n\r\n")

    async def send() -> None:
        sends.set()
        assert sent.wait(10)
        for _ in range(5):  # in which the loop reads it
            await asyncio.sleep(0)

    ask_twice(answer, transport, send)


@names_its_transports
@both
@pytest.mark.parametrize("chunks", [True, False])
def test_what_came_before_a_break_is_read_after_it(transport: str, chunks: bool) -> None:
    """While the reply waits for a sink, the rest of it arrives and the connection breaks."""
    sends, closed = threading.Event(), threading.Event()

    def answer(peer: socket.socket) -> None:
        request_on(peer)
        framed = chunked if chunks else bytes
        first = framed(START + b"".join(map(say, "abcdef")))  # more than the sink and its mailbox take
        peer.sendall((head(transfer_encoding="chunked") if chunks else head()) + first)
        sends.wait(10)
        peer.sendall(framed(say("g")) + framed(say("h")))
        peer.close()
        closed.set()

    async def slow(event: Any) -> None:
        if isinstance(event, sk.TextDelta):
            sends.set()
            assert closed.wait(10)
            for _ in range(20):  # in which the loop reads what has arrived
                await asyncio.sleep(0)

    async def main(port: int) -> None:
        async with asking(port, transport) as client:
            with pytest.raises(sk.BrokenError) as caught:
                await sk.start(client.chat("hi"), sk.branch(into=slow, capacity=1))
        assert caught.value.partial.text == "abcdefgh"

    with hearing(answer) as port:
        asyncio.run(main(port))


@names_its_transports
@both
def test_a_fault_in_one_read_with_the_end_of_a_chunk_ends_the_reply(transport: str) -> None:
    sends = threading.Event()

    def answer(peer: socket.socket) -> None:
        request_on(peer)
        peer.sendall(head(transfer_encoding="chunked") + chunked(START + say("a"))[:-2])
        sends.wait(10)
        peer.sendall(b"\r\nzz\r\n")
        peer.recv(1)

    async def main(port: int) -> None:
        async def send(event: Any) -> None:
            if isinstance(event, sk.TextDelta):
                asyncio.get_running_loop().call_soon(sends.set)  # once the next read waits

        async with asking(port, transport, limits=sk.Limits(total=5)) as client:
            with pytest.raises(sk.BrokenError) as caught:
                await sk.start(client.chat("hi"), sk.branch(into=send))
        assert caught.value.partial.text == "a"

    with hearing(answer) as port:
        asyncio.run(main(port))


@names_its_transports
@both
def test_an_answer_before_the_request_was_read(transport: str) -> None:
    def answer(peer: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += peer.recv(1024)
        peer.sendall(head("413 Too Large", content_length="0", connection="close"))
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass

    with hearing(answer) as port, asking(port, transport) as client, pytest.raises(sk.StatusError) as caught:
        sk.run(client.chat("x" * 3_000_000))
    assert caught.value.status == 413


@names_its_transports
def test_cancelling_a_request_that_the_server_does_not_read() -> None:
    """What waits to be sent does not keep the connection open."""
    asked, over = threading.Event(), threading.Event()

    def answer(peer: socket.socket) -> None:
        peer.recv(1024)
        asked.set()
        over.wait(10)
        with suppress(OSError):
            while peer.recv(2**20):
                pass

    async def main(port: int) -> None:
        async with asking(port, "aiohttp") as client:
            run = sk.start(client.chat("x" * 30_000_000))
            await asyncio.to_thread(asked.wait, 10)
            run.cancel()
            assert (await run).outcome == "cancelled"
            assert connections(client) == []
        over.set()

    with hearing(answer) as port:
        asyncio.run(main(port))


@names_its_transports
@pytest.mark.parametrize("turn", range(0, 40, 3))
def test_a_cancel_in_tls_at_every_turn(turn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)

    def answer(peer: socket.socket) -> None:
        with context.wrap_socket(peer, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(head() + START + say("a"))
            secured.recv(65536)  # until the client has closed; else the server does not come to its end

    async def main(port: int) -> None:
        async with sk.Client(f"https://127.0.0.1:{port}/v1", "key", model="m", transport="aiohttp") as client:
            run = sk.start(client.chat("hi"))
            for _ in range(turn):
                await asyncio.sleep(0)
            run.cancel()
            assert (await run).outcome == "cancelled"
            assert connections(client) == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with hearing(answer) as port:
        asyncio.run(main(port))


@names_its_transports
def test_one_pool_serves_a_crowd_and_lets_its_connections_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "IDLE_CONNECTION", 0.2)

    async def main() -> None:
        everyone = threading.Barrier(50)

        def answer(heard: Heard) -> Any:
            everyone.wait(10)
            return [WHOLE, KEEP]

        with serving(answer) as server:
            async with sk.Client(server.url, "key", model="m", transport="aiohttp") as client:
                replies = await asyncio.gather(*(client.chat("hi") for _ in range(50)))
                assert {reply.text for reply in replies} == {"Hello world"}  # type: ignore[union-attr]
                assert server.connections == 50
                assert await asyncio.to_thread(server.all_closed)
                assert connections(client) == []

    asyncio.run(main())


@names_its_transports
def test_nothing_of_the_request_is_kept_while_the_reply_is_read() -> None:
    """Neither the prompt nor the head of the response, which servers fill with kilobytes."""
    import gc

    marker = "a prompt that is long " * 50

    async def main() -> None:
        with serving([head(x="y" * 50_000), START, say("a"), HANG]) as server:
            async with sk.Client(server.url, "key", model="m", transport="aiohttp") as client:
                begun = asyncio.Event()
                stream = client.chat([{"role": "user", "content": marker}])
                run = sk.start(stream, lambda event: begun.set())
                await begun.wait()
                await asyncio.sleep(0)
                sizes = [len(thing) for thing in gc.get_objects() if type(thing) in (bytes, bytearray)]
                assert all(size < 40_000 for size in sizes)
                run.cancel()
                await run

    asyncio.run(main())
