"""The closing of unused connection pools: those that have been idle for a while, and all pools of a loop at its end.

httpx closes an idle connection when its pool is next asked for one, which after many replies at once may be hours
later or never. So each loop has a keeper of its pools, of all clients. While a connection is idle, it has one timer.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress
from typing import Any

from ... import patience

__all__ = ["CROWD", "Keeper", "Pool", "retire_pools"]

CROWD = 8
"""The most replies at a time in one pool."""


class Pool:
    """An httpx client on its loop. ``owned`` is False for a client that the user made: it is never closed here, and it
    serves every reply. ``keeps`` is True if it keeps connections for later requests; ``room`` is the most replies at a
    time."""

    def __init__(self, client: Any, owned: bool, keeps: bool = True, room: float = CROWD) -> None:
        self.client, self.owned, self.keeps, self._room = client, owned, keeps, room
        self._group: list[Pool] = []
        self.replies = 0
        """The number of replies that it serves now."""
        self.retired = False
        """True once it serves no further reply."""
        self.keeper: Keeper | None = None
        self.last_used = 0.0
        """The time at which the last reply left it, on the loop's clock."""

    @property
    def has_room(self) -> bool:
        return not self.owned or (self.replies < self._room and not self.retired)

    def connections(self) -> list[Any]:
        """The connections of the fast transport, or of the httpcore pools behind the client: one pool for direct ones,
        one for each proxy."""
        transports = (getattr(self.client, "_transport", None), *getattr(self.client, "_mounts", {}).values())
        cores = (getattr(transport, "_pool", transport) for transport in transports)
        return [connection for core in cores for connection in getattr(core, "connections", ())]

    def join(self, group: list[Pool]) -> None:
        """Belong to ``group``, the pools of one client on one loop, until it is closed."""
        self._group = group
        group.append(self)

    async def close(self) -> None:
        if not self.owned:
            return
        self.retired = True
        # httpcore keeps the connection of a reply that was cut off as it closed, and a connection refers to its loop:
        # the client would keep that alive.
        with suppress(ValueError):
            self._group.remove(self)
        connections = self.connections()
        try:
            await self.client.aclose()
        except BaseException:  # a cancel, for instance: httpcore has dropped its references by now
            await _close_each(connections)
            raise
        keeper, self.keeper = self.keeper, None
        if keeper is not None:
            keeper.pools.discard(self)


class Keeper:
    """All pools of this package on one loop. Everything happens on that loop."""

    def __init__(self) -> None:
        self.pools: set[Pool] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._guard: AsyncGenerator[None, None] | None = None
        self.ended = False

    @staticmethod
    def of(loop: asyncio.AbstractEventLoop) -> Keeper:
        keeper = _keepers.get(loop)
        if keeper is None or keeper.ended:
            with _lock:
                for closed in [other for other in _keepers if other.is_closed()]:  # without a proper shutdown
                    del _keepers[closed]
                keeper = _keepers[loop] = Keeper()
        return keeper

    async def keep(self, pool: Pool) -> None:
        self.pools.add(pool)
        pool.keeper = self
        if self._guard is None:
            self._guard = self._until_shutdown()
            await anext(self._guard)

    async def _until_shutdown(self) -> AsyncGenerator[None, None]:
        """An async generator that closes the pools: a loop's shutdown closes the generators that were started on it."""
        try:
            yield
        finally:
            self.ended = True
            self._stop_timer()
            if self._closing:
                await asyncio.wait(self._closing)
            for pool in tuple(self.pools):
                with suppress(Exception):
                    await pool.close()
            _keepers.pop(asyncio.get_running_loop(), None)
            self.pools.clear()
            self._guard = None  # it refers to the loop, which a client must not keep alive

    async def take_back(self, pool: Pool, *, retire: bool) -> None:
        """Note that a reply has left ``pool``; close the pool if that was the last one of a retired pool."""
        loop = asyncio.get_running_loop()
        pool.retired = pool.retired or retire
        pool.last_used = loop.time()
        if pool.retired and not pool.replies:
            await pool.close()
        elif self._timer is None and not self.ended:
            self._timer = loop.call_later(patience.IDLE_CONNECTION, self.sweep)

    def sweep(self) -> None:
        """Close what has been idle for too long, and retired pools without replies."""
        loop = asyncio.get_running_loop()
        self._stop_timer()
        if self.ended:
            return
        idle = False
        for pool in tuple(self.pools):
            if not pool.replies and (pool.retired or loop.time() - pool.last_used >= patience.IDLE_CONNECTION):
                self.close(pool)
                continue
            resting = [connection for connection in pool.connections() if connection.is_idle()]
            idle = idle or bool(resting) or not pool.replies
            if any(connection.has_expired() for connection in resting):
                self._start(_close_expired(resting))
        if idle:
            self._timer = loop.call_later(patience.IDLE_CONNECTION / 10, self.sweep)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def close(self, pool: Pool) -> None:
        """Begin to close ``pool``, even if it serves replies."""
        pool.retired = True
        if not self.ended:  # otherwise the guard closes it
            self._start(pool.close())

    def _start(self, closing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(closing, name="streamkit closes connections")
        self._closing.add(task)
        task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled():
            task.exception()  # a broken connection may raise; it is closed all the same


async def _close_expired(connections: list[Any]) -> None:
    """Close those that are still idle: a request may have taken one meanwhile. A connection that was only assigned to a
    request is replaced by httpcore."""
    for connection in connections:
        if connection.is_idle() and connection.has_expired():
            await _close_each([connection])


async def _close_each(connections: list[Any]) -> None:
    for connection in connections:
        with suppress(Exception):
            await connection.aclose()


def retire_pools(pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Pool]], pid: int) -> None:
    """Retire the pools of a deleted client. The garbage collector may call this in any thread, at any moment."""
    if pid != os.getpid():
        return
    for loop, group in list(pools.items()):
        pools_of_loop = tuple(group)  # a pool leaves its group once it is closed
        for pool in pools_of_loop:
            pool.retired = True
        keepers = {pool.keeper for pool in pools_of_loop if pool.keeper is not None}
        for keeper in keepers:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(keeper.sweep)


_keepers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Keeper] = weakref.WeakKeyDictionary()
_lock = threading.Lock()
_abandoned: list[Any] = []


def _after_fork() -> None:
    """Set the keepers aside: a child process shares sockets with its parent and must not touch them, nor may the
    garbage collector do so."""
    global _keepers, _lock
    _abandoned.append(_keepers)
    _keepers, _lock = weakref.WeakKeyDictionary(), threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
