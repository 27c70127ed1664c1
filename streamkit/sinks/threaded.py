"""A sink that calls another, blocking sink in a thread of its own, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from functools import partial
from inspect import isawaitable
from typing import Any

from ..awaitables import close_unused, is_async
from ..engine.branches import OwnSink, begin_of, branch
from ..events import Reply
from ..worker import Worker, closing_limit

__all__ = ["Threaded", "threaded"]


class Threaded(OwnSink):
    """Another sink, called in a thread; see `threaded`."""

    def __init__(self, sink: Any) -> None:
        # `branch` raises for an object that is not a sink; errors and statistics use its name
        self.__qualname__ = branch(into=sink).name
        self.inner, self._write = sink, getattr(sink, "write", None) or sink
        if is_async(self._write):
            raise TypeError(f"{self.__qualname__} is async: it needs no thread, so give it as the sink itself")
        for name in ("on_cancel", "overflow", "patience"):
            if hasattr(sink, name):
                setattr(self, name, getattr(sink, name))
        self._worker = Worker(self.__qualname__)
        self._first: Callable[[], None] | None = None

    @property
    def storage(self) -> Hashable:  # type: ignore[override]  # a property: it is that of the inner sink
        return self.inner.storage if isinstance(self.inner, OwnSink) else None

    def begin(self, *, run_id: str) -> None:
        """Let the thread call the `begin` of the sink before anything else."""
        begin = begin_of(self.inner)
        self._first = None if begin is None else partial(begin, run_id)

    def write(self, item: Any) -> asyncio.Future[Any]:
        return self._worker.call(*self._in_turn(self._write, item))

    def dropped(self, count: int, first: int, last: int) -> asyncio.Future[Any] | None:
        return self._ask("dropped", count, first, last)

    def fail(self, error: Exception) -> asyncio.Future[Any] | None:
        return self._ask("fail", error)

    def _ask(self, name: str, *args: Any) -> asyncio.Future[Any] | None:
        method = getattr(self.inner, name, None)
        return self._worker.call(*self._in_turn(method, *args)) if callable(method) else None

    def _in_turn(self, method: Callable[..., Any], *args: Any) -> tuple[Any, ...]:
        first, self._first = self._first, None
        return _blocking, first, method, *args

    async def close(self, reply: Reply) -> None:
        method = getattr(self.inner, "close", None)
        last = self._in_turn(method, reply) if callable(method) else self._in_turn(_nothing)
        await self._worker.end(*last, limit=closing_limit(reply))

    def __repr__(self) -> str:
        return f"<threaded {self.__qualname__}>"


def _nothing() -> None: ...


def _blocking(first: Callable[[], None] | None, method: Callable[..., Any], *args: Any) -> None:
    if first is not None:
        first()
    answer = method(*args)
    if isawaitable(answer):
        close_unused(answer)
        raise TypeError("a sink in a thread gave an awaitable: async sinks need no thread")


def threaded(sink: Any) -> Threaded:
    """``sink`` in a thread of its own, for code that blocks: a callable, or an object with ``write`` and perhaps
    ``dropped``, ``fail`` and ``close``. Its calls are made one at a time and in order, all in that thread (sqlite3
    likes that).

    The next item is handed over when the last one is written; what waits, waits in the mailbox of the branch, so
    `branch` has the bounds and the policy. What the sink raises is raised as if it had been called in place. The
    thread begins with the first item and ends with ``close``.

    Note: a blocking call cannot be interrupted. If one is under way when the run is cancelled, or gives this sink up,
    the end waits 4 s for it; then the thread, a daemon, is left behind, and closes the sink when the call returns.
    """
    return Threaded(sink)
