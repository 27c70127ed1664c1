"""The requests of one connection, read within the limits of a server."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import h11

from .client_limits import ServerLimits

__all__ = ["CHUNK", "Incoming", "RefusedError"]

CHUNK = 65536
TURN = 100
"""Pieces of a body after which other tasks run: a client may send chunks of one byte."""


class RefusedError(Exception):
    """A request that is answered with only this status; then the connection is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Incoming:
    """The data that the client sends. Between two requests only `gone` reads, and keeps the data for the next one."""

    def __init__(
        self,
        http: h11.Connection,
        reader: asyncio.StreamReader,
        limits: ServerLimits,
        send_continue: Callable[[], Awaitable[None]],
    ) -> None:
        self.head: h11.Request | None = None
        """The head of the request that is being read or answered."""
        self.overrun = False
        """True if the client sent more ahead than allowed, which was not kept."""
        self._http, self._reader, self._limits, self._send_continue = http, reader, limits, send_continue
        self._ahead: deque[bytes] = deque()

    async def request(self) -> tuple[h11.Request, bytes] | None:
        """The next request with its body, None if the client closed, or sent none for too long."""
        self.head = None
        self._begun = bool(self._ahead or self._http.trailing_data[0])
        try:
            async with asyncio.timeout(self._limits.head if self._begun else self._limits.idle) as self._clock:
                return await self._read()
        except TimeoutError:
            if self._begun:
                raise RefusedError(408, "the request did not come to its end in time") from None
            return None

    async def _read(self) -> tuple[h11.Request, bytes] | None:
        body, pieces = bytearray(), 0
        while True:
            match event := self._http.next_event():
                case h11.NEED_DATA:
                    await self._receive()
                case h11.Request():
                    self.head = event
                    self._allow(self._limits.body)
                    _check(event)
                case h11.Data():
                    body += event.data
                    pieces += 1
                    if not pieces % TURN:
                        await asyncio.sleep(0)
                    if len(body) > self._limits.body_bytes:
                        raise RefusedError(413, f"a body of more than {self._limits.body_bytes} bytes")
                case h11.EndOfMessage() if self.head is not None:
                    return self.head, bytes(body)
                case _:  # closed
                    return None

    def _allow(self, seconds: float) -> None:
        self._clock.reschedule(asyncio.get_running_loop().time() + seconds)

    async def _receive(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            await self._send_continue()
        if not self._ahead and self.overrun:
            raise RefusedError(413, f"more than {self._limits.ahead_bytes} bytes came ahead of the answers")
        most = CHUNK if self.head else self._limits.head_bytes + 1  # one more, so that a longer head is noticed
        data = self._ahead.popleft() if self._ahead else await self._reader.read(most)
        if data and not self._begun:
            self._begun = True
            self._allow(self._limits.head)
        self._http.receive_data(data)

    async def gone(self) -> None:
        """Wait until the client has closed its side; data that it sends meanwhile is kept."""
        ahead = sum(map(len, self._ahead))
        while True:
            try:
                data = await self._reader.read(CHUNK)
            except OSError:
                return
            if not data:
                return
            ahead += len(data)
            self.overrun = self.overrun or ahead > self._limits.ahead_bytes
            if not self.overrun:
                self._ahead.append(data)


def _check(request: h11.Request) -> None:
    if request.http_version not in (b"1.0", b"1.1"):
        raise RefusedError(505, "this server speaks HTTP/1.1 and HTTP/1.0")
    names = {name for name, _ in request.headers}
    if {b"content-length", b"transfer-encoding"} <= names:  # the end of such a body is not defined (RFC 9112, 6.1)
        raise RefusedError(400, "a request has a Content-Length or a Transfer-Encoding, not both")
