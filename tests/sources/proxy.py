"""A small proxy of HTTP, and a server with TLS behind it, on the loop of the test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from tests.faults.bodies import reply
from tests.faults.server import head

__all__ = ["CERTIFICATE", "HOST", "Proxy", "listening", "proxying", "serving_tls"]

CERTIFICATE = Path(__file__).with_name("models.test.pem")
"""Of `HOST` and of loopback addresses, signed by itself, for a hundred years; the key is in the same file."""
HOST = "models.test"


@dataclass
class Proxy:
    """``routes`` says where a host and port are; what is asked for without a tunnel it answers itself. ``silent`` lets
    it take requests for a tunnel and not answer."""

    routes: dict[str, int] = field(default_factory=dict)
    silent: bool = False
    refusal: bytes = b""
    asked: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        finally:
            self.gone.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = asked.split(b"\r\n")[0].decode().split(" ")
        self.asked.append(f"{method} {target}")
        self.heads.append(asked)
        self.came.set()
        if self.silent:
            await reader.read()
        elif self.refusal:
            writer.write(self.refusal)
        elif method == "CONNECT":
            inner, outer = await asyncio.open_connection("127.0.0.1", self.routes[target])
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(_copy(reader, outer), _copy(inner, writer))
        else:
            writer.write(head() + reply("through the proxy"))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
    finally:
        target.close()


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """The port of a server, which leaves no connection behind."""
    writers: list[asyncio.StreamWriter] = []
    tasks: list[asyncio.Task[None]] = []

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        tasks.append(cast("asyncio.Task[None]", asyncio.current_task()))
        with suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        if tasks:
            await asyncio.wait(tasks)


@asynccontextmanager
async def proxying(**options: object) -> AsyncIterator[Proxy]:
    proxy = Proxy(**options)  # type: ignore[arg-type]
    async with listening(proxy.serve) as port:
        proxy.url = f"http://127.0.0.1:{port}"
        yield proxy


@asynccontextmanager
async def serving_tls(*steps: bytes | None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port where every request is answered with ``steps`` (None: wait until the client goes), and what was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        for step in steps:
            if step is None:
                await reader.read()
            else:
                writer.write(step)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    async with listening(serve, context) as port:
        yield port, asked
