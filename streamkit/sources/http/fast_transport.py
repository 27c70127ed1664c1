"""An httpx transport for direct connections that reads responses with aiohttp's protocol and its parser in C.

Only that protocol is used. Sessions, connectors and requests of aiohttp would add headers and errors of their own, and
several times the memory and the set-up of a reply; bytes that have arrived before a connection breaks would be lost.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
from aiohappyeyeballs import start_connection
from aiohttp.client_exceptions import ClientPayloadError, ServerDisconnectedError
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader

from .connecting import Connecting
from .fast_connection import Connection, Protocol

__all__ = ["FastTransport"]

ATTEMPT_DELAY = 0.25
"""Seconds until a further address of a host is tried as well (RFC 8305, section 8)."""
HANDSHAKE = 24 * 3600.0
"""Seconds for a TLS handshake: the time limit is that of `Limits`, not the 60 s of asyncio."""


class FastTransport(httpx.AsyncBaseTransport):
    """The connections to one server on one loop. They are not limited in number: finding an idle one takes the same
    time however many there are. The steps of a request are reported to the `Connecting` in its extension ``trace``."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        tls.set_alpn_protocols(["http/1.1"])
        self._tls = tls
        self._open: set[Connection] = set()
        self._idle: list[Connection] = []
        self._is_closed = False

    @property
    def connections(self) -> tuple[Connection, ...]:
        return tuple(self._open)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        connecting: Connecting = request.extensions["trace"]
        connection = self._reusable() or await self._connected(request.url, connecting)
        try:
            connecting.sending()
            message, payload = await connection.exchange(request)
        except BaseException as exc:
            connection.close()
            if isinstance(exc, Exception):
                raise _explained(exc) from exc
            raise
        stream = _Stream(connection, payload, self._idle)
        extensions = {"network_stream": stream, "reason_phrase": message.reason.encode(errors="surrogateescape")}
        return httpx.Response(message.code, headers=message.raw_headers, stream=stream, extensions=extensions)

    def _reusable(self) -> Connection | None:
        """The idle connection that was used last, unless its time is over or the server has closed it."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_idle() and not connection.has_expired():
                return connection
            connection.close()
        return None

    async def _connected(self, url: httpx.URL, connecting: Connecting) -> Connection:
        loop, host, secure = asyncio.get_running_loop(), url.raw_host.decode("ascii"), url.scheme == "https"
        port = url.port or (443 if secure else 80)
        await connecting.opening(host, port)
        try:
            addresses = await _addresses(url.raw_host, port)
        except OSError as exc:
            raise httpx.ConnectError(str(exc)) from exc
        try:
            opened = await start_connection(addresses, happy_eyeballs_delay=ATTEMPT_DELAY)
        except OSError as exc:
            raise httpx.ConnectError("All connection attempts failed") from exc
        try:
            connecting.opened(str(opened.getpeername()[0]))
            if secure:
                protocol = await self._secured(opened, host)
            else:
                _, protocol = await loop.create_connection(partial(Protocol, loop), sock=opened)
        except BaseException as exc:
            opened.close()
            if isinstance(exc, OSError):
                raise httpx.ConnectError(str(exc)) from exc
            raise
        connection = Connection(protocol, self._open)
        if self._is_closed:
            connection.close()
        return connection

    async def _secured(self, opened: socket.socket, host: str) -> Protocol:
        """A connection with TLS. Made in one step it could not be cancelled at first: asyncio would go on with it. The
        protocol is a new one, so that nothing which came before TLS counts."""
        loop = asyncio.get_running_loop()
        plain, _ = await loop.create_connection(asyncio.Protocol, sock=opened)
        protocol = Protocol(loop)
        try:
            secured = await loop.start_tls(
                plain, protocol, self._tls, server_hostname=host, ssl_handshake_timeout=HANDSHAKE
            )
            if secured is None:
                raise ConnectionResetError("the connection was closed while TLS began")
        except BaseException:
            plain.abort()
            raise
        protocol.connection_made(secured)
        return protocol

    async def aclose(self) -> None:
        self._is_closed = True
        self._idle.clear()
        for connection in self.connections:
            connection.close()
        await asyncio.sleep(0)  # in which the loop closes the sockets


async def _addresses(host: bytes, port: int) -> list[Any]:
    """The addresses of a host. A name is looked up in a thread, a numeric address here. The name stays bytes:
    asyncio would encode a text again, and raise UnicodeError for a name that cannot exist."""
    with suppress(socket.gaierror):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


class _Stream(httpx.AsyncByteStream):
    """The body of a response. Each read gives all that has arrived."""

    def __init__(self, connection: Connection, payload: StreamReader, idle: list[Connection]) -> None:
        self._connection, self._payload, self._idle = connection, payload, idle
        self._is_closed = False

    def get_extra_info(self, name: str) -> Any:
        return self._connection.get_extra_info(name)

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        payload, protocol = self._payload, self._connection.protocol
        failure: BaseException | None = None
        while True:
            try:
                data = await payload.readany()
            except Exception as exc:  # aiohttp raises it even if bytes that came before are still to be read
                data, failure = _rest(payload), exc
            if data:
                yield data
            if failure is not None or not data:
                break
        if failure := protocol.failure or failure:
            raise _explained(failure) from failure

    async def aclose(self) -> None:
        if not self._is_closed:  # another request may have the connection by now
            self._is_closed = True
            self._connection.release(self._payload, self._idle)


def _rest(payload: StreamReader) -> bytes:
    payload.set_exception(None)  # type: ignore[arg-type]
    return payload.read_nowait()


def _explained(exc: BaseException) -> BaseException:
    """An exception of aiohttp as the one that httpx raises in the same situation."""
    if isinstance(exc, ServerDisconnectedError):
        return httpx.RemoteProtocolError("Server disconnected without sending a response.")
    if isinstance(exc, ClientPayloadError):
        return httpx.RemoteProtocolError("peer closed connection without sending complete message body")
    if isinstance(exc, HttpProcessingError):
        return httpx.RemoteProtocolError(exc.message)
    return httpx.ReadError(str(exc)) if isinstance(exc, OSError) else exc
