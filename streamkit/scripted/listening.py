"""A scripted server on a port: its connections, up to their limit, and a thread in which it can run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any

from ..engine.loops import Wake, on_loop
from .admission import Admission, AdmissionRules
from .answer import Answer, error_answer
from .client_limits import ServerLimits
from .http import Handle, refuse_connection, serve_connection
from .paths import likely_api, split_target
from .request_log import Request

__all__ = ["ServerThread", "listening"]

ANSWERED_BEYOND = 64
"""Connections beyond the limit that get an answer saying so at a time; further ones are cut without one."""


class _Clients:
    """The connections of a server, one task for each."""

    def __init__(self, handle: Handle, limits: ServerLimits, sndbuf: int | None) -> None:
        self._handle, self._limits, self._sndbuf = handle, limits, sndbuf
        self._open: set[asyncio.Task[None]] = set()
        self._refused: set[asyncio.Task[None]] = set()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) < self._limits.clients:
            self._begin(self._open, serve_connection(reader, writer, self._handle, self._limits, self._sndbuf))
        elif len(self._refused) < ANSWERED_BEYOND:
            self._begin(self._refused, refuse_connection(reader, writer, self._handle, self._limits))
        else:
            writer.transport.abort()

    def _begin(self, tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            if not task.cancelled():
                task.exception()  # retrieved, as the loop logs it else; a KeyboardInterrupt is raised by the loop

        task.add_done_callback(ended)

    async def cut(self) -> None:
        tasks = {*self._open, *self._refused}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def listening(
    handle: Handle, host: str, port: int, rules: AdmissionRules, limits: ServerLimits, sndbuf: int | None
) -> AsyncIterator[str]:
    """The base URL, while it listens: ``handle`` gives the answers to requests that ``rules`` admit."""
    if not isinstance(limits, ServerLimits):
        raise TypeError(f"limits is a ServerLimits, not {type(limits).__name__}")
    admission: Admission

    def answer(method: str, target: str, headers: Iterable[tuple[str, str]], data: bytes) -> tuple[Answer, Request]:
        return _answer_to(admission, handle, method, target, list(headers), data)

    clients = _Clients(answer, limits, sndbuf)
    server = await asyncio.start_server(clients.connected, host, port, start_serving=False)
    try:
        admission = Admission([socket.getsockname()[0] for socket in server.sockets], host, rules)
        address, bound = server.sockets[0].getsockname()[:2]
        await server.start_serving()
        yield f"http://[{address}]:{bound}/v1" if ":" in address else f"http://{address}:{bound}/v1"
    finally:
        server.close()
        await clients.cut()
        await server.wait_closed()


def _answer_to(
    admission: Admission, handle: Handle, method: str, target: str, headers: list[tuple[str, str]], data: bytes
) -> tuple[Answer, Request]:
    """The answer to a request. One that is refused is not a request of the server: it is not logged, and does not use
    up a play."""
    by_name = {name.lower(): value for name, value in headers}
    if sum(name.lower() == "origin" for name, _ in headers) > 1:
        api = likely_api(split_target(target)[1], by_name)
        refused = error_answer(400, "there is more than one Origin", code="invalid_header", api=api)
        return refused, Request(method, target)
    if (refusal := admission.refusal(target, by_name)) is not None:
        return refusal, Request(method, target)
    if (preflight := admission.preflight(method, by_name)) is not None:
        return admission.with_cors(preflight, by_name), Request(method, target)
    answer, request = handle(method, target, headers, data)
    return admission.with_cors(answer, by_name), request


class ServerThread:
    """A server on a loop in a thread of its own, while the context lasts; its value is that of ``listen``."""

    def __init__(self, listen: Callable[[], AbstractAsyncContextManager[str]]) -> None:
        self._thread = threading.Thread(target=self._run, name="streamkit server", daemon=True)
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
        self._leaving = True  # for a loop that does not run yet
        if self._loop is not None:
            on_loop(self._loop, self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as exc:  # raised in the thread that waits for the server
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
