"""The connection of an outlet to its fan: directly, or through the operators of its branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactivex import Observable, abc

from ..streams import applied, is_stream, stream, stream_problem
from ..upstream import RunScheduler, figures
from .outlet import Outlet

if TYPE_CHECKING:
    from .fan import Fan

__all__ = ["connect"]


class _BranchSource(Observable[Any]):
    """The source that the operators of a branch are applied to: the items that the fan gets."""

    def __init__(self, fan: Fan, outlet: Outlet) -> None:
        super().__init__()
        self._fan, self._outlet = fan, outlet

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        if not isinstance(scheduler, RunScheduler):
            return self._fan.add(observer, None, self._outlet)
        if scheduler.loop is not self._fan.scheduler.loop:
            raise RuntimeError("a branch is read on its run's loop: share the stream outside, and run the shared one")
        self._outlet.reply_filter = scheduler.reply_filter
        return self._fan.add(observer, scheduler.gate, self._outlet)


def connect(fan: Fan, outlet: Outlet) -> abc.DisposableBase:
    """Let ``outlet`` get the items of ``fan``, and return the subscription. What an operator raises is raised."""
    operators = outlet.sink.spec.operators
    if not operators:
        return fan.add(outlet, outlet.gate, outlet)
    source, outlet.reply_filter = _BranchSource(fan, outlet), figures
    chain: Any = applied(operators, source, lambda built, number: stream(built))
    if not is_stream(chain):
        raise TypeError(stream_problem(operators[-1], chain))
    inner = fan.scheduler.aside(outlet.gate, outlet.operator_failed)
    receive = outlet.on_operators_next, outlet.on_error, outlet.on_completed
    subscription: abc.DisposableBase = chain.subscribe(*receive, scheduler=inner)
    return subscription
