"""The result of a run: a Reply or an error.

A fraction of the size of a `concurrent.futures.Future` (about 0.2 KB against 1.6), which needs a condition for each run
and two more futures with callbacks for each ``await``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType

from ...errors import StreamkitError
from ...events import Reply
from ...wording import one_line
from ..failures import UnreportedErrors
from ..loops import Wake, on_loop, resolve

__all__ = ["RunResult"]


class RunResult:
    """A Reply or an error, which the driver sets once, on the run's loop. Any number of threads and tasks may wait for
    it."""

    __slots__ = ("_frames", "_lock", "_wakes", "error", "reply", "unreported")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.unreported = UnreportedErrors(loop)
        self.reply: Reply | None = None
        self.error: BaseException | None = None
        self._frames: TracebackType | None = None
        self._wakes: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def done(self) -> bool:
        return self.reply is not None or self.error is not None

    @property
    def state(self) -> str:
        """A word or two for a `repr`: ``complete``, ``failed: http_status``; empty until the result is set."""
        if self.error is not None:
            name = self.error.kind if isinstance(self.error, StreamkitError) else type(self.error).__name__
            return f"failed: {one_line(name)}"
        return self.reply.outcome if self.reply is not None else ""

    def set(self, outcome: Reply | BaseException) -> None:
        with self._lock:
            if isinstance(outcome, Reply):
                self.reply = outcome
            else:
                self.error, self._frames = outcome, outcome.__traceback__
            wakes = tuple(self._wakes)
        for wake in wakes:
            wake()

    def get(self) -> Reply:
        """Return the Reply or raise the error. The result must have been set."""
        if self.error is not None:
            self.unreported.mark_raised()
            raise self.error.with_traceback(self._frames)  # without the frames of callers that got it before
        assert self.reply is not None
        return self.reply

    def block(self, timeout: float | None) -> bool:
        """Block this thread until the result is set, ``timeout`` seconds at most. False if it is not set then."""
        ready = Wake()
        self._on_done(ready.set)
        try:
            return ready.wait(timeout)
        finally:
            self._wakes.remove(ready.set)

    async def wait(self) -> None:
        """Wait until the result is set."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        wake = partial(on_loop, loop, resolve, waiter)
        self._on_done(wake)
        try:
            await waiter
        finally:
            self._wakes.remove(wake)

    def _on_done(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` as soon as the result is set, which may be now."""
        with self._lock:
            done = self.done
            self._wakes.append(wake)
        if done:
            wake()
