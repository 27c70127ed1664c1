"""What travels upstream with a subscription: the scheduler is the only thing besides dispose that does in Rx.

streamkit's scheduler carries the gate, the clock (its loop) and the context of the run; there is no second carrier.
A foreign scheduler has none of them: then a subscription has a context of its own, and nothing holds it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from reactivex import abc
from reactivex.scheduler import VirtualTimeScheduler
from reactivex.scheduler.eventloop import AsyncIOScheduler, AsyncIOThreadSafeScheduler

from ..events import Outcome, Reply
from .gate import Gate
from .loop import loop_of

__all__ = ["Context", "ReplySource", "RunScheduler", "clock", "scheduler_for"]


class ReplySource(Protocol):
    """One request's reply while it grows."""

    def reply(self, outcome: Outcome | None = None) -> Reply: ...
    async def ended(self) -> None: ...


class Context:
    """What all sources and operators of one run share."""

    __slots__ = ("cancelled", "failures", "replies", "waiting")

    def __init__(self) -> None:
        self.replies: list[ReplySource] = []
        self.cancelled = False
        self.failures: list[Exception] = []
        """What went wrong beside the stream itself: a run raises it at its end, siblings never hear of it."""
        self.waiting: list[Callable[[Reply], Any]] = []
        """Called with the run's Reply at its very end: branches in mid-chain close their sinks then."""


class RunScheduler(AsyncIOThreadSafeScheduler):
    """Schedules on the run's loop and carries ``gate``, ``context`` and, while recording, ``tap`` (gets every read)."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        gate: Gate | None = None,
        context: Context | None = None,
        tap: Callable[[bytes], None] | None = None,
    ) -> None:
        super().__init__(loop)
        self.gate = gate or Gate()
        self.context = context or Context()
        self.tap = tap

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def derive(self, *, gate: Gate | None = None, tap: Callable[[bytes], None] | None = None) -> RunScheduler:
        """The same run seen through another gate, or recorded."""
        return RunScheduler(self._loop, gate or self.gate, self.context, tap or self.tap)


def scheduler_for(scheduler: abc.SchedulerBase | None) -> RunScheduler:
    """``scheduler`` if it is ours, else a fresh one on the loop that the loop rule names."""
    return scheduler if isinstance(scheduler, RunScheduler) else RunScheduler(loop_of(scheduler))


def clock(scheduler: abc.SchedulerBase | None) -> abc.SchedulerBase:
    """The scheduler on which an operator sets its timers: ``scheduler`` itself if it keeps time on a loop or
    virtually, else one on the loop that the loop rule names (stock timers would each start a thread)."""
    if isinstance(scheduler, (AsyncIOScheduler, VirtualTimeScheduler)):
        return scheduler
    return scheduler_for(scheduler)
