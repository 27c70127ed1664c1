"""Any iterable as a stream: items are pulled one by one while the gate is open; cancelling closes the iterator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar, overload

from reactivex import Observable, abc

from ..checks import type_name
from ..engine.failures import ShutdownError, failure_of
from ..engine.loops import is_background, is_cancel, live, on_loop
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

    Items are pulled one at a time as long as no sink holds the stream; when it is cancelled the iterator is closed.
    Blocking iterators are read in a thread. A callable that returns an iterable makes the stream cold; a bare iterator
    can be subscribed to once. TypeError for a single str, bytes or mapping, which is hardly meant item by item.
    """
    if isinstance(source, Observable):
        return as_stream(source)
    if not callable(source) or isinstance(source, (str, bytes, Mapping)):
        _check_items(source)
    if callable(source) and not isinstance(source, (AsyncIterable, Iterable)):
        check_function("source", source, "source() gives an iterable, or an awaitable of one", generator=True)
    return Stream(_ItemObservable(source), label="items")


def _check_items(source: Any) -> None:
    if isinstance(source, (str, bytes, Mapping)) or not isinstance(source, (AsyncIterable, Iterable)):
        raise TypeError(f"a stream is made of an Observable or an (async) iterable, not of {type_name(source)}")


class _ItemObservable(Observable[Any]):
    def __init__(self, source: ItemSource[Any]) -> None:
        super().__init__()
        self._source = source

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        return _PullSubscription(self._source, observer, scheduler_for(scheduler))


class _PullSubscription(abc.DisposableBase):
    """One subscription: a task that pulls the items."""

    def __init__(self, source: ItemSource[Any], observer: abc.ObserverBase[Any], scheduler: RunScheduler) -> None:
        self.progress = 0
        self._source, self._observer, self._scheduler = source, observer, scheduler
        self._loop, self._gate = scheduler.loop, scheduler.gate
        self._ended = self._cancelled = False
        self._task: asyncio.Task[None] | None = None
        self._scheduler.context.readings.add(self)
        if is_background(self._loop):
            live.add(self)
        on_loop(self._loop, self._begin)

    stands_alone = False

    def describe(self) -> str:
        name = getattr(self._source, "__qualname__", type(self._source).__name__)
        return "a stream of items" if name.endswith("<lambda>") else f"the stream of items from {name}"

    def abandon(self) -> None:
        on_loop(self._loop, self._cancel)

    def dispose(self) -> None:
        if not self._ended:
            self._ended = True
            on_loop(self._loop, self._cancel)

    def _cancel(self) -> None:
        # only once: a second cancel would interrupt the closing of the iterator
        if self._task is None or self._cancelled or self._task is asyncio.current_task():
            return  # a task that is running notices `_ended`
        self._cancelled = True
        self._task.cancel()

    def _begin(self) -> None:
        if self._ended:
            self._unregister()
            return
        self._task = self._scheduler.context.spawn(self._loop, self._pull(), "streamkit items")
        self._task.add_done_callback(self._unregister)

    def _unregister(self, _: object = None) -> None:
        live.discard(self)
        self._scheduler.context.readings.discard(self)

    async def _pull(self) -> None:
        try:
            source = await open_items(self._source)
            _check_items(source)
            async with aclosing(pull_items(source)) as items:
                async for item in items:
                    if not await self._emit(item):
                        return
            self._end(None)
        except BaseException as exc:
            self._fail(exc)

    def _fail(self, exc: BaseException) -> None:
        cancelled = is_cancel(exc)
        if cancelled and not self._ended:
            exc = ShutdownError("the event loop was shut down")
        failure = failure_of("the source", exc)
        if failure is not None and not self._ended:
            self._end(failure)
        elif not cancelled:  # KeyboardInterrupt or the like, or the iterator raised when it was closed
            self._ended = True
            self._scheduler.operator_failed(exc)

    async def _emit(self, item: Any) -> bool:
        self.progress += 1
        if self._gate.closed or self._gate.waiters:
            await self._gate.turn()
        if not self._ended:
            self._observer.on_next(item)
        return not self._ended

    def _end(self, error: Exception | None) -> None:
        if not self._ended:
            self._ended = True
            self._scheduler.end(self._observer, error)
