"""Streams in virtual time: half an hour of limits runs in a few milliseconds, and every moment is exact."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import Parameter, isasyncgen, iscoroutine, signature
from types import TracebackType
from typing import Any, TypeVar, overload

from reactivex import Observable

from ..checks import quote
from ..engine.loops import running_loop
from ..engine.runs import start
from ..engine.streams import check_stream, name_of, operator_name, uncalled_name
from ..event_class import brief
from ..events import Reply
from ..wording import described
from .jump import DeadlockError, JumpingLoop

__all__ = ["Clock", "DeadlockError", "Recorded", "clock"]

T = TypeVar("T")
FEW = 9
"""Items that are handed to `brief`, which prints one less and shows that there are more."""


class RecordedItems(list[Any]):
    """The items of a stream. When printed, as by a test whose comparison fails, the list says how the stream failed."""

    error: Exception | None = None

    def __repr__(self) -> str:
        text = super().__repr__()
        return text if self.error is None else f"{text} before {described(self.error)}"


@dataclass
class Recorded:
    """The output of a stream: ``times[n]`` is the second in which ``items[n]`` came, from the start of the run.

    Where a stream failed, this and its ``items`` say so when they are printed: a test that compares either shows why.
    """

    items: list[Any] = field(default_factory=RecordedItems)
    times: list[float] = field(default_factory=list)
    reply: Reply = field(default_factory=Reply)
    error: Exception | None = None
    cancelled_at: float | None = None
    """The second in which ``until`` ended it, None if it ended by itself."""
    ended_at: float = 0.0

    def _fail(self, error: Exception) -> None:
        self.error = error
        if isinstance(self.items, RecordedItems):
            self.items.error = error

    def __repr__(self) -> str:
        if self.error is not None:
            end = f"failed after {self.ended_at:g} s: {described(self.error)}"
        elif self.cancelled_at is not None:
            end = f"cancelled after {self.cancelled_at:g} s"
        else:
            end = f"ended after {self.ended_at:g} s"
        # not all of the items: asyncio makes such a text of each task's result for itself
        return f"<Recorded {end}; {len(self.items)} items: {brief(self.items[:FEW])}, reply: {self.reply!r}>"


class Clock:
    """An event loop of its own whose time is virtual; time goes on from one run to the next, but each counts from 0.

    Times are rounded to microseconds. May be closed with ``with``; forgetting it does no harm.
    """

    def __init__(self, limit: float) -> None:
        self._loop = loop = JumpingLoop(limit)
        self._runner = asyncio.Runner(loop_factory=lambda: loop)
        weakref.finalize(self, _forget, loop)

    @property
    def now(self) -> float:
        """Virtual seconds since this clock was made."""
        return round(self._loop.now, 6)

    @overload
    def run(self, stream: Observable[Any], *branches: Any, until: float | None = None) -> Recorded: ...
    @overload
    def run(self, stream: Callable[[], Observable[Any]], *branches: Any, until: float | None = None) -> Recorded: ...
    @overload
    def run(self, stream: Callable[[], Coroutine[Any, Any, T]]) -> T: ...
    @overload
    def run(self, stream: Coroutine[Any, Any, T]) -> T: ...
    def run(self, stream: Any, *branches: Any, until: float | None = None) -> Any:
        """Record all items of ``stream`` and their times; ``branches`` are those of a run. Errors are recorded, not
        raised.

        ``until`` cancels the run at that second. `DeadlockError` if the stream can neither go on nor end.

        For a coroutine, or a coroutine function without arguments, the result is that of the coroutine, and its errors
        are raised. Any other function without arguments is called for the stream or coroutine that it returns.
        """
        subject = stream if isinstance(stream, Observable) else _called(stream)
        if isinstance(subject, Observable):
            return self.run_coroutine(self._record(subject, branches, until))
        if not branches and until is None:
            return self.run_coroutine(subject)
        subject.close()
        raise TypeError("branches and until= are for streams: a coroutine has sk.start and asyncio.timeout for it")

    def run_coroutine(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of any coroutine on this clock. RuntimeError under a running loop, and when closed."""
        problem = "a closed clock cannot run" if self._loop.is_closed() else None
        if running_loop() is not None:
            problem = "a clock drives a loop of its own: call it from a plain function"
        if problem:
            coroutine.close()
            raise RuntimeError(problem)
        try:
            return self._runner.run(coroutine)
        except DeadlockError:
            with suppress(DeadlockError):  # raised again if there are tasks that do not end when they are cancelled
                self.close()
            raise

    async def _record(self, stream: Observable[Any], branches: tuple[Any, ...], until: float | None) -> Recorded:
        loop, recorded = self._loop, Recorded()
        began = loop.time()

        def now() -> float:
            return round(loop.time() - began, 6)

        def record(item: Any) -> None:
            recorded.items.append(item)
            recorded.times.append(now())

        def stop() -> None:
            recorded.cancelled_at = now()
            job.cancel()

        job = start(stream, record, *branches)
        timer = None if until is None else loop.call_later(until, stop)
        try:
            recorded.reply = await job
        except Exception as exc:
            recorded.reply = getattr(exc, "partial", job.reply)
            recorded._fail(exc)
        finally:
            if timer is not None:
                timer.cancel()
        recorded.ended_at = now()
        return recorded

    def close(self) -> None:
        """Cancel the tasks that are left and close the loop."""
        self._runner.close()

    def __enter__(self) -> Clock:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _called(subject: Any) -> Any:
    """The stream or coroutine that ``subject`` is, or returns when it is called; a TypeError says what to write
    instead."""
    value, name = subject, name_of(subject)
    is_function = callable(subject) and not (operator_name(subject) or uncalled_name(subject))
    if is_function:
        if missing := _missing(subject):
            raise TypeError(f"clock.run calls {name} without arguments, and it needs {missing}: write {name}(...)")
        value = subject()
    if isinstance(value, Observable) or iscoroutine(value):
        return value
    if isasyncgen(value):
        raise TypeError(f"clock.run takes a stream: write clock.run(sk.stream({name_of(value)}()))")
    if is_function:
        raise TypeError(f"clock.run calls {name} for a stream or a coroutine, and it gave {quote(value)}")
    check_stream(value, "clock.run")
    return value


def _missing(function: Callable[..., Any]) -> str:
    """The names of the arguments without which ``function`` cannot be called."""
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):  # some builtins have none
        return ""
    several = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return ", ".join(one.name for one in parameters if one.default is one.empty and one.kind not in several)


def _forget(loop: JumpingLoop) -> None:
    """Close the loop of a clock that was not closed. Tasks that are left are cancelled first, as they would otherwise
    warn that they are destroyed while pending."""
    tasks = asyncio.all_tasks(loop)
    if tasks and running_loop() is None:
        for task in tasks:
            task.cancel()
        with suppress(DeadlockError):
            loop.run_until_complete(asyncio.wait(tasks))
    loop.close()


def clock(*, limit: float = 100_000) -> Clock:
    """A `Clock` that starts at second 0 and gives up after ``limit`` virtual seconds."""
    return Clock(limit)
