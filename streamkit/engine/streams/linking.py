"""Functions that make hand-written operators and sources: state is made for each subscription, the scheduler passed
on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from reactivex import Observable, abc

from .operator import KeepsAll, Operator
from .reply_stream import ReplyStream
from .stream import Stream

__all__ = ["Connect", "Scheduler", "are_replies", "keeping_operator", "operator_of", "source_of"]

A = TypeVar("A")
B = TypeVar("B")
Scheduler: TypeAlias = "abc.SchedulerBase | None"
Connect: TypeAlias = Callable[[Observable[Any], abc.ObserverBase[Any], Scheduler], abc.DisposableBase]


class _OperatorOf(Observable[Any]):
    def __init__(self, source: Observable[Any], connect: Connect) -> None:
        super().__init__()
        self._source, self._connect = source, connect

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        return self._connect(self._source, observer, scheduler)


def operator_of(name: str, connect: Connect, written: str = "") -> Operator[Any, Any]:
    """An operator called ``name``. ``connect`` is called for each subscription: it makes all the state it needs and
    subscribes to the source. ``written`` is how users write the operator, if not as ``ops.name()``."""

    return Operator(name, lambda source: _OperatorOf(source, connect), written)


def keeping_operator(name: str, connect: Connect) -> KeepsAll:
    """An operator that emits items of the kind it gets, and the Reply last."""
    return KeepsAll(name, lambda source: _OperatorOf(source, connect))


def source_of(
    label: str,
    connect: Callable[[abc.ObserverBase[Any], abc.SchedulerBase | None], Any],
    *,
    replies: bool = False,
) -> Stream[Any]:
    """A stream that has no source to operate on; with ``replies`` it ends with a Reply."""
    operator = operator_of(label, lambda source, observer, scheduler: connect(observer, scheduler))
    kind = ReplyStream if replies else Stream
    return kind(operator(Observable()), label=label)


def are_replies(streams: Iterable[Observable[Any]]) -> bool:
    """True if each of them ends with a Reply."""
    return all(isinstance(stream, ReplyStream) for stream in streams)
