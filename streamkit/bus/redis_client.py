"""A client of redis-py as the bus uses it: commands are never repeated or cut short, errors are of this package."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ..checks import check_text
from ..errors import BusError, ConnectError, StreamkitError

__all__ = ["ANSWER", "Client", "check_url", "failure", "is_unknown_script"]

PASSING = (
    *("BUSY ", "CLUSTERDOWN ", "LOADING ", "MASTERDOWN ", "MISCONF ", "NOREPLICAS ", "OOM ", "READONLY ", "TRYAGAIN "),
    "UNBLOCKED ",
    "All slots are not covered",  # redis-py, of a cluster a part of which is away
)
"""The first words of a server that can answer later: a script runs, replicas are away, its role has changed, its memory
or its disk is full."""
ANSWER = 5.0
"""Seconds within which a server answers, unless it is asked to wait."""
CLUSTER = 10_000
"""Connections to a server of a cluster at most, as each tail has one; with redis-py they are 100."""
CONNECT = 5.0
"""Seconds within which a connection is made."""
OWN = {"decode_responses", "legacy_responses", "protocol", "socket_connect_timeout", "socket_timeout"}
"""Options of redis-py that an address may set, and without whose values here answers could not be read."""


def check_url(url: str, cluster: bool) -> None:
    """ValueError for an address that is of no use, ImportError if a package is missing."""
    check_text("url", url)
    try:
        import hiredis  # noqa: F401
        import redis.asyncio  # noqa: F401
    except ImportError as exc:
        raise ImportError("a bus on Redis needs redis-py and hiredis: pip install 'streamkit-rx[redis]'") from exc
    if problem := _problem(url, cluster):  # nothing of the address is quoted: it may have a password in it
        write = "redis://HOST:PORT/NUMBER, rediss:// for TLS, or unix://PATH, with %2F for a / in a password"
        raise ValueError(f"the url of a bus {problem}: write {write}")


def _problem(url: str, cluster: bool) -> str | None:
    from redis.asyncio.connection import Connection, parse_url

    try:
        options: dict[str, Any] = {**parse_url(url)}
    except ValueError:
        return "is not one that redis-py knows"
    path = urlsplit(url).path.strip("/")
    if options.get("path") is None and path and not path.isdecimal():  # redis-py would take database 0
        return "has a path that is not the number of a database"
    if cluster and (options.get("db") or "path" in options):
        return "names a database or a socket, which a cluster does not have"
    if not OWN.isdisjoint(options):
        return f"cannot set {', '.join(sorted(OWN.intersection(options)))}, which the bus sets itself"
    options.pop("max_connections", None)  # it is one of the pool
    try:
        options.pop("connection_class", Connection)(**options)
    except TypeError:
        return "has an option that redis-py does not know"
    return None


class Client:
    """The client ``redis`` and its commands under way, each of which is answered within ``timeout`` seconds or
    fails."""

    def __init__(self, url: str, cluster: bool, timeout: float) -> None:
        from redis.asyncio import Redis, RedisCluster
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        make: Any = partial(RedisCluster.from_url, max_connections=CLUSTER) if cluster else Redis.from_url
        self.redis: Any = make(
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
        answer, error = await asyncio.shield(self.begin(command))
        if error is not None:
            raise failure(error)
        return answer

    def begin(self, command: Awaitable[Any]) -> asyncio.Future[tuple[Any, Exception | None]]:
        """Begin a command: its answer, or what it raises."""
        call = asyncio.ensure_future(_outcome(command))
        self._under_way.add(call)
        call.add_done_callback(self._under_way.discard)
        return call

    def connection(self) -> Any:
        """A new connection of redis-py, which is not made yet, and which whoever has it must disconnect."""
        return self.redis.connection_pool.make_connection()

    async def close(self) -> None:
        """Close the connections; commands under way fail."""
        await self._disconnect()
        if self._under_way:
            await asyncio.wait(self._under_way)
            await self._disconnect()  # the connections that were being made

    async def _disconnect(self) -> None:
        with suppress(Exception):  # of a connection that is broken
            await self.redis.aclose()


def transport_of(connection: Any) -> asyncio.WriteTransport:
    """The transport of a connection that was made."""
    transport: asyncio.WriteTransport = connection._writer.transport
    return transport


async def _outcome(command: Awaitable[Any]) -> tuple[Any, Exception | None]:
    """The answer to ``command``, or what it raised."""
    try:
        return await command, None
    except Exception as exc:
        return None, exc


def failure(exc: Exception) -> StreamkitError:
    """A `ConnectError` if the server may do it later, else a `BusError`, for an error of redis-py."""
    from redis import exceptions

    if isinstance(exc, StreamkitError):
        return exc
    passing = (
        exceptions.ConnectionError,
        exceptions.TimeoutError,
        exceptions.ReadOnlyError,  # a replica takes over
        exceptions.ClusterDownError,
        exceptions.SlotNotCoveredError,
        exceptions.TryAgainError,
        OSError,
    )
    known = exc.__cause__ or exc if isinstance(exc, exceptions.RedisClusterException) else exc
    is_busy = str(exc).startswith(PASSING)
    found: StreamkitError
    if (is_busy or isinstance(known, passing)) and not isinstance(known, exceptions.AuthenticationError):
        state = "is not ready" if is_busy else "cannot be reached"
        found = ConnectError.wrapping(f"the server of the bus {state}:", exc, retryable=True)
    else:
        found = BusError.wrapping("the server of the bus refused:", exc, reason="refused")
    found.__cause__ = exc
    return found


def is_unknown_script(error: BusError) -> bool:
    """True if a command was refused as the server does not know the script, or has forgotten it."""
    return str(error.__cause__).startswith("NOSCRIPT ")
