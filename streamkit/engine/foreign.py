"""Observables of others, at the border of ours."""

from __future__ import annotations

from typing import Any

from reactivex import Observable, abc

from .scheduler import RunScheduler

__all__ = ["Foreign"]


class Foreign(Observable[Any]):
    """The items of ``source`` on the loop of whoever subscribes, whatever thread they come from.

    What an operator of ours, or of the user's behind this, raises is told to the far end of the chain. The source would
    get it otherwise: it knows nobody to tell, and the thread or task that it works in would die of it.
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
            run.on_loop(run.end, observer, error)

        return self._source.subscribe(
            lambda item: run.on_loop(run.call, observer.on_next, item), ended, ended, scheduler=scheduler
        )
