"""From push to pull: a bounded buffer between a source and ``for`` (another thread) or ``async for`` (any loop)."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from reactivex import abc

from ..failures import trimming
from ..loops import Wake, on_loop, resolve, runs_here
from ..upstream import CAPACITY, MAX_BYTES, Gate, Hold, weight

__all__ = ["Bridge", "BridgeReader"]


class Bridge(abc.ObserverBase[Any]):
    """The pushing side: an observer with a bounded buffer of items for a `BridgeReader`.

    Whatever drives the source makes it and calls `on_next`, `end` and `discard` on the source's loop; only `take` and
    `wake_with` are called on the reader's thread. A full buffer holds ``gate``. It has ``ended`` when the source has,
    and the items that are buffered then can still be taken.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, gate: Gate) -> None:
        self.loop, self.gate, self._hold = loop, gate, Hold(gate)
        self.ended = False
        self.error: BaseException | None = None
        self._wakes: list[Callable[[], None]] = []
        self._items: deque[Any] = deque()
        self._bytes = 0
        self._discards = False
        self._lock = threading.Lock()

    def on_next(self, item: Any) -> None:
        if self._discards:
            return
        with self._lock:
            self._items.append(item)
            self._bytes += weight(item)
        if not self._hold.held and not self._has_room():
            self._hold.set(True)
            self._reopen()  # a reader in another thread may have taken all meanwhile, when there was no hold to end
        self._notify()

    def on_error(self, error: Exception) -> None:
        self.end(error)

    def on_completed(self) -> None:
        self.end(None)

    def end(self, error: BaseException | None) -> None:
        """Note the end of the source, with its error or None; only the first end counts."""
        if not self.ended:
            self.error, self.ended = error, True
            self._notify()

    def discard(self) -> None:
        """Drop all items from now on and never hold the source, as there will be no reader."""
        self._discards = True
        with self._lock:
            self._items.clear()
            self._bytes = 0
        self._reopen()

    def forget(self) -> None:
        """As `discard`, for the garbage collector, which may call this while this very thread holds the lock."""
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(self.discard)

    def take(self) -> tuple[Any, ...]:
        """Return the next item in a tuple, or an empty tuple. May be called from any thread."""
        with self._lock:
            if not self._items:
                return ()
            item = self._items.popleft()
            self._bytes -= weight(item)
        if self._hold.held and self._has_room():
            on_loop(self.loop, self._reopen)
        return (item,)

    def wake_with(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` at the next item or the end. If several readers take items, each item goes to one of them."""
        with self._lock:
            self._wakes.append(wake)

    def _has_room(self) -> bool:
        return len(self._items) < CAPACITY and self._bytes < MAX_BYTES

    def _reopen(self) -> None:
        if self._has_room():
            self._hold.set(False)

    def _notify(self) -> None:
        if not self._wakes:
            return
        with self._lock:
            wakes, self._wakes = self._wakes, []
        for wake in wakes:
            wake()


class BridgeReader:
    """The pulling side: an iterator for one loop, used on the thread or event loop of the caller that iterates.

    Leaving early (``break``, an exception, `close`, `aclose`, garbage collection) calls ``leave``, which cancels.
    ``before_raise`` is called before the source's error is raised. The source keeps no reference to the reader, so that
    leaving a loop releases it at once.
    """

    def __init__(
        self, bridge: Bridge, leave: Callable[[], None], before_raise: Callable[[], None] | None = None
    ) -> None:
        self._bridge, self._before_raise = bridge, before_raise
        self._leave: Callable[[], None] | None = leave

    def __iter__(self) -> BridgeReader:
        return self

    def __aiter__(self) -> BridgeReader:
        return self

    def __next__(self) -> Any:
        bridge = self._bridge
        for item in bridge.take():  # mostly there is one, and no wait has to be prepared
            return item
        while True:
            ready = Wake()
            bridge.wake_with(ready.set)  # before taking, so that no item is missed in between
            for item in bridge.take():
                return item
            if bridge.ended:
                with trimming():
                    raise self._end(StopIteration())
            if runs_here(bridge.loop):
                raise RuntimeError("a for loop would block the loop that serves it: use async for")
            ready.wait()

    async def __anext__(self) -> Any:
        bridge = self._bridge
        for item in bridge.take():
            return item
        loop = asyncio.get_running_loop()
        while True:
            waiter: asyncio.Future[None] = loop.create_future()
            bridge.wake_with(partial(on_loop, loop, resolve, waiter))
            for item in bridge.take():
                return item
            if bridge.ended:
                with trimming():
                    raise self._end(StopAsyncIteration())
            await waiter

    def _end(self, end: Exception) -> BaseException:
        """The exception that ends the iteration: the source's error, else ``end``."""
        self._leave = None
        error, self._bridge.error = self._bridge.error, None
        if error is not None and self._before_raise is not None:
            self._before_raise()
        return end if error is None else error

    def close(self) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    async def aclose(self) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
