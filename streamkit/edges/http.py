"""One HTTP/1.1 connection of a scripted server: h11 for the grammar, asyncio for the socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

import h11

from .answer import Answer, CutError, error_answer, paced

if TYPE_CHECKING:
    from .server import Request

__all__ = ["serve_connection"]

Handle: TypeAlias = "Callable[[str, str, Iterable[tuple[str, str]], bytes], tuple[Answer, Request]]"

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 32 * 1024 * 1024
AHEAD_LIMIT = 1024 * 1024  # of requests sent before the answer to the last one


async def serve_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle, sndbuf: int | None = None
) -> None:
    """Answer requests until either side has enough. Never raises for what a client does."""
    transport = writer.transport
    transport.set_write_buffer_limits(0)  # `drain` returns when the system took it all: a slow client holds us
    if sndbuf is not None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
    try:
        await _Connection(reader, writer, handle).serve()
        writer.close()
        await writer.wait_closed()
    except OSError:
        pass  # gone
    finally:
        transport.abort()


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle) -> None:
        self._reader, self._writer, self._handle = reader, writer, handle
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)

    async def serve(self) -> None:
        while True:
            try:
                asked = await self._request()
                if asked is None or not await self._answer(*asked):
                    return
                self._http.start_next_cycle()
            except h11.RemoteProtocolError as exc:
                await self._refuse(exc.error_status_hint, str(exc))
                return

    # -- reading ---------------------------------------------------------------------------------------------------

    async def _request(self) -> tuple[h11.Request, bytes] | None:
        """The next request with its body, None if the client has no more."""
        request: h11.Request | None = None
        pieces: list[bytes] = []
        size = 0
        while True:
            match event := self._http.next_event():
                case h11.NEED_DATA:
                    await self._receive()
                case h11.Request():
                    request = event
                case h11.Data():
                    size += len(event.data)
                    if size > BODY_LIMIT:
                        await self._refuse(413, f"a body of more than {BODY_LIMIT} bytes")
                        return None
                    pieces.append(bytes(event.data))
                case h11.EndOfMessage() if request is not None:
                    return request, b"".join(pieces)
                case _:  # closed
                    return None

    async def _receive(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        self._http.receive_data(await self._reader.read(65536))

    async def _gone(self) -> None:
        """Until the client has closed its side; what it sends ahead waits for its turn."""
        ahead = 0
        while True:
            try:
                data = await self._reader.read(65536)
            except OSError:
                return
            if not data:
                return
            self._http.receive_data(data)
            ahead += len(data)
            if ahead > AHEAD_LIMIT:
                await asyncio.get_running_loop().create_future()

    # -- answering -------------------------------------------------------------------------------------------------

    async def _answer(self, request: h11.Request, data: bytes) -> bool:
        """Play the answer unless the client goes first; True if the connection can serve another request."""
        headers = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers)
        answer, entry = self._handle(request.method.decode(), request.target.decode("latin-1"), headers, data)
        playing = asyncio.ensure_future(self._play(answer, entry))
        gone = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait((playing, gone), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # the server is being closed
            entry.outcome = "dropped"
            raise
        finally:
            playing.cancel()
            gone.cancel()
            await asyncio.wait((playing, gone))
            if entry.outcome == "open":
                entry.outcome = "cancelled"
        if not playing.cancelled():
            playing.result()  # a header that cannot be sent, say
        return entry.outcome == "done" and self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}

    async def _play(self, answer: Answer, entry: Request) -> None:
        try:
            await asyncio.sleep(answer.head_after)
            if not answer.status:
                raise CutError
            await self._send(h11.Response(status_code=answer.status, headers=_encoded(answer)))
            async for data in paced(answer.body):
                await self._send(h11.Data(data=data))
                entry.sent += len(data)
            await self._send(h11.EndOfMessage())
            entry.outcome = "done"
        except CutError:
            entry.outcome = "dropped"
        except OSError:
            pass  # the client is gone

    async def _refuse(self, status: int, message: str) -> None:
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            answer = error_answer(status, message)
            head = [*_encoded(answer), (b"connection", b"close")]
            await self._send(h11.Response(status_code=status, headers=head))
            for write in answer.body:
                await self._send(h11.Data(data=write.data))
            await self._send(h11.EndOfMessage())

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()


def _encoded(answer: Answer) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
