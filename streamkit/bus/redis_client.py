"""A client of redis-py as the bus uses it: commands are never repeated or cut short, errors are of this package."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from ..errors import BusError, ConnectError, StreamkitError

__all__ = ["Client", "check_url", "failure", "is_unknown_script"]

CONNECT = 5.0
"""Seconds within which a connection is made."""


def check_url(url: str) -> None:
    """ValueError for an address that redis-py does not know, ImportError if there is no redis-py."""
    try:
        from redis.asyncio.connection import parse_url
    except ImportError as exc:
        raise ImportError("a bus on Redis needs redis-py: pip install 'streamkit-rx[redis]'") from exc
    parse_url(url)


class Client:
    """The client ``redis`` and its commands under way, each of which is answered within ``timeout`` seconds or
    fails."""

    def __init__(self, url: str, cluster: bool, timeout: float) -> None:
        from redis.asyncio import Redis, RedisCluster
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        make: Any = RedisCluster if cluster else Redis
        self.redis: Any = make.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=CONNECT,
            retry=Retry(NoBackoff(), 0),  # the bus repeats what may be repeated
            protocol=2,
        )
        self._under_way: set[asyncio.Future[Any]] = set()

    async def ask(self, command: Awaitable[Any]) -> Any:
        """The answer to a command. The command goes on if its caller is cancelled: within redis-py a cancel may be
        lost, and so may a connection that is being made."""
        call = asyncio.ensure_future(_outcome(command))
        self._under_way.add(call)
        call.add_done_callback(self._under_way.discard)
        answer, error = await asyncio.shield(call)
        if error is not None:
            raise failure(error)
        return answer

    def connection(self) -> Any:
        """A new connection of redis-py, which is not made yet, and which whoever has it must disconnect."""
        return self.redis.connection_pool.make_connection()

    async def close(self) -> None:
        """Close the connections; commands under way fail."""
        await self.redis.aclose()
        if self._under_way:
            await asyncio.wait(self._under_way)
            await self.redis.aclose()  # the connections that were being made


async def _outcome(command: Awaitable[Any]) -> tuple[Any, Exception | None]:
    """The answer to ``command``, or what it raised."""
    try:
        return await command, None
    except Exception as exc:
        return None, exc


def failure(exc: Exception) -> StreamkitError:
    """A `ConnectError` if the server may be reached later, else a `BusError`, for an error of redis-py."""
    from redis import exceptions

    if isinstance(exc, StreamkitError):
        return exc
    passing = (
        exceptions.ConnectionError,
        exceptions.TimeoutError,
        exceptions.ReadOnlyError,  # a replica takes over
        exceptions.ClusterDownError,
        exceptions.TryAgainError,
        OSError,
    )
    found: StreamkitError
    if isinstance(exc, passing) and not isinstance(exc, exceptions.AuthenticationError):
        found = ConnectError.wrapping("the server of the bus cannot be reached:", exc, retryable=True)
    else:
        found = BusError.wrapping("the server of the bus refused:", exc, reason="refused")
    found.__cause__ = exc
    return found


def is_unknown_script(error: BusError) -> bool:
    """True if a command was refused as the server does not know the script, or has forgotten it."""
    from redis.exceptions import NoScriptError

    return isinstance(error.__cause__, NoScriptError)
