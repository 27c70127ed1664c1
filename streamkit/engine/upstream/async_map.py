"""An asynchronous map with back-pressure: at most ``concurrency`` calls at a time, results in order or not.

The source is held on a child gate. Streams opened by the calls belong to the run's own gate and so still run while the
source waits: with a single gate an ordered map would wait for itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from ...awaitables import never_began
from ...errors import SinkError
from ..failures import ShutdownError, failure_of, own_error
from ..loops import cancelled_from_outside
from .bounds import CAPACITY
from .gate import Gate
from .hold import Hold
from .scheduler import RunScheduler, scheduler_for

__all__ = ["AsyncMap"]


class AsyncMap(Observable[Any]):
    """The results of ``fn(item)`` for each item of ``source``, with at most ``concurrency`` calls at a time."""

    def __init__(self, source: Observable[Any], fn: Callable[[Any], Any], concurrency: int, ordered: bool) -> None:
        super().__init__()
        self._source, self._fn, self._concurrency, self._ordered = source, fn, concurrency, ordered

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        mapping = _Mapping(self._fn, self._concurrency, self._ordered, observer, scheduler_for(scheduler))
        return mapping.connect(self._source)


class _Slot:
    """One call, and those of its results that cannot be emitted yet."""

    __slots__ = ("call", "done", "error", "hold", "items")

    def __init__(self, gate: Gate) -> None:
        self.hold = Hold(gate)
        self.done = False
        self.error: Exception | None = None
        self.items: deque[Any] = deque()
        self.call: abc.DisposableBase | None = None

    def add(self, item: Any) -> None:
        self.items.append(item)
        if len(self.items) >= CAPACITY:
            self.hold.set(True)


class _Mapping(abc.ObserverBase[Any]):
    """One subscription to an `AsyncMap`: observes the source from any thread, and does its work on the run's loop. It
    is over after the last result, at an error, or when it is disposed."""

    def __init__(
        self,
        fn: Callable[[Any], Any],
        concurrency: int,
        ordered: bool,
        observer: abc.ObserverBase[Any],
        scheduler: RunScheduler,
    ) -> None:
        self._fn, self._concurrency, self._ordered = fn, concurrency, ordered
        self._observer, self._scheduler, self._loop = observer, scheduler, scheduler.loop
        self._hold = Hold(Gate(scheduler.gate))
        self._stopped = False
        self._waiting: deque[Any] = deque()
        self._slots: deque[_Slot] = deque()
        self._upstream: abc.DisposableBase | None = None

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        self._upstream = source.subscribe(self, scheduler=self._scheduler.derive(gate=self._hold.gate))
        return Disposable(lambda: self._scheduler.on_loop(self._stop))

    # -- from upstream ---------------------------------------------------------------------------------------------

    def on_next(self, item: Any) -> None:
        self._scheduler.on_loop(self._take, item)

    def on_error(self, error: Exception) -> None:
        # when the loop goes away, no call can complete
        self._scheduler.on_loop(self._finish if isinstance(error, ShutdownError) else self._end, error)

    def on_completed(self) -> None:
        self._scheduler.on_loop(self._end, None)

    def _take(self, item: Any) -> None:
        self._waiting.append(item)
        self._advance()

    def _end(self, error: Exception | None) -> None:
        """Queue the end behind the items: calls under way still deliver."""
        self._waiting.append(_End(error))
        self._advance()

    # -- calls -----------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Emit the results that may be emitted, start the calls that may be started, and hold or release the source."""
        while not self._stopped:
            self._emit()
            running = sum(not slot.done for slot in self._slots)
            if self._stopped or not self._waiting or running >= self._concurrency:
                break
            if isinstance(self._waiting[0], _End):
                if not self._slots:
                    self._finish(self._waiting[0].error)
                break
            self._call(self._waiting.popleft())
        self._hold.set(not self._stopped and len(self._slots) >= self._concurrency)

    def _call(self, item: Any) -> None:
        slot = _Slot(Gate(self._scheduler.gate))
        self._slots.append(slot)
        try:
            result = self._fn(item)
            if isinstance(result, Observable):
                inner = self._scheduler.within(slot.hold.gate)
                slot.call = result.subscribe(
                    lambda value: inner.on_loop(self._on_result, slot, value),
                    lambda error: inner.on_loop(self._on_call_end, slot, error),
                    lambda: inner.on_loop(self._on_call_end, slot, None),
                    scheduler=inner,
                )
            elif isawaitable(result):
                task = self._scheduler.context.spawn(self._loop, self._await(slot, result), "streamkit map_async")
                slot.call = Disposable(lambda: _cancel(task, result))
            else:
                problem = f"fn of map_async must return an awaitable or a stream, not {type(result).__name__}"
                raise TypeError(f"{problem}: a plain function goes into rxo.map(fn)")
        except BaseException as exc:
            slot.done, slot.error = True, self._failure_of(exc)

    async def _await(self, slot: _Slot, call: Awaitable[Any]) -> None:
        task = asyncio.current_task()
        error: Exception | None = None
        try:
            slot.items.append(await call)
        except asyncio.CancelledError as exc:
            if self._stopped:
                raise
            error = SinkError("a call of map_async was cancelled from outside")
            error.__cause__ = None if cancelled_from_outside() else exc
        except BaseException as exc:
            if asyncio.current_task() is not task:
                raise  # it is not from the call: this coroutine itself is being closed, as its loop is gone
            error = self._failure_of(exc)
        try:
            self._on_call_end(slot, error)
        except BaseException as exc:  # an operator downstream breaks the Rx rules, and a task has no caller to raise to
            failure = self._failure_of(exc, "an observer")
            if failure is not None:
                self._finish(own_error("an observer", failure))

    def _failure_of(self, exc: BaseException, what: str = "a call of map_async") -> Exception | None:
        """The error that ends the stream; None after KeyboardInterrupt or the like, which ends the run at once."""
        failure = failure_of(what, exc)
        if failure is None:
            self._stop()
            self._scheduler.context.abort(exc)
        return failure

    def _on_result(self, slot: _Slot, value: Any) -> None:
        if not self._stopped:
            slot.add(value)
            self._emit()

    def _on_call_end(self, slot: _Slot, error: Exception | None) -> None:
        slot.done, slot.error, slot.call = True, error, None
        self._advance()

    def _emit(self) -> None:
        """Emit the results of the first slot, or of every slot if order does not matter; remove slots that are done."""
        while self._slots and not self._stopped:
            for slot in tuple(self._slots) if not self._ordered else (self._slots[0],):
                while slot.items and not self._stopped:
                    self._observer.on_next(slot.items.popleft())
                slot.hold.set(False)
            finished = [slot for slot in self._slots if slot.done and not slot.items]
            if self._ordered:
                finished = finished[:1] if finished and finished[0] is self._slots[0] else []
            for slot in finished:
                self._slots.remove(slot)
                if slot.error is not None:
                    self._finish(slot.error)
                    return
            if not finished:
                return

    # -- the end ---------------------------------------------------------------------------------------------------

    def _finish(self, error: Exception | None) -> None:
        self._stop()
        self._scheduler.end(self._observer, error)

    def _stop(self) -> None:
        self._stopped = True
        self._waiting.clear()
        slots, self._slots = self._slots, deque()
        for slot in slots:
            if slot.call is not None:
                self._scheduler.dispose_safely(slot.call)
        if self._upstream is not None:
            self._scheduler.dispose_safely(self._upstream)
        self._hold.set(False)


def _cancel(task: asyncio.Task[None], call: Any) -> None:
    task.cancel()
    if never_began(call):
        call.close()  # the task never began either, so nothing else closes it


class _End:
    """A marker in the queue of items for the end of the source."""

    __slots__ = ("error",)

    def __init__(self, error: Exception | None) -> None:
        self.error = error
