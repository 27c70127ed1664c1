"""One HTTP/1.1 connection of a scripted server: h11 for the grammar, asyncio for the socket.

In turn: `Incoming` reads a request within the limits, `_answer` plays its answer and meanwhile notices if the client
closes. An invalid request is a `RefusedError` or a RemoteProtocolError of h11: it is answered, and the connection
closed. An answer that fails is logged on this side; the client gets 500, or a cut connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import h11

from ..engine.failures import report
from .answer import Answer, CutError, Write, error_answer, timed_chunks
from .client_limits import ServerLimits
from .incoming import CHUNK, Incoming, RefusedError
from .paths import likely_api, split_target

if TYPE_CHECKING:
    from .request_log import Request

__all__ = ["Handle", "refuse_connection", "serve_connection"]

Handle: TypeAlias = "Callable[[str, str, Iterable[tuple[str, str]], bytes], tuple[Answer, Request]]"

BODILESS = frozenset({204, 304})


async def serve_connection(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    handle: Handle,
    limits: ServerLimits,
    sndbuf: int | None = None,
) -> None:
    """Answer requests until either side has enough. Failures of a client or a play are never raised."""
    writer.transport.set_write_buffer_limits(0)  # so `drain` waits for a slow client, until the system took all
    if sndbuf is not None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
    await _until_closed(_Connection(reader, writer, handle, limits))


async def refuse_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle, limits: ServerLimits
) -> None:
    """Answer that the server has its maximum of clients, and close."""
    await _until_closed(_Connection(reader, writer, handle, limits), "the server has as many clients as it takes")


async def _until_closed(connection: _Connection, full: str = "") -> None:
    try:
        if full:
            await connection.refuse(503, full)
        else:
            await connection.serve()
        await connection.close()
    except OSError:
        pass  # the client is gone, or takes nothing
    except Exception as exc:
        report(exc, "a connection to this streamkit server failed:")
    finally:
        connection.abort()


class _PlayError(Exception):
    """Wraps an exception of a play, which is its cause."""


class _Connection:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle, limits: ServerLimits
    ) -> None:
        self._reader, self._writer, self._handle, self._limits = reader, writer, handle, limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)
        self._incoming = Incoming(self._http, reader, limits, self._send_continue)

    async def serve(self) -> None:
        while True:
            try:
                request = await self._incoming.request()
                if request is None or not await self._answer(*request):
                    return
                self._http.start_next_cycle()
            except h11.RemoteProtocolError as exc:
                await self.refuse(exc.error_status_hint, str(exc))
                return
            except RefusedError as exc:
                await self.refuse(exc.status, str(exc))
                return

    # -- answering -------------------------------------------------------------------------------------------------

    async def _answer(self, request: h11.Request, data: bytes) -> bool:
        """Play the answer unless the client goes first; True if the connection can serve another request."""
        try:
            answer, entry = self._handle(request.method.decode(), *_target_and_headers(request), data)
        except KeyboardInterrupt:  # Ctrl-C
            raise
        except BaseException as exc:
            await self._failed(exc)
            return False
        playing = asyncio.ensure_future(self._play(answer, entry))
        gone = asyncio.ensure_future(self._incoming.gone())
        try:
            await asyncio.wait((playing, gone), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # the server is being closed
            entry.end("dropped")
            raise
        finally:
            playing.cancel()
            gone.cancel()
            await asyncio.wait((playing, gone))
            entry.end("cancelled")  # unless it has another outcome already
        if not playing.cancelled():
            playing.result()
        return entry.outcome == "done" and self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}

    async def _play(self, answer: Answer, entry: Request) -> None:
        try:
            await asyncio.sleep(answer.head_after)
            if not answer.status:
                raise CutError
            await self._begin(answer)
            async for data in timed_chunks(_wrapping_errors(answer.body)):
                if self._has_body(answer.status):
                    await self._send(h11.Data(data=data))
                    entry.sent += len(data)
            await self._send(h11.EndOfMessage())
            entry.end("done")
        except CutError:
            entry.end("dropped")
        except OSError:
            pass  # the client is gone
        except Exception as exc:  # raised by the play, or by what it gave: an invalid header, a body that is not bytes
            entry.end("dropped")
            await self._failed(exc.__cause__ if isinstance(exc, _PlayError) and exc.__cause__ else exc)

    async def _failed(self, error: BaseException) -> None:
        """Log ``error`` once on this side; the client gets only the fact that the answer failed."""
        report(error, "the play of this streamkit server raised, so its client got 500 or a cut connection:")
        await self.refuse(500, "the answer of this server failed; see its own messages for the reason")

    async def _begin(self, answer: Answer) -> None:
        head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await self._send(h11.Response(status_code=answer.status, headers=head))

    def _has_body(self, status: int) -> bool:
        head = self._incoming.head
        return (head is None or head.method != b"HEAD") and status not in BODILESS

    async def refuse(self, status: int, message: str) -> None:
        """Answer with an error, unless an answer has begun already; the caller closes the connection."""
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        api = None
        if self._incoming.head is not None:
            target, headers = _target_and_headers(self._incoming.head)
            api = likely_api(split_target(target)[1], dict(headers))
        answer = error_answer(status, message, api=api, headers={"connection": "close"})
        await self._begin(answer)
        for write in answer.body if self._has_body(status) else ():
            await self._send(h11.Data(data=write.data))
        await self._send(h11.EndOfMessage())

    async def _send_continue(self) -> None:
        await self._send(h11.InformationalResponse(status_code=100, headers=[]))

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            if self._writer.transport.get_write_buffer_size():
                await self._wait_until_taken()
            else:
                await self._writer.drain()

    async def _wait_until_taken(self) -> None:
        """Wait until the system has taken all that was written; raise if it takes nothing for too long."""
        transport = self._writer.transport
        while True:
            unsent, clock = transport.get_write_buffer_size(), asyncio.timeout(self._limits.unread)
            try:
                async with clock:
                    return await self._writer.drain()
            except TimeoutError:  # of the clock above, or of the system for a dead connection
                if not clock.expired() or transport.get_write_buffer_size() >= unsent:
                    transport.abort()
                    raise ConnectionAbortedError("the client takes nothing of its answer") from None

    # -- closing ---------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Send the end of the stream, and wait a limited time until the client has closed its side.

        If the socket were closed with unread data, the client's system would discard the last bytes of the answer.
        """
        try:
            async with asyncio.timeout(self._limits.linger):
                self._writer.write_eof()
                while await self._reader.read(CHUNK):
                    pass
                self._writer.close()
                await self._writer.wait_closed()
        except TimeoutError:
            pass

    def abort(self) -> None:
        self._writer.transport.abort()


def _target_and_headers(head: h11.Request) -> tuple[str, list[tuple[str, str]]]:
    """The target of a request and its headers, whose names h11 gives in lower case."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
    return head.target.decode("latin-1"), headers


def _wrapping_errors(body: Iterable[Write]) -> Iterator[Write]:
    """The items of ``body``. Its exceptions are wrapped, so that they differ from those of the code that sends it."""
    writes: Iterator[Write] | None = None
    try:
        while True:
            try:
                writes = iter(body) if writes is None else writes
                write = next(writes)
            except StopIteration:
                return
            except (CutError, KeyboardInterrupt):
                raise
            except BaseException as exc:
                raise _PlayError from exc
            yield write
    finally:
        if (close := getattr(writes, "close", None)) is not None:
            close()
