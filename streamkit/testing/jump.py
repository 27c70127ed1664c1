"""An asyncio loop whose clock jumps to the next timer as soon as nothing else is left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["DeadlockError", "JumpingLoop"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATIENCE = 0.5
"""Real seconds without any timer until it counts as a deadlock: another thread may still schedule something."""
WORK = 10.0
"""Real seconds that work in a thread may take."""


class DeadlockError(RuntimeError):
    """Raised if nothing can happen any more, or nothing did for too long: the test would hang in real time."""


class JumpingLoop(asyncio.SelectorEventLoop):
    """``time()`` starts at 0 and stands still while anything is ready to run; so ``asyncio.sleep`` and every timeout
    take no real time. `DeadlockError` when all wait for each other, or beyond ``limit`` virtual seconds.

    Work handed to threads (``asyncio.to_thread``, ``run_in_executor``) takes no virtual time.

    Note: real sockets and subprocesses are not waited for once a timer is due; use scripted transports.
    """

    def __init__(self, limit: float) -> None:
        self.now = 0.0
        self.limit = limit
        self._at_work = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now

    def date(self) -> datetime:
        """``time()`` as a date, for operators that reckon with dates; it begins in 1970."""
        return EPOCH + timedelta(seconds=self.now)

    def advance(self, timeout: float | None) -> float:
        """Jump ahead by ``timeout`` seconds (None: no timer is set) instead of waiting, or return how many real seconds
        to wait for another thread."""
        if self._at_work:
            return WORK
        if timeout is None:
            return PATIENCE
        self.now += timeout
        if self.now > self.limit:
            raise DeadlockError(f"still not over after {self.limit:g} virtual seconds; waiting: {self.waiting()}")
        return 0.0

    def waiting(self) -> str:
        """The unfinished tasks and where they stand."""
        places = []
        for task in asyncio.all_tasks(self):
            frames = task.get_stack(limit=1)
            where = f" at {frames[-1].f_code.co_filename}:{frames[-1].f_lineno}" if frames else ""
            places.append(f"{task.get_name()}{where}")
        return ", ".join(sorted(places)) or "nothing at all"

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # any callable
        future = super().run_in_executor(executor, func, *args)
        self._at_work += 1
        future.add_done_callback(self._one_less)
        return future

    def _one_less(self, _: object) -> None:
        self._at_work -= 1

    async def shutdown_default_executor(self, *args: Any) -> None:
        self._at_work += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._at_work -= 1


class _Selector(selectors.BaseSelector):
    """Polls without waiting, and lets the loop decide between a jump and a wait in real time."""

    def __init__(self, loop: JumpingLoop) -> None:
        self._real = selectors.DefaultSelector()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        loop = self._loop
        pause = loop.advance(timeout)
        ready = self._real.select(pause)
        if pause and not ready:
            raise DeadlockError(f"nothing can happen after second {loop.now:g}; waiting: {loop.waiting()}")
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()
