"""The connection of an outlet to its fan: directly, or through the operators of its branch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from reactivex import Observable, abc

from ..streams import applied, is_stream, stream, stream_problem
from ..upstream import Gate, RunScheduler, figures
from .outlet import Outlet

__all__ = ["connect"]

Add: TypeAlias = Callable[[abc.ObserverBase[Any], Gate | None, Outlet], abc.DisposableBase]
"""Adds an observer to the fan, with its gate and the outlet at the end of its branch."""


class _BranchSource(Observable[Any]):
    """The source that the operators of a branch are applied to: the items that the fan gets."""

    def __init__(self, outlet: Outlet, add: Add, inner: RunScheduler) -> None:
        super().__init__()
        self._outlet, self._add, self._inner = outlet, add, inner

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        if not isinstance(scheduler, RunScheduler):
            return self._add(observer, None, self._outlet)
        if scheduler.loop is not self._inner.loop:
            raise RuntimeError("a branch is read on its run's loop: share the stream outside, and run the shared one")
        end = self._inner.place
        self._outlet.reply_filter = lambda reply: scheduler.visible_reply(reply, end)
        return self._add(observer, scheduler.gate, self._outlet)


def connect(outlet: Outlet, add: Add, scheduler: RunScheduler) -> abc.DisposableBase:
    """Let ``outlet`` get the items of the fan, and return the subscription. What an operator raises is raised."""
    operators = outlet.sink.spec.operators
    if not operators:
        return add(outlet, outlet.gate, outlet)
    inner = scheduler.aside(outlet.gate, outlet.operator_failed)
    source, outlet.reply_filter = _BranchSource(outlet, add, inner), figures
    chain: Any = applied(operators, source, lambda built, number: stream(built))
    if not is_stream(chain):
        raise TypeError(stream_problem(operators[-1], chain))
    receive = outlet.on_operators_next, outlet.on_error, outlet.on_completed
    subscription: abc.DisposableBase = chain.subscribe(*receive, scheduler=inner)
    return subscription
