"""A scripted server on a port: its connections, as many as there may be, and a thread for it to run in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any

from ..engine.loops import Wake, on_loop
from .admission import Door, Rules
from .answer import Answer, error_answer
from .clientlimits import ServerLimits
from .http import Handle, refuse_connection, serve_connection
from .paths import meant, split_target
from .requestlog import Request

__all__ = ["ServerThread", "listening"]

REFUSED = 64
"""Connections beyond the limit that are told so at a time; further ones are cut without a word."""


class _Clients:
    """One task for each connection."""

    def __init__(self, handle: Handle, limits: ServerLimits, sndbuf: int | None) -> None:
        self._handle, self._limits, self._sndbuf = handle, limits, sndbuf
        self._open: set[asyncio.Task[None]] = set()
        self._refused: set[asyncio.Task[None]] = set()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) < self._limits.clients:
            self._begin(self._open, serve_connection(reader, writer, self._handle, self._limits, self._sndbuf))
        elif len(self._refused) < REFUSED:
            self._begin(self._refused, refuse_connection(reader, writer, self._handle, self._limits))
        else:
            writer.transport.abort()

    def _begin(self, tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            if not task.cancelled():
                task.exception()  # looked at: a KeyboardInterrupt ends the loop, and is told by that

        task.add_done_callback(ended)

    async def cut(self) -> None:
        tasks = {*self._open, *self._refused}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def listening(
    handle: Handle, host: str, port: int, rules: Rules, limits: ServerLimits, sndbuf: int | None
) -> AsyncIterator[str]:
    """The base URL while ``handle`` is asked for the answers to whom ``rules`` let in."""
    if not isinstance(limits, ServerLimits):
        raise TypeError(f"limits is a ServerLimits, not {type(limits).__name__}")
    door: Door

    def answer(method: str, target: str, headers: Iterable[tuple[str, str]], data: bytes) -> tuple[Answer, Request]:
        return _through(door, handle, method, target, list(headers), data)

    clients = _Clients(answer, limits, sndbuf)
    server = await asyncio.start_server(clients.connected, host, port, start_serving=False)
    try:
        door = Door([socket.getsockname()[0] for socket in server.sockets], host, rules)
        address, bound = server.sockets[0].getsockname()[:2]
        await server.start_serving()
        yield f"http://[{address}]:{bound}/v1" if ":" in address else f"http://{address}:{bound}/v1"
    finally:
        server.close()
        await clients.cut()
        await server.wait_closed()


def _through(
    door: Door, handle: Handle, method: str, target: str, headers: list[tuple[str, str]], data: bytes
) -> tuple[Answer, Request]:
    """What is not let in is no request of the server's: it is not noted, and no play is asked."""
    given = {name.lower(): value for name, value in headers}
    if sum(name.lower() == "origin" for name, _ in headers) > 1:
        api = meant(split_target(target)[1], given)
        wrong = error_answer(400, "there is more than one Origin", code="invalid_header", api=api)
        return wrong, Request(method, target)
    if (refused := door.refusal(target, given)) is not None:
        return refused, Request(method, target)
    if (asked := door.preflight(method, given)) is not None:
        return door.opened(asked, given), Request(method, target)
    answer, request = handle(method, target, headers, data)
    return door.opened(answer, given), request


class ServerThread:
    """A server on a loop in a thread of its own, while the context lasts; it is what ``listen`` gives."""

    def __init__(self, listen: Callable[[], AbstractAsyncContextManager[str]]) -> None:
        self._thread = threading.Thread(target=self._work, name="streamkit server", daemon=True)
        self._listen = listen
        self._ready, self._stop, self._leaving = Wake(), asyncio.Event(), False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._url = ""
        self._error: BaseException | None = None

    def __enter__(self) -> str:
        self._thread.start()
        try:
            self._ready.wait()
            if self._error is not None:
                raise self._error
        except BaseException:
            self._end()
            raise
        return self._url

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._end()
        if self._error is None:
            return
        if exc is None:
            raise RuntimeError("the server's thread ended before its time") from self._error
        exc.add_note(f"And the server's thread ended before its time: {self._error!r}")

    def _end(self) -> None:
        self._leaving = True  # for a loop that is not there yet
        if self._loop is not None:
            on_loop(self._loop, self._stop.set)
        self._thread.join()

    def _work(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as exc:  # to who waits for the server, not to the thread's end
            self._error = exc
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._leaving:
            return
        async with self._listen() as self._url:
            self._ready.set()
            await self._stop.wait()
