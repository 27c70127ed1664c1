"""Branches in the middle of a chain, for streams that are iterated, piped on or subscribed to without a run."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from ..events import Reply
from .branch import Branch
from .context import RunScheduler, scheduler_for
from .fan import Fan
from .loop import on_loop
from .report import ShutdownError

__all__ = ["Attached"]


class Attached(Observable[Any]):
    """Its source's items, after every branch got them; the end comes when the branches have ended too."""

    def __init__(self, source: Observable[Any], branches: tuple[Branch, ...]) -> None:
        super().__init__()
        self._source, self._branches = source, branches

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        return _Attachment(observer, scheduler_for(scheduler), self._branches).connect(self._source)


class _Attachment(abc.ObserverBase[Any]):
    def __init__(self, observer: abc.ObserverBase[Any], scheduler: RunScheduler, branches: tuple[Branch, ...]) -> None:
        self._observer, self._scheduler = observer, scheduler
        self._fan = Fan(branches, scheduler, self._abort)
        self._upstream: abc.DisposableBase | None = None
        self._reply: Reply | None = None
        self._closing: asyncio.Task[None] | None = None
        self._left = False

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        self._upstream = source.subscribe(self, scheduler=self._scheduler.derive(gate=self._fan.gate))
        return Disposable(self._leave)

    def on_next(self, item: Any) -> None:
        if isinstance(item, Reply):
            self._reply = item
        self._fan.on_next(item)
        self._observer.on_next(item)

    def on_error(self, error: Exception) -> None:
        action = self._abandon if isinstance(error, ShutdownError) else self._close
        on_loop(self._scheduler.loop, action, error)

    def on_completed(self) -> None:
        on_loop(self._scheduler.loop, self._close, None)

    def _leave(self) -> None:
        self._left = True
        self._fan.halt()
        if self._upstream is not None:
            self._upstream.dispose()
        on_loop(self._scheduler.loop, self._close, None)

    def _abort(self, exc: BaseException) -> None:
        """A sink let KeyboardInterrupt or the like through: the run raises it, or whoever listens."""
        abort = self._scheduler.context.abort
        if abort is not None:
            abort(exc)
            return
        self._leave()
        self._observer.on_error(cast("Exception", exc))

    def _close(self, error: Exception | None) -> None:
        if self._left:
            self._fan.stop()
        if self._closing is not None:
            return
        if not self._left:
            self._fan.end(error)
        loop, context = self._scheduler.loop, self._scheduler.context
        self._closing = context.spawn(loop, self._settle(error), "streamkit attached branches")

    def _abandon(self, error: Exception) -> None:
        """The loop goes away: no task would come to an end."""
        self._fan.stop()
        failures, context = self._fan.abandon(self._so_far()), self._scheduler.context
        if context.failures is not None:
            context.failures.extend(map(self._scheduler.told, failures))
        self._observer.on_error(error)

    def _so_far(self) -> Reply:
        source = self._scheduler.context.current()
        try:
            return self._reply or (source.reply() if source is not None else Reply())
        except Exception:  # of a user's stage further down, which the run itself asks and tells of
            return Reply(outcome="failed")

    async def _settle(self, error: Exception | None) -> None:
        context = self._scheduler.context
        failures = await self._fan.settle(error, self._so_far())
        if context.failures is not None:
            context.failures.extend(map(self._scheduler.told, failures))
        elif error is None and failures:
            error = failures[0]
        if self._left:
            return
        self._scheduler.end(self._observer, error)
