"""Commands over a connection of their own, for those that are sent often: all that wait are sent together, and then
their answers are read.

A command of redis-py takes a connection from a pool, a task, and a time limit each for writing and reading: several
times the work of the command itself.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ..errors import ConnectError
from .redis_client import Client, failure

__all__ = ["Pipe", "packed"]


def packed(*parts: bytes | str | int) -> bytes:
    """A command, or a part of one, as it is sent."""
    texts = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"".join([b"$%d\r\n%b\r\n" % (len(text), text) for text in texts])


class Pipe:
    """Used on one loop. Each command runs to its end, whoever is cancelled, and is answered within ``limit`` seconds or
    fails. After a failure the next command is sent over a new connection."""

    def __init__(self, client: Client, limit: float) -> None:
        self._client, self._limit = client, limit
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[bytes, asyncio.Future[Any]]] = []
        self._sent: list[tuple[bytes, asyncio.Future[Any]]] = []
        self._connection: Any = None
        self._news: asyncio.Future[None] | None = None
        """What the task waits for while there is nothing to send."""
        self._task: asyncio.Task[None] | None = None
        self._due: float | None = None
        """When what was sent must have been answered. One timer looks after it, as a time limit for each exchange would
        cost as much as the exchange."""
        self._watch: asyncio.TimerHandle | None = None
        self._is_late = False

    async def ask(self, command: bytes) -> Any:
        """The answer to a command as the server reads it. Raises what `failure` makes of an error."""
        answer = self._loop.create_future()
        self._waiting.append((command, answer))
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._serve(), name="streamkit bus pipe")
        elif self._news is not None and not self._news.done():
            self._news.set_result(None)
        return await answer

    async def close(self) -> None:
        """Close the connection; commands under way fail."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._client.close()

    async def _serve(self) -> None:
        """Send commands until the connection fails."""
        error: Exception = ConnectError("the connection of the bus was closed", retryable=True)
        connection: Any = None
        try:
            connection = self._connection = self._client.connection()
            await self._client.ask(self._connect(connection))
            self._look()
            while True:
                while not self._waiting:
                    self._news = self._loop.create_future()
                    await self._news
                await self._exchange(connection)
        except asyncio.CancelledError:
            if not self._is_late:
                raise
            error = ConnectError(f"the server of the bus gave no answer for {self._limit:g} s", retryable=True)
        except Exception as exc:
            error = failure(exc)
        finally:
            self._connection = self._task = None  # what is asked from here on needs a new connection
            self._stop_looking()
            self._fail(error)
            if connection is not None:
                await self._client.ask(connection.disconnect(nowait=True))

    async def _connect(self, connection: Any) -> None:
        await connection.connect()
        connection.socket_timeout = None  # from here on the limit is that of the exchange
        if self._connection is not connection:  # closed meanwhile
            await connection.disconnect(nowait=True)

    async def _exchange(self, connection: Any) -> None:
        from redis.exceptions import ResponseError

        self._sent, self._waiting = self._waiting, []
        self._due = self._loop.time() + self._limit
        await connection.send_packed_command(b"".join([command for command, _ in self._sent]), check_health=False)
        passing: ConnectError | None = None
        for _, answer in self._sent:
            try:
                said = await connection.read_response()
            except ResponseError as exc:
                error = failure(exc)
                passing = error if isinstance(error, ConnectError) else passing
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(said)
        self._due = None
        self._sent = []
        if passing is not None:  # a replica, say: by now the address may be that of the server that took over
            raise passing

    def _look(self) -> None:
        """End an exchange that takes too long."""
        now = self._loop.time()
        if self._due is not None and now >= self._due and self._task is not None:
            self._is_late = True
            self._task.cancel()
            return
        self._watch = self._loop.call_at(self._due or now + self._limit, self._look)

    def _stop_looking(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch, self._due, self._is_late = None, None, False

    def _fail(self, error: Exception) -> None:
        failed, self._sent, self._waiting = [*self._sent, *self._waiting], [], []
        for _, answer in failed:
            if not answer.done():
                answer.set_exception(error)
