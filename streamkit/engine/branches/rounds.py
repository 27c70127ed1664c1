"""The rounds of a fan: one call of each receiver with each item."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeAlias

from reactivex import abc

from ...errors import SinkError
from ..failures import failure_of
from ..upstream import pass_end
from .outlet import Outlet
from .sink_calls import NOTED, SinkCalls

__all__ = ["DirectRounds", "Rounds"]

PLAIN_ROUNDS = 1000
"""Rounds in which each sink is timed by itself, after one that was slow."""

Receiver: TypeAlias = "tuple[abc.ObserverBase[Any], Outlet | None]"
Call: TypeAlias = "tuple[Callable[[Any], Any], abc.ObserverBase[Any], Outlet | None, SinkCalls | None]"
"""A function that is called with each item, the receiver that it belongs to, and the sink if it is called directly."""


class Rounds:
    """The receivers of a fan: observers, each with the outlet of its branch if it has one. Receivers come and go, also
    within a round, which goes on with those that it began with. After `halt`, from any thread, no call is made."""

    __slots__ = ("halted", "receivers")

    def __init__(self) -> None:
        self.halted = False
        self.receivers: tuple[Receiver, ...] = ()

    def add(self, observer: abc.ObserverBase[Any], outlet: Outlet | None) -> None:
        self.receivers = (*self.receivers, (observer, outlet))

    def remove(self, observer: abc.ObserverBase[Any]) -> None:
        self.receivers = tuple(receiver for receiver in self.receivers if receiver[0] is not observer)

    def on_next(self, item: Any) -> None:
        for observer, outlet in self.receivers:
            if self.halted:
                return
            try:
                observer.on_next(item)
            except BaseException as exc:
                on_exception(observer, outlet, exc)

    def end(self, error: Exception | None) -> None:
        for observer, outlet in self.receivers:
            try:
                pass_end(observer, error)
            except BaseException as exc:
                if outlet is None:
                    raise
                outlet.operator_failed(exc)  # the items it held are lost, and the other branches go on

    def halt(self) -> None:
        self.halted = True


class DirectRounds(Rounds):
    """A short cut with the same results: ``write`` of a sink in place is called here, without `Outlet.on_next` and
    `SinkCalls.call` in between. The clock is read once for all sinks; after a round that was slow, plain rounds find
    out which of them it was.

    An event that is passed to one plain callable costs 19 % fewer instructions with it (8,300 instead of 10,300), to
    three callables 39 % fewer. ``tests/benchmarks/bench_fan.py`` compares both; a fan works with `Rounds` as well.
    """

    __slots__ = ("_calls", "_plain_rounds")

    def __init__(self) -> None:
        super().__init__()
        self._calls: tuple[Call, ...] = ()
        self._plain_rounds = 0
        """The number of rounds that are still to be plain."""

    def add(self, observer: abc.ObserverBase[Any], outlet: Outlet | None) -> None:
        super().add(observer, outlet)
        self._connect()

    def remove(self, observer: abc.ObserverBase[Any]) -> None:
        super().remove(observer)
        self._connect()

    def _connect(self) -> None:
        """Make the table of calls: with ``write`` of each sink that is called in place by its outlet."""
        self._calls = tuple(
            (outlet.sink.write, observer, outlet, outlet.sink)
            if outlet is not None and outlet is observer and outlet.in_place
            else (observer.on_next, observer, outlet, None)
            for observer, outlet in self.receivers
        )

    def on_next(self, item: Any) -> None:
        if self._plain_rounds:
            self._plain_rounds -= 1
            try:
                super().on_next(item)
            finally:
                if not self._plain_rounds:
                    self._connect()  # a sink may have turned out to be async
            return
        began = perf_counter()
        for call, observer, outlet, sink in self._calls:
            if self.halted:
                return
            try:
                answer = call(item)
            except BaseException as exc:
                on_exception(observer, outlet, exc)
            else:
                if sink is None:
                    pass  # a receiver of another kind, which counts by itself
                elif answer is None:
                    sink.delivered += 1
                elif outlet is not None and not outlet.answered(answer):
                    self._connect()
        if (took := perf_counter() - began) > NOTED:
            self._was_slow(took)

    def _was_slow(self, seconds: float) -> None:
        self._plain_rounds = PLAIN_ROUNDS
        sinks = [sink for *_, sink in self._calls if sink is not None]
        if len(sinks) == 1 == len(self._calls):
            sinks[0].note_slowness(seconds)


def on_exception(observer: abc.ObserverBase[Any], outlet: Outlet | None, exc: BaseException) -> None:
    """Pass on what a receiver raised: a sink, or an operator of a branch, against the rules of Rx. Operators
    downstream of that may hold items: they get the error as their end, and flush."""
    if outlet is None:
        raise exc
    if outlet is observer:
        outlet.fail_with(exc)
    elif failure_of("a branch", exc) is None:
        outlet.operator_failed(exc)
    else:
        try:
            observer.on_error(SinkError.wrapping("a branch raised", exc))
        except BaseException as second:
            outlet.operator_failed(second)
