"""One HTTP request and the body of its answer, read inside a `Reading`.

A connection pool must not be interrupted while it hands out a connection or between connecting and sending: a cancel
there loses the entry for good. httpcore's trace events tell when it is safe, and a cancel waits for that.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from functools import lru_cache, partial
from typing import Any

import httpx

from ..engine import Reading
from ..engine.context import Tap
from ..errors import (
    BrokenError,
    ConnectError,
    MalformedError,
    StalledError,
    StreamkitError,
    TooLargeError,
    excerpt,
)
from .answers import Inflating, Opening, inflater, request_id, status_error
from .clocks import Clocks
from .limits import Limits
from .pools import Pool, Pools
from .requests import Scrubber

__all__ = ["Exchange", "shut_socket", "tapped", "translated"]

DRAIN = 0.1
DRAIN_BYTES = 64 * 1024
"""What a finished reply may take to end its body, in seconds and bytes, so that the connection can be used again."""
REFUSAL = 2.0
"""Seconds that the body of an error may take: the status is the news."""


class Exchange:
    """``send`` the request, read the ``body``, ``close``: in this order, close always."""

    def __init__(self, reading: Reading, clocks: Clocks, limits: Limits, pools: Pools) -> None:
        self.request_id: str | None = None
        self.kind = "sse"
        self.sent = False
        self._reading, self._clocks, self._limits, self._pools = reading, clocks, limits, pools
        self._pool: Pool | None = None
        self._response: Any = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._held = False
        self._encoding = self._type = ""

    async def send(self, url: str, params: dict[str, str], headers: httpx.Headers, content: bytes) -> None:
        """Until the headers of a good answer are here; `StatusError` for any other."""
        pool = self._pool = await self._pools.take()
        request = self._request(pool, url, params or None, headers, content)
        self._clocks.enter("connect" if pool.ours else "first_byte")
        self._hold(pool.ours)
        try:
            self._response = await pool.client.send(request, stream=True, follow_redirects=False)
        finally:
            self._hold(False)
            if pool.ours:
                del request.extensions["trace"]  # it would go on, and keep us until the collector comes round
        response, self.sent = self._response, True
        self._reading.cut = self._cut
        self.request_id = request_id(response.headers)
        # a response that was made whole, as by a mock transport, has no raw bytes any more
        self._chunks = aiter(response.aiter_bytes() if response.is_stream_consumed else response.aiter_raw())
        self._encoding = response.headers.get("content-encoding", "")
        if not 200 <= response.status_code < 300:
            self._clocks.enter("pause")
            body = await self._upto(self._limits.error_body_bytes)
            raise status_error(response.status_code, response.reason_phrase, response.headers, body)
        self._type = response.headers.get("content-type", "")
        if pool.ours:  # servers send kilobytes of them
            response.headers = request.headers = httpx.Headers()

    def _request(
        self, pool: Pool, url: str, params: dict[str, str] | None, headers: httpx.Headers, content: bytes
    ) -> Any:
        """Our clocks count, also on a given client. What one of ours sends weighs little while the reply is read."""
        build = partial(pool.client.build_request, "POST", params=params, timeout=None)
        if not pool.ours:
            return build(url, headers=headers, content=content)
        headers = httpx.Headers(headers)
        headers["content-length"] = str(len(content))
        return build(_parsed(url), headers=headers, content=_Body(content), extensions={"trace": self._trace})

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        step, _, phase = event.rpartition(".")
        if step in ("connection.connect_tcp", "connection.start_tls"):
            self._hold(phase != "started")
        elif event == "http11.send_request_headers.started":
            self._clocks.enter("first_byte")
            self._hold(False)

    def _hold(self, hold: bool) -> None:
        if hold and not self._held:
            self._reading.hold()
        elif self._held and not hold:
            self._reading.let_go()
        self._held = hold

    async def body(self) -> AsyncGenerator[bytes, None]:
        """The reads of the body, decompressed. `kind` is known once the first one is here."""
        clocks, inflate = self._clocks, self._inflate()
        opening = Opening(self._type)
        began = False
        assert self._chunks is not None
        async for chunk in self._chunks:
            if not chunk:
                continue
            if began:
                clocks.read()
            else:
                began = True
                clocks.enter("body")
            if data := opening.feed(inflate.feed(chunk) if inflate else chunk):
                self.kind = opening.kind
                yield data
        if data := opening.flush():
            self.kind = opening.kind
            yield data

    def _inflate(self) -> Inflating | None:
        inflate = inflater(self._encoding, self._limits)
        return None if self._response.is_stream_consumed else inflate

    async def whole(self, first: bytes, rest: AsyncIterator[bytes]) -> bytes:
        """The rest of a body that is one JSON document."""
        parts, size, limit = [first], len(first), self._limits.event_bytes
        async for chunk in rest:
            parts.append(chunk)
            size += len(chunk)
            if limit is not None and size > limit:
                raise TooLargeError(f"the answer is a document of more than {limit} bytes")
        return b"".join(parts)

    async def _upto(self, limit: int) -> bytes:
        """The body's first ``limit`` bytes; what breaks meanwhile is less news than the status."""
        parts, size = [], 0
        assert self._chunks is not None
        with suppress(Exception):
            inflate = self._inflate()
            async with asyncio.timeout(REFUSAL):
                async for chunk in self._chunks:
                    parts.append(inflate.feed(chunk) if inflate else chunk)
                    size += len(parts[-1])
                    if size >= limit:
                        break
        return b"".join(parts)[:limit]

    async def finish(self) -> None:
        """After the reply's end: read the few bytes that end the body, if they come at once."""
        assert self._chunks is not None
        size = 0
        with suppress(Exception):
            async with asyncio.timeout(DRAIN):
                async for chunk in self._chunks:
                    size += len(chunk)
                    if size > DRAIN_BYTES:
                        break

    def _cut(self) -> None:
        shut_socket(self._response)

    async def close(self) -> None:
        response, self._response = self._response, None
        pool, self._pool = self._pool, None
        self._reading.cut = None
        if pool is None:
            return
        try:
            if response is not None:
                await response.aclose()
        except asyncio.CancelledError:
            self._pools.retire(pool)  # it may count this connection for ever
            raise
        except Exception:  # it is gone either way
            return
        finally:
            pool.replies -= 1


class _Body:
    """What is sent, and not kept any longer: a prompt may be long, and so may its reply."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        content, self._content = self._content, b""
        yield content


_parsed = lru_cache(64)(httpx.URL)


async def tapped(body: AsyncGenerator[bytes, None], tap: Tap, scrubber: Scrubber) -> AsyncGenerator[bytes, None]:
    """The reads of ``body``, which ``tap`` sees too, but for secrets."""
    async with aclosing(body) as reads:
        try:
            async for data in reads:
                if shown := scrubber.feed(data):
                    tap.write(shown)
                yield data
        finally:
            if rest := scrubber.flush():
                tap.write(rest)


def shut_socket(response: Any) -> None:
    """End a response's connection now: the server sees it, however long the loop takes to come round."""
    with suppress(Exception):  # no such extension, or closed already
        response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)


NOT_CONNECTED = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol", "InvalidURL")


def translated(exc: BaseException, sent: bool) -> StreamkitError:
    """A transport's exception as one of ours, by its name: httpx, its continuation httpx2 and other transports name
    the same situations alike."""
    if isinstance(exc, StreamkitError):
        return exc
    names = {cls.__name__ for cls in type(exc).__mro__}
    said = excerpt(str(exc)) or type(exc).__name__
    error: StreamkitError
    if isinstance(exc, RuntimeError) and not sent:  # misuse: a closed client, or one on a foreign loop
        error = ConnectError(said)
    elif not sent and names.intersection(NOT_CONNECTED):
        usable = not names.intersection(("UnsupportedProtocol", "InvalidURL"))
        error = ConnectError(f"no connection: {said}", retryable=usable)
    elif names.intersection(("ReadTimeout", "WriteTimeout")):  # not ours: that of a library or a transport
        clock = "byte_idle" if sent else "first_byte"
        error = StalledError(f"the transport's own time limit ran out: {said}", clock=clock, retryable=True)
    elif isinstance(exc, RecursionError):
        error = MalformedError("the reply is nested too deeply")
    else:
        error = BrokenError(f"the connection broke: {said}", retryable=True)
    error.__cause__ = exc
    return error
