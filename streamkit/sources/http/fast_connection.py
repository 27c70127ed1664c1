"""One connection of the fast transport: aiohttp's protocol, what is written to it, and its time without a request."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

import httpx
from aiohttp.client_proto import ResponseHandler
from aiohttp.streams import StreamReader

from ... import patience

__all__ = ["Connection", "Protocol"]

READ_BYTES = 64 * 1024
"""Reading stops while twice as much is waiting for the consumer."""
HEAD: dict[str, Any] = {"max_line_size": 100 * 1024, "max_field_size": 100 * 1024, "max_headers": 1000}
"""The largest line and field of a response's head, and the most fields. aiohttp's own limits, 8190 bytes and 128
fields, would refuse responses that httpx reads."""
HEAD_END = b"\r\n\r\n"
WAITING = getattr(selectors, "PollSelector", selectors.SelectSelector)


class Protocol(ResponseHandler):
    """aiohttp's protocol, except that what has arrived before a failure is kept, and that every failure is noticed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.awaits_head = True
        self.failure: BaseException | None = None
        """The reason for which the body of the response is incomplete."""

    def data_received(self, data: bytes) -> None:
        if data and not self.awaits_head and not self._has_open_body:  # unasked; there is none if reading resumes
            self._should_close = True
        end = data.find(HEAD_END) + len(HEAD_END) if self.awaits_head else 0
        if end >= len(HEAD_END):  # a fault in the same read would lose the head and the body before it
            super().data_received(data[:end])
            data = data[end:]
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        if exc is not None and self._has_open_body:  # for aiohttp a reset is an end too, if the body has no length
            self.failure = self.failure or exc
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        super().set_exception(exc, *cause)
        if self._payload is not None and self._has_open_body:
            self.failure = self.failure or exc
            self._payload.feed_eof()  # a reader that the end of a chunk has just woken would overlook an exception

    @property
    def _has_open_body(self) -> bool:
        return self._payload is not None and not self._payload.is_eof()


class Connection:
    """One connection: idle, or with one request on it."""

    __slots__ = ("_expires", "_group", "protocol")

    def __init__(self, protocol: Protocol, group: set[Connection]) -> None:
        self.protocol, self._group = protocol, group
        self._expires: float | None = None
        group.add(self)

    async def exchange(self, request: httpx.Request) -> tuple[Any, StreamReader]:
        """Send a request; the head of the response to it, and the body that follows."""
        self._expires, protocol = None, self.protocol
        protocol.awaits_head = True
        protocol.set_response_params(read_until_eof=True, auto_decompress=False, read_bufsize=READ_BYTES, **HEAD)
        if protocol.transport is not None:  # otherwise reading raises the reason
            protocol.transport.write(await _written(request))
        while True:
            message, payload = await protocol.read()
            if not 100 <= message.code < 200 or message.code == 101:  # the others come before the response
                protocol.awaits_head = False
                return message, payload

    def release(self, payload: StreamReader, idle: list[Connection]) -> None:
        """Keep the connection for a next request, if the response and the request are complete; else close it."""
        protocol = self.protocol
        transport = protocol.transport
        complete = payload.is_eof() and not protocol.should_close
        if self not in self._group or not complete or transport is None or transport.get_write_buffer_size():
            self.close()
            return
        self._expires = asyncio.get_running_loop().time() + patience.IDLE_CONNECTION
        idle.append(self)

    def is_idle(self) -> bool:
        return self._expires is not None

    def has_expired(self) -> bool:
        """True if this idle connection has been idle for too long, or if the server has closed it or sent something
        unasked, perhaps only a moment ago."""
        protocol = self.protocol
        if self._expires is None or not protocol.is_connected() or protocol.should_close:
            return True
        return self._expires <= asyncio.get_running_loop().time() or _is_readable(self.get_extra_info("socket"))

    def get_extra_info(self, name: str) -> Any:
        transport = self.protocol.transport
        return None if transport is None else transport.get_extra_info(name)

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection without waiting: neither for the server to read the rest of a request nor for its part
        in ending TLS."""
        self._group.discard(self)
        self._expires = None
        self.protocol.abort()


async def _written(request: httpx.Request) -> bytes:
    """The request as it is sent. Its fields were checked when the client was made; httpx has encoded the address."""
    fields = sorted(request.headers.raw, key=lambda field: field[0].lower() != b"host")  # it comes first
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%b: %b" % field for field in fields]
    content = b"".join([part async for part in request.stream])  # type: ignore[union-attr]
    coding = request.headers.get("transfer-encoding")  # one of the user's own
    if coding is not None:
        if coding.lower() != "chunked":
            raise httpx.LocalProtocolError("Only Transfer-Encoding: chunked is supported")
        content = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
    return b"\r\n".join([*lines, b"", content])


def _is_readable(sock: Any) -> bool:
    with WAITING() as selector:
        selector.register(sock.fileno(), selectors.EVENT_READ)
        return bool(selector.select(0))
