"""Replacement of one subscription by the next."""

from __future__ import annotations

from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import SerialDisposable, SingleAssignmentDisposable

__all__ = ["switch_to"]


def switch_to(
    current: SerialDisposable,
    source: Observable[Any],
    on_next: abc.OnNext[Any],
    on_error: abc.OnError,
    on_completed: abc.OnCompleted,
    scheduler: abc.SchedulerBase,
) -> None:
    """Replace the subscription in ``current`` by one to ``source``. If ``source`` ends synchronously and its handler
    has already replaced it again, the later subscription is kept."""
    current.disposable = subscription = SingleAssignmentDisposable()
    subscription.disposable = source.subscribe(on_next, on_error, on_completed, scheduler=scheduler)
