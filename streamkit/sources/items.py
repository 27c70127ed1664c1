"""Any iterable as a stream: items are pulled one by one while the gate is open; cancelling closes the iterator."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar, overload

from reactivex import Observable, abc

from ..checks import type_name
from ..engine.failures import failure_of
from ..engine.streams import ReplyStream, SourceTask, Stream, check_function, stream as as_stream
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
    return Stream(Observable(partial(_subscribe, source)), label="items")


def _subscribe(
    source: ItemSource[Any], observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
) -> abc.DisposableBase:
    return _PullSubscription(source, observer, scheduler_for(scheduler))


def _check_items(source: Any) -> None:
    if isinstance(source, (str, bytes, Mapping)) or not isinstance(source, (AsyncIterable, Iterable)):
        raise TypeError(f"a stream is made of an Observable or an (async) iterable, not of {type_name(source)}")


class _PullSubscription(SourceTask):
    """One subscription: a task that pulls the items."""

    def __init__(self, source: ItemSource[Any], observer: abc.ObserverBase[Any], scheduler: RunScheduler) -> None:
        super().__init__(observer, scheduler)
        self._source = source
        self._start(lambda: self.context.spawn(self.loop, self._pull(), "streamkit items"))

    def describe(self) -> str:
        name = getattr(self._source, "__qualname__", type(self._source).__name__)
        return "a stream of items" if name.endswith("<lambda>") else f"the stream of items from {name}"

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
            self._on_exception(exc)

    async def _emit(self, item: Any) -> bool:
        self.progress += 1
        if self.gate.closed or self.gate.waiters:
            await self.gate.turn()
        if not self._disposed:
            self._observer.on_next(item)
        return not self._disposed

    def _on_failure(self, exc: BaseException) -> None:
        if self._ended or self._disposed:  # the iterator raised when it was closed
            self._scheduler.operator_failed(exc)
        else:
            self._end(failure_of("the source", exc))

    def _end(self, error: Exception | None) -> None:
        if not self._ended and not self._disposed:
            self._ended = True
            self._scheduler.end(self._observer, error)
