"""The buffer of bytes that one client has not taken yet. While it holds too many, the source is held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, get_args

from reactivex import Observable, abc

from ...engine.failures import report
from ...engine.loops import on_loop
from ...engine.upstream import Gate, scheduler_for
from ...errors import BrokenError, SinkError, StalledError
from ...events import Event, Reply, TextDelta
from ...stages import Fold
from .formats import Form, public_failure

__all__ = ["Outbox"]

CAPACITY = 16 * 1024
"""Bytes; small, because bytes that the server has taken are buffered once more in its socket."""
EVENTS = frozenset(get_args(Event))
UNFINISHED = frozenset({"cancelled", "truncated", "failed"})


class Outbox(Observable[Any]):
    """An Observable of the items of ``source``, which puts the bytes of each into the buffer before it emits the item.
    To be subscribed to once, on ``loop``.

    ``on_give_up`` is called when the buffer was full for ``max_wait`` seconds and the client took nothing.
    """

    def __init__(
        self,
        source: Observable[Any],
        form: Form,
        loop: asyncio.AbstractEventLoop,
        max_wait: float,
        on_give_up: Callable[[], None],
    ) -> None:
        super().__init__()
        self.ended = False
        """True once the end of the stream is in the buffer."""
        self.closed = False
        self.error: Exception | None = None
        self.fatal: BaseException | None = None
        """KeyboardInterrupt or the like, which is raised to the reader once the buffer is empty."""
        self._source, self._form, self._loop = source, form, loop
        self._max_wait, self._on_give_up = max_wait, on_give_up
        self._gate = Gate()
        self._emitted = Fold()
        self._blocks: list[bytes] = []
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None  # set while the gate is held
        self._waiter: asyncio.Future[None] | None = None

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        self._gate = Gate(run.gate)

        def passed(item: Any) -> None:
            if not self.ended:
                try:
                    self.feed(item)
                except Exception as exc:
                    failed(SinkError.wrapping("cannot be relayed:", exc))
                    return
            observer.on_next(item)

        def failed(error: Exception) -> None:
            on_loop(self._loop, self.fail, error)
            observer.on_error(error)

        return self._source.subscribe(passed, failed, observer.on_completed, scheduler=run.derive(gate=self._gate))

    # -- filled by the stream --------------------------------------------------------------------------------------

    def feed(self, item: Any) -> None:
        """Write an event, or a str as text. TypeError for anything else."""
        if isinstance(item, str):
            if not item:
                return
            item = TextDelta(item)
        elif type(item) not in EVENTS:
            raise TypeError(f"sse takes a stream of events or str, not of {type(item).__name__}")
        on_loop(self._loop, self._write, item)

    def end(self, reply: Reply) -> None:
        """End a stream that had no `Reply` as an item. ``reply`` is that of its source, of which only the text that
        passed here may be sent. An unfinished one is reported as an error, unless the client has left."""
        if self.closed:
            return
        if reply.outcome in UNFINISHED:
            self.fail(BrokenError(f"the reply was {reply.outcome}"))
        else:
            self._write(_as_emitted(reply, self._emitted.reply()))

    def fail(self, error: Exception) -> None:
        """Send the public part of ``error`` to the client, and log all of it."""
        if not self.ended:
            self.ended, self.error = True, error
            self._put(self._form.fail(public_failure(error)))
            if isinstance(error, Exception):  # else the run ends with it, and `abort` is called next
                report(error, "a reply that was being relayed failed, and its client got a short message about it:")

    def abort(self, exc: BaseException) -> None:
        """End the stream because ``exc`` ended the run: the client gets a failure, and the reader of the relay
        ``exc``."""
        self.fatal = exc
        if self.closed:
            report(exc, "a reply that was being relayed was ended when its client had left:")
        elif not self.ended:
            self.ended = True
            self._put(self._form.fail(public_failure(SinkError("the reply was ended"))))

    def _write(self, event: Event) -> None:
        if not self.ended:
            blocks = self._form.feed(event)
            self._emitted.feed(event)
            self.ended = type(event) is Reply
            self._put(blocks)

    def _put(self, blocks: Iterable[bytes]) -> None:
        if self.closed:
            return
        for block in blocks:
            self._blocks.append(block)
            self._size += len(block)
        if self._size >= CAPACITY and self._timer is None and not self.ended:
            self._gate.hold()
            self._timer = self._loop.call_later(self._max_wait, self._too_slow)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _too_slow(self) -> None:
        """Give the client up. Should it read on after all, an error shows it that the reply is not complete."""
        self._on_give_up()
        self.ended = True
        self._blocks.extend(self._form.fail(public_failure(StalledError("the client took nothing"))))

    # -- emptied by the client -------------------------------------------------------------------------------------

    async def ready(self) -> None:
        """Wait until there is something to take, or nothing more will come. RuntimeError for a second reader."""
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("another task is reading this relay")
        while not (self._blocks or self.ended or self.closed):
            self._waiter = self._loop.create_future()
            await self._waiter

    def take_bytes(self) -> bytes:
        """Take all bytes out of the buffer."""
        data = b"".join(self._blocks)
        self._blocks.clear()
        self._size = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._gate.release()
        return data

    def close(self) -> None:
        """Discard the buffer and hold the source no more: nothing will be taken from here on."""
        self.closed = True
        self.take_bytes()
        self._wake()


def _as_emitted(reply: Reply, emitted: Reply) -> Reply:
    """``reply`` with the text that a stream without a Reply of its own has emitted."""
    reasons = {choice.index: choice.finish_reason for choice in reply.choices}
    choices = (replace(c, finish_reason=c.finish_reason or reasons.get(c.index)) for c in emitted.choices)
    return replace(reply, choices=tuple(choices), earlier=(), answers=(), raw=None)
