"""One blocking call in a thread of its own."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time

import pytest

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.worker import in_thread

WHO = contextvars.ContextVar("WHO", default="nobody")


def test_it_sees_the_context_of_here_and_is_no_thread_of_ours():
    async def play() -> None:
        WHO.set("me")
        assert await in_thread(WHO.get) == "me"
        assert await in_thread(threading.current_thread) is not threading.current_thread()

    asyncio.run(play())


def test_what_it_raises_is_raised_here():
    async def play() -> None:
        def stop() -> None:
            raise StopIteration

        with pytest.raises(ZeroDivisionError):
            await in_thread(lambda: 1 / 0)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await in_thread(stop)

    asyncio.run(play())


def test_what_comes_too_late_is_dropped_in_the_thread():
    async def play() -> None:
        began, go, dropped = threading.Event(), threading.Event(), threading.Event()
        told: list[object] = []

        def call() -> str:
            began.set()
            go.wait(10)
            return "a connection"

        def close(result: str) -> None:
            told.extend((result, threading.current_thread() is threading.main_thread()))
            dropped.set()

        task = asyncio.create_task(in_thread(call, close))
        await asyncio.to_thread(began.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go.set()
        assert await asyncio.to_thread(dropped.wait, 10)
        assert told == ["a connection", False]

    asyncio.run(play())


def test_a_blocking_tool_takes_no_virtual_time():
    def look_up() -> str:
        time.sleep(0.05)
        return "found"

    with testing.client(testing.Script(tool_calls=[("look_up", {})]), "Done.") as client:
        loop = sk.tool_loop(client.chat, "Hi", [look_up]).pipe(ops.time_limits(total=5.0))
        recorded = testing.clock().run(loop)
    assert recorded.error is None
    assert (recorded.reply.text, recorded.ended_at) == ("Done.", 0.0)
