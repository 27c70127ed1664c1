"""What an async generator makes, as a stream: one subscription, one task, held back by the gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from ..engine import RunScheduler, scheduler_for
from ..engine.loop import is_background, live, on_loop

__all__ = ["Pulled"]


class Pulled(Observable[Any]):
    """Subscribing calls ``make``; the next item is asked for when the last one was taken and the gate is open.

    Disposing cancels the task, in which the generator is closed; a run waits for that.
    """

    def __init__(self, make: Callable[[], AsyncGenerator[Any, None]]) -> None:
        super().__init__()
        self._make = make

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        pull = _Pull(self._make, observer, scheduler_for(scheduler))
        return Disposable(pull.dispose)


class _Pull:
    patience = 600.0
    """Seconds that the interpreter's exit gives it to the next item: limits may make prompts wait for minutes."""

    def __init__(
        self, make: Callable[[], AsyncGenerator[Any, None]], observer: abc.ObserverBase[Any], scheduler: RunScheduler
    ) -> None:
        self.progress = 0
        self._make, self._observer, self._scheduler = make, observer, scheduler
        self._task: asyncio.Task[None] | None = None
        self._disposed = self._over = False
        if is_background(scheduler.loop):
            live.add(self)
        on_loop(scheduler.loop, self._begin)

    def dispose(self) -> None:
        if not self._over:
            self._disposed = True
            on_loop(self._scheduler.loop, self._cancel)

    abandon = dispose

    def _begin(self) -> None:
        if self._disposed:
            live.discard(self)
            return
        self._task = self._scheduler.context.spawn(self._scheduler.loop, self._pull(), "streamkit batch")
        self._task.add_done_callback(lambda _: live.discard(self))

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _pull(self) -> None:
        error: Exception | None = None
        try:
            async with aclosing(self._make()) as items:
                async for item in items:
                    await self._scheduler.gate.turn()
                    if self._disposed:
                        return
                    self.progress += 1
                    self._observer.on_next(item)
        except Exception as exc:
            error = exc
        if self._disposed:
            return
        self._over = True
        if error is None:
            self._observer.on_completed()
        else:
            self._observer.on_error(error)
