"""A scripted server as an httpx transport: the same answers without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

import httpx

from .answer import Answer, CutError, timed_chunks

if TYPE_CHECKING:
    from .request_log import Request

__all__ = ["Transport"]

Handle: TypeAlias = "Callable[[str, str, Iterable[tuple[str, str]], bytes], tuple[Answer, Request]]"


class Transport(httpx.AsyncBaseTransport):
    """Plays the answers of ``handle`` in process; cut connections raise what httpx raises for real ones."""

    any_loop = True
    """It is not bound to an event loop, so a client with it may be used on any of them."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        data, target = await request.aread(), request.url.raw_path.decode("ascii")
        answer, entry = self._handle(request.method, target, request.headers.multi_items(), data)
        try:
            await asyncio.sleep(answer.head_after)
        except asyncio.CancelledError:
            entry.end("cancelled")
            raise
        if not answer.status:
            entry.end("dropped")
            raise httpx.ConnectError("scripted: no connection", request=request)
        return httpx.Response(
            answer.status, headers=list(answer.headers), stream=_ScriptedBody(answer, entry), request=request
        )


class _ScriptedBody(httpx.AsyncByteStream):
    def __init__(self, answer: Answer, entry: Request) -> None:
        self._entry, self._pieces = entry, _pieces(answer, entry)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        self._entry.end("cancelled")  # unless it has another outcome already
        await self._pieces.aclose()


async def _pieces(answer: Answer, entry: Request) -> AsyncGenerator[bytes, None]:
    try:
        async for data in timed_chunks(answer.body):
            entry.sent += len(data)
            yield data
        entry.end("done")
    except CutError:
        entry.end("dropped")
        message = "peer closed connection without sending complete message body (incomplete chunked read)"
        raise httpx.RemoteProtocolError(message) from None
