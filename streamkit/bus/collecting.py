"""Events that are collected into batches, from any thread."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, get_args

from ..checks import type_name
from ..engine.loops import on_loop
from ..errors import SinkError, StreamkitError
from ..events import (
    Event,
    Finish,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    RoundEnd,
    TextDelta,
    ToolCall,
    ToolResult,
)

__all__ = ["Collector"]

EVERY = 0.05
"""Seconds after which a batch is due, from its first event."""
CHARACTERS = 128
"""Characters of text from which it is due at once."""
TEXTS = frozenset({ReasoningDelta, RefusalDelta, TextDelta})
"""Events with text, the first of which is due at once: somebody waits for a sign of the reply."""
AT_ONCE = frozenset({Finish, Reply, Restart, RoundEnd, ToolCall, ToolResult})
"""Events that are due at once, with all before them."""
EVENTS = frozenset(get_args(Event))


class Collector:
    """`add` may be called from any thread and never waits; all else is done on the loop ``loop``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reply_id: str) -> None:
        self._loop, self._reply_id = loop, reply_id
        self._items: deque[Any] = deque()
        self._size, self._is_due, self._is_woken, self._has_text = 0, False, False, False
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        """When the items there are will be due."""
        self.has_end = False
        """True once it was given the event or the error that ends the reply."""
        self.refusal: StreamkitError | None = None
        """What `add` raises, if nothing more can be added."""

    def add(self, item: Any) -> None:
        """Add an event, or the error that ends the reply."""
        if self.refusal is not None:
            raise self.refusal
        kind = type(item)
        if kind in TEXTS:
            self._items.append(item)
            self._size += len(item.text)
            at_once = self._size >= CHARACTERS or not self._has_text
            self._has_text = True
        else:
            at_once = self._add_other(item)
        if at_once:
            if not self._is_woken:
                self._is_woken = True
                on_loop(self._loop, self._wake.set)
        elif not self._is_due:  # after the item is added, so that no item is left behind
            self._is_due = True
            on_loop(self._loop, self._arm)

    async def due(self) -> list[Any]:
        """Wait until a batch is due, or until `wake` is called, and take all items that there are."""
        await self._wake.wait()
        self._wake.clear()
        return self._take()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _add_other(self, item: Any) -> bool:
        """Add an event without text; returns whether it is due at once."""
        is_error = isinstance(item, StreamkitError)
        if not is_error and type(item) not in EVENTS:
            raise TypeError(f"a bus takes the events of a reply, not {type_name(item)}")
        self._items.append(item)
        if is_error or isinstance(item, Reply):
            self.has_end = True
            said = f"reply {self._reply_id} has ended: what comes after its Reply needs an id of its own"
            self.refusal = SinkError(said)
        return is_error or type(item) in AT_ONCE

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(EVERY, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._wake.set()

    def _take(self) -> list[Any]:
        """All items. The next batch is due after the same time, without a call from the thread of the run, which costs
        more than the timer; only a time without events ends that."""
        self.stop()
        self._size, self._is_woken = 0, False
        items = self._popped()
        if not items:
            self._is_due = False  # from here on `add` calls, so that what came just before must be looked for
            items = self._popped()
        if items:
            self._is_due = True
            self._arm()
        return items

    def _popped(self) -> list[Any]:
        return [self._items.popleft() for _ in range(len(self._items))]
