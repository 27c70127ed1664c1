"""Commands over a connection of their own, for those that are sent often: all that wait are sent together, and then
their answers are read.

A command of redis-py takes a connection from a pool, a task, and a time limit each for writing and reading: several
times the work of the command itself. Here redis-py makes the connection, with all that its address asks for; from then
on the commands are written to its transport, and what comes from there is read at once, without a task.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from ..errors import ConnectError
from .redis_client import Client, failure, transport_of

__all__ = ["Pipe"]

MORE = object()
"""Stands for an answer a part of which has not come yet."""


class Pipe:
    """Used on one loop. Each command runs to its end, whoever is cancelled, or fails when the server has said nothing
    for ``limit`` seconds. After a failure the next command is sent over a new connection."""

    def __init__(self, client: Client, limit: float) -> None:
        from hiredis import pack_command

        self._pack: Any = pack_command
        self._client, self._limit = client, limit
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[bytes, asyncio.Future[Any]]] = []
        self._sent: deque[asyncio.Future[Any]] = deque()
        self._connection: Any = None
        """The one that is used, or is being made."""
        self._transport: asyncio.WriteTransport | None = None
        """That of the connection, once it is made."""
        self._due: float | None = None
        """When the server must have said something. One timer looks after it, as a time limit for each exchange would
        cost as much as the exchange."""
        self._watch: asyncio.TimerHandle | None = None
        self._passing: ConnectError | None = None
        """What the server has said if it is a replica now, say: once the other answers have come the connection is made
        anew, as by then the address may be that of the server that took over."""

    async def ask(self, *command: str | bytes | int) -> Any:
        """The answer to a command. Raises what `failure` makes of an error."""
        answer = self._loop.create_future()
        self._waiting.append((self._pack(command), answer))
        if self._connection is None:
            self._connection = self._client.connection()
            self._client.begin(self._connect(self._connection))
        self._send()
        return await answer

    async def close(self) -> None:
        """Close the connection; commands under way fail."""
        self._end(ConnectError("the connection of the bus was closed", retryable=True))
        await self._client.close()

    async def _connect(self, connection: Any) -> None:
        try:
            await connection.connect()
        except Exception as exc:
            self.lost(connection, exc)
            return
        if self._connection is not connection:  # closed meanwhile
            await connection.disconnect(nowait=True)
            return
        self._transport = transport_of(connection)
        self._transport.set_protocol(_Line(self, connection))
        self._look()
        self._send()

    def _send(self) -> None:
        """Send all that waits, unless something is on its way already."""
        if self._transport is None or self._sent or not self._waiting:
            return
        self._transport.write(b"".join([command for command, _ in self._waiting]))
        self._sent.extend([answer for _, answer in self._waiting])
        self._waiting.clear()
        self._due = self._loop.time() + self._limit

    def heard(self, connection: Any) -> None:
        """The server is at work on an answer, which may be long."""
        if connection is self._connection and self._sent:
            self._due = self._loop.time() + self._limit

    def answered(self, connection: Any, said: Any) -> None:
        """Take the next answer of a connection; one that nobody has asked for, or no longer, is left out."""
        if connection is not self._connection or not self._sent:
            return
        answer, error = self._sent.popleft(), failure(said) if isinstance(said, Exception) else None
        if isinstance(error, ConnectError):
            self._passing = error
        if not answer.done():
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(said)
        if not self._sent:
            self._due = None
            if self._passing is not None:
                self._end(self._passing)
            self._send()

    def lost(self, connection: Any, error: Exception) -> None:
        """A connection has ended, or is of no more use."""
        if connection is self._connection:
            self._end(failure(error))

    def _end(self, error: Exception) -> None:
        """Fail what is under way, and use the connection no more."""
        connection, self._connection, self._transport = self._connection, None, None
        self._due = self._passing = None
        if self._watch is not None:
            self._watch.cancel()
        if connection is not None:
            self._client.begin(connection.disconnect(nowait=True))
        for answer in [*self._sent, *(answer for _, answer in self._waiting)]:
            if not answer.done():
                answer.set_exception(error)
        self._sent.clear()
        self._waiting.clear()

    def _look(self) -> None:
        """End an exchange that takes too long."""
        now = self._loop.time()
        if self._due is not None and now >= self._due:
            self._end(ConnectError(f"the server of the bus gave no answer for {self._limit:g} s", retryable=True))
        else:
            self._watch = self._loop.call_at(self._due or now + self._limit, self._look)


class _Line(asyncio.Protocol):
    """Reads what comes over a connection of a pipe."""

    def __init__(self, pipe: Pipe, connection: Any) -> None:
        import hiredis
        from redis.exceptions import ResponseError

        self._pipe, self._connection = pipe, connection
        self._answers = hiredis.Reader(notEnoughData=MORE, replyError=ResponseError)

    def data_received(self, data: bytes) -> None:
        self._pipe.heard(self._connection)
        self._answers.feed(data)
        try:
            while (said := self._answers.gets()) is not MORE:
                self._pipe.answered(self._connection, said)
        except Exception as exc:  # not what a server of Redis says
            self._pipe.lost(self._connection, exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pipe.lost(self._connection, exc or ConnectionError("the server has closed the connection"))
