"""Connections: kept for each loop, used again, closed in the end; one client on many loops, threads and processes."""

# ruff: noqa: ASYNC110  # what is waited for happens where no event of ours can be set

from __future__ import annotations

import asyncio
import gc
import gzip
import os
import subprocess
import sys
import textwrap
import threading
import warnings
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.sources.http.pools import CROWD, KEEPING
from tests.connections import connections, in_use, pools
from tests.faults.bodies import reply
from tests.faults.server import HANG, KEEP, Server, chunked, head, serving
from tests.libraries import with_both
from tests.transports import only_httpx

pytestmark = pytest.mark.slow  # crowds of connections

BODY = reply("Hello", " world")
KEPT = [head(transfer_encoding="chunked"), chunked(BODY), chunked(b""), KEEP]


def client(server: Server, **options: Any) -> sk.Client:
    return sk.Client(server.url, "key", model="m", retry=sk.Retry(attempts=0), **options)


async def read(one: sk.Client) -> str:
    return (await one.chat("hi")).text  # type: ignore[union-attr]  # the last event is the Reply


@pytest.mark.parametrize("at_once", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_a_thousand_replies_leave_idle_connections_only(at_once: int) -> None:
    # A reader may still be busy ending its body when the next one asks, and one that the machine holds up longer
    # than `REST_OF_BODY` gives its connection up. What matters is that they are not a thousand.
    few = at_once * 4 + 20

    async def main(server: Server) -> None:
        async with client(server) as one:
            for _ in range(1000 // at_once):
                texts = await asyncio.gather(*(read(one) for _ in range(at_once)))
                assert set(texts) == {"Hello world"}
            await _readers_gone()
            assert in_use(one) == []
            assert len(connections(one)) <= few
        assert await asyncio.to_thread(server.all_closed)

    with serving(KEPT) as server:
        with asyncio.Runner() as runner:
            runner.get_loop().set_debug(False)  # ten times as fast
            runner.run(main(server))
        assert len(server.requests) == 1000
        assert server.connections <= few


async def _readers_gone() -> None:
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0)


def test_more_replies_at_once_than_httpx_allows() -> None:
    async def main(server: Server) -> None:
        async with client(server) as one:
            assert set(await asyncio.gather(*(read(one) for _ in range(150)))) == {"Hello world"}

    with serving([0.3, *KEPT]) as server:
        asyncio.run(main(server))
        assert server.connections == 150


@only_httpx("the fast transport needs one pool")
def test_a_crowd_shares_many_pools_of_which_few_are_kept() -> None:
    """One pool of httpx takes 16 ms of CPU for each of 100 requests that find 100 idle connections at once."""

    async def main(server: Server) -> None:
        async with client(server) as one:
            for _ in range(2):
                assert set(await asyncio.gather(*(read(one) for _ in range(150)))) == {"Hello world"}
                await _readers_gone()
            kept = [len(pool.connections()) for pool in pools(one)]
            assert max(kept) <= CROWD
            assert sum(kept[KEEPING:]) == 0
            assert 0 < sum(kept) <= 300 - server.connections
        assert await asyncio.to_thread(server.all_closed)

    with serving([0.3, *KEPT]) as server, asyncio.Runner() as runner:
        runner.get_loop().set_debug(False)  # ten times as fast
        runner.run(main(server))


def test_one_client_in_several_runs_of_asyncio() -> None:
    with serving(KEPT) as server:
        one = client(server)
        for number in range(1, 4):
            assert asyncio.run(read(one)) == "Hello world"
            assert server.all_closed()  # the loop's end closed its connections
            assert server.connections == number
        one.close()


def test_a_plain_thread_keeps_its_connection_between_runs() -> None:
    with serving(KEPT) as server:
        with client(server) as one:
            for _ in range(3):
                assert str(sk.run(one.chat("hi"))) == "Hello world"
            assert server.connections == 1
        assert server.all_closed()


def test_one_client_in_two_threads_and_on_the_background_loop() -> None:
    with serving(KEPT) as server, client(server) as one:
        texts: list[str] = []

        def work() -> None:
            texts.extend(sk.run(one.chat("hi")).text for _ in range(20))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        texts.extend(sk.start(one.chat("hi")).result(5).text for _ in range(20))
        for thread in threads:
            thread.join()
        assert texts == ["Hello world"] * 100
        one.close()
        assert server.all_closed()


def test_a_closed_client_says_so() -> None:
    with serving(KEPT) as server:
        one = client(server)
        sk.run(one.chat("hi"))
        one.close()
        one.close()
        with pytest.raises(sk.ConnectError, match="this client is closed"):
            sk.run(one.chat("hi"))
        assert len(server.requests) == 1


@pytest.mark.parametrize(("replies", "turns"), [(1, 0), (100, 0), (100, 1), (100, 5), (100, 20)])
def test_an_async_client_is_closed_with_its_loop_even_if_nobody_closes_it(replies: int, turns: int) -> None:
    async def main(one: sk.Client) -> None:
        await asyncio.gather(*(read(one) for _ in range(replies)))
        for _ in range(turns):
            await asyncio.sleep(0)

    with serving([0.2, *KEPT]) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main(client(server)))
        gc.collect()
        assert server.all_closed()


@with_both
def test_a_given_client_is_used_as_it_is_and_stays_open(library: Any) -> None:
    async def main(server: Server) -> None:
        async with library.AsyncClient(headers={"x-own": "1"}, timeout=0.05) as given:
            async with client(server, transport=given) as one:
                assert await read(one) == "Hello world"  # Limits count, not its own time limits
            assert not given.is_closed

    with serving([head(), 0.15, BODY]) as server:
        asyncio.run(main(server))
        assert server.requests[0].headers["x-own"] == "1"
        assert server.requests[0].headers["accept-encoding"] == "identity"


@with_both
def test_a_given_transport_belongs_to_its_first_loop(library: Any) -> None:
    async def main(server: Server) -> None:
        async with library.AsyncHTTPTransport() as given:
            one = client(server, transport=given)
            assert await read(one) == "Hello world"
            with pytest.raises(sk.ConnectError, match="belongs to another event loop"):
                await asyncio.to_thread(sk.run, one.chat("hi"))

    with serving([head(), BODY]) as server:
        asyncio.run(main(server))


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop has no Windows")
def test_uvloop() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main(server: Server) -> None:
        async with client(server) as one:
            assert await read(one) == "Hello world"
            run = sk.start(one.chat("hi"))
            await asyncio.to_thread(server.heard, 2)
            run.cancel()
            assert (await run).outcome == "cancelled"
            assert await asyncio.to_thread(server.all_closed)

    with (
        serving([head(), BODY], [head(), HANG]) as server,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(main(server))


FORK = """
import os, sys, warnings
import streamkit as sk
from streamkit import testing
warnings.simplefilter("error")
client = sk.Client(sys.argv[1], "key", model="m")
say = lambda who, text: os.write(1, f"{who} {text}\\n".encode())
say("parent", sk.run(client.chat("1")))
run = sk.start(client.chat("2"))          # is being read on the background loop while we fork
child = os.fork()
if not child:
    say("child", sk.run(client.chat("3")))
    say("child", sk.start(client.chat("4")).result())
    for piece in client.chat("5"):
        pass
    say("child", piece)
    client.chat("6").subscribe(lambda event: say("child", event) if isinstance(event, sk.Reply) else None)
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
say("parent", run.result())
say("parent", sk.run(client.chat("7")))
client.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_uses_the_client_and_the_parent_goes_on() -> None:
    def answer(heard: Any) -> Any:
        asked = heard.json["messages"][0]["content"]
        body = reply(f"reply {asked}")
        yield head(transfer_encoding="chunked")
        yield chunked(body[:60])
        if asked == "2":
            yield 1.0
        yield chunked(body[60:])
        yield chunked(b"")
        yield KEEP

    with serving(answer) as server:
        out = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(FORK), server.url],
            env={**os.environ, "PYTHONASYNCIODEBUG": ""},  # it would print what a busy machine makes slow
            capture_output=True,
            text=True,
            timeout=15,
        )
        assert (out.stderr, out.returncode) == ("", 0)
        said = out.stdout.splitlines()
        assert [line for line in said if line.startswith("child")] == [f"child reply {n}" for n in (3, 4, 5, 6)]
        assert [line for line in said if line.startswith("parent")] == [f"parent reply {n}" for n in (1, 2, 7)]
        child = {heard.connection for heard in server.requests if heard.json["messages"][0]["content"] in "3456"}
        parent = {heard.connection for heard in server.requests if heard.json["messages"][0]["content"] in "127"}
        assert not child & parent
        assert server.all_closed()


@with_both
def test_a_transport_without_a_loop_serves_on_all_of_them(library: Any) -> None:
    sse, zipped = {"content-type": "text/event-stream"}, gzip.compress(BODY)
    plain = library.MockTransport(lambda _: library.Response(200, headers=sse, content=BODY))
    packed = library.MockTransport(
        lambda _: library.Response(200, headers={**sse, "content-encoding": "gzip"}, content=zipped)
    )
    mocked = [sk.Client("http://localhost/v1", transport=mock, model="m") for mock in (plain, packed)]
    for one in (testing.client("Hello world"), *mocked):
        with one:
            stream = one.chat("hi")
            assert sk.run(stream).text == list(stream)[-1].text == asyncio.run(read(one)) == "Hello world"


def test_closing_from_several_threads_at_once() -> None:
    for _ in range(10):
        with serving(KEPT) as server:
            one = client(server)
            assert sk.start(one.chat("hi")).result(5).text == "Hello world"
            threads = [threading.Thread(target=one.close) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert server.all_closed()
