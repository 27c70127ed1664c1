"""One subscription after the other in the same place."""

from __future__ import annotations

from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import SerialDisposable, SingleAssignmentDisposable

__all__ = ["switch_to"]


def switch_to(
    place: SerialDisposable,
    source: Observable[Any],
    on_next: abc.OnNext[Any],
    on_error: abc.OnError,
    on_completed: abc.OnCompleted,
    scheduler: abc.SchedulerBase,
) -> None:
    """Subscribe to ``source`` in the place of what was there before. If it ends so soon that ``place`` is taken by the
    next one already, that one stays."""
    place.disposable = mine = SingleAssignmentDisposable()
    mine.disposable = source.subscribe(on_next, on_error, on_completed, scheduler=scheduler)
