"""The connection that all writers of a process share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from streamkit import bus, sinks
from streamkit.bus.home import insist
from streamkit.bus.redis_client import Client
from streamkit.bus.redis_log import RedisLog
from streamkit.bus.redis_pipe import Pipe
from streamkit.engine.upstream import new_id
from streamkit.errors import BusError, ConnectError

from .servers import StorageServer, binary_of

PING = "PING"


@asynccontextmanager
async def log_on(server: StorageServer) -> AsyncIterator[RedisLog]:
    log = RedisLog(server.url, prefix=new_id(), cluster=False, live_for=600, kept_for=600, grace=0)
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def pipe_to(server: StorageServer, limit: float = 10.0) -> AsyncIterator[Pipe]:
    pipe = Pipe(Client(server.url, False, 10.0), limit)
    try:
        yield pipe
    finally:
        await pipe.close()


def test_a_script_that_the_server_has_forgotten_is_sent_again(valkey: StorageServer) -> None:
    async def main() -> None:
        async with log_on(valkey) as log:
            opened = await log.open("r", "a")
            assert valkey.ask("SCRIPT FLUSH") == "+OK"
            assert await log.append("r", opened.epoch, 1, b"[]", last=False) == opened

    asyncio.run(main())


def test_each_caller_gets_its_own_answer_and_the_command_of_a_cancelled_one_is_done(valkey: StorageServer) -> None:
    async def main() -> None:
        async with log_on(valkey) as log:
            names = [f"r-{number}" for number in range(20)]
            opened = [asyncio.ensure_future(log.open(name, "a")) for name in names]
            await asyncio.sleep(0)
            for one in opened[::2]:
                one.cancel()
            assert [(await one).verdict for one in opened[1::2]] == ["ok"] * 10
            answers = await asyncio.gather(*map(log.cancel, [*names, "none"]))
            assert [answer.verdict for answer in answers] == ["ok"] * 20 + ["missing"]

    asyncio.run(main())


def test_a_command_that_is_refused_harms_no_other(valkey: StorageServer) -> None:
    async def main() -> None:
        async with pipe_to(valkey) as pipe:
            wrong = "NONSENSE"
            before, refused, after = await asyncio.gather(*map(pipe.ask, (PING, wrong, PING)), return_exceptions=True)
            assert before == after == b"PONG"
            assert isinstance(refused, BusError)
            assert refused.reason == "refused"

    asyncio.run(main())


def test_a_connection_that_was_lost_is_made_anew(valkey: StorageServer) -> None:
    async def main() -> None:
        async with pipe_to(valkey) as pipe:
            number = await pipe.ask("CLIENT", "ID")
            assert valkey.ask(f"CLIENT KILL ID {number}") == ":1"
            assert await insist(lambda: pipe.ask(PING), 10) == b"PONG"

    asyncio.run(main())


def test_a_server_that_can_only_answer_later_is_connected_anew(tmp_path: Path) -> None:
    """The address may be that of another server by then, where a replica has taken over."""

    async def main(server: StorageServer) -> None:
        async with pipe_to(server) as pipe:
            number = await pipe.ask("CLIENT", "ID")
            assert server.ask("REPLICAOF 127.0.0.1 1") == "+OK"
            with pytest.raises(ConnectError, match="read only replica"):
                await pipe.ask("SET", "key", "value")
            assert await insist(lambda: pipe.ask("CLIENT", "ID"), 10) != number

    with StorageServer(binary_of("valkey"), tmp_path) as server:
        asyncio.run(main(server))


def test_a_server_that_stands_still_is_not_waited_for(tmp_path: Path) -> None:
    async def main(server: StorageServer) -> None:
        async with pipe_to(server, limit=0.1) as pipe:
            assert await insist(lambda: pipe.ask(PING), 10) == b"PONG"
            server.pause()
            with pytest.raises(ConnectError, match="no answer"):
                await pipe.ask(PING)
            server.resume()
            assert await insist(lambda: pipe.ask(PING), 10) == b"PONG"

    with StorageServer(binary_of("valkey"), tmp_path) as server:
        asyncio.run(main(server))


def test_an_answer_that_comes_too_late_is_for_nobody(tmp_path: Path) -> None:
    async def main(server: StorageServer) -> None:
        async with pipe_to(server, limit=0.1) as pipe:
            assert await insist(lambda: pipe.ask(PING), 10) == b"PONG"
            server.pause()
            late = [asyncio.ensure_future(pipe.ask("ECHO", f"late {number}")) for number in range(3)]
            assert all(isinstance(one, ConnectError) for one in await asyncio.gather(*late, return_exceptions=True))
            server.resume()
            for text in "abc":
                assert await insist(partial(pipe.ask, "ECHO", text), 10) == text.encode()

    with StorageServer(binary_of("valkey"), tmp_path) as server:
        asyncio.run(main(server))


def test_commands_wait_for_the_answers_to_those_before_them_and_are_sent_together(valkey: StorageServer) -> None:
    async def main() -> None:
        async with pipe_to(valkey) as pipe:
            answers = await asyncio.gather(*(pipe.ask("ECHO", number) for number in range(1000)))
            assert answers == [str(number).encode() for number in range(1000)]
            large = b"x" * 3_000_000  # comes in many pieces
            assert await pipe.ask("ECHO", large) == large

    asyncio.run(main())


@asynccontextmanager
async def served(answer: Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]) -> AsyncIterator[str]:
    """A server that answers PING in its own way."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while command := await reader.read(1000):
            if PING.encode() in command:
                await answer(writer)
            else:
                writer.write(b"+OK\r\n" * command.count(b"*"))
        writer.close()
        await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await over.wait()


def test_a_server_that_speaks_otherwise_is_refused() -> None:
    async def nonsense(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400\r\n")

    async def main() -> None:
        async with served(nonsense) as url:
            pipe = Pipe(Client(url, False, 10.0), 10.0)
            with pytest.raises(BusError, match="Protocol error"):
                await pipe.ask(PING)
            await pipe.close()

    asyncio.run(main())


@pytest.mark.slow
def test_a_long_answer_may_take_longer_than_a_server_may_say_nothing() -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        for piece in [b"$5\r\n", b"H", b"e", b"l", b"l", b"o\r\n"]:
            await asyncio.sleep(0.5)
            writer.write(piece)

    async def main() -> None:
        async with served(slowly) as url:
            pipe = Pipe(Client(url, False, 10.0), 2.0)
            assert await pipe.ask(PING) == b"Hello"
            await pipe.close()

    asyncio.run(main())


def test_what_is_under_way_fails_when_the_connection_is_closed(tmp_path: Path) -> None:
    async def main(server: StorageServer) -> None:
        async with pipe_to(server) as pipe:
            assert await pipe.ask(PING) == b"PONG"
            server.pause()
            asked = asyncio.ensure_future(pipe.ask(PING))
            await asyncio.sleep(0)
        with pytest.raises(ConnectError):
            await asked

    with StorageServer(binary_of("valkey"), tmp_path) as server:
        asyncio.run(main(server))


def test_writing_is_a_plain_call(replies: bus.Bus) -> None:
    """What is awaited for each event would hold up the run."""
    assert not asyncio.iscoroutinefunction(sinks.bus(replies).write)
