"""The writer of one reply, which appends batches of events, one at a time, and gives signs of life."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ..engine.loops import background
from ..engine.upstream import new_id
from ..errors import BusError, ConnectError, SinkError, StreamkitError
from ..events import Reply
from .collecting import Collector
from .entries import encode, writable
from .home import at_home, insist
from .log import Answer, Log
from .so_far import written_so_far

__all__ = ["Writer"]

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
        self._collector = Collector(self._loop, reply_id)
        self.add = self._collector.add
        """Add an event, which is appended with its batch; the `Reply`, or an error, ends the reply."""
        self._epoch, self._number, self._was_cancelled = 0, 0, False
        self._watching: asyncio.TimerHandle | None = None
        self._alive_until = math.inf
        """When the next sign of life is due."""
        self.failure: StreamkitError | None = None
        """The error that ended it before its reply had ended."""
        self._driven = asyncio.run_coroutine_threadsafe(self._drive(), self._loop)

    @property
    def has_end(self) -> bool:
        """True once it was given the event or the error that ends the reply."""
        return self._collector.has_end

    async def ended(self) -> None:
        """Wait until all is appended, or until the writer has failed."""
        await at_home(self._ended)

    async def _ended(self) -> None:
        await asyncio.wait([asyncio.wrap_future(self._driven)])

    async def _drive(self) -> None:
        try:
            await self._begin()
            self._alive_until = self._loop.time() + self._beat_every
            self._watch()
            await self._append_all()
        except Exception as exc:
            said = f"the writing of reply {self._reply_id} failed:"
            self._fail(exc if isinstance(exc, StreamkitError) else SinkError.wrapping(said, exc))
        except BaseException:  # cancelled
            self._fail(SinkError(f"reply {self._reply_id}: the loop that writes it was stopped"))
            raise
        finally:
            self._collector.stop()
            if self._watching is not None:
                self._watching.cancel()

    def _fail(self, error: StreamkitError) -> None:
        self.failure = self._collector.refusal = error

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
            items = await self._collector.due()
            if items or self._loop.time() >= self._alive_until:
                return items

    def _watch(self) -> None:
        """Wake the task when a sign of life is due. A batch is one too, so most often it is not; a time limit for each
        wait would cost more than all else here."""
        now = self._loop.time()
        if now >= self._alive_until:
            self._collector.wake()
        due = self._alive_until if self._alive_until > now else now + self._beat_every
        self._watching = self._loop.call_at(due, self._watch)

    def _heed(self, answer: Answer) -> None:
        if answer.verdict not in ("ok", "repeated"):
            raise SinkError(f"reply {self._reply_id}: {REFUSED[answer.verdict]}")
        if answer.is_cancelled and not self._was_cancelled:
            self._was_cancelled = True
            self._on_cancel()
