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
from ..eventclass import brief
from ..events import Reply
from ..wording import described
from .jump import DeadlockError, JumpingLoop

__all__ = ["Clock", "DeadlockError", "Recorded", "clock"]

T = TypeVar("T")
FEW = 9
"""Items that are printed; of the last one of so many only that there are more."""


class RecordedItems(list[Any]):
    """What came out of a stream. Printed, as by a test that compares it in vain, it says how the stream failed."""

    error: Exception | None = None

    def __repr__(self) -> str:
        shown = super().__repr__()
        return shown if self.error is None else f"{shown} before {described(self.error)}"


@dataclass
class Recorded:
    """What came out of a stream: ``times[n]`` is the second in which ``items[n]`` came, from the start of the run.

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
        # not all of the items: asyncio prints what a task gave, to itself
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
        """Everything that ``stream`` gives and when; ``branches`` are those of a run. Errors are recorded, not raised.

        ``until`` cancels the run at that second. `DeadlockError` if the stream can neither go on nor end.

        Of a coroutine function without arguments, or a coroutine, what it returns; what it raises is raised. Any other
        function without arguments is called for the stream or coroutine that it gives.
        """
        given = stream if isinstance(stream, Observable) else _called(stream)
        if isinstance(given, Observable):
            return self.run_coroutine(self._record(given, branches, until))
        if not branches and until is None:
            return self.run_coroutine(given)
        given.close()
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
            with suppress(DeadlockError):  # again, by what does not even let itself be cancelled
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
        """Cancel what is left and close the loop."""
        self._runner.close()

    def __enter__(self) -> Clock:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _called(given: Any) -> Any:
    """The stream or coroutine that ``given`` is, or gives when it is called; TypeError says what to write instead."""
    made, name = given, name_of(given)
    is_function = callable(given) and not (operator_name(given) or uncalled_name(given))
    if is_function:
        if missing := _missing(given):
            raise TypeError(f"clock.run calls {name} without arguments, and it needs {missing}: write {name}(...)")
        made = given()
    if isinstance(made, Observable) or iscoroutine(made):
        return made
    if isasyncgen(made):
        raise TypeError(f"clock.run takes a stream: write clock.run(sk.stream({name_of(made)}()))")
    if is_function:
        raise TypeError(f"clock.run calls {name} for a stream or a coroutine, and it gave {quote(made)}")
    check_stream(made, "clock.run")
    return made


def _missing(function: Callable[..., Any]) -> str:
    """The arguments that it cannot be called without."""
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):  # some builtins have none
        return ""
    several = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return ", ".join(one.name for one in parameters if one.default is one.empty and one.kind not in several)


def _forget(loop: JumpingLoop) -> None:
    """Nobody closed it: what is left is cancelled all the same, or it would complain about being destroyed."""
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
