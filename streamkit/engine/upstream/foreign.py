"""Observables that are not of this package, at the place where they enter a chain."""

from __future__ import annotations

from typing import Any

from reactivex import Observable, abc

from .scheduler import RunScheduler

__all__ = ["Foreign"]


class Foreign(Observable[Any]):
    """The items of ``source``, on the thread on which it pushes them.

    An exception of an operator downstream is passed to the far end of the chain. Otherwise the source would get it,
    which cannot report it, and the thread or task in which the source works would end.
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
