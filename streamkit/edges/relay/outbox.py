"""The buffer of bytes that one client has not taken yet. While it holds too many, the source is held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ...engine.loops import resolve
from ...engine.upstream import Deadline, Gate, Hold

__all__ = ["Outbox"]

CAPACITY = 16 * 1024
"""Bytes; small, because bytes that the server has taken are buffered once more in its socket."""


class Outbox:
    """Filled by the stream and emptied by the client, both on ``loop``.

    ``too_slow`` is called when the buffer was full for ``max_wait`` seconds and the client took nothing.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, max_wait: float, too_slow: Callable[[], None]) -> None:
        self.ended = False
        """True once the end of the stream is in the buffer."""
        self.closed = False
        self.hold = Hold(Gate())
        self._loop, self._max_wait = loop, max_wait
        self._deadline = Deadline(loop, self._remaining, too_slow)
        self._full_since = 0.0
        self._blocks: list[bytes] = []
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None

    def put(self, blocks: Iterable[bytes], *, last: bool = False) -> None:
        self.ended = self.ended or last
        if self.closed:
            return
        for block in blocks:
            self._blocks.append(block)
            self._size += len(block)
        if self._size >= CAPACITY and not self.hold.held and not self.ended:
            self.hold.set(True)
            self._full_since = self._loop.time()
            self._deadline.set()
        self._wake()

    def put_last(self, blocks: Iterable[bytes]) -> None:
        """Add what ends the stream, also to a closed buffer: its client may read on after all."""
        self.ended = True
        self._blocks.extend(blocks)

    def _remaining(self) -> float | None:
        return self._full_since + self._max_wait - self._loop.time() if self.hold.held else None

    def _wake(self) -> None:
        if self._waiter is not None:
            resolve(self._waiter)

    async def ready(self) -> None:
        """Wait until there is something to take, or nothing more will come. RuntimeError for a second reader."""
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("another task is reading this relay")
        while not (self._blocks or self.ended or self.closed):
            self._waiter = self._loop.create_future()
            await self._waiter

    def take_bytes(self) -> bytes:
        """Take all bytes out of the buffer."""
        data = b"".join(self._blocks)
        self._blocks.clear()
        self._size = 0
        self.hold.set(False)
        return data

    def close(self) -> None:
        """Discard the buffer and hold the source no more: nothing will be taken from here on."""
        self.closed = True
        self._deadline.stop()
        self.take_bytes()
        self._wake()
