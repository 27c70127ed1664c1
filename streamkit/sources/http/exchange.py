"""One HTTP request and the body of its answer, read inside a `Reading`."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

import httpx

from ... import patience
from ...engine.streams import Reading
from ...errors import BrokenError, ConnectError, MalformedError, StalledError, StreamkitError, TooLargeError
from ...wire import SSE, Framing
from ...wording import said
from .answers import Inflate, Sniffer, inflater, request_id, status_error
from .causes import chain_of
from .clocks import Clocks
from .connecting import Connecting, refuse_http2
from .limits import Limits
from .pools import Pool, Pools

__all__ = ["Body", "Exchange", "shut_socket", "translate_error"]


REST_BYTES = 64 * 1024
"""The most bytes that the rest of a finished reply's body may have, so that the connection is reused."""


class Body:
    """The body of one response, which it does not close: `open` it, and `feed` it each chunk until it ``is_plain``."""

    __slots__ = (
        "_chunks",
        "_clocks",
        "_decompressor",
        "_encoding",
        "_has_begun",
        "_is_raw",
        "_limits",
        "_size",
        "_sniffer",
        "is_plain",
    )

    def __init__(self, response: Any, framing: Framing, limits: Limits, clocks: Clocks) -> None:
        self._limits, self._clocks = limits, clocks
        # A response that was created complete, as by a mock transport, has no raw bytes any more. The stream itself is
        # read because `aiter_raw` also closes the response at its end, and a time limit would interrupt that.
        self._is_raw = not response.is_stream_consumed
        self._chunks: AsyncIterator[bytes] = aiter(response.stream if self._is_raw else response.aiter_bytes())
        self._encoding = response.headers.get("content-encoding", "")
        self._sniffer = Sniffer(response.headers.get("content-type", ""), framing)
        self._decompressor: Inflate | None = None
        self._has_begun, self._size = False, 0
        self.is_plain = False
        """True once the chunks that follow are bytes of a stream as they are; so it is after the first, as a rule."""

    @property
    def is_document(self) -> bool:
        """True if it is one JSON document instead of a stream; valid once `feed` has given bytes."""
        return self._sniffer.kind == "json"

    def open(self) -> AsyncIterator[bytes]:
        """The chunks of the body as they come; `MalformedError` for a compression that cannot be read."""
        self._decompressor = self._inflate()
        return self._chunks

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that may be read by now, decompressed; `TooLargeError` if the body is a document beyond the
        limits."""
        if not chunk:
            return chunk
        if self._has_begun:
            self._clocks.read()
        else:
            self._has_begun = True
            self._clocks.enter("body")
        data = self._sniffer.feed(self._decompressor.feed(chunk) if self._decompressor else chunk)
        if data:
            self._check(data)
            self.is_plain = not (self._decompressor or self.is_document)
        return data

    def flush(self) -> bytes:
        """The bytes held back, after the last chunk."""
        return self._sniffer.flush()

    def _inflate(self) -> Inflate | None:
        inflate = inflater(self._encoding, self._limits)  # raises for a coding that cannot be read
        return inflate if self._is_raw else None

    def _check(self, data: bytes) -> None:
        self._size += len(data)
        limit = self._limits.event_bytes
        if self.is_document and limit is not None and self._size > limit:
            raise TooLargeError(f"the answer is a document of more than {limit} bytes")

    async def error_text(self) -> bytes:
        """The first bytes of an error's body. Failures while reading them are ignored: the status matters more."""
        parts, size, limit = [], 0, self._limits.error_body_bytes
        with suppress(Exception):
            inflate = self._inflate()
            async with asyncio.timeout(patience.ERROR_BODY):
                async for chunk in self._chunks:
                    parts.append(inflate.feed(chunk) if inflate else chunk)
                    size += len(parts[-1])
                    if size >= limit:
                        break
        return b"".join(parts)[:limit]

    async def finish(self) -> None:
        """Read the few bytes that end the body after the end of the reply, if they come at once."""
        size = 0
        with suppress(Exception):
            async with asyncio.timeout(patience.REST_OF_BODY):
                async for chunk in self._chunks:
                    size += len(chunk)
                    if size > REST_BYTES:
                        break


class Exchange:
    """One request and its response: call ``send``, read the ``body``, then ``close``, which must always be called."""

    __slots__ = (
        "_clocks",
        "_connecting",
        "_framing",
        "_limits",
        "_pool",
        "_pools",
        "_reading",
        "_response",
        "answer",
        "body",
        "request_id",
        "sent",
    )

    body: Body
    """The body of the response, once that is here."""

    def __init__(self, reading: Reading, clocks: Clocks, limits: Limits, pools: Pools, framing: Framing = SSE) -> None:
        self.request_id: str | None = None
        self.answer: Mapping[str, str] | None = None
        """The headers of the answer, by their names in lower case."""
        self.sent = False
        self._reading, self._clocks, self._limits, self._pools = reading, clocks, limits, pools
        self._framing = framing
        self._pool: Pool | None = None
        self._response: Any = None
        self._connecting = Connecting(reading, clocks, public_only=pools.public_only)

    async def send(self, url: str, params: dict[str, str], headers: httpx.Headers, content: bytes) -> None:
        """Send the request and return once the headers of a successful response are here; else raise `StatusError`."""
        pool = self._pool = await self._pools.take()
        request = self._request(pool, url, params or None, headers, content)
        self._clocks.enter("connect" if pool.owned else "first_byte")
        self._reading.cancelling.defer(pool.owned)
        try:
            self._response = await pool.client.send(request, stream=True, follow_redirects=False)
        finally:
            self._reading.cancelling.defer(False)
            request.extensions.pop("trace", None)  # it would keep this object alive until the garbage collector runs
        response, self.sent = self._response, True
        self._reading.cut = self._cut
        self.answer = answer = dict(response.headers.items())
        self.request_id = request_id(answer)
        self.body = Body(response, self._framing, self._limits, self._clocks)
        if not 200 <= response.status_code < 300:
            self._clocks.enter("pause")
            text = await self.body.error_text()
            raise status_error(response.status_code, response.reason_phrase, response.headers, text)
        if pool.owned:  # servers send kilobytes of headers
            response.headers = request.headers = httpx.Headers()

    def _request(
        self, pool: Pool, url: str, params: dict[str, str] | None, headers: httpx.Headers, content: bytes
    ) -> Any:
        """The request, without time limits of httpx: those of `Limits` apply, also on a user's client. On a client of
        this package it takes little memory while the reply is read."""
        build = partial(pool.client.build_request, "POST", params=params, timeout=None)
        if not pool.owned:
            # The raw headers, as a client of httpx2 would change the names in an object of httpx.
            return build(url, headers=headers.raw, content=content, extensions={"trace": refuse_http2})
        headers = httpx.Headers(headers)
        headers["content-length"] = str(len(content))
        return build(
            _parsed(url), headers=headers, content=_RequestBody(content), extensions={"trace": self._connecting}
        )

    def _cut(self) -> None:
        shut_socket(self._response)

    async def close(self) -> None:
        response, self._response = self._response, None
        pool, self._pool = self._pool, None
        self._reading.cut = None
        if pool is None:
            return
        retire = False
        try:
            retire = await self._connecting.give_up()
            if response is not None:
                await response.aclose()
        except asyncio.CancelledError:
            retire = True  # the pool may count this connection for ever
            raise
        except Exception:  # the response is closed either way
            return
        finally:
            await self._pools.give_back(pool, retire=retire)


class _RequestBody:
    """The body of a request, released once it is sent: a prompt may be long, and its reply may take long."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        content, self._content = self._content, b""
        yield content


_parsed = lru_cache(64)(httpx.URL)


def shut_socket(response: Any) -> None:
    """Shut a response's connection down now: the server notices even if the event loop is busy. A connection of HTTP/2
    serves other replies too, so it is left alone."""
    with suppress(Exception):  # no such extension, or closed already
        if response.http_version == "HTTP/2":
            return
        sock = response.extensions["network_stream"].get_extra_info("socket")
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except TypeError:  # uvloop gives a socket that cannot be shut; any copy of it shuts the same connection
            with socket.socket(fileno=os.dup(sock.fileno())) as copy:
                copy.shutdown(socket.SHUT_RDWR)


NOT_CONNECTED = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol", "InvalidURL")

SET_UP = (FileNotFoundError, ImportError, OverflowError, RuntimeError, TypeError, ValueError)
"""Exceptions raised before a request is sent: the client is closed or bound to another loop, a package or a file is
missing, a port is not valid."""


def translate_error(exc: BaseException, sent: bool) -> StreamkitError:
    """A transport's exception as an error of this package, chosen by the names of its classes: httpx, its successor
    httpx2 and other transports use the same names for the same situations."""
    if isinstance(exc, StreamkitError):
        return exc
    while not sent and isinstance(exc, BaseExceptionGroup):  # of attempts to connect in parallel
        exc = exc.exceptions[0]
    names = {cls.__name__ for cls in type(exc).__mro__}
    text = said(exc)
    error: StreamkitError
    if isinstance(exc, SET_UP) and not sent:
        error = ConnectError(text)
    elif not sent and names.intersection(NOT_CONNECTED):
        usable = not (
            names.intersection(("UnsupportedProtocol", "InvalidURL")) or _is_untrusted(exc) or _is_barred(exc)
        )
        error = ConnectError(f"no connection: {text}", retryable=usable)
    elif names.intersection(("ReadTimeout", "WriteTimeout")):  # a limit of a library or of a transport
        clock = "byte_idle" if sent else "first_byte"
        error = StalledError(f"the transport's own time limit ran out: {text}", clock=clock, retryable=True)
    elif isinstance(exc, RecursionError):
        error = MalformedError("the reply is nested too deeply")
    else:
        error = BrokenError(f"the connection broke: {text}", retryable=True)
    error.__cause__ = exc
    return error


def _is_barred(exc: BaseException) -> bool:
    """True if a proxy asks for a name and a password: it would ask again, so a retry is useless."""
    return type(exc).__name__ == "ProxyError" and said(exc).startswith("407")


def _is_untrusted(exc: BaseException) -> bool:
    """True if a certificate was refused: it would be refused again, so a retry is useless."""
    return any(isinstance(behind, ssl.SSLCertVerificationError) for behind in chain_of(exc))
