"""The base of sources that keep the Rx grammar themselves, and so are subscribed to directly."""

from __future__ import annotations

from typing import Any, cast

from reactivex import abc
from reactivex.disposable import Disposable
from reactivex.internal import default_error, noop

from ...events import Event
from .kinds import EventSource

__all__ = ["DirectSource"]


class DirectSource(EventSource):
    """A source whose subscriptions end at the first end and at `dispose`. They emit nothing while they are made, unless
    the loop begins tasks eagerly.

    `Observable.subscribe` would put an observer in front of each subscription that makes sure of that, with two locks
    and three further objects (0.6 KB a reply, and a call for each event).
    """

    def subscribe(
        self,
        on_next: abc.ObserverBase[Event] | abc.OnNext[Event] | None = None,
        on_error: abc.OnError | None = None,
        on_completed: abc.OnCompleted | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        observer: Any = on_next
        if not callable(getattr(on_next, "on_next", None)):
            observer = _Callbacks(on_next or noop, on_error or default_error, on_completed or noop)
        try:
            return self._subscribe_core(cast("abc.ObserverBase[Event]", observer), scheduler)
        except Exception as exc:
            observer.on_error(exc)
            return Disposable()


class _Callbacks:
    """Three callbacks as an observer, which are called without a frame in between."""

    __slots__ = ("on_completed", "on_error", "on_next")

    def __init__(self, on_next: Any, on_error: abc.OnError, on_completed: abc.OnCompleted) -> None:
        self.on_next, self.on_error, self.on_completed = on_next, on_error, on_completed
