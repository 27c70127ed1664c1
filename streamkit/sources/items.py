"""Any iterable as a stream: items are pulled one by one, while the gate is open, and leaving closes the iterator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar, overload

from reactivex import Observable, abc

from ..checks import type_name
from ..engine.loops import ShutdownError, failure_of, is_background, is_cancel, live, on_loop
from ..engine.streams import ReplyStream, Stream, check_function, stream as as_stream
from ..engine.upstream import RunScheduler, scheduler_for
from .iterators import ItemSource, open_items, pull_items

__all__ = ["stream"]

T = TypeVar("T")


@overload
def stream(source: ReplyStream, /) -> ReplyStream: ...
@overload
def stream(source: Observable[T], /) -> Stream[T]: ...
@overload
def stream(source: AsyncIterable[T] | Iterable[T], /) -> Stream[T]: ...
@overload
def stream(source: Callable[[], AsyncIterable[T] | Iterable[T]], /) -> Stream[T]: ...
@overload
def stream(source: Callable[[], Awaitable[AsyncIterable[T] | Iterable[T]]], /) -> Stream[T]: ...
def stream(source: Any, /) -> Stream[Any]:
    """Any Observable, iterable or async iterable as a `Stream`; what it raises is raised as it is.

    Items are pulled one at a time as long as no sink holds the stream, and when it is left the iterator is closed.
    Blocking iterators are read in a thread. A callable that gives an iterable makes the stream cold; a bare iterator
    can be subscribed to once. TypeError for a single str, bytes or mapping, which is hardly meant item by item.
    """
    if isinstance(source, Observable):
        return as_stream(source)
    if not callable(source) or isinstance(source, (str, bytes, Mapping)):
        _check_items(source)
    if callable(source) and not isinstance(source, (AsyncIterable, Iterable)):
        check_function("source", source, "source() gives an iterable, or an awaitable of one", generator=True)
    return Stream(_Pulled(source), label="items")


def _check_items(source: Any) -> None:
    if isinstance(source, (str, bytes, Mapping)) or not isinstance(source, (AsyncIterable, Iterable)):
        raise TypeError(f"a stream is made of an Observable or an (async) iterable, not of {type_name(source)}")


class _Pulled(Observable[Any]):
    def __init__(self, given: ItemSource[Any]) -> None:
        super().__init__()
        self._given = given

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        return _Pulling(self._given, observer, scheduler_for(scheduler))


class _Pulling(abc.DisposableBase):
    """One subscription: a task that pulls."""

    def __init__(self, given: ItemSource[Any], observer: abc.ObserverBase[Any], scheduler: RunScheduler) -> None:
        self.progress = 0
        self._given, self._observer, self._scheduler = given, observer, scheduler
        self._loop, self._gate = scheduler.loop, scheduler.gate
        self._over = self._cancelled = False
        self._task: asyncio.Task[None] | None = None
        self._scheduler.context.readings.add(self)
        if is_background(self._loop):
            live.add(self)
        on_loop(self._loop, self._begin)

    stands_alone = False

    def describe(self) -> str:
        name = getattr(self._given, "__qualname__", type(self._given).__name__)
        return "a stream of items" if name.endswith("<lambda>") else f"the stream of items from {name}"

    def abandon(self) -> None:
        on_loop(self._loop, self._cancel)

    def dispose(self) -> None:
        if not self._over:
            self._over = True
            on_loop(self._loop, self._cancel)

    def _cancel(self) -> None:
        # once: a second cancel would interrupt the closing of the iterator
        if self._task is None or self._cancelled or self._task is asyncio.current_task():
            return  # a task that is running sees that it is over
        self._cancelled = True
        self._task.cancel()

    def _begin(self) -> None:
        if self._over:
            self._gone()
            return
        self._task = self._scheduler.context.spawn(self._loop, self._pull(), "streamkit items")
        self._task.add_done_callback(self._gone)

    def _gone(self, _: object = None) -> None:
        live.discard(self)
        self._scheduler.context.readings.discard(self)

    async def _pull(self) -> None:
        try:
            made = await open_items(self._given)
            _check_items(made)
            async with aclosing(pull_items(made)) as items:
                async for item in items:
                    if not await self._passed_on(item):
                        return
            self._end(None)
        except BaseException as exc:
            self._fell_over(exc)

    def _fell_over(self, exc: BaseException) -> None:
        cancelled = is_cancel(exc)
        if cancelled and not self._over:
            exc = ShutdownError("the event loop was shut down")
        failure = failure_of("the source", exc)
        if failure is not None and not self._over:
            self._end(failure)
        elif not cancelled:  # KeyboardInterrupt or the like, or the iterator raised when it was closed
            self._over = True
            self._scheduler.broke(exc)

    async def _passed_on(self, item: Any) -> bool:
        self.progress += 1
        if self._gate.closed or self._gate.waiters:
            await self._gate.turn()
        if not self._over:
            self._observer.on_next(item)
        return not self._over

    def _end(self, error: Exception | None) -> None:
        if not self._over:
            self._over = True
            self._scheduler.end(self._observer, error)
