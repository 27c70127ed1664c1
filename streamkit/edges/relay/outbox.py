"""The bytes that one client has not taken yet. While there are too many, the source is held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, get_args

from reactivex import Observable, abc

from ...engine.loops import on_loop, report
from ...engine.upstream import Gate, scheduler_for
from ...errors import BrokenError, SinkError, StalledError
from ...events import Event, Reply, TextDelta
from ...stages import Fold
from .formats import Form, told

__all__ = ["Outbox"]

CAPACITY = 16 * 1024
"""Bytes; small, for what a server has taken waits once more in its socket."""
EVENTS = frozenset(get_args(Event))
UNFINISHED = frozenset({"cancelled", "truncated", "failed"})


class Outbox(Observable[Any]):
    """The items of ``source``, each written into the box first. To be subscribed to once, on ``loop``.

    ``gave_up`` is called when the box was full for ``max_wait`` seconds and nobody took anything.
    """

    def __init__(
        self,
        source: Observable[Any],
        form: Form,
        loop: asyncio.AbstractEventLoop,
        max_wait: float,
        gave_up: Callable[[], None],
    ) -> None:
        super().__init__()
        self.over = False
        """The form has told its end."""
        self.closed = False
        self.error: Exception | None = None
        self.passes: BaseException | None = None
        """What the reader is to be raised when all is taken."""
        self._source, self._form, self._loop = source, form, loop
        self._max_wait, self._gave_up = max_wait, gave_up
        self._gate = Gate()
        self._shown = Fold()
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
            if not self.over:
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
        """The stream told no end of its own: ``reply`` is the source's, of which only what passed here may be told.
        One that is not finished is not passed off as one that is; if nobody reads any more, it is no news either."""
        if self.closed:
            return
        if reply.outcome in UNFINISHED:
            self.fail(BrokenError(f"the reply was {reply.outcome}"))
        else:
            self._write(_as_shown(reply, self._shown.reply()))

    def fail(self, error: Exception) -> None:
        """Tell the client a little, and whoever runs this all of it."""
        if not self.over:
            self.over, self.error = True, error
            self._put(self._form.fail(told(error)))
            if isinstance(error, Exception):  # else the run ends with it, and `abort` follows
                report(error, "a reply that was being relayed failed, of which its client was told a little:")

    def abort(self, exc: BaseException) -> None:
        """The run was ended by ``exc``: the client hears of a failure, whoever reads for it of ``exc`` itself."""
        self.passes = exc
        if self.closed:
            report(exc, "a reply that was being relayed was ended when its client had left:")
        elif not self.over:
            self.over = True
            self._put(self._form.fail(told(SinkError("the reply was ended"))))

    def _write(self, event: Event) -> None:
        if not self.over:
            blocks = self._form.feed(event)
            self._shown.feed(event)
            self.over = type(event) is Reply
            self._put(blocks)

    def _put(self, blocks: Iterable[bytes]) -> None:
        if self.closed:
            return
        for block in blocks:
            self._blocks.append(block)
            self._size += len(block)
        if self._size >= CAPACITY and self._timer is None and not self.over:
            self._gate.hold()
            self._timer = self._loop.call_later(self._max_wait, self._too_slow)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _too_slow(self) -> None:
        """Should the client come back after all, it must not take what it has for the whole."""
        self._gave_up()
        self.over = True
        self._blocks.extend(self._form.fail(told(StalledError("the client took nothing"))))

    # -- emptied by the client -------------------------------------------------------------------------------------

    async def ready(self) -> None:
        """Until there is something to take, or nothing will come any more. RuntimeError for a second reader."""
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("somebody else is reading this relay")
        while not (self._blocks or self.over or self.closed):
            self._waiter = self._loop.create_future()
            await self._waiter

    def taken(self) -> bytes:
        """All that waits."""
        data = b"".join(self._blocks)
        self._blocks.clear()
        self._size = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._gate.release()
        return data

    def close(self) -> None:
        """Nobody will take anything any more: let everything pass."""
        self.closed = True
        self.taken()
        self._wake()


def _as_shown(reply: Reply, shown: Reply) -> Reply:
    """``reply`` with the text that a stream without a Reply of its own let through."""
    reasons = {choice.index: choice.finish_reason for choice in reply.choices}
    choices = (replace(c, finish_reason=c.finish_reason or reasons.get(c.index)) for c in shown.choices)
    return replace(reply, choices=tuple(choices), earlier=(), answers=(), raw=None)
