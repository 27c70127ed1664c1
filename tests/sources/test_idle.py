"""Connections that nobody uses are closed after a while, whether anybody asks their pool again or not."""

# ruff: noqa: ASYNC110  # what is waited for happens where no event of ours can be set

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

import streamkit as sk
from streamkit import patience
from streamkit.sources.http.keeper import CROWD, Keeper
from streamkit.sources.http.pools import KEEPING
from tests.connections import pools, pools_of
from tests.faults.bodies import DONE, END, START, reply, say
from tests.faults.server import KEEP, Server, chunked, head, serving
from tests.libraries import with_both
from tests.sources.proxy import HOST, listening
from tests.transports import only_httpx

pytestmark = pytest.mark.slow  # crowds of connections, and time that passes

BODY = reply("Hello", " world")
KEPT = [head(transfer_encoding="chunked"), chunked(BODY), chunked(b""), KEEP]
IDLE = 0.3


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "IDLE_CONNECTION", IDLE)


def client(server: Server, **options: Any) -> sk.Client:
    return sk.Client(server.url, "key", model="m", retry=sk.Retry(attempts=0), **options)


async def read(one: sk.Client) -> str:
    return (await one.chat("hi")).text  # type: ignore[union-attr]  # the last event is the Reply


async def all_closed(server: Server, within: float = 5.0) -> bool:
    return await asyncio.to_thread(server.all_closed, within)


def timers(loop: Any) -> list[Any]:
    return [handle for handle in loop._scheduled if not handle.cancelled() and "sweep" in repr(handle)]


def test_a_crowd_leaves_no_connection_no_timer_and_no_pool(soon: None) -> None:
    async def main(server: Server) -> None:
        loop = asyncio.get_running_loop()
        loop.set_debug(False)  # ten times as fast
        async with client(server) as one:
            assert set(await asyncio.gather(*(read(one) for _ in range(300)))) == {"Hello world"}
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0)
            assert await all_closed(server)
            while Keeper.of(loop).pools:
                await asyncio.sleep(IDLE / 10)
            assert len(asyncio.all_tasks()) == 1
            assert timers(loop) == []
            assert await read(one) == "Hello world"
            assert len(pools(one)) == 1

    with serving([0.3, *KEPT]) as server:
        asyncio.run(main(server))
        assert server.connections == 301


def test_a_connection_is_used_again_until_its_time_is_over(soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REST_OF_BODY", 5.0)

    async def main(server: Server) -> None:
        async with client(server) as one:
            began, asked = time.monotonic(), 0
            while time.monotonic() - began < 2 * IDLE or asked < 8:
                assert await read(one) == "Hello world"
                asked += 1
                await asyncio.sleep(IDLE / 10)
            assert server.connections < asked / 2  # one, but for a machine that is held up longer than `IDLE`

    with serving(KEPT) as server:
        asyncio.run(main(server))


def test_idle_ones_beside_a_long_reply_are_closed_and_the_reply_goes_on(soon: None) -> None:
    more = threading.Event()

    def answer(heard: Any) -> Any:
        if heard.json["messages"][0]["content"] != "long":
            yield 0.1
            yield from KEPT
            return
        yield head() + START + say("a long ")
        more.wait(10)
        yield say("reply") + END + DONE

    async def main(server: Server) -> None:
        async with client(server) as one:
            run = sk.start(one.chat("long"))
            await asyncio.gather(*(read(one) for _ in range(CROWD - 1)))
            assert len(pools(one)) == 1
            while server.open > 1:
                await asyncio.sleep(IDLE / 10)
            await asyncio.sleep(IDLE)
            assert timers(asyncio.get_running_loop()) == []  # nothing is idle any more
            more.set()
            assert (await run).text == "a long reply"

    with serving(answer) as server:
        asyncio.run(main(server))


def test_a_plain_http_proxy(soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving([0.1, *KEPT]) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
        asyncio.run(_through(server, CROWD * 2))
        assert server.requests[0].path.startswith(f"http://{HOST}/")


async def _through(server: Server, replies: int) -> None:
    async with sk.Client(f"http://{HOST}/v1", "key", model="m", allow_http=True) as one:
        assert set(await asyncio.gather(*(read(one) for _ in range(replies)))) == {"Hello world"}
        assert server.open > 1
        assert await all_closed(server)


def test_a_socks_proxy(soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(server: Server) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(3)
            writer.write(b"\x05\x00")
            *_, length = await reader.readexactly(5)
            await reader.readexactly(length + 2)
            inner, outer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"\x05\x00\x00\x01" + bytes(6))
            await asyncio.gather(_copy(reader, outer), _copy(inner, writer))

        async with listening(serve) as port:
            monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{port}")
            await _through(server, CROWD * 2)

    with serving([0.1, *KEPT]) as server:
        asyncio.run(main(server))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
    finally:
        target.close()


@with_both
@pytest.mark.parametrize("kind", ["AsyncHTTPTransport", "AsyncClient"])
def test_what_the_user_gave_is_left_alone(soon: None, kind: str, library: Any) -> None:
    async def main(server: Server) -> None:
        async with getattr(library, kind)(limits=library.Limits(keepalive_expiry=60)) as given:
            one = client(server, transport=given)
            assert await read(one) == "Hello world"
            assert timers(asyncio.get_running_loop()) == []
            await asyncio.sleep(2 * IDLE)
            assert server.open == 1
            await one.aclose()
            assert server.open == 1
            assert await read(client(server, transport=given)) == "Hello world"
        assert await all_closed(server)

    with serving(KEPT) as server:
        asyncio.run(main(server))
        assert server.connections == 1


def test_the_background_loop_closes_them_while_nobody_looks(soon: None) -> None:
    with serving(KEPT) as server, client(server) as one:
        assert sk.start(one.chat("hi")).result(5).text == "Hello world"
        assert server.all_closed()


def test_a_loop_that_stood_still_closes_stale_ones_with_its_next_use_and_tries_none(soon: None) -> None:
    def main() -> None:
        with serving(KEPT) as server, client(server) as one, client(server) as other:
            sk.run(one.chat("hi"))
            sk.run(other.chat("hi"))
            time.sleep(2 * IDLE)
            assert server.open == 2
            assert sk.run(one.chat("hi")).text == "Hello world"
            assert server.connections == 3
            while server.open > 1:
                assert sk.run(one.chat("hi")).text == "Hello world"

    with ThreadPoolExecutor(1) as fresh:  # on the loop of this thread a timer of another test may wait for 30 s
        fresh.submit(main).result()


@pytest.mark.parametrize("keep", [True, False], ids=["with others", "alone"])
def test_a_client_that_was_forgotten_does_not_wait_for_its_time(keep: bool) -> None:
    async def main(server: Server) -> None:
        other = client(server)
        if keep:
            await read(other)
        for _ in range(20):
            await read(client(server))
        kept = Keeper.of(asyncio.get_running_loop()).pools
        while server.open > keep or len(kept) > keep:  # a pool leaves its keeper a little later than its connection
            gc.collect()
            await asyncio.sleep(0.01)
        assert (server.open, len(kept)) == (keep, keep)
        if keep:
            assert await read(other) == "Hello world"

    with serving(KEPT) as server:
        asyncio.run(main(server))
        assert server.connections == 20 + keep


def test_a_client_forgotten_between_two_runs_of_a_plain_thread() -> None:
    with serving(KEPT) as server:
        for _ in range(20):
            sk.run(client(server).chat("hi"))
        gc.collect()
        with client(server) as one:
            while server.open > 1:
                sk.run(one.chat("hi"))
        assert server.all_closed()


def test_a_loop_is_not_kept_by_a_client_that_outlives_it() -> None:
    """At whatever step of closing the response the loop ends: the last bytes come while the client waits for them."""

    async def main(one: sk.Client, steps: int) -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await read(one)
        while server.sent < len(answer) * len(loops):
            await asyncio.sleep(0)
        for _ in range(steps):
            await asyncio.sleep(0)

    loops: list[Any] = []
    first, last = b"".join(KEPT[:2]), KEPT[2]
    answer = first + last
    with serving([first, 0.01, last, KEEP]) as server, client(server) as one:
        for steps in range(30):
            asyncio.run(main(one, steps))
        gc.collect()
        assert [loop() for loop in loops] == [None] * 30


@only_httpx("the fast transport needs one pool")
def test_pools_that_keep_connections_come_first_again_after_a_crowd() -> None:
    async def main(server: Server) -> None:
        async with client(server) as one:
            own = pools_of(one)
            taken = [await own.take() for _ in range(KEEPING * CROWD + 1)]
            *kept, last = taken
            assert not last.keeps
            for pool in kept:
                await own.give_back(pool)
            for pool in set(kept):  # as after their time
                pool.last_used = -1e9
            Keeper.of(asyncio.get_running_loop()).sweep()
            assert {pool.keeps for pool in pools(one) if not pool.retired} == {False}
            following = await own.take()
            assert following.keeps
            await own.give_back(following)
            await own.give_back(last)

    with serving(KEPT) as server:
        asyncio.run(main(server))


def test_a_retired_pool_closes_when_its_last_reply_ends() -> None:
    async def main(server: Server) -> None:
        async with client(server) as one:
            own = pools_of(one)
            first, second = await own.take(), await own.take()
            assert first is second
            await own.give_back(first, retire=True)
            assert not first.client.is_closed
            assert await read(one) == "Hello world"
            assert pools(one) != [first]
            await own.give_back(second)
            assert first.client.is_closed

    with serving(KEPT) as server:
        asyncio.run(main(server))


async def _closing_at_the_end(one: sk.Client) -> None:
    await asyncio.gather(*(read(one) for _ in range(20)))
    Keeper.of(asyncio.get_running_loop()).sweep()
    for pool in tuple(Keeper.of(asyncio.get_running_loop()).pools):
        pool.last_used = -1e9
    Keeper.of(asyncio.get_running_loop()).sweep()


async def _a_due_timer_at_the_end(one: sk.Client) -> None:
    await asyncio.gather(*(read(one) for _ in range(20)))
    time.sleep(1.5 * IDLE)  # noqa: ASYNC251  # no other callback is to come first


async def _due_while_tasks_are_being_cancelled(one: sk.Client) -> None:
    async def slow_to_leave() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(1.5 * IDLE)

    tasks.append(asyncio.create_task(slow_to_leave()))
    await asyncio.gather(*(read(one) for _ in range(20)))


tasks: list[Any] = []
ENDS = [_closing_at_the_end, _a_due_timer_at_the_end, _due_while_tasks_are_being_cancelled]


@pytest.mark.parametrize("uv", [False, True], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("end", ENDS)
def test_a_loop_that_ends_meanwhile(soon: None, end: Callable[[sk.Client], Awaitable[None]], uv: bool) -> None:
    if uv and sys.platform == "win32":
        pytest.skip("uvloop has no Windows")
    factory = pytest.importorskip("uvloop").new_event_loop if uv else None
    with serving([0.1, *KEPT]) as server:
        one = client(server)
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(end(one))  # type: ignore[arg-type]  # they are coroutines
        gc.collect()
        assert server.all_closed()
        tasks.clear()


@only_httpx("httpcore's pool is cancelled")
def test_a_cancel_while_httpcore_closes_some_loses_none() -> None:
    """They are out of the pool already, and with the second one open for ever, nobody would know of it."""

    async def main(server: Server) -> None:
        async with client(server) as one:
            await asyncio.gather(*(read(one) for _ in range(CROWD)))
            (pool,) = pools(one)
            while not all(connection.is_idle() for connection in pool.connections()):
                await asyncio.sleep(0)
            assert server.open > 1
            closing = asyncio.create_task(pool.client._transport._pool.aclose())
            await asyncio.sleep(0)
            closing.cancel()
            assert await all_closed(server)

    with serving([0.3, *KEPT]) as server:
        asyncio.run(main(server))
