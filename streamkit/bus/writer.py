"""The writer of one reply: collects events into batches, and appends these one at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from ..engine.loops import background, on_loop
from ..engine.upstream import new_id
from ..errors import ConnectError, SinkError, StreamkitError
from ..events import Finish, Reply, Restart, RoundEnd, TextDelta, ToolCall, ToolResult
from .entries import encode
from .log import Answer, Log

__all__ = ["Writer"]

EVERY = 0.05
"""Seconds after which a batch is appended, from its first event."""
CHARACTERS = 128
"""Characters of text from which it is appended at once."""
AT_ONCE = frozenset({Finish, Reply, Restart, RoundEnd, ToolCall, ToolResult})
"""Events that are appended at once, with all before them."""
PAUSES = (0.05, 0.1, 0.2, 0.5)
"""Seconds between attempts to reach the storage; the last one counts for all further attempts."""

REFUSED = {
    "stale": "another writer has taken over the reply: this one gave no sign of life for too long",
    "closed": "the reply has ended",
    "gap": "a batch is missing",
    "missing": "the storage has lost the reply",
    "busy": "the reply is being written already: each needs an id of its own",
    "dead": "the reply was begun by a writer that gives no sign of life",
}


class Writer:
    """Writes one reply under an epoch. `add` and `end` may be called from any thread and never wait.

    The work is done by a task on the background loop. ``stop`` is called there, once, if the writer is to stop: it was
    cancelled from elsewhere (without an error), or the log refuses what it writes. ``ended`` is the end of the task.
    """

    def __init__(
        self,
        log: Log,
        reply_id: str,
        stop: Callable[[StreamkitError | None], None],
        *,
        beat_every: float,
        give_up_after: float,
        taken: Answer | None = None,
    ) -> None:
        self._log, self._reply_id, self._stop, self._taken = log, reply_id, stop, taken
        self._beat_every, self._give_up_after = beat_every, give_up_after
        self._loop = background()
        self._items: deque[Any] = deque()
        self._size, self._is_due, self._has_content = 0, False, False
        self._wake = asyncio.Event()
        self._stopped = False
        self.latest: Any = None
        self.failure: StreamkitError | None = None
        """The error that ended it before its reply had ended."""
        self.ended: Future[None] = asyncio.run_coroutine_threadsafe(self._drive(), self._loop)

    def add(self, item: Any) -> None:
        """Add an event, which is appended with its batch; the `Reply`, or an error, ends the reply."""
        if self.failure is not None:
            raise self.failure
        self._items.append(item)
        self.latest = item
        kind = type(item)
        if kind is TextDelta:
            self._size += len(item.text)
            at_once = self._size >= CHARACTERS or not self._has_content
            self._has_content = True
        else:
            at_once = kind in AT_ONCE or isinstance(item, StreamkitError)
        if at_once:
            on_loop(self._loop, self._wake.set)
        elif not self._is_due:  # after the item is added, so that no item is left behind
            self._is_due = True
            on_loop(self._loop, self._arm)

    def _arm(self) -> None:
        self._loop.call_later(EVERY, self._wake.set)

    def _take(self) -> list[Any]:
        self._is_due, self._size = False, 0
        items = []
        while self._items:
            items.append(self._items.popleft())
        return items

    async def _drive(self) -> None:
        try:
            epoch, number = await self._begin()
            ended = False
            while not ended:
                items = await self._next()
                if items:
                    number += 1
                    ended = isinstance(items[-1], (Reply, StreamkitError))
                    step = partial(self._log.append, self._reply_id, epoch, number, encode(items), last=ended)
                else:
                    step = partial(self._beat, epoch)
                self._heed(await self._insist(step))
        except StreamkitError as exc:
            self.failure = exc
            self._stop_once(exc)

    async def _begin(self) -> tuple[int, int]:
        """The epoch, and the number of the last batch in it."""
        if self._taken is not None:
            return self._taken.epoch, 1
        answer = await self._insist(partial(self._log.open, self._reply_id, new_id()))
        self._heed(answer)
        return answer.epoch, 0

    async def _next(self) -> list[Any]:
        """The next batch when it is due; an empty one if there is none for as long as a sign of life may take."""
        beat = self._loop.call_later(self._beat_every, self._wake.set)
        await self._wake.wait()
        beat.cancel()
        self._wake.clear()
        return self._take()

    async def _beat(self, epoch: int) -> Answer:
        return (await self._log.beat({self._reply_id: epoch}))[self._reply_id]

    async def _insist(self, step: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to ``step``, which is tried again while the storage cannot be reached."""
        end, tries = self._loop.time() + self._give_up_after, 0
        while True:
            try:
                return await step()
            except ConnectError as exc:
                if self._loop.time() > end:
                    raise SinkError.wrapping(f"the bus could not be reached for {self._give_up_after:g} s:", exc) from exc
            await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1

    def _heed(self, answer: Answer) -> None:
        if answer.verdict not in ("ok", "repeated"):
            raise SinkError(f"reply {self._reply_id}: {REFUSED[answer.verdict]}")
        if answer.is_cancelled:
            self._stop_once(None)

    def _stop_once(self, error: StreamkitError | None) -> None:
        if not self._stopped:
            self._stopped = True
            self._stop(error)
