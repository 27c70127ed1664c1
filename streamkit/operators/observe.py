"""Looking at a stream without changing it: branches in mid-chain, recordings, notes."""

from __future__ import annotations

import os
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from ..engine import scheduler_for
from ..engine.attach import Attached
from ..engine.branch import as_branch
from ..engine.context import Note
from ..events import Event
from ..protocols import Op
from ..sources.recording import Recorder
from .link import link

__all__ = ["attach", "note", "record"]

T = TypeVar("T")


def attach(*branches: Any) -> Op[T, T]:
    """Items → the same items, after every branch got them: branches for a stream that has no run of its own.

    A branch is made by `branch`, or is a bare sink or listener. The end is passed on when the branches have ended. A
    sink that failed is raised then as `SinkError`, by the run if there is one; siblings and the stream go on.
    """
    specs = tuple(as_branch(item) for item in branches)

    def operator(source: Observable[T]) -> Observable[T]:
        return Attached(source, specs)

    operator.__name__ = "attach"
    return operator


def record(path: str | os.PathLike[str], *, note: str = "", overwrite: bool = False) -> Op[Event, Event]:
    """Events → the same events, while every network read is kept in the file with its time, for `replay`.

    The file (0600) holds the body of the reply: no header, no key, no prompt. FileExistsError unless ``overwrite``.
    Place it anywhere after a source that reads a network; of several sources in one chain the last to begin is kept.
    """

    def connect(
        source: Observable[Event], observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        recorder = Recorder(path, note=note, overwrite=overwrite, clock=run.loop.time)

        def failed(error: Exception) -> None:
            recorder.close(error)
            observer.on_error(error)

        def completed() -> None:
            recorder.close()
            observer.on_completed()

        upstream = source.subscribe(observer.on_next, failed, completed, scheduler=run.derive(tap=recorder))
        return CompositeDisposable(upstream, Disposable(recorder.close))

    return link("record", connect)


def note(name: str) -> Op[T, T]:
    """Items → the same items; how many passed here and when is in ``run.notes[name]``: a probe for a slow operator."""

    def connect(
        source: Observable[T], observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        time, seen = run.loop.time, run.context.notes.setdefault(name, Note())

        def passed(item: T) -> None:
            seen.last = time()
            seen.first = seen.last if seen.first is None else seen.first
            seen.items += 1
            observer.on_next(item)

        def failed(error: Exception) -> None:
            seen.error = error
            observer.on_error(error)

        return source.subscribe(passed, failed, observer.on_completed, scheduler=run)

    return link("note", connect)
