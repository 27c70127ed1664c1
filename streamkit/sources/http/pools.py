"""Connection pools, of which every event loop that a client is used on has its own: an httpx client works on one only.

And it serves few replies at a time: for each request and each end httpx looks at every connection of its pool, several
times over if many requests find idle ones at once. So there are more pools the more replies there are at a time.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import weakref
from typing import Any

import httpx

from ...engine.loops import on_loop, running_loop
from ...engine.streams import Reading
from ...errors import BrokenError, ConnectError
from ...wording import excerpt, said
from . import keeper
from .addresses import is_local
from .environment import proxied
from .keeper import CROWD, Keeper, Pool, forget
from .requests import Endpoint

__all__ = ["CROWD", "KEEPING", "Pool", "Pools"]

KEEPING = 12
"""Pools, the first ones, that keep connections for later requests."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class Pools:
    """The pools of one `Client`, made when first used."""

    def __init__(self, given: Any, endpoint: Endpoint, *, trust_env: bool) -> None:
        self._given, self._secure, self._trust_env = given, endpoint.secure, trust_env
        self.public_only = not endpoint.allow_private
        self._direct = self.public_only or is_local(endpoint.host)
        if self.public_only:
            _check_connects_itself(given, endpoint, trust_env)
        self.readings: set[Reading] = set()
        """Replies under way, which end when we are closed: `Client` keeps the list."""
        self._pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Pool]] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        self._owner: weakref.ref[asyncio.AbstractEventLoop] | None = None
        self._pid = os.getpid()
        self._watch_over_pools()
        self.closed = False

    async def take(self) -> Pool:
        """A pool of the running loop. RuntimeError after `close`, or for a given transport on a second loop."""
        if self.closed:
            raise RuntimeError("this client is closed")
        loop = asyncio.get_running_loop()
        if self._pid != os.getpid():
            self._forked()
        with self._lock:
            pool = self._choose(self._pools.setdefault(loop, []), loop)
            pool.replies += 1
        if pool.ours:
            await Keeper.of(loop).keep(pool)
        return pool

    def _choose(self, pools: list[Pool], loop: asyncio.AbstractEventLoop) -> Pool:
        """One that keeps connections if it may be: one that keeps none would make a new one for each request."""
        keeping = sum(pool.keeps and not pool.retired for pool in pools)
        for pool in pools:
            if pool.has_room and (pool.keeps or keeping >= KEEPING):
                return pool
        pools[:] = [pool for pool in pools if not pool.retired]
        pool = self._make(loop, CROWD if keeping < KEEPING else 0)
        pools.append(pool)
        return pool

    async def give_back(self, pool: Pool, *, retire: bool = False) -> None:
        """What `take` gave. A retired pool is never given out again, and closed when its last reply has left it."""
        pool.replies -= 1
        if pool.keeper is not None:
            await pool.keeper.take_back(pool, retire=retire)

    def _forked(self) -> None:
        """A child shares sockets with its parent and must not touch them, nor let the collector do so."""
        _abandoned.append((self._pools, self.readings))
        self._pid, self._lock, self._pools = os.getpid(), threading.Lock(), weakref.WeakKeyDictionary()
        self.readings = set()
        self._watch_over_pools()

    def _watch_over_pools(self) -> None:
        """Without the client nobody uses its pools any more, so they need not wait until their time is over."""
        weakref.finalize(self, forget, self._pools, self._pid).atexit = False

    def _make(self, loop: asyncio.AbstractEventLoop, kept: int) -> Pool:
        if self._given is None:
            return Pool(self._client(None, kept), ours=True, keeps=kept > 0)
        owner = self._owner() if self._owner is not None else None
        bound = not getattr(self._given, "any_loop", isinstance(self._given, httpx.MockTransport))
        if bound and owner is not None and owner is not loop and not owner.is_closed():
            raise RuntimeError("the given transport belongs to another event loop: make one client for each loop")
        self._owner = weakref.ref(loop)
        if isinstance(self._given, httpx.AsyncBaseTransport):
            return Pool(self._client(self._given, kept), ours=False)
        return Pool(self._given, ours=False)

    def _client(self, transport: httpx.AsyncBaseTransport | None, kept: int) -> httpx.AsyncClient:
        limits = httpx.Limits(  # ours bound time, not numbers
            max_connections=None, max_keepalive_connections=kept, keepalive_expiry=keeper.IDLE
        )
        verify = self._context()
        try:
            return httpx.AsyncClient(
                transport=transport,
                verify=verify,
                limits=limits,
                timeout=None,
                trust_env=self._trust_env and not self._direct,  # decides about proxies; certificates are in ``verify``
                follow_redirects=False,
            )
        except Exception as exc:  # httpx raises ImportError, ValueError and its own for what the environment says
            proxies = _proxies()
            where = f" ({', '.join(proxies)})" if proxies else ""
            # An unescaped mark cuts a password in two, and httpx quotes a part of it as the port.
            secret = isinstance(exc, httpx.InvalidURL) and any("@" in address for address in proxies.values())
            told = "an address is none: in a password, # is %23, / is %2F and ? is %3F" if secret else said(exc)
            cause = None if secret else exc
            raise ConnectError(f"the environment's proxies{where} cannot be used: {told}") from cause

    def _context(self) -> ssl.SSLContext:
        """Made once: loading the certificates costs some 20 ms. Without https there is nothing to trust."""
        if self._tls is None:
            self._tls = _trust(self._trust_env) if self._secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return self._tls

    async def aclose(self) -> None:
        """Close every pool: here at once, on other loops as soon as they run."""
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
            self._forked()
        for reading in tuple(self.readings):
            on_loop(reading.loop, _end, reading)

    def _all(self) -> tuple[tuple[asyncio.AbstractEventLoop, Pool], ...]:
        if self._pid != os.getpid():
            self._forked()
        with self._lock:
            return tuple((loop, pool) for loop, pools in self._pools.items() for pool in pools)


def _check_connects_itself(given: Any, endpoint: Endpoint, trust_env: bool) -> None:
    """ValueError where somebody else would connect, to an address that we cannot see."""
    if given is not None:
        raise ValueError("allow_private=False cannot be kept by a transport of yours, which connects by itself")
    if trust_env and proxied(endpoint.host, "https" if endpoint.secure else "http"):
        raise ValueError(
            "allow_private=False cannot be kept through the environment's proxy, which connects by itself: "
            "pass trust_env=False"
        )


def _end(reading: Reading) -> None:
    """End a reply because its client was closed: no policy around it is to ask again, as nobody could answer."""
    error = BrokenError("the client was closed while this reply was being read", partial=reading.snapshot(None))
    reading.interrupt(error.as_given_up())


def _proxies() -> dict[str, str]:
    """What the environment says about proxies."""
    told = {name: os.environ.get(name) or os.environ.get(name.lower()) for name in PROXIES}
    return {name: address for name, address in told.items() if address}


def _trust(trust_env: bool) -> ssl.SSLContext:
    """The certificates that count; `ConnectError` if those which the environment names cannot be loaded."""
    named = [(name, os.environ[name]) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    where = f" in {named[0][0]} ({excerpt(named[0][1])})" if named and trust_env else ""
    try:
        if where and named[0][0] == "SSL_CERT_DIR" and not any(map(os.path.isdir, named[0][1].split(os.pathsep))):
            raise FileNotFoundError("there is no such directory")  # OpenSSL would trust nobody
        return httpx.create_ssl_context(trust_env=trust_env)
    except OSError as exc:
        raise ConnectError(f"the certificates{where} cannot be loaded: {said(exc)}") from exc


def _close_on(loop: asyncio.AbstractEventLoop, pool: Pool) -> None:
    pool.retired = True
    if loop.is_closed() or not pool.ours:
        return
    if loop.is_running():
        on_loop(loop, lambda: Keeper.of(loop).close(pool))
    elif running_loop() is None:  # the own loop of a plain thread: it stands still between two runs
        loop.run_until_complete(pool.close())


_abandoned: list[Any] = []
