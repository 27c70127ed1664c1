"""Streams in virtual time: half an hour of limits runs in a few milliseconds, and every moment is exact."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import iscoroutine, iscoroutinefunction
from types import TracebackType
from typing import Any, TypeVar, overload

from reactivex import Observable

from ..engine import start
from ..engine.loop import running_loop
from ..errors import described, excerpt
from ..events import Reply
from ..shape import brief
from .jump import DeadlockError, JumpingLoop

__all__ = ["Clock", "DeadlockError", "Recorded", "clock"]

T = TypeVar("T")
FEW = 9
"""Items that are printed; of the last one of so many only that there are more."""


class Items(list[Any]):
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

    items: list[Any] = field(default_factory=Items)
    times: list[float] = field(default_factory=list)
    reply: Reply = field(default_factory=Reply)
    error: Exception | None = None
    cancelled_at: float | None = None
    """The second in which ``until`` ended it, None if it ended by itself."""
    ended_at: float = 0.0

    def _fail(self, error: Exception) -> None:
        self.error = error
        if isinstance(self.items, Items):
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
    def run(self, stream: Callable[[], Coroutine[Any, Any, T]]) -> T: ...
    @overload
    def run(self, stream: Coroutine[Any, Any, T]) -> T: ...
    def run(self, stream: Any, *branches: Any, until: float | None = None) -> Any:
        """Everything that ``stream`` gives and when; ``branches`` are those of a run. Errors are recorded, not raised.

        ``until`` cancels the run at that second. `DeadlockError` if the stream can neither go on nor end.

        Of a coroutine function without arguments, or a coroutine, what it returns; what it raises is raised.
        """
        if isinstance(stream, Observable):
            return self.run_coroutine(self._record(stream, branches, until))
        coroutine = stream() if callable(stream) and not branches and until is None else stream
        if iscoroutine(coroutine) and not branches and until is None:
            return self.run_coroutine(coroutine)
        if iscoroutine(coroutine):
            coroutine.close()
        if iscoroutine(coroutine) or iscoroutinefunction(stream):
            raise TypeError("branches and until= are for streams: a coroutine has sk.start and asyncio.timeout for it")
        raise TypeError(
            f"a clock runs a stream (or any Observable), or a coroutine function, not {excerpt(repr(stream))}"
        )

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
