"""The connection pools of a client: each event loop that uses it has its own, as an httpx client works on one loop.

httpx scans its whole pool on every request and release, several times over if many requests find idle connections at
once, so large pools are slow: each pool serves at most `CROWD` replies, and more replies at a time need more pools. The
fast transport finds an idle connection at once, so one pool serves all replies of a loop.
"""

from __future__ import annotations

import asyncio
import math
import os
import ssl
import threading
import weakref
from typing import Any
from urllib.request import getproxies

import httpx

from ... import patience
from ...engine.loops import on_loop, running_loop
from ...engine.streams import Reading
from ...errors import BrokenError, ConnectError
from ...wording import excerpt, said
from .addresses import is_local
from .environment import uses_proxy
from .keeper import CROWD, Keeper, Pool, retire_pools
from .libraries import is_client, library_of
from .requests import Endpoint

__all__ = ["CROWD", "KEEPING", "Pool", "Pools"]

KEEPING = 12
"""The number of pools that keep connections for later requests; those made after them keep none."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class Pools:
    """The pools of one `Client`, made when first used."""

    def __init__(self, transport: Any, endpoint: Endpoint, *, trust_env: bool, fast: bool = False) -> None:
        self._transport, self._secure, self._trust_env, self._fast = transport, endpoint.secure, trust_env, fast
        self._address = endpoint.base_url
        self.public_only = not endpoint.allow_private
        self._direct = self.public_only or is_local(endpoint.host)
        if self.public_only:
            _check_own_connections(transport, endpoint, trust_env)
        self.readings: set[Reading] = set()
        """Replies under way, which end when the client is closed: `Client` adds and removes them."""
        self._pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Pool]] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        self._owner: weakref.ref[asyncio.AbstractEventLoop] | None = None
        self._pid = os.getpid()
        self._watch_over_pools()
        self.closed = False

    async def take(self) -> Pool:
        """A pool of the running loop. RuntimeError after `close`, or if a user's transport is used on a second loop."""
        if self.closed:
            raise RuntimeError("this client is closed")
        loop = asyncio.get_running_loop()
        if self._pid != os.getpid():
            self._start_over_in_child()
        with self._lock:
            pool = self._choose(self._pools.setdefault(loop, []), loop)
            pool.replies += 1
        if pool.owned:
            await Keeper.of(loop).keep(pool)
        return pool

    def _choose(self, pools: list[Pool], loop: asyncio.AbstractEventLoop) -> Pool:
        """A pool with room; one that keeps connections is preferred: others make a new connection for each request."""
        keeping = sum(pool.keeps and not pool.retired for pool in pools)
        for pool in pools:
            if pool.has_room and (pool.keeps or keeping >= KEEPING):
                return pool
        pools[:] = [pool for pool in pools if not pool.retired]
        pool = self._make(loop, CROWD if keeping < KEEPING else 0)
        pool.join(pools)
        return pool

    async def give_back(self, pool: Pool, *, retire: bool = False) -> None:
        """Return a pool that `take` gave. A retired pool is not used again, and closed when its last reply has left."""
        pool.replies -= 1
        if pool.keeper is not None:
            await pool.keeper.take_back(pool, retire=retire)

    def _start_over_in_child(self) -> None:
        """Begin with no pools: a child process shares sockets with its parent and must not touch them, nor may the
        garbage collector do so."""
        _abandoned.append((self._pools, self.readings))
        self._pid, self._lock, self._pools = os.getpid(), threading.Lock(), weakref.WeakKeyDictionary()
        self.readings = set()
        self._watch_over_pools()

    def _watch_over_pools(self) -> None:
        """Have the pools closed once the client is deleted: unused pools need not wait until they have been idle."""
        weakref.finalize(self, retire_pools, self._pools, self._pid).atexit = False

    def _make(self, loop: asyncio.AbstractEventLoop, keepalive: int) -> Pool:
        if self._transport is None:
            if self._fast and not self._goes_through_proxy():
                return Pool(self._fast_client(), owned=True, room=math.inf)
            return Pool(self._client(keepalive), owned=True, keeps=keepalive > 0)
        owner = self._owner() if self._owner is not None else None
        library = library_of(self._transport)
        bound = not getattr(self._transport, "any_loop", isinstance(self._transport, library.MockTransport))
        if bound and owner is not None and owner is not loop and not owner.is_closed():
            raise RuntimeError("the given transport belongs to another event loop: make one client for each loop")
        self._owner = weakref.ref(loop)
        if is_client(self._transport):
            return Pool(self._transport, owned=False)
        return Pool(library.AsyncClient(transport=self._transport, trust_env=False), owned=False)

    def _client(self, keepalive: int) -> httpx.AsyncClient:
        limits = httpx.Limits(  # this package bounds times, not numbers
            max_connections=None, max_keepalive_connections=keepalive, keepalive_expiry=patience.IDLE_CONNECTION
        )
        verify = self._context()
        try:
            return httpx.AsyncClient(
                verify=verify,
                limits=limits,
                timeout=None,
                trust_env=self._trust_env and not self._direct,  # decides about proxies; certificates are in ``verify``
                follow_redirects=False,
            )
        except Exception as exc:  # httpx raises ImportError, ValueError and its own for bad settings in the environment
            proxies = _proxies()
            where = f" ({', '.join(proxies)})" if proxies else ""
            # An unescaped mark in a password splits it, and httpx quotes a part of it as the port in its error.
            secret = isinstance(exc, httpx.InvalidURL) and any("@" in address for address in proxies.values())
            reason = "an address is not valid: in a password, # is %23, / is %2F and ? is %3F" if secret else said(exc)
            cause = None if secret else exc
            raise ConnectError(f"the environment's proxies{where} cannot be used: {reason}") from cause

    def _goes_through_proxy(self) -> bool:
        """True if httpx would reach the server through one of the environment's proxies: httpx then does so, as it
        knows every kind of them."""
        if self._direct or not self._trust_env or not getproxies():
            return False
        client = self._client(0)
        return client._transport_for_url(httpx.URL(self._address)) is not client._transport

    def _fast_client(self) -> httpx.AsyncClient:
        from .fast_transport import FastTransport

        transport = FastTransport(self._context())
        return httpx.AsyncClient(transport=transport, verify=self._context(), timeout=None, trust_env=False)

    def _context(self) -> ssl.SSLContext:
        """The TLS context, made once: loading the certificates costs about 20 ms. Without https none are needed."""
        if self._tls is None:
            self._tls = _tls_context(self._trust_env) if self._secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return self._tls

    async def aclose(self) -> None:
        """Close every pool: those of this loop at once, those of other loops as soon as these run."""
        self._end_replies()
        here = running_loop()
        for loop, pool in self._all():
            if loop is here:
                await pool.close()
            else:
                _close_on(loop, pool)

    def close(self) -> None:
        self._end_replies()
        for loop, pool in self._all():
            _close_on(loop, pool)

    def _end_replies(self) -> None:
        self.closed = True
        if self._pid != os.getpid():
            self._start_over_in_child()
        for reading in tuple(self.readings):
            on_loop(reading.loop, _end, reading)

    def _all(self) -> tuple[tuple[asyncio.AbstractEventLoop, Pool], ...]:
        if self._pid != os.getpid():
            self._start_over_in_child()
        with self._lock:
            return tuple((loop, pool) for loop, pools in self._pools.items() for pool in tuple(pools))


def _check_own_connections(transport: Any, endpoint: Endpoint, trust_env: bool) -> None:
    """ValueError if a transport or a proxy would connect, to an address that cannot be checked here."""
    if transport is not None:
        raise ValueError("allow_private=False cannot be kept by a transport of yours, which connects by itself")
    if trust_env and uses_proxy(endpoint.host, "https" if endpoint.secure else "http"):
        raise ValueError(
            "allow_private=False cannot be kept through the environment's proxy, which connects by itself: "
            "pass trust_env=False"
        )


def _end(reading: Reading) -> None:
    """End a reply because its client was closed: it is marked as given up, as no further request can succeed."""
    error = BrokenError("the client was closed while this reply was being read", partial=reading.snapshot(None))
    reading.interrupt(error.as_given_up())


def _proxies() -> dict[str, str]:
    """The environment variables that name proxies, with their values."""
    values = {name: os.environ.get(name) or os.environ.get(name.lower()) for name in PROXIES}
    return {name: address for name, address in values.items() if address}


def _tls_context(trust_env: bool) -> ssl.SSLContext:
    """A TLS context with the trusted certificates; `ConnectError` if those of the environment cannot be loaded."""
    named = [(name, os.environ[name]) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    where = f" in {named[0][0]} ({excerpt(named[0][1])})" if named and trust_env else ""
    try:
        if where and named[0][0] == "SSL_CERT_DIR" and not any(map(os.path.isdir, named[0][1].split(os.pathsep))):
            raise FileNotFoundError("there is no such directory")  # OpenSSL would trust no certificate
        return httpx.create_ssl_context(trust_env=trust_env)
    except OSError as exc:
        raise ConnectError(f"the certificates{where} cannot be loaded: {said(exc)}") from exc


def _close_on(loop: asyncio.AbstractEventLoop, pool: Pool) -> None:
    pool.retired = True
    if loop.is_closed() or not pool.owned:
        return
    if loop.is_running():
        on_loop(loop, lambda: Keeper.of(loop).close(pool))
    elif running_loop() is None:  # the loop of a thread without asyncio: it runs only while a stream is being read
        loop.run_until_complete(pool.close())


_abandoned: list[Any] = []
