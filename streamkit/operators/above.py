"""Access of an operator to the source of its events: the request it sent, and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from reactivex import Observable, abc

from ..engine.streams import Connect, KeepsAll, Operator, Scheduler, keeping_operator, operator_of
from ..engine.upstream import ReplySource, RunScheduler, scheduler_for
from ..events import Reply
from ..protocols import Stage
from ..stages import AnsweredStage
from .lift import Lifted

__all__ = ["Above", "keeping_stage_operator", "stage_operator"]


class Above:
    """The nearest source upstream of one place in a chain, or in a branch that of the run. Subscribe upstream with
    ``scheduler``: it is the given one if that is foreign, and then the source is not known."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler.with_place() if isinstance(scheduler, RunScheduler) else scheduler

    @property
    def source(self) -> ReplySource | None:
        """The nearest source upstream; None until it has begun, or if it is not known."""
        run = self.scheduler
        return (run.place.source or run.context.current()) if isinstance(run, RunScheduler) else None

    def request(self) -> tuple[str, Mapping[str, Any]] | None:
        """The API and the JSON body of the request, if they are known."""
        request = self.source.sent_request if self.source is not None else None
        return None if request is None else (request.api, request.body)

    def reply(self) -> Reply | None:
        """The reply of the source so far; None if it is not known, or if a user's stage fails on it."""
        with suppress(Exception):
            return None if self.source is None else self.source.reply()
        return None

    def lift(self, stage: Stage[Any, Any], observer: abc.ObserverBase[Any], kind: type[Lifted] = Lifted) -> Lifted:
        """A subscription to ``stage``, which gets the reply of the source if it wants that."""
        if isinstance(stage, AnsweredStage):
            stage.source_reply = self.reply
        return kind(stage, observer, self.scheduler)

    def keeps_text(self) -> bool:
        """True if the Reply is to have its text (`Limits.keep_text`)."""
        return self.source is None or self.source.keeps_text


def stage_operator(name: str, make: Callable[[Above], Any]) -> Operator[Any, Any]:
    """An operator of the stage that ``make`` returns."""
    return operator_of(name, _connecting(make))


def keeping_stage_operator(
    name: str, make: Callable[[Above], Any], kind: type[Lifted] = Lifted, *, own_scheduler: bool = False
) -> KeepsAll:
    """As `stage_operator`, for a stage whose items are of the kind it gets, with the Reply last. With
    ``own_scheduler`` a subscription without a `RunScheduler` gets one, so that the source is known."""
    return keeping_operator(name, _connecting(make, kind, own_scheduler))


def _connecting(make: Callable[[Above], Any], kind: type[Lifted] = Lifted, own_scheduler: bool = False) -> Connect:
    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        above = Above(scheduler_for(scheduler) if own_scheduler else scheduler)
        return above.lift(make(above), observer, kind).connect(source)

    return connect
