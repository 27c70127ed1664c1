"""The steps to a connection, followed by the transport's trace events: when a cancel may interrupt, what is refused.

A connection pool must not be interrupted while it hands out a connection or between connecting and sending: a cancel
there loses the entry for good. httpcore's trace events show when it is safe, and a cancel waits for that. An exception
raised in the callback of an event ends the request before that step.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Generator
from contextlib import suppress
from types import coroutine
from typing import Any

from ...engine.streams import Reading
from ...errors import ConnectError
from .addresses import is_public
from .clocks import Clocks

__all__ = ["Connecting", "refuse_http2"]

STEPS = frozenset({"connect_tcp", "setup_socks5_connection", "start_tls"})
"""The steps that may be interrupted: the connection is not used by another request yet, and is dropped on failure."""


class Connecting:
    """The steps from the pool to the request's first byte, for a transport that this package made.

    ``public_only`` refuses every address that is not of the public internet. The address of the established connection
    decides, whatever the name resolves to now; the addresses are also checked before, to avoid even a connection.
    """

    def __init__(self, reading: Reading, clocks: Clocks, *, public_only: bool) -> None:
        self._unfinished: Any = None
        """A connection that is still on the way to the request, through a proxy or TLS: nothing else would close it."""
        self._reading, self._clocks, self._public_only = reading, clocks, public_only

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        """Follow a step of httpcore: this object is the ``trace`` extension of a request."""
        _, name, phase = event.split(".")
        if name in STEPS:
            self._reading.cancelling.defer(phase != "started")
            if phase == "complete" and name != "setup_socks5_connection":  # it returns the stream of the step before
                _close_at_once(info["return_value"])
            if name == "connect_tcp":
                await self._connect(phase, info)
        elif event == "http11.send_request_headers.started":
            if info["request"].method != b"CONNECT":  # which is sent to a proxy
                self._unfinished = None
                self.sending()
            self._reading.cancelling.defer(False)

    async def opening(self, host: str, port: int) -> None:
        """Note that a connection of the fast transport begins, which a cancel may interrupt at any time."""
        self._reading.cancelling.defer(False)
        if self._public_only:
            await _refuse_private_host(host, port)

    def opened(self, address: str) -> None:
        """Note that a connection to ``address`` is there, before TLS."""
        if self._public_only:
            _refuse_private(address)

    def sending(self) -> None:
        """Note that the connection is ready, and that the request's first byte follows."""
        self._clocks.enter("first_byte")
        self._reading.cancelling.defer(False)

    async def _connect(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "complete":
            self._unfinished = stream = info["return_value"]
            if self._public_only:
                _refuse_private((stream.get_extra_info("server_addr") or ("an unknown address",))[0])
        elif phase == "started" and self._public_only:
            await _refuse_private_host(info["host"], info["port"])

    async def give_up(self) -> bool:
        """Close an unfinished connection; True if there was one, which the pool may then count for ever."""
        connection, self._unfinished = self._unfinished, None
        if connection is None:
            return False
        with suppress(Exception):
            await connection.aclose()
        return True


def _refuse_private(address: str) -> None:
    if not is_public(address):
        raise ConnectError(f"the server is at {address}, which is not public, and allow_private=False refuses that")


async def _refuse_private_host(host: str, port: int) -> None:
    for address in await _addresses(host, port):
        _refuse_private(address)


def _close_at_once(stream: Any) -> None:
    """Make ``stream.aclose`` run without a pause. httpcore closes the connections that it takes out of a pool one after
    the other: a cancel in the pause after the first would leave the others open, with no reference to them left."""
    closing = stream.aclose

    async def aclose() -> None:
        await _without_pauses(closing())

    stream.aclose = aclose


@coroutine
def _without_pauses(work: Coroutine[Any, Any, None]) -> Generator[Any, None, None]:
    """``work``, which yields to other tasks only while it waits for something."""
    for awaited in work.__await__():
        if awaited is not None:
            yield awaited


async def _addresses(host: str, port: int) -> list[str]:
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # connecting will raise it
        return []
    return [str(address[0]) for *_, address in infos]


async def refuse_http2(event: str, info: dict[str, Any]) -> None:
    """A trace callback for a user's transport: `ConnectError` before the request's first byte on an HTTP/2 connection.

    httpcore does not reset the stream of a reply that is cancelled, nor free the flow-control window that its unread
    data take: the server goes on, and after 16 MiB every reply on that connection stalls.
    """
    if event == "http2.send_request_headers.started":
        raise ConnectError(
            "HTTP/2 is refused: the transport could not end one reply without harm to others on its connection. "
            "Make it with http2=False"
        )
