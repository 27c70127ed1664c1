"""The stream whose items are written for one client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

from reactivex import Observable, abc

from ...engine.failures import report
from ...engine.loops import on_loop
from ...engine.upstream import Gate, Hold, scheduler_for
from ...errors import BrokenError, SinkError, StalledError
from ...events import Event, Reply, TextDelta
from ...stages import Fold
from .formats import Form, public_failure
from .outbox import Outbox

__all__ = ["Relayed"]

EVENTS = frozenset(get_args(Event))
UNFINISHED = frozenset({"cancelled", "truncated", "failed"})


class Relayed(Observable[Any]):
    """The items of ``source``, each of which is written to the ``outbox`` before it is emitted. To be subscribed to
    once, on ``loop``. ``on_give_up`` is called when the client took nothing for ``max_wait`` seconds.
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
        self.outbox = Outbox(loop, max_wait, self._give_up)
        self.error: Exception | None = None
        self.fatal: BaseException | None = None
        """KeyboardInterrupt or the like, which is raised to the reader once the outbox is empty."""
        self._source, self._form, self._loop, self._on_give_up = source, form, loop, on_give_up
        self._emitted = Fold()

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        self.outbox.hold = Hold(Gate(run.gate))

        def passed(item: Any) -> None:
            if not self.outbox.ended:
                try:
                    self.feed(item)
                except Exception as exc:
                    failed(SinkError.wrapping("cannot be relayed:", exc))
                    return
            observer.on_next(item)

        def failed(error: Exception) -> None:
            on_loop(self._loop, self.fail, error)
            observer.on_error(error)

        inner = run.derive(gate=self.outbox.hold.gate)
        return self._source.subscribe(passed, failed, observer.on_completed, scheduler=inner)

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
        if self.outbox.closed:
            return
        if reply.outcome in UNFINISHED:
            self.fail(BrokenError(f"the reply was {reply.outcome}"))
        else:
            self._write(_as_emitted(reply, self._emitted.reply()))

    def fail(self, error: Exception) -> None:
        """Send the public part of ``error`` to the client, and log all of it."""
        if not self.outbox.ended:
            self.error = error
            self.outbox.put(self._form.fail(public_failure(error)), last=True)
            if isinstance(error, Exception):  # else the run ends with it, and `abort` is called next
                report(error, "a reply that was being relayed failed, and its client got a short message about it:")

    def abort(self, exc: BaseException) -> None:
        """End the stream because ``exc`` ended the run: the client gets a failure, and the reader of the relay
        ``exc``."""
        self.fatal = exc
        if self.outbox.closed:
            report(exc, "a reply that was being relayed was ended when its client had left:")
        elif not self.outbox.ended:
            self.outbox.put(self._form.fail(public_failure(SinkError("the reply was ended"))), last=True)

    def _write(self, event: Event) -> None:
        if not self.outbox.ended:
            blocks = self._form.feed(event)
            self._emitted.feed(event)
            self.outbox.put(blocks, last=type(event) is Reply)

    def _give_up(self) -> None:
        """Give the client up. Should it read on after all, an error shows it that the reply is not complete."""
        self._on_give_up()
        self.outbox.put_last(self._form.fail(public_failure(StalledError("the client took nothing"))))


def _as_emitted(reply: Reply, emitted: Reply) -> Reply:
    """``reply`` with the text that a stream without a Reply of its own has emitted."""
    reasons = {choice.index: choice.finish_reason for choice in reply.choices}
    choices = (replace(c, finish_reason=c.finish_reason or reasons.get(c.index)) for c in emitted.choices)
    return replace(reply, choices=tuple(choices), earlier=(), answers=(), raw=None)
