"""Runtimes that are not asyncio and plain threads: an error that names them, and no hang."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing

# -- trio --------------------------------------------------------------------------------------------------------------


async def run(stream: Any) -> None:
    sk.run(stream)


async def run_with_a_sink(stream: Any) -> None:
    sk.run(stream, print)


async def wait(stream: Any) -> None:
    await stream


async def iterate(stream: Any) -> None:
    async for _ in stream:
        pass


async def wait_for_a_run(stream: Any) -> None:
    await sk.start(stream)


async def iterate_a_run(stream: Any) -> None:
    async for _ in sk.start(stream):
        pass


async def enter_a_run(stream: Any) -> None:
    async with sk.start(stream):
        pass


async def relay(stream: Any) -> None:
    async with aclosing(sk.sse(stream)) as blocks:
        async for _ in blocks:
            pass


ASYNC_DOORS = [run, run_with_a_sink, wait, iterate, wait_for_a_run, iterate_a_run, enter_a_run, relay]


@pytest.mark.parametrize("door", ASYNC_DOORS)
def test_a_task_of_trios_is_told_what_to_do(door: Callable[[Any], Awaitable[None]]):
    trio = pytest.importorskip("trio", reason="trio is not installed")
    with pytest.raises(RuntimeError, match=r"trio.*await trio\.to_thread\.run_sync\(sk\.run, stream\)"):
        trio.run(door, testing.script("Hi"))


def test_what_trio_is_told_to_do_works():
    trio = pytest.importorskip("trio", reason="trio is not installed")

    async def main() -> Any:
        return await trio.to_thread.run_sync(sk.run, testing.script("Hi"))

    assert trio.run(main).text == "Hi"


def test_trio_elsewhere_is_no_obstacle():
    pytest.importorskip("trio", reason="trio is not installed")
    assert sk.run(testing.script("Hi")).text == "Hi"


def test_a_coroutine_without_a_loop_is_told():
    coroutine = wait(testing.script("Hi"))
    with pytest.raises(RuntimeError, match="no asyncio loop is running here"):
        coroutine.send(None)


# -- gevent ------------------------------------------------------------------------------------------------------------

DOORS = {
    "run": "sk.run(stream)",
    "for": "list(stream)",
    "start": "sk.start(stream).result(5)",
    "subscribe": "stream.subscribe(print)",
    "a thread": "asyncio.run(wait(sk.from_text(iter('Hi'))))",
}


def told(*lines: str, quiet: bool = True) -> str:
    """What a process of its own prints; its time is limited, so that one that hangs is a failure."""
    script = """
        import asyncio
        from gevent import monkey
        import streamkit as sk
        from streamkit import testing

        stream = testing.script("Hi")

        async def wait(stream):
            return await stream

        def door(call):
            try:
                print(call())
            except Exception as exc:
                print(type(exc).__name__, exc)
    """
    source = "\n".join([textwrap.dedent(script), *lines])
    env = {**os.environ, "PYTHONASYNCIODEBUG": ""}  # the debug mode prints what a busy machine makes slow
    command = [sys.executable, "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=True, env=env)
    assert not (quiet and done.stderr)
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("patch", ["patch_all()", "patch_all(thread=False)", "patch_thread()", "patch_socket()"])
def test_where_gevent_has_patched_threads_every_door_says_so_and_the_process_ends(patch: str):
    pytest.importorskip("gevent", reason="gevent is not installed")
    lines = told(f"monkey.{patch}", *(f"door(lambda: {door})" for door in DOORS.values())).splitlines()
    assert len(lines) == len(DOORS)
    for line in lines:
        assert "Error" in line
        assert "gevent has patched" in line


@pytest.mark.slow
def test_gevent_that_patches_late_is_no_hang_either():
    pytest.importorskip("gevent", reason="gevent is not installed")
    lines = ["door(lambda: sk.start(stream).result(5))", "monkey.patch_all()", "door(lambda: list(stream))"]
    out = told(*lines, quiet=False)  # gevent leaves the threads that there are without a name to end under
    assert out.startswith("Hi\nUnsupportedRuntimeError gevent has patched")


@pytest.mark.slow
def test_gevent_that_patches_nothing_is_no_obstacle():
    pytest.importorskip("gevent", reason="gevent is not installed")
    assert told("import gevent", *(f"door(lambda: {DOORS[name]})" for name in ("run", "a thread"))) == "Hi\nHi\n"


@pytest.mark.slow
def test_under_asyncio_a_patched_process_still_awaits():
    pytest.importorskip("gevent", reason="gevent is not installed")
    assert told("monkey.patch_all()", "door(lambda: asyncio.run(wait(stream)))") == "Hi\n"
