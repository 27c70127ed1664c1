"""Ways to wake a waiting thread, where Ctrl-C may interrupt the wait without harm to the waker, or a waiting task."""

from __future__ import annotations

import asyncio
import threading

__all__ = ["Wake", "resolve"]


class Wake:
    """Like `threading.Event`, for a single waiting thread whose wait may be interrupted.

    An Event takes its lock in Python code. A KeyboardInterrupt between two bytecodes of that leaves the lock taken, and
    `set` then blocks for ever; here the loop calls `set`, and everything on it would stop. The lock below is acquired
    and released by single calls into C, which a signal cannot interrupt.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the thread that waits or is about to wait. Never blocks."""
        try:
            self._lock.release()
        except RuntimeError:  # it was set already
            pass

    def wait(self, timeout: float | None = None) -> bool:
        """Block until it is set, ``timeout`` seconds at most. True if it was set; it is unset again afterwards."""
        return self._lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout))


def resolve(waiter: asyncio.Future[None]) -> None:
    """Wake the task that awaits ``waiter``, on its loop."""
    if not waiter.done():
        waiter.set_result(None)
