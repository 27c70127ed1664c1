"""A scripted server as a transport of httpx and httpx2: the same answers without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx

from ..sources.http import library_of
from .answer import Answer, CutError, timed_chunks

if TYPE_CHECKING:
    from .request_log import Request

__all__ = ["Transport"]

Handle: TypeAlias = "Callable[[str, str, Iterable[tuple[str, str]], bytes], tuple[Answer, Request]]"


class Transport(httpx.AsyncBaseTransport):
    """Plays the answers of ``handle`` in process; cut connections raise what httpx raises for real ones. A request of
    httpx2 is answered with objects and exceptions of httpx2."""

    any_loop = True
    """It is not bound to an event loop, so a client with it may be used on any of them."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        library = library_of(request)
        data, target = await request.aread(), request.url.raw_path.decode("ascii")
        answer, entry = self._handle(request.method, target, request.headers.multi_items(), data)
        try:
            await asyncio.sleep(answer.head_after)
        except asyncio.CancelledError:
            entry.end("cancelled")
            raise
        if not answer.status:
            entry.end("dropped")
            raise library.ConnectError("scripted: no connection", request=request)
        stream = _body_class(library)(_pieces(answer, entry, library), entry)
        response: httpx.Response = library.Response(
            answer.status, headers=list(answer.headers), stream=stream, request=request
        )
        return response


class _ScriptedBody:
    def __init__(self, pieces: AsyncGenerator[bytes, None], entry: Request) -> None:
        self._pieces, self._entry = pieces, entry

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        self._entry.end("cancelled")  # unless it has another outcome already
        await self._pieces.aclose()


@cache
def _body_class(library: Any) -> type[_ScriptedBody]:
    """The class of bodies for responses of ``library``, whose clients accept only streams of its own base class."""
    return type(_ScriptedBody.__name__, (_ScriptedBody, library.AsyncByteStream), {})


async def _pieces(answer: Answer, entry: Request, library: Any) -> AsyncGenerator[bytes, None]:
    try:
        async for data in timed_chunks(answer.body):
            entry.sent += len(data)
            yield data
        entry.end("done")
    except CutError:
        entry.end("dropped")
        message = "peer closed connection without sending complete message body (incomplete chunked read)"
        raise library.RemoteProtocolError(message) from None
