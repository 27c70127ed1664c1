"""What an operator may ask of the source whose events come to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from reactivex import Observable, abc

from ..engine.streams import Connect, KeepsAll, Operator, keeping_operator, operator_of
from ..engine.upstream import ReplySource, RunScheduler, Sources, scheduler_for
from .lift import Lifted

__all__ = ["Above", "lifted", "lifted_keeping"]

Scheduler: TypeAlias = "abc.SchedulerBase | None"


class Above:
    """The last source above one place of a chain, or in a branch that of the run. Subscribe upstream with
    ``scheduler``, which is the given one if that is not ours: then there is nothing to ask."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self._run = scheduler if isinstance(scheduler, RunScheduler) else None
        self._sources: list[ReplySource] = []
        if self._run is not None:
            self._sources = Sources(self._run.sources)
            self.scheduler = self._run.derive(sources=self._sources)

    @property
    def source(self) -> ReplySource | None:
        """None until there is one."""
        if self._run is None or self._sources:
            return self._sources[-1] if self._sources else None
        return self._run.context.current()

    def request(self) -> tuple[str, Mapping[str, Any]] | None:
        """The API and the JSON of what was asked, if that is known."""
        sent = self.source.sent_request if self.source is not None else None
        return None if sent is None else (sent.api, sent.body)

    def keeps_text(self) -> bool:
        """Whether the Reply is to have its text (`Limits.keep_text`)."""
        return self.source is None or self.source.keeps_text


def lifted(
    name: str, make: Callable[[Above], Any], kind: type[Lifted] = Lifted, *, ours: bool = False
) -> Operator[Any, Any]:
    """An operator of the stage that ``make`` gives. With ``ours`` a subscription that has no scheduler of ours gets
    one, so that there is a source to ask."""
    return operator_of(name, _lifting(make, kind, ours))


def lifted_keeping(
    name: str, make: Callable[[Above], Any], kind: type[Lifted] = Lifted, *, ours: bool = False
) -> KeepsAll:
    """The same, of a stage that gives items of the kind it gets, and the Reply last."""
    return keeping_operator(name, _lifting(make, kind, ours))


def _lifting(make: Callable[[Above], Any], kind: type[Lifted], ours: bool) -> Connect:
    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        above = Above(scheduler_for(scheduler) if ours else scheduler)
        return kind(make(above), observer, above.scheduler).connect(source)

    return connect
