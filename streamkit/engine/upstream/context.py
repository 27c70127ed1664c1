"""The state that all sources and operators of one run share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from reactivex import abc

from ..failures import report
from .place import Place, ReplySource

__all__ = ["ByteListener", "Context", "Note", "new_id"]

T = TypeVar("T")


def new_id() -> str:
    """A random id of 32 hexadecimal digits, unique anywhere."""
    return os.urandom(16).hex()


class ByteListener(Protocol):
    """Gets the bytes that one source reads, before they are parsed: `begin` is called for each request, `write` for
    each read of the body."""

    def begin(self, api: str, model: str) -> None: ...
    def write(self, data: bytes) -> None: ...


@dataclass(slots=True)
class Note:
    """Counters of one place in a chain: how many items passed, and when (seconds on the loop's clock)."""

    items: int = 0
    first: float | None = None
    last: float | None = None
    error: Exception | None = None


class Context:
    """The state that all sources and operators of one run share: its requests, its errors and its tasks. Made with the
    run's scheduler and passed upstream with it; used on the run's loop, `current` from any thread."""

    __slots__ = (
        *("_streams", "abort", "cancelled", "closing", "end", "failures", "id", "left", "listener_errors"),
        *("notes", "readings", "replies"),
    )

    def __init__(self) -> None:
        self.id = new_id()
        """The id of the run."""
        self._streams: dict[Hashable, int] = {}
        self.replies: list[ReplySource] = []
        """The replies of all requests, in the order of the requests."""
        self.end = Place()
        """The end of the main chain: the nearest source upstream of it has the reply of the run."""
        self.readings: set[abc.DisposableBase] = set()
        """The readings that are under way, and the subscriptions to streams of items."""
        self.cancelled = False
        """True once the run was cancelled."""
        self.left = False
        """True once a subscription that is not a run was disposed."""
        self.notes: dict[str, Note] = {}
        self.closing: set[asyncio.Task[Any]] = set()
        """Tasks that may still be running when the stream has ended: a run waits for them."""
        self.abort: Callable[[BaseException], None] = report
        """Ends the run because of KeyboardInterrupt or the like, which is then raised to the caller of the run."""
        self.failures: list[Exception] | None = None
        """Failures beside the stream's own error; None if there is no run to raise them at its end."""
        self.listener_errors: list[Exception] = []
        """Errors that listeners in the middle of the chain were called with."""

    def stream(self, storage: Hashable = None) -> str:
        """The id of a stream that is stored in ``storage``. It is the run's id for the first stream in that
        storage, and the run's id with a number for each further one. The items of each are numbered from 0."""
        if storage is None:
            return self.id
        number = self._streams[storage] = self._streams.get(storage, 0) + 1
        return self.id if number == 1 else f"{self.id}.{number}"

    def current(self) -> ReplySource | None:
        """The source whose reply is the reply of the run so far."""
        return self.end.source or next(reversed(self.replies), None)

    def stop_reading(self) -> None:
        """Dispose every reading, because there is no subscription whose disposal would end those of one chain."""
        for reading in tuple(self.readings):
            reading.dispose()

    def spawn(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start a task that the run waits for."""
        task = loop.create_task(work, name=name)
        self.closing.add(task)
        task.add_done_callback(self.closing.discard)
        return task

    def insist(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Callable[[], Coroutine[Any, Any, None]],
        give_up: Callable[[], None],
        name: str,
    ) -> None:
        """As `spawn`, for work that must be done. The end of a loop cancels all tasks, and a cancelled task that has
        not begun never runs: then ``work`` is started once more. If that task is cancelled too, ``give_up`` does what
        can be done without waiting."""

        def again(task: asyncio.Task[None]) -> None:
            if task.cancelled():
                self.spawn(loop, work(), name).add_done_callback(last)

        def last(task: asyncio.Task[None]) -> None:
            if task.cancelled():
                give_up()

        self.spawn(loop, work(), name).add_done_callback(again)
