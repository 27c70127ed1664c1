"""A sink that passes items on in batches, to receivers whose cost is by the call: brokers, webhooks, databases."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, ClassVar, Literal

from ..checks import check_number, check_whole, quote
from ..engine.branches import OwnSink
from ..engine.loops import is_cancel
from ..engine.upstream import new_id
from ..errors import SinkError
from ..events import Reply
from ..files import check_path
from ..worker import closing_limit
from .spool import OpenSpool, Spool
from .write_many import WriteMany, check_write_many

__all__ = ["Batched", "WriteMany", "batched"]


@dataclass(slots=True)
class _Batch:
    """The items that are being collected, and the state needed to pass them on."""

    loop: asyncio.AbstractEventLoop
    spool: OpenSpool | None
    earlier: list[tuple[str, list[Any]]]
    """Batches that an earlier run or process did not pass on: they go first."""
    stream: str
    first: int = 0
    items: list[Any] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    timer: asyncio.TimerHandle | None = None
    sender: asyncio.Task[None] | None = None
    broken: BaseException | None = None
    closed: bool = False
    """True if no more items may be added."""

    @property
    def key(self) -> str:
        return f"{self.stream}:{self.first}"

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def end(self) -> None:
        """Release the spool and stop timer and sender, at once and without waiting."""
        self.closed = True
        self.stop_timer()
        if self.sender is not None and not self.loop.is_closed():
            self.sender.cancel()
        if self.spool is not None:
            self.spool.end()

    def clear_spool(self) -> None:
        """Empty the spool: all its items were passed on."""
        if self.spool is not None:
            self.spool.clear()

    @property
    def waiting(self) -> int:
        return len(self.items) + sum(len(items) for _, items in self.earlier)


class Batched(OwnSink):
    """Collects items and passes them on together; see `batched`."""

    on_cancel: ClassVar[Literal["drain"]] = "drain"
    storage = "batched"  # the destination of batches is not known, so the keys of all such sinks in a run must differ

    def __init__(
        self,
        write_many: WriteMany,
        size: int,
        every: float,
        retry: Sequence[float],
        spool: str | os.PathLike[str] | None,
    ) -> None:
        check_write_many(write_many)
        size, every = check_whole("size", size), check_number("every", every, infinite=True)
        if spool is not None:
            check_path("spool", spool)
        self._write_many = write_many
        self._size, self._every, self._retry = size, every, _delays(retry)
        self._spool = None if spool is None else Spool(spool)
        self._batch: _Batch | None = None
        self._stream: str | None = None
        self._lock = threading.Lock()

    def begin(self, *, run_id: str) -> None:
        """Begin the keys of the next batches with this id."""
        self._stream = run_id

    async def write(self, item: Any) -> None:
        """Add an item. With a spool, it outlives the process once this returns."""
        while not await self._put(self._current(), item):
            pass  # another run closed the batch while this one waited for its lock: add the item to a new one

    async def close(self, reply: Reply) -> None:
        """Pass the rest on; after a failure, or if a cancelled run has no time left for it, a spool keeps it."""
        batch, can_wait = self._current(), True
        try:
            async with _within(closing_limit(reply)), batch.lock:
                if not batch.closed:
                    await self._send_earlier(batch)
                    await self._send(batch)
        except TimeoutError:
            raise SinkError(
                f"{closing_limit(reply):g} s were not enough for the last batches, {self._unsent(batch)}"
            ) from None
        except GeneratorExit:  # the loop is closed, so nothing can be awaited
            can_wait = False
            if batch.waiting:
                raise SinkError(f"the loop ended before the last batches, {self._unsent(batch)}") from None
            raise
        finally:
            self._end(batch)
            if can_wait:
                await _wait_for(batch.sender)

    async def _put(self, batch: _Batch, item: Any) -> bool:
        """Add an item to ``batch``; False if that is closed, so that the item belongs to the next one."""
        async with batch.lock:
            if not batch.closed:
                await self._send_earlier(batch)
            if batch.closed:
                return False
            if batch.spool is not None:
                batch.spool.add(batch.key, item)
            batch.items.append(item)
            if len(batch.items) >= self._size:
                await self._send(batch)
            elif len(batch.items) == 1:
                batch.timer = batch.loop.call_later(self._every, self._due, batch, batch.first)
        return True

    def _current(self) -> _Batch:
        """The batch that is being collected. SinkError if that is done on another loop, or if another sink uses the
        spool."""
        loop = asyncio.get_running_loop()
        with self._lock:
            batch = self._batch
            if batch is None or batch.loop is loop:
                earlier: list[tuple[str, list[Any]]] = []
            elif batch.loop.is_closed():  # its run was never ended: the spool has its items, else they go first
                batch.end()
                earlier = [*batch.earlier, (batch.key, batch.items)] if self._spool is None and batch.waiting else []
                self._batch = batch = None
            else:
                raise SinkError(f"{self!r} is in use by a run on another loop: each run needs a sink of its own")
            if batch is None:
                spool = None if self._spool is None else self._spool.begin(loop)
                stream, self._stream = self._stream or new_id(), None  # an id is used once, as the numbers begin anew
                self._batch = batch = _Batch(loop, spool, earlier if spool is None else spool.earlier, stream)
        return batch

    def _end(self, batch: _Batch) -> None:
        batch.end()
        if self._batch is batch:
            self._batch = None

    def _due(self, batch: _Batch, first: int) -> None:
        batch.timer = None
        batch.sender = asyncio.get_running_loop().create_task(self._send_due(batch, first), name="streamkit batch")

    async def _send_due(self, batch: _Batch, first: int) -> None:
        async with batch.lock:
            if batch.first == first and batch.broken is None and not batch.closed:
                try:
                    await self._send(batch)
                except BaseException as exc:
                    if is_cancel(exc):
                        raise
                    if batch.broken is None:
                        batch.broken = exc  # for the next call of this sink to raise

    async def _send_earlier(self, batch: _Batch) -> None:
        if batch.broken is not None:
            raise batch.broken
        while batch.earlier:
            await self._pass_on(batch, *batch.earlier[0])
            del batch.earlier[0]
            if not batch.earlier:
                batch.clear_spool()

    async def _send(self, batch: _Batch) -> None:
        batch.stop_timer()
        if batch.items:
            await self._pass_on(batch, batch.key, batch.items)
            batch.first += len(batch.items)
            batch.items = []
            batch.clear_spool()

    async def _pass_on(self, batch: _Batch, key: str, items: list[Any]) -> None:
        for delay in (*self._retry, None):
            try:
                answer = self._write_many(list(items), key=key)
                if isawaitable(answer):
                    await answer
                return
            except Exception as exc:
                if delay is None:
                    times = f"{len(self._retry) + 1} time{'s' if self._retry else ''}"
                    message = f"batch {key} was refused {times}, {self._unsent(batch)}:"
                    batch.broken = SinkError.wrapping(message, exc)
                    raise batch.broken from exc
            await asyncio.sleep(delay)

    def _unsent(self, batch: _Batch) -> str:
        """For messages: the number of items that were not passed on, and whether they are lost."""
        return f"{batch.waiting} items " + ("are lost" if self._spool is None else f"stay in {self._spool.name}")

    def __repr__(self) -> str:
        return f"<batched {self._size} items or {self._every:g} s>"


def _within(seconds: float | None) -> AbstractAsyncContextManager[Any]:
    """A time limit, if there is a task that it can cancel; without a loop nothing can take any time."""
    try:
        return nullcontext() if asyncio.current_task() is None else asyncio.timeout(seconds)
    except RuntimeError:
        return nullcontext()


async def _wait_for(sender: asyncio.Task[None] | None) -> None:
    if sender is not None and not sender.done():
        await asyncio.wait([sender])


def _delays(retry: Any) -> tuple[float, ...]:
    if isinstance(retry, str) or not isinstance(retry, Sequence):
        raise TypeError(
            f"retry is the seconds before each further attempt, (0.5, 1.0) or () for none, not {quote(retry)}"
        )
    name, what = "each delay of retry", "a number of seconds"
    return tuple(check_number(name, delay, above=False, what=what) for delay in retry)


def batched(
    write_many: WriteMany,
    *,
    size: int = 100,
    every: float = 1.0,
    retry: Sequence[float] = (0.5, 1.0, 2.0, 4.0),
    spool: str | os.PathLike[str] | None = None,
) -> Batched:
    """A sink that calls ``write_many(items, key=...)`` with lists of up to ``size`` items, in order, one at a time.

    A batch goes when it is full, ``every`` seconds after its first item, and at the end. Its key is the id of the run
    (`Run.id`; that of a second such sink in one run ends in ``.2``) and the number of its first item (``"3f2a…:200"``):
    a batch that is passed on again has the same items under the same key, so a receiver can drop it.

    A call that raises is tried again after each of the delays in ``retry`` (seconds), meanwhile items wait in the
    mailbox of the branch, whose ``max_wait`` counts; then it is a SinkError. A cancelled run has 4 s for what is left.

    ``spool`` is a file (made at once, 0600, one for each sink) that holds the items which are not yet passed on: so
    each is passed on at least once even if the process is killed. Whatever it holds goes first the next time the sink
    is used, under its old key; events come back without ``raw``, dataclasses and models as dicts. ValueError if the
    file holds something else. It is not forced to the disk, so a power cut may lose what it held.

    Note: ``write_many`` is called on the loop; let one that blocks be ``async`` and ``await asyncio.to_thread(...)``.
    """
    return Batched(write_many, size, every, retry, spool)
