"""What a program prints that does not catch our errors: what went wrong, and where its own code was, on a page."""

from __future__ import annotations

import asyncio
import errno
import os
import queue
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

import streamkit as sk
from streamkit import operators as ops
from streamkit.sources.http.causes import chain_of
from tests.faults.bodies import START, reply, say
from tests.faults.printed import KEY, PAGE, caught, packages, shown
from tests.faults.server import RESET, chunked, head, serving
from tests.libraries import LIBRARIES
from tests.reports import Reports

RETRY = sk.Retry(attempts=1, first=0.01)


@pytest.fixture
def port() -> Iterator[int]:
    """One that is ours, and at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def client(port: int) -> Iterator[sk.Client]:
    with sk.Client(f"http://127.0.0.1:{port}/v1", KEY, model="m", retry=RETRY) as client:
        yield client


def in_a_for_loop(stream: sk.Stream[Any]) -> None:
    for _ in stream:
        pass


def in_a_run_that_is_iterated(stream: sk.Stream[Any]) -> None:
    with sk.start(stream) as run:
        for _ in run:
            pass


def in_a_run_that_is_left(stream: sk.Stream[Any]) -> None:
    with sk.start(stream):
        pass


def in_a_bare_subscribe(stream: sk.Stream[Any]) -> None:
    told: queue.Queue[Exception] = queue.Queue()
    stream.subscribe(None, told.put)
    raise told.get(timeout=5)


async def awaited(stream: sk.Stream[Any]) -> None:
    await stream


async def awaited_run(stream: sk.Stream[Any]) -> None:
    await sk.start(stream)


async def in_an_async_for_loop(stream: sk.Stream[Any]) -> None:
    async for _ in stream:
        pass


async def in_an_async_run(stream: sk.Stream[Any]) -> None:
    async with sk.start(stream) as run:
        async for _ in run:
            pass


async def in_an_async_run_that_is_left(stream: sk.Stream[Any]) -> None:
    async with sk.start(stream):
        pass


def on_a_loop(door: Callable[[Any], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
    return lambda stream: asyncio.run(door(stream))


DOORS: dict[str, Callable[[Any], Any]] = {
    "run": lambda stream: sk.run(stream),
    "run with a sink": lambda stream: sk.run(stream, print),
    "result": lambda stream: sk.start(stream).result(),
    "Stream.run": lambda stream: stream.run(),
    "for": in_a_for_loop,
    "for, of a run": in_a_run_that_is_iterated,
    "with": in_a_run_that_is_left,
    "subscribe": in_a_bare_subscribe,
    "await": on_a_loop(awaited),
    "await, of a run": on_a_loop(awaited_run),
    "async for": on_a_loop(in_an_async_for_loop),
    "async for, of a run": on_a_loop(in_an_async_run),
    "async with": on_a_loop(in_an_async_run_that_is_left),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_closed_port_is_told_on_a_page(door: str, client: sk.Client, port: int):
    error = caught(DOORS[door], client.chat("hi"))
    lines = shown(error)
    assert len(lines) <= PAGE, "\n".join(lines)
    assert lines[0].startswith("httpx.ConnectError: ")
    assert f"ConnectionRefusedError: [Errno {errno.ECONNREFUSED}]" in lines[-1]
    assert f"127.0.0.1:{port}" in lines[-2]
    of = packages(error)
    assert set(of) <= {"tests", "asyncio"}
    assert of[-1] == "tests"  # those of asyncio are above
    assert isinstance(error.__cause__, httpx.ConnectError)
    assert not packages(error.__cause__)


async def relayed(stream: sk.Stream[Any]) -> None:
    async for _ in sk.sse(stream):
        pass


LOGGED: dict[str, Callable[[Any], Any]] = {
    "start": lambda stream: sk.start(stream),
    "start with a sink": lambda stream: sk.start(stream, str),
    "subscribe": lambda stream: stream.subscribe(print),
    "sse": on_a_loop(relayed),
}


@pytest.mark.parametrize("door", LOGGED)
def test_one_that_is_logged_is_told_on_a_page(door: str, client: sk.Client, port: int, reports: Reports):
    LOGGED[door](client.chat("hi"))
    assert reports.came.wait(5)
    (text,) = reports.texts
    lines = text.splitlines()
    assert len(lines) <= PAGE
    assert f"127.0.0.1:{port}" in lines[-2]
    assert "site-packages" not in "".join(lines)
    assert KEY not in "".join(lines)


@pytest.mark.parametrize("door", ["run", "result", "await, of a run"])
def test_so_it_is_after_operators_and_policies(door: str, client: sk.Client):
    stream = client.chat("hi").pipe(ops.retry_unstarted(RETRY), ops.smooth(), ops.text(), ops.sentences())
    assert len(shown(caught(DOORS[door], stream))) <= PAGE


@pytest.mark.parametrize("around", ["race", "fallback"])
def test_so_it_is_where_two_have_failed(around: str, client: sk.Client):
    one, other = client.chat("a"), client.chat("b")
    stream = sk.race(one, other) if around == "race" else one.pipe(ops.fallback(other))
    error = caught(lambda: sk.run(stream))
    assert isinstance(error, sk.AllFailedError)
    assert len(shown(error)) <= PAGE
    assert all("Errno" in part.__notes__[0] for part in error.exceptions)


def test_a_result_that_is_asked_for_twice_tells_of_each_place_once(client: sk.Client):
    run = sk.start(client.chat("hi"))
    assert [packages(caught(lambda: run.result())) for _ in range(3)] == [["tests"]] * 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "ask",
    [
        "sk.run(client.chat('hi'))",
        "sk.start(client.chat('hi')).result()",
        "for item in client.chat('hi'):\n    print(item)",
        "async def main():\n    await sk.start(client.chat('hi'))\nasyncio.run(main())",
        "async def main():\n    async for item in client.chat('hi'):\n        print(item)\nasyncio.run(main())",
    ],
)
def test_what_a_program_prints_fits_on_a_page(ask: str, port: int, tmp_path: Path):
    script = tmp_path / "ask.py"
    url = f"http://127.0.0.1:{port}/v1"
    retry = "sk.Retry(attempts=1, first=0.01)"
    client = f"client = sk.Client('{url}', '{KEY}', model='m', retry={retry})"
    script.write_text(f"import asyncio\nimport streamkit as sk\n{client}\n{ask}\n")
    env = {**os.environ, "PYTHONASYNCIODEBUG": ""}  # the debug mode prints what a busy machine makes slow
    command = [sys.executable, script]
    ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=20, check=False, env=env)
    lines = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert "ConnectionRefusedError" in lines[-1]
    assert len(lines) <= PAGE
    assert KEY not in ended.stderr


# -- other failures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", [None, *LIBRARIES], ids=["ours", "httpx", "httpx2"])
def test_a_reply_that_breaks_off_is_told_on_a_page(library: Any, transport_name: str):
    with serving([head(transfer_encoding="chunked"), chunked(START + say("a")), RESET]) as server:
        transport = library.AsyncHTTPTransport() if library is not None else None
        client = sk.Client(server.url, KEY, model="m", transport=transport)
        with client:
            error = caught(lambda: sk.run(client.chat("hi")))
    assert isinstance(error, sk.BrokenError)
    assert len(shown(error)) <= PAGE
    number = "2" if library is httpx2 else ""
    layer = f"httpcore{number}.ReadError" if library or transport_name == "httpx" else "ConnectionResetError"
    assert error.__notes__[0].startswith(f"from httpx{number}.ReadError <- {layer}")


@pytest.mark.parametrize("answer", [[head("500 No", content_length="0")], [head(), START]])
def test_errors_without_a_transport_behind_them_are_told_on_a_page(answer: Any):
    with serving(answer, answer) as server, sk.Client(server.url, KEY, model="m", retry=RETRY) as client:
        error = caught(lambda: sk.run(client.chat("hi")))
    assert len(shown(error)) <= PAGE
    assert not hasattr(error, "__notes__")


def test_a_name_that_nobody_has_is_told_on_a_page():
    client = sk.Client("https://nobody.invalid/v1", KEY, model="m", retry=RETRY, trust_env=False)
    with client:  # on a loop that ends, and the thread with it that looks names up
        error = caught(DOORS["await"], client.chat("hi"))
    assert len(shown(error)) <= PAGE
    assert "socket.gaierror: [Errno" in error.__notes__[0]


def test_the_official_library_is_told_on_a_page(port: int):
    openai = pytest.importorskip("openai")

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=KEY, max_retries=0) as library:
            await sk.from_sdk(library.chat.completions.create(model="m", messages=[], stream=True))

    error = caught(lambda: asyncio.run(main()))
    lines = shown(error)
    assert len(lines) <= PAGE
    assert lines[-1].startswith("from openai.APIConnectionError: Connection error. <- httpx")
    assert "ConnectionRefusedError: [Errno" in lines[-1]
    assert isinstance(error.__cause__, openai.APIConnectionError)


def test_no_frame_that_holds_the_key_is_reachable(client: sk.Client):
    """Tools that print the local variables of frames find those of the user only."""
    error = caught(lambda: sk.run(client.chat("hi")))
    assert {name for one in chain_of(error) for name in packages(one)} == {"tests"}


def test_a_whole_reply_is_read_as_before():
    with serving([head(), reply("fine")]) as server, sk.Client(server.url, KEY, model="m") as client:
        assert sk.run(client.chat("hi")).text == "fine"
