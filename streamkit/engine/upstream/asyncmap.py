"""An asynchronous map that holds its source back: as many calls at a time as asked for, results in order or not.

The source is held on a child gate, so that streams opened by the calls, which belong to the run's own gate, still run
while their source waits: on one gate an ordered map would wait for itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from inspect import CORO_CREATED, getcoroutinestate, isawaitable, iscoroutine
from typing import Any

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from ...errors import SinkError, StreamkitError
from ..loops import ShutdownError, cancelled_from_outside, failure_of
from .bounds import CAPACITY
from .gate import Gate
from .scheduler import RunScheduler, scheduler_for

__all__ = ["AsyncMap"]


class AsyncMap(Observable[Any]):
    """``fn(item)`` of each item of ``source``, at most ``concurrency`` at a time."""

    def __init__(self, source: Observable[Any], fn: Callable[[Any], Any], concurrency: int, ordered: bool) -> None:
        super().__init__()
        self._source, self._fn, self._concurrency, self._ordered = source, fn, concurrency, ordered

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        mapping = _Mapping(self._fn, self._concurrency, self._ordered, observer, scheduler_for(scheduler))
        return mapping.connect(self._source)


class _Slot:
    """One call and what it gave that cannot be handed on yet."""

    __slots__ = ("done", "error", "gate", "held", "items", "work")

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.held = self.done = False
        self.error: Exception | None = None
        self.items: deque[Any] = deque()
        self.work: abc.DisposableBase | None = None

    def keep(self, item: Any) -> None:
        self.items.append(item)
        if not self.held and len(self.items) >= CAPACITY:
            self.held = True
            self.gate.hold()

    def let_go(self) -> None:
        if self.held:
            self.held = False
            self.gate.release()


class _Mapping(abc.ObserverBase[Any]):
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
        self._gate = Gate(scheduler.gate)
        self._held = self._over = False
        self._waiting: deque[Any] = deque()
        self._slots: deque[_Slot] = deque()
        self._upstream: abc.DisposableBase | None = None

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        self._upstream = source.subscribe(self, scheduler=self._scheduler.derive(gate=self._gate))
        return Disposable(lambda: self._scheduler.on_loop(self._stop))

    # -- from upstream ---------------------------------------------------------------------------------------------

    def on_next(self, item: Any) -> None:
        self._scheduler.on_loop(self._take, item)

    def on_error(self, error: Exception) -> None:
        # when the loop goes away no call would come to its end
        self._scheduler.on_loop(self._finish if isinstance(error, ShutdownError) else self._end, error)

    def on_completed(self) -> None:
        self._scheduler.on_loop(self._end, None)

    def _take(self, item: Any) -> None:
        self._waiting.append(item)
        self._advance()

    def _end(self, error: Exception | None) -> None:
        """The end takes its place in the order: calls under way still deliver."""
        self._waiting.append(_End(error))
        self._advance()

    # -- calls -----------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Hand on what may be handed on, start what may be started, hold or release the source."""
        while not self._over:
            self._hand_on()
            running = sum(not slot.done for slot in self._slots)
            if self._over or not self._waiting or running >= self._concurrency:
                break
            if isinstance(self._waiting[0], _End):
                if not self._slots:
                    self._finish(self._waiting[0].error)
                break
            self._call(self._waiting.popleft())
        self._hold(not self._over and len(self._slots) >= self._concurrency)

    def _hold(self, hold: bool) -> None:
        if hold != self._held:
            self._held = hold
            if hold:
                self._gate.hold()
            else:
                self._gate.release()

    def _call(self, item: Any) -> None:
        slot = _Slot(Gate(self._scheduler.gate))
        self._slots.append(slot)
        try:
            result = self._fn(item)
            if isinstance(result, Observable):
                inner = self._scheduler.within(slot.gate)
                slot.work = result.subscribe(
                    lambda value: inner.on_loop(self._got, slot, value),
                    lambda error: inner.on_loop(self._ended, slot, error),
                    lambda: inner.on_loop(self._ended, slot, None),
                    scheduler=inner,
                )
            elif isawaitable(result):
                task = self._scheduler.context.spawn(self._loop, self._await(slot, result), "streamkit map_async")
                slot.work = Disposable(lambda: _cancel(task, result))
            else:
                told = f"map_async calls for an awaitable or a stream, not {type(result).__name__}"
                raise TypeError(f"{told}: a plain function goes into rxo.map(fn)")
        except BaseException as exc:
            slot.done, slot.error = True, self._failure_of(exc)

    async def _await(self, slot: _Slot, work: Awaitable[Any]) -> None:
        task = asyncio.current_task()
        error: Exception | None = None
        try:
            slot.items.append(await work)
        except asyncio.CancelledError as exc:
            if self._over:
                raise
            error = SinkError("a call of map_async was cancelled from outside")
            error.__cause__ = None if cancelled_from_outside() else exc
        except BaseException as exc:
            if asyncio.current_task() is not task:
                raise  # nobody raised this: the coroutine itself is closed, as its loop is gone
            error = self._failure_of(exc)
        try:
            self._ended(slot, error)
        except BaseException as exc:  # an operator below breaks the Rx rules, and above this task there is nobody
            failure = self._failure_of(exc, "an observer")
            if failure is not None:
                ours = isinstance(failure, StreamkitError)
                self._finish(failure if ours else SinkError.wrapping("an observer raised", failure))

    def _failure_of(self, exc: BaseException, what: str = "a call of map_async") -> Exception | None:
        """What ends the stream; KeyboardInterrupt or the like ends the run instead, at once."""
        failure = failure_of(what, exc)
        if failure is None:
            self._stop()
            self._scheduler.context.abort(exc)
        return failure

    def _got(self, slot: _Slot, value: Any) -> None:
        if not self._over:
            slot.keep(value)
            self._hand_on()

    def _ended(self, slot: _Slot, error: Exception | None) -> None:
        slot.done, slot.error, slot.work = True, error, None
        self._advance()

    def _hand_on(self) -> None:
        """Results of the first slot, or of every slot if order does not matter; slots that are done go."""
        while self._slots and not self._over:
            for slot in tuple(self._slots) if not self._ordered else (self._slots[0],):
                while slot.items and not self._over:
                    self._observer.on_next(slot.items.popleft())
                slot.let_go()
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
        self._over = True
        self._waiting.clear()
        slots, self._slots = self._slots, deque()
        for slot in slots:
            if slot.work is not None:
                self._scheduler.let_go(slot.work)
        if self._upstream is not None:
            self._scheduler.let_go(self._upstream)
        self._hold(False)


def _cancel(task: asyncio.Task[None], work: Any) -> None:
    task.cancel()
    if iscoroutine(work) and getcoroutinestate(work) == CORO_CREATED:
        work.close()  # the task never began, so nobody else will


class _End:
    """Where the source ended among its items."""

    __slots__ = ("error",)

    def __init__(self, error: Exception | None) -> None:
        self.error = error
