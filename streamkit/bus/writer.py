"""The writer of one reply: collects events into batches, and appends these one at a time."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from ..checks import type_name
from ..engine.loops import background, on_loop
from ..engine.upstream import new_id
from ..errors import BusError, ConnectError, SinkError, StreamkitError
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
from .entries import encode, writable
from .home import at_home, insist
from .log import Answer, Log
from .so_far import written_so_far

__all__ = ["Writer"]

EVERY = 0.05
"""Seconds after which a batch is appended, from its first event."""
CHARACTERS = 128
"""Characters of text from which it is appended at once."""
TEXTS = frozenset({ReasoningDelta, RefusalDelta, TextDelta})
"""Events with text, the first of which is appended at once: somebody waits for a sign of the reply."""
AT_ONCE = frozenset({Finish, Reply, Restart, RoundEnd, ToolCall, ToolResult})
"""Events that are appended at once, with all before them."""
EVENTS = frozenset(get_args(Event))
REFUSED = {
    "stale": "another writer has taken over the reply, as this one gave no sign of life for too long",
    "closed": "the reply has ended already: each needs an id of its own",
    "gap": "a batch before this one is missing",
    "missing": "the storage has lost the reply",
    "busy": "another writer has begun the reply: each needs an id of its own",
}


class Writer:
    """Writes one reply under an epoch. `add` may be called from any thread and never waits.

    The work is done by a task on the background loop. ``on_cancel`` is called there, once, if the reply was cancelled
    from elsewhere. ``taken`` is the answer of the log if this writer goes on after one that has died.
    """

    def __init__(
        self,
        log: Log,
        reply_id: str,
        on_cancel: Callable[[], None],
        *,
        beat_every: float,
        give_up_after: float,
        taken: Answer | None = None,
    ) -> None:
        self._log, self._reply_id, self._on_cancel, self._taken = log, reply_id, on_cancel, taken
        self._beat_every, self._give_up_after = beat_every, give_up_after
        self._loop = background()
        self._items: deque[Any] = deque()
        self._epoch = self._number = 0
        self._size, self._is_due, self._is_woken, self._has_text, self._was_cancelled = 0, False, False, False, False
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        """When the items there are must be appended."""
        self._watching: asyncio.TimerHandle | None = None
        self._alive_until = math.inf
        """When the next sign of life is due."""
        self.has_end = False
        """True once it was given the event or the error that ends the reply."""
        self.failure: StreamkitError | None = None
        """The error that ended it before its reply had ended."""
        self._driven = asyncio.run_coroutine_threadsafe(self._drive(), self._loop)

    def add(self, item: Any) -> None:
        """Add an event, which is appended with its batch; the `Reply`, or an error, ends the reply."""
        if self.failure is not None:
            raise self.failure
        if self.has_end:
            raise SinkError(f"reply {self._reply_id} has ended: what comes after its Reply needs an id of its own")
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

    async def ended(self) -> None:
        """Wait until all is appended, or until the writer has failed."""
        await at_home(self._ended)

    async def _ended(self) -> None:
        await asyncio.wait([asyncio.wrap_future(self._driven)])

    def _add_other(self, item: Any) -> bool:
        """Add what is not text; returns whether it is appended at once."""
        is_error = isinstance(item, StreamkitError)
        if not is_error and type(item) not in EVENTS:
            raise TypeError(f"a bus takes the events of a reply, not {type_name(item)}")
        self._items.append(item)
        self.has_end = is_error or isinstance(item, Reply)
        return is_error or type(item) in AT_ONCE

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(EVERY, self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._wake.set()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take(self) -> list[Any]:
        """All items. The next batch is due after the same time, without a call from the thread of the run, which costs
        more than the timer; only a time without events ends that."""
        self._disarm()
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

    async def _drive(self) -> None:
        try:
            await self._begin()
            self._alive_until = self._loop.time() + self._beat_every
            self._watch()
            await self._append_all()
        except Exception as exc:
            said = f"the writing of reply {self._reply_id} failed:"
            self.failure = exc if isinstance(exc, StreamkitError) else SinkError.wrapping(said, exc)
        except BaseException:  # cancelled
            self.failure = SinkError(f"reply {self._reply_id}: the loop that writes it was stopped")
            raise
        finally:
            self._disarm()
            if self._watching is not None:
                self._watching.cancel()

    async def _begin(self) -> None:
        if self._taken is not None:
            self._epoch, self._number = self._taken.epoch, 1
            return
        answer = await insist(partial(self._log.open, self._reply_id, new_id()), self._give_up_after)
        self._heed(answer)
        self._epoch = answer.epoch

    async def _append_all(self) -> None:
        ended = False
        while not ended:
            if items := await self._next():
                ended = isinstance(items[-1], (Reply, StreamkitError))
                try:
                    await self._append(items, last=ended)
                except Exception as exc:
                    if isinstance(exc, (BusError, ConnectError, SinkError)):  # nothing more can be appended
                        raise
                    error = SinkError.wrapping(f"reply {self._reply_id} cannot be written to the bus:", exc)
                    await self._append([*writable(items), error], last=True)
                    raise error from exc
            else:
                self._heed(await insist(partial(self._log.beat, self._reply_id, self._epoch), self._give_up_after))

    async def _append(self, items: list[Any], *, last: bool) -> None:
        """Append a batch. What it raises besides BusError, ConnectError and SinkError is the fault of the batch."""
        if last:
            items = [*items[:-1], await self._whole(items[-1], items[:-1])]
        number, data = self._number + 1, encode(items)
        step = partial(self._log.append, self._reply_id, self._epoch, number, data, last=last)
        self._heed(await insist(step, self._give_up_after))
        self._number = number

    async def _whole(self, end: Reply | StreamkitError, before: list[Any]) -> Reply | StreamkitError:
        """``end`` with the reply that was written, if it has none: the run of a stream that is not that of a reply
        knows nothing of one."""
        known = end if isinstance(end, Reply) else end.partial
        if known.id or known.choices != Reply().choices:
            return end
        read = partial(written_so_far, self._log, self._reply_id, before)
        reply = replace(await insist(read, self._give_up_after), outcome=known.outcome, timing=known.timing)
        return reply if isinstance(end, Reply) else end.with_partial(reply)

    async def _next(self) -> list[Any]:
        """The next batch when it is due; an empty one if there is none, and a sign of life is due."""
        self._alive_until = self._loop.time() + self._beat_every
        while True:
            await self._wake.wait()
            self._wake.clear()
            if (items := self._take()) or self._loop.time() >= self._alive_until:
                return items

    def _watch(self) -> None:
        """Wake the task when a sign of life is due. A batch is one too, so most often it is not; a time limit for each
        wait would cost more than all else here."""
        now = self._loop.time()
        if now >= self._alive_until:
            self._wake.set()
        due = self._alive_until if self._alive_until > now else now + self._beat_every
        self._watching = self._loop.call_at(due, self._watch)

    def _heed(self, answer: Answer) -> None:
        if answer.verdict not in ("ok", "repeated"):
            raise SinkError(f"reply {self._reply_id}: {REFUSED[answer.verdict]}")
        if answer.is_cancelled and not self._was_cancelled:
            self._was_cancelled = True
            self._on_cancel()
