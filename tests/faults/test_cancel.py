"""F68, F70, F71, F73: however a reply is left, its socket is closed within a second and nothing stays behind."""

# ruff: noqa: ASYNC110  # what is waited for happens where no event of ours can be set

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest

import streamkit as sk
from tests.connections import in_use, pools
from tests.faults.bodies import START, every, say
from tests.faults.server import HANG, Heard, Server, head, serving
from tests.libraries import class_of, with_both

pytestmark = pytest.mark.slow  # every fault through every door, with real waits

BEGUN = [head(), START, say("kept"), HANG]
ONCE = sk.Retry(attempts=0)


def endless(_: Heard) -> Any:
    return iter([head(), START, *every(0.002, [say("x")] * 2000), HANG])


def client(server: Server, **options: Any) -> sk.Client:
    return sk.Client(server.url, "key", model="m", retry=ONCE, **options)


def others() -> set[str]:
    """Names of tasks on this loop besides the test's own."""
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def gone(server: Server) -> bool:
    return await asyncio.to_thread(server.all_closed)


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize("number", range(41))
def test_cancel_at_every_turn_of_the_loop(number: int) -> None:
    async def main(server: Server) -> None:
        async with client(server) as one:
            run = sk.start(one.chat("hi"))
            await turns(number)
            run.cancel()
            run.cancel()
            reply = await run
            assert reply.outcome == "cancelled"
            assert await gone(server)
            assert in_use(one) == []
            assert others() == set()

    with serving(BEGUN) as server:
        asyncio.run(main(server))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_server_notices_a_cancel_although_the_loop_is_busy_afterwards(loop: str) -> None:
    factory = None if loop == "asyncio" else pytest.importorskip("uvloop").new_event_loop

    async def main(server: Server) -> None:
        async with client(server) as one:
            begun = asyncio.Event()
            run = sk.start(one.chat("hi"), lambda event: begun.set())
            await begun.wait()
            run.cancel()
            assert server.all_closed()  # here, so nothing else runs on this loop
            assert (await run).outcome == "cancelled"

    with serving(BEGUN) as server, asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main(server))


@pytest.mark.parametrize("kind", ["AsyncClient", "AsyncHTTPTransport"])
@pytest.mark.parametrize("number", range(41))
def test_cancel_at_every_turn_over_a_given_transport_of_httpx2(number: int, kind: str) -> None:
    """httpx itself loses a connection if it is interrupted while it takes one out of its pool."""

    async def main(server: Server) -> None:
        async with getattr(httpx2, kind)(limits=httpx2.Limits(max_connections=1)) as given:
            one = client(server, transport=given)
            for turn in (number, 41):
                run = sk.start(one.chat("hi"))
                await turns(turn)
                run.cancel()
                assert (await run).outcome == "cancelled"
                assert await gone(server)
                assert others() == set()
            run = sk.start(one.chat("hi"))
            while run.reply.text != "kept":
                await asyncio.sleep(0)
            run.cancel()
            await run

    with serving(BEGUN) as server:
        asyncio.run(main(server))
        assert server.all_closed()


class Endless:
    """In-process: counts what was opened and closed."""

    library: Any

    def __init__(self) -> None:
        self.opened = self.closed = 0

    async def handle_async_request(self, request: Any) -> Any:
        await asyncio.sleep(0)
        self.opened += 1
        stream = class_of(self.library, _Body)(self)
        return self.library.Response(200, headers={"content-type": "text/event-stream"}, stream=stream)


class _Body:
    def __init__(self, transport: Endless) -> None:
        self._transport = transport

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield START
        while True:
            await asyncio.sleep(0)
            yield say("x")

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self._transport.closed += 1


@with_both
@pytest.mark.parametrize("number", range(41))
def test_cancel_at_every_turn_in_process(number: int, library: Any) -> None:
    async def main() -> None:
        transport = class_of(library, Endless)()
        run = sk.start(sk.Client("http://localhost/v1", transport=transport).chat("hi", model="m"))
        await turns(number)
        run.cancel()
        await turns(2)
        run.cancel()
        assert (await run).outcome == "cancelled"
        assert transport.closed == transport.opened
        assert others() == set()

    asyncio.run(main())


async def _cancel(one: sk.Client, turn: Callable[[], Awaitable[None]]) -> None:
    run = sk.start(one.chat("hi"))
    await turn()
    run.cancel()
    await run


async def _cancel_twice(one: sk.Client, turn: Callable[[], Awaitable[None]]) -> None:
    run = sk.start(one.chat("hi"))
    await turn()
    run.cancel()
    await asyncio.sleep(0)
    run.cancel()
    await run


async def _cancel_the_task(one: sk.Client, turn: Callable[[], Awaitable[None]]) -> None:
    async def ask() -> None:
        await sk.start(one.chat("hi"))

    task = asyncio.create_task(ask())
    await turn()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled() or task.done()


async def _dispose(one: sk.Client, turn: Callable[[], Awaitable[None]]) -> None:
    subscription = one.chat("hi").subscribe(lambda _: None)
    await turn()
    subscription.dispose()
    subscription.dispose()


async def _leave_the_loop(one: sk.Client, turn: Callable[[], Awaitable[None]]) -> None:
    left = random.randrange(1, 8)
    async for _ in one.chat("hi"):
        left -= 1
        if not left:
            break


async def _time_out(one: sk.Client, turn: Callable[[], Awaitable[None]]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(random.random() * 0.05):
            await sk.start(one.chat("hi"))


WAYS = [_cancel, _cancel_twice, _cancel_the_task, _dispose, _leave_the_loop, _time_out]


async def cancel_many(server: Server, number: int, at_once: int, seed: int) -> None:
    vary = random.Random(seed)
    random.seed(seed)

    async def turn() -> None:
        if vary.random() < 0.5:
            await turns(vary.randrange(60))
        else:
            await asyncio.sleep(vary.random() * 0.01 * at_once)

    async with client(server) as one:
        for _ in range(number // at_once):
            await asyncio.gather(*(vary.choice(WAYS)(one, turn) for _ in range(at_once)))
        while others():  # readers whose subscription was disposed
            await asyncio.sleep(0)
        assert in_use(one) == []
        assert len(pools(one)) == 1
        assert await gone(server)
        async for _ in one.chat("hi"):  # and it still works
            break
    assert server.connections >= number // 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cancels_at_random_moments_leave_the_pool_empty(seed: int) -> None:
    with serving(endless) as server:
        asyncio.run(cancel_many(server, 100, 5, seed))


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_four_thousand_cancels_leave_the_pool_empty() -> None:
    with serving(endless) as server, asyncio.Runner(debug=False) as runner:
        runner.get_loop().set_debug(False)
        runner.run(cancel_many(server, 4000, 5, 4))
