"""F68, F72: cancelling from other threads and callbacks, leaving loops, closing the client, shutting down."""

# what is waited for happens where no event of ours can be set

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import streamkit as sk
from streamkit.engine.loops.loop import live
from tests.faults.bodies import START, every, say
from tests.faults.server import HANG, Heard, Server, head, serving
from tests.waiting import soon, until

pytestmark = pytest.mark.slow  # every fault through every door, with real waits

BEGUN = [head(), START, say("kept"), HANG]


def endless(_: Heard) -> Any:
    return iter([head(), START, *every(0.002, [say("x")] * 2000), HANG])


def client(server: Server) -> sk.Client:
    return sk.Client(server.url, "key", model="m", retry=sk.Retry(attempts=0))


async def left(seconds: float) -> set[str]:
    """Names of tasks on this loop, besides the test's own, that do not end in time."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    late = (await asyncio.wait(others, timeout=seconds))[1] if others else others
    return {task.get_name() for task in late}


def test_cancel_from_another_thread() -> None:
    with serving(BEGUN) as server, client(server) as one:
        run = sk.start(one.chat("hi"))
        assert server.heard(1)
        run.cancel()
        assert run.result(5).outcome == "cancelled"
        assert server.all_closed()


def test_nothing_is_delivered_after_cancel_returned() -> None:
    with serving(endless) as server, client(server) as one:
        seen: list[Any] = []
        run = sk.start(one.chat("hi"), seen.append)
        assert server.heard(1)
        assert until(lambda: len(seen) >= 5)
        run.cancel()
        after = len(seen)
        assert run.result(5).outcome == "cancelled"
        assert len(seen) <= after + 1  # one may have been on its way into the sink


def test_cancel_inside_a_callback() -> None:
    with serving(endless) as server, client(server) as one:
        seen: list[Any] = []

        def stop(event: Any) -> None:
            seen.append(event)
            if len(seen) == 3:
                run.cancel()

        run = sk.start(one.chat("hi"), stop)
        assert run.result(5).outcome == "cancelled"
        assert len(seen) == 3
        assert server.all_closed()


@pytest.mark.parametrize(
    "answer", [[HANG], [head()[:9], HANG], [head(), HANG], BEGUN], ids=["silent", "head", "body", "text"]
)
def test_a_silent_server_sees_the_close(answer: Any) -> None:
    with serving(answer) as server, client(server) as one:
        run = sk.start(one.chat("hi"))
        assert server.heard(1)
        run.cancel()
        assert server.all_closed()
        run.result(5)


def test_leaving_for_closes_the_request() -> None:
    with serving(endless) as server, client(server) as one:
        for event in one.chat("hi"):
            if isinstance(event, sk.TextDelta):
                break
        assert server.all_closed()
        assert until(lambda: not live)


def _fail_in_the_body(one: sk.Client) -> None:
    for _ in one.chat("hi"):
        raise ZeroDivisionError


def test_an_exception_in_the_body_of_for_closes_the_request() -> None:
    with serving(endless) as server, client(server) as one:
        with pytest.raises(ZeroDivisionError):
            _fail_in_the_body(one)
        assert server.all_closed()


def test_a_task_that_is_cancelled_while_it_iterates() -> None:
    async def main(server: Server) -> None:
        async with client(server) as one:

            async def read() -> None:
                async for _ in one.chat("hi"):
                    pass

            task = asyncio.create_task(read())
            await asyncio.to_thread(server.heard, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.all_closed)
            assert await left(1.0) == set()

    with serving(BEGUN) as server:
        asyncio.run(main(server))


def test_the_end_of_asyncio_run_closes_what_is_still_read() -> None:
    seen: list[Any] = []

    async def main(server: Server) -> None:
        client(server).chat("hi").subscribe(seen.append)
        await soon(lambda: len(seen) >= 3)

    with serving(endless) as server:
        asyncio.run(main(server))
        assert server.all_closed()


def test_closing_the_client_ends_its_streams() -> None:
    async def main(server: Server) -> None:
        one = client(server)
        run = sk.start(one.chat("hi"))
        await asyncio.to_thread(server.heard, 1)
        await soon(lambda: run.reply.text)
        await one.aclose()
        with pytest.raises(sk.BrokenError) as caught:
            await run
        assert caught.value.partial.text == "kept"
        assert await asyncio.to_thread(server.all_closed)
        with pytest.raises(sk.StreamkitError, match="closed"):
            await one.chat("hi")

    with serving(BEGUN) as server:
        asyncio.run(main(server))


def test_shutdown_leaves_no_thread() -> None:
    with serving(BEGUN) as server, client(server) as one:
        run = sk.start(one.chat("hi"))
        assert server.heard(1)
        assert until(lambda: run.reply.text)
        sk.shutdown()
        assert run.result(5).outcome == "cancelled"
        assert run.reply.text == "kept"
        assert server.all_closed()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("streamkit")]


def test_shutdown_tells_subscribers_and_keeps_the_text() -> None:
    with serving(BEGUN) as server, client(server) as one:
        seen: list[Any] = []
        errors: list[Any] = []
        one.chat("hi").subscribe(seen.append, errors.append)
        assert server.heard(1)
        assert until(lambda: len(seen) >= 2)
        sk.shutdown()
        (error,) = errors
        assert isinstance(error, sk.BrokenError)
        assert (error.partial.text, error.partial.outcome) == ("kept", "cancelled")
        assert server.all_closed()
