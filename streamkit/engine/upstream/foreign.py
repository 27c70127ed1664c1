"""Observables of others, at the border of ours."""

from __future__ import annotations

from typing import Any

from reactivex import Observable, abc

from .scheduler import RunScheduler

__all__ = ["Foreign"]


class Foreign(Observable[Any]):
    """The items of ``source``, in the thread that it pushes them in.

    What an operator behind this raises is told to the far end of the chain. The source would get it otherwise: it knows
    nobody to tell, and the thread or task that it works in would die of it.
    """

    def __init__(self, source: Observable[Any]) -> None:
        super().__init__()
        self._source = source

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        if not isinstance(scheduler, RunScheduler):
            return self._source.subscribe(observer, scheduler=scheduler)
        run = scheduler

        def ended(error: Exception | None = None) -> None:
            run.end(observer, error)

        return self._source.subscribe(lambda item: run.call(observer.on_next, item), ended, ended, scheduler=scheduler)
