"""The queue between the reader of a process and one of its followers, and the batches in it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from ..engine.loops import on_loop, resolve
from ..errors import StreamkitError
from ..events import Reply
from .entries import decode
from .log import START, Answer, Entry, EntryId

__all__ = ["Batch", "Feed", "own"]

ROOM = 1000
"""Batches that wait for a follower; a slower one reads the log by itself until it has caught up."""


class Batch:
    """An entry whose events are made once, for all followers."""

    def __init__(self, entry: Entry) -> None:
        self.id, self.epoch, self.number, self.data = entry.id, entry.epoch, entry.number, entry.data

    @cached_property
    def events(self) -> Sequence[Any]:
        return decode(self.data)

    @property
    def is_last(self) -> bool:
        return isinstance(self.events[-1], (Reply, StreamkitError))


class Feed:
    """The batches that a follower gets from the hub: those after the entry ``joined``. The hub pushes on its
    loop, the follower takes on its own. ``attempt`` makes a new attempt if the writer dies."""

    def __init__(self, loop: asyncio.AbstractEventLoop, attempt: Callable[[Answer], None] | None) -> None:
        self._loop, self.attempt = loop, attempt
        self.joined: EntryId = START
        self._batches: deque[Batch] = deque()
        self._is_behind = False
        self.has_left = False
        """True once its follower wants nothing more, which may be before it has joined."""
        self._error: StreamkitError | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_lost(self) -> bool:
        """True if the loop of its follower was closed under it, so that it will never leave by itself."""
        return self._loop.is_closed()

    def push(self, batches: Sequence[Batch]) -> None:
        if len(self._batches) + len(batches) > ROOM:
            self._is_behind = True
        if not self._is_behind:
            self._batches.extend(batches)
        self._notify()

    def fail(self, error: StreamkitError) -> None:
        self._error = error
        self._notify()

    def leave_behind(self) -> None:
        """Push nothing more: the follower reads the log by itself, and joins again."""
        self._is_behind = True
        self._notify()

    async def take(self) -> list[Batch]:
        """The batches that have come, at least one; none if the follower did not take them in time, so that some are
        missing. Raises the error of the reader."""
        while True:
            waiter = self._waiter = self._loop.create_future()  # before looking, so that no batch is missed in between
            batches = []
            while self._batches:
                batches.append(self._batches.popleft())
            if batches or self._is_behind:
                return batches
            if self._error is not None:
                raise own(self._error)
            await waiter

    def _notify(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            on_loop(self._loop, resolve, waiter)


def own(error: StreamkitError) -> StreamkitError:
    """A copy of an error that several followers get: each completes its own."""
    return error.with_partial(error.partial)
