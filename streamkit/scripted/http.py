"""One HTTP/1.1 connection of a scripted server: h11 for the grammar, asyncio for the socket.

In turn: `Incoming` reads a request within the limits, `_answer` plays its answer and meanwhile hears whether the client
goes. Whatever is wrong with a request is a `RefusedError` or a RemoteProtocolError of h11: it is answered, and the
connection closed. Whatever is wrong with an answer is reported to who runs the server; the client gets 500, or a cut.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import h11

from ..engine.loops import report
from .answer import Answer, CutError, Write, error_answer, paced
from .clientlimits import ServerLimits
from .incoming import CHUNK, Incoming, RefusedError
from .paths import meant, split_target

if TYPE_CHECKING:
    from .requestlog import Request

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
    """Answer requests until either side has enough. Never raises for what a client or a play does."""
    writer.transport.set_write_buffer_limits(0)  # `drain` returns when the system took it all: a slow client holds us
    if sndbuf is not None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
    await _until_closed(_Connection(reader, writer, handle, limits))


async def refuse_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle, limits: ServerLimits
) -> None:
    """There are as many clients as there may be: say so, and close."""
    await _until_closed(_Connection(reader, writer, handle, limits), "the server has as many clients as it takes")


async def _until_closed(connection: _Connection, full: str = "") -> None:
    try:
        if full:
            await connection.refuse(503, full)
        else:
            await connection.serve()
        await connection.close()
    except OSError:
        pass  # gone, or it takes nothing
    except Exception as exc:
        report(exc, "a connection to this streamkit server failed:")
    finally:
        connection.abort()


class _PlayError(Exception):
    """Its cause is what a play raised."""


class _Connection:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle, limits: ServerLimits
    ) -> None:
        self._reader, self._writer, self._handle, self._limits = reader, writer, handle, limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)
        self._incoming = Incoming(self._http, reader, limits, self._go_on)

    async def serve(self) -> None:
        while True:
            try:
                asked = await self._incoming.request()
                if asked is None or not await self._answer(*asked):
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
            answer, entry = self._handle(request.method.decode(), *_asked(request), data)
        except KeyboardInterrupt:  # somebody's Ctrl-C
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
            entry.end("cancelled")  # if nothing else was it
        if not playing.cancelled():
            playing.result()
        return entry.outcome == "done" and self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}

    async def _play(self, answer: Answer, entry: Request) -> None:
        try:
            await asyncio.sleep(answer.head_after)
            if not answer.status:
                raise CutError
            await self._begin(answer)
            async for data in paced(_written(answer.body)):
                if self._has_body(answer.status):
                    await self._send(h11.Data(data=data))
                    entry.sent += len(data)
            await self._send(h11.EndOfMessage())
            entry.end("done")
        except CutError:
            entry.end("dropped")
        except OSError:
            pass  # the client is gone
        except Exception as exc:  # of the play, or it gave what cannot be sent: an impossible header, no bytes
            entry.end("dropped")
            await self._failed(exc.__cause__ if isinstance(exc, _PlayError) and exc.__cause__ else exc)

    async def _failed(self, error: BaseException) -> None:
        """Told once to who runs the server; the client gets no more than that it is so."""
        report(error, "what this streamkit server was to answer with raised, so its client got 500 or a cut:")
        await self.refuse(500, "what this server should have said failed; its own messages tell why")

    async def _begin(self, answer: Answer) -> None:
        head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await self._send(h11.Response(status_code=answer.status, headers=head))

    def _has_body(self, status: int) -> bool:
        head = self._incoming.head
        return (head is None or head.method != b"HEAD") and status not in BODILESS

    async def refuse(self, status: int, message: str) -> None:
        """Say why there is no answer, if there is still a place for it; the connection is to be closed."""
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        api = None
        if self._incoming.head is not None:
            target, headers = _asked(self._incoming.head)
            api = meant(split_target(target)[1], dict(headers))
        answer = error_answer(status, message, api=api, headers={"connection": "close"})
        await self._begin(answer)
        for write in answer.body if self._has_body(status) else ():
            await self._send(h11.Data(data=write.data))
        await self._send(h11.EndOfMessage())

    async def _go_on(self) -> None:
        await self._send(h11.InformationalResponse(status_code=100, headers=[]))

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            if self._writer.transport.get_write_buffer_size():
                await self._taken()
            else:
                await self._writer.drain()

    async def _taken(self) -> None:
        """Until the system took what was written, or it has taken nothing for too long."""
        transport = self._writer.transport
        while True:
            left, clock = transport.get_write_buffer_size(), asyncio.timeout(self._limits.unread)
            try:
                async with clock:
                    return await self._writer.drain()
            except TimeoutError:  # our clock's, or the system's word that the connection is dead
                if not clock.expired() or transport.get_write_buffer_size() >= left:
                    transport.abort()
                    raise ConnectionAbortedError("the client takes nothing of its answer") from None

    # -- closing ---------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Say that no more comes, and wait until the client has closed its side, but not for long.

        Were the socket closed while there is something unread, the client's system would throw our last words away.
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


def _asked(head: h11.Request) -> tuple[str, list[tuple[str, str]]]:
    """The target of a request and its headers, whose names h11 gives in lower case."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
    return head.target.decode("latin-1"), headers


def _written(body: Iterable[Write]) -> Iterator[Write]:
    """``body``, whose own exceptions are told from those of whoever sends it."""
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
