"""Looking at a stream without changing it: branches in mid-chain, recordings, notes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable

from ..checks import check_flag, check_text, quote
from ..engine.branches import Attached, as_branch
from ..engine.streams import KeepsAll, Scheduler, keeping_operator
from ..engine.upstream import Note, RunScheduler, pass_end, scheduler_for
from ..errors import SinkError
from ..sources import Recorder

__all__ = ["attach", "note", "record"]

S = TypeVar("S")

T = TypeVar("T")


def attach(*branches: Any) -> Callable[[S], S]:
    """Items → the same items, after every branch got them: branches for a stream that has no run of its own.

    A branch is made by `branch`, or is a bare sink or listener. The end is passed on when the branches have ended. A
    sink that failed is raised then as `SinkError`, by the run if there is one; siblings and the stream go on.
    """
    specs = tuple(as_branch(item) for item in branches)

    def attached(source: Observable[T]) -> Observable[T]:
        return Attached(source, specs)

    return KeepsAll("attach", attached)


def record(path: str | os.PathLike[str], *, note: str = "", overwrite: bool = False) -> Callable[[S], S]:
    """Events → the same events, while every network read is kept in the file with its time, for `replay`.

    The file (0600) holds the body of the reply: no header, no key, no prompt. FileExistsError unless ``overwrite``.
    Place it anywhere after a source that reads a network, and after operators that ask again (retries, fallbacks): of
    several sources in one chain the last to begin is kept, so record each runner of a race separately. A recording that
    could not be made does not disturb the reply: it is raised as `SinkError` at the end, by the run if there is one.
    """

    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path is the path of a file, not {quote(path)}")
    check_text("note", note)
    check_flag("overwrite", overwrite)

    def connect(source: Observable[T], observer: abc.ObserverBase[T], scheduler: Scheduler) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        recorder = Recorder(path, note=note, overwrite=overwrite, clock=run.loop.time)

        def ended(error: Exception | None = None) -> None:
            problem = _close(recorder, error)
            pass_end(observer, error if problem is None else _report(problem, run, error))

        def disposed() -> None:
            _close(recorder, None)

        recorded = run.derive(make_byte_listener=recorder.make_byte_listener)
        upstream = source.subscribe(observer.on_next, ended, ended, scheduler=recorded)
        return CompositeDisposable(upstream, Disposable(disposed))

    return keeping_operator("record", connect)


def _close(recorder: Recorder, error: Exception | None) -> SinkError | None:
    """Close the recording: the error to report about it, None if all is well."""
    try:
        recorder.close(error)
    except OSError as exc:
        recorder.give_up(exc)
    if recorder.failure is not None:
        return SinkError.wrapping("the recording broke off:", recorder.failure)
    if recorder.latest is None and error is None:
        return SinkError("nothing was recorded: no source in this chain reads a network by itself")
    return None


def _report(problem: SinkError, run: RunScheduler, error: Exception | None) -> Exception | None:
    """Report the ``problem`` of a recording to the run. Returns the error with which the stream ends: its own, or
    without a run the problem."""
    source = run.context.current()
    if source is not None:
        problem.partial = source.reply()
    if run.context.failures is None:
        return problem if error is None else error
    run.context.failures.append(run.visible_error(problem))
    return error


def note(name: str) -> Callable[[S], S]:
    """Items → the same items; how many passed here and when is in ``run.notes[name]``: a probe for a slow operator."""

    check_text("name", name)

    def connect(source: Observable[T], observer: abc.ObserverBase[T], scheduler: Scheduler) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        time, entry = run.loop.time, run.context.notes.setdefault(name, Note())

        def passed(item: T) -> None:
            entry.last = time()
            entry.first = entry.last if entry.first is None else entry.first
            entry.items += 1
            observer.on_next(item)

        def failed(error: Exception) -> None:
            entry.error = run.visible_error(error)
            observer.on_error(error)

        return source.subscribe(passed, failed, observer.on_completed, scheduler=run)

    return keeping_operator("note", connect)
