"""The way to a connection, as the transport's trace tells it: when a cancel may interrupt, and what is refused.

A connection pool must not be interrupted while it hands out a connection or between connecting and sending: a cancel
there loses the entry for good. httpcore's trace events tell when it is safe, and a cancel waits for that. An exception
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
"""What may be interrupted: the connection is no other request's yet, and given up if it fails."""


class Connecting:
    """From the pool to the request's first byte, for a transport of ours.

    ``public_only`` refuses every address that is not of the public internet. The address that was really connected to
    decides, whatever the name stands for now; a look at it before spares others even a connection.
    """

    def __init__(self, reading: Reading, clocks: Clocks, *, public_only: bool) -> None:
        self._begun: Any = None
        """A connection that has not got as far as the request, through a proxy or TLS: nobody else would close it."""
        self._reading, self._clocks, self._public_only = reading, clocks, public_only
        self._held = False

    def hold(self, hold: bool) -> None:
        if hold and not self._held:
            self._reading.defer_cancel()
        elif self._held and not hold:
            self._reading.allow_cancel()
        self._held = hold

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        _, name, phase = event.split(".")
        if name in STEPS:
            self.hold(phase != "started")
            if phase == "complete" and name != "setup_socks5_connection":  # which gives the stream of the step before
                _close_at_once(info["return_value"])
            if name == "connect_tcp":
                await self._connect(phase, info)
        elif event == "http11.send_request_headers.started":
            if info["request"].method != b"CONNECT":  # that is for a proxy
                self._begun = None
                self._clocks.enter("first_byte")
            self.hold(False)

    async def _connect(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "complete":
            self._begun = stream = info["return_value"]
            if self._public_only:
                _refuse_private((stream.get_extra_info("server_addr") or ("an unknown address",))[0])
        elif phase == "started" and self._public_only:
            for address in await _addresses(info["host"], info["port"]):
                _refuse_private(address)

    async def give_up(self) -> bool:
        """Close what was begun; True if there was such a connection, which the pool may then count for ever."""
        begun, self._begun = self._begun, None
        if begun is None:
            return False
        with suppress(Exception):
            await begun.aclose()
        return True


def _refuse_private(address: str) -> None:
    if not is_public(address):
        raise ConnectError(f"the server is at {address}, which is not public, and allow_private=False refuses that")


def _close_at_once(stream: Any) -> None:
    """Have ``stream`` closed without a pause. httpcore closes the connections that it takes out of a pool one after the
    other: a cancel in the pause after the first would lose the others, which nobody knows any more, open."""
    closing = stream.aclose

    async def aclose() -> None:
        await _without_pauses(closing())

    stream.aclose = aclose


@coroutine
def _without_pauses(work: Coroutine[Any, Any, None]) -> Generator[Any, None, None]:
    """``work``, which gives way to other tasks only while it waits for something."""
    for awaited in work.__await__():
        if awaited is not None:
            yield awaited


async def _addresses(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # connecting will say it
        return []
    return [str(address[0]) for *_, address in found]


async def refuse_http2(event: str, info: dict[str, Any]) -> None:
    """For a given transport: `ConnectError` before the request's first byte if the connection speaks HTTP/2.

    httpcore does not reset the stream of a reply that is left, nor give back the room that its unread data take: the
    server goes on, and after 16 MiB every reply on that connection stands still.
    """
    if event == "http2.send_request_headers.started":
        raise ConnectError(
            "HTTP/2 is refused: the transport could not end one reply without harm to others on its connection. "
            "Make it with http2=False"
        )
