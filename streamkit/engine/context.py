"""What travels upstream with a subscription: the scheduler is the only thing besides dispose that does in Rx.

streamkit's scheduler carries the gate, the clock (its loop) and the context of the run; there is no second carrier.
A foreign scheduler has none of them: then a subscription has a context of its own, and nothing holds it back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

from reactivex import abc
from reactivex.scheduler import VirtualTimeScheduler
from reactivex.scheduler.eventloop import AsyncIOScheduler, AsyncIOThreadSafeScheduler

from ..events import Choice, Outcome, Reply
from .apart import apart
from .gate import Gate
from .loop import loop_of
from .report import report

__all__ = [
    "Asked",
    "Context",
    "Note",
    "ReplySource",
    "RunScheduler",
    "Sources",
    "Tap",
    "as_part",
    "clock",
    "figures",
    "scheduler_for",
]

T = TypeVar("T")
Lens: TypeAlias = Callable[[Reply], Reply]
Telling: TypeAlias = Callable[[Exception], Exception]


class Tap(Protocol):
    """Sees what one source reads before it is parsed: `begin` for each request, `write` for each read of the body."""

    def begin(self, api: str, model: str) -> None: ...
    def write(self, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a server took: its JSON, in the form of ``api``."""

    api: str
    body: Mapping[str, Any]


class ReplySource(Protocol):
    """One request's reply while it grows. ``asked`` is None until a server took it, and where it is not known;
    ``keeps_text`` says whether the Reply has the text."""

    @property
    def asked(self) -> Asked | None: ...
    @property
    def keeps_text(self) -> bool: ...
    def reply(self, outcome: Outcome | None = None) -> Reply: ...
    async def ended(self) -> None: ...


@dataclass(slots=True)
class Note:
    """What passed one place of a chain: how many items, and when (seconds on the loop's clock)."""

    items: int = 0
    first: float | None = None
    last: float | None = None
    error: Exception | None = None


class Context:
    """What all sources and operators of one run share."""

    __slots__ = ("abort", "cancelled", "closing", "failures", "lost", "main", "notes", "replies")

    def __init__(self) -> None:
        self.replies: list[ReplySource] = []
        """All requests, in order."""
        self.main: list[ReplySource] = []
        """Those of the main chain: the last one's reply is the run's."""
        self.cancelled = False
        self.notes: dict[str, Note] = {}
        self.closing: set[asyncio.Task[Any]] = set()
        """What still has to end when the stream has: a run waits for it."""
        self.abort: Callable[[BaseException], None] | None = None
        """If there is a run: ends it, which then raises KeyboardInterrupt or the like."""
        self.lost: Callable[[BaseException], None] = report
        """Tells the far end of the chain of an error that an operator kept from going down."""
        self.failures: list[Exception] | None = None
        """What went wrong beside the stream itself, if there is a run to raise it at its end."""

    def current(self) -> ReplySource | None:
        """The source whose reply is the run's so far."""
        return (self.main or self.replies or [None])[-1]  # type: ignore[list-item]  # of all three kinds

    def spawn(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """A task on behalf of the run."""
        task = loop.create_task(work, name=name)
        self.closing.add(task)
        task.add_done_callback(self.closing.discard)
        return task


class Sources(list[ReplySource]):
    """The sources above one place of a chain, which are entered in the list below it too."""

    def __init__(self, below: list[ReplySource]) -> None:
        super().__init__()
        self._below = below

    def append(self, source: ReplySource) -> None:
        self._below.append(source)
        super().append(source)

    def extend(self, sources: Iterable[ReplySource]) -> None:
        for source in sources:
            self.append(source)


class RunScheduler(AsyncIOThreadSafeScheduler):
    """Schedules on the run's loop and carries what a source has to know.

    ``gate`` and ``context``; while recording ``tap``, which makes one for each source; above an operator that changes
    replies its ``lens``: what of the source's Reply is let through, which is all that a run may tell; above one that
    hides its ``telling``: the same for errors; and ``sources``, where a source enters itself as (perhaps) the one whose
    reply is the run's. Where a chain flows into another (a stream within `map_async`), ``cover`` is the lens of that
    other one: it too decides what a run may tell of the sources.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        gate: Gate | None = None,
        context: Context | None = None,
        tap: Callable[[], Tap] | None = None,
        lens: Lens | None = None,
        sources: list[ReplySource] | None = None,
        telling: Telling | None = None,
        cover: Lens | None = None,
    ) -> None:
        super().__init__(loop)
        self.gate = gate or Gate()
        self.context = context or Context()
        self.tap = tap
        self.lens, self.telling, self.cover = lens, telling, cover
        self.sources = self.context.main if sources is None else sources

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    @property
    def now(self) -> datetime:
        """The date that operators like ``delay`` reckon with: the loop's own if its time is virtual."""
        date: Callable[[], datetime] | None = getattr(self._loop, "date", None)
        return date() if date is not None else super().now

    def derive(
        self,
        *,
        gate: Gate | None = None,
        tap: Callable[[], Tap] | None = None,
        lens: Lens | None = None,
        sources: list[ReplySource] | None = None,
        telling: Telling | None = None,
    ) -> RunScheduler:
        """The same run seen through another gate, recorded, with a further lens (the one furthest downstream looks
        last), or with its sources counted apart."""
        return RunScheduler(
            self._loop,
            gate or self.gate,
            self.context,
            tap or self.tap,
            _both(self.lens, lens),
            self.sources if sources is None else sources,
            _both(self.telling, telling),
            self.cover,
        )

    def aside(self, gate: Gate) -> RunScheduler:
        """The same run for a branch, beside its main chain: what that does to replies does not concern it, and what it
        asks is not the run's own reply. Where the chain hides something, a run tells of such replies the figures."""
        return self._beside(gate, None if self.telling is None else figures)

    def within(self, gate: Gate) -> RunScheduler:
        """The same run for a stream whose items become some of this place's own: what it asks is not the run's reply
        either. Where the chain hides something, a run tells no more text of it than was let through."""
        return self._beside(gate, None if self.telling is None else as_part(self.lens))

    def _beside(self, gate: Gate, cover: Lens | None) -> RunScheduler:
        cover = _both(self.cover, cover)
        return RunScheduler(self._loop, gate, self.context, sources=[], telling=self.telling, cover=cover)

    # -- what a run may tell ---------------------------------------------------------------------------------------

    def shown(self, reply: Reply) -> Reply:
        """A source's ``reply`` as far as it is let through below."""
        shown = reply if self.lens is None else self.lens(reply)
        return shown if self.cover is None else self.cover(shown)

    def told(self, error: Exception) -> Exception:
        """``error`` as far as it is let through below: for one that reaches the run by another way than the chain."""
        if self.telling is None:
            return error
        try:
            return apart(self.telling, error)
        except Exception as exc:  # of the user's stage; the error itself must not get past it
            return exc

    def end(self, observer: abc.ObserverBase[Any], error: Exception | None) -> None:
        """Tell ``observer`` of the end, and the far end of the chain if that fails: nobody else would."""
        failure: BaseException
        try:
            if error is None:
                observer.on_completed()
            else:
                observer.on_error(error)
            return
        except Exception as exc:
            failure = self.told(exc if error is None else error)
        except (asyncio.CancelledError, GeneratorExit) as exc:  # raised by an operator: nobody cancels us meanwhile
            failure = exc if error is None else self.told(error)
        self.context.lost(failure)


def _both(last: Callable[[T], T] | None, first: Callable[[T], T] | None) -> Callable[[T], T] | None:
    if last is None or first is None:
        return last or first
    return lambda value: last(first(value))


def as_part(below: Lens | None) -> Lens | None:
    """What may be told of a reply that is a part of what passes ``below``: no more text than was let through there. The
    figures stay its own, for below are those of the whole."""
    if below is None:
        return None

    def look(reply: Reply) -> Reply:
        shown, own = below(reply), figures(reply)
        return replace(
            own, choices=shown.choices, earlier=shown.earlier, answers=shown.answers, warnings=shown.warnings
        )

    return look


def figures(reply: Reply) -> Reply:
    """``reply`` without any text, and without what the server sent besides."""
    usage = None if reply.usage is None else replace(reply.usage, raw=None)
    return replace(reply, choices=(Choice(),), usage=usage, earlier=(), answers=(), warnings=(), raw=None)


def scheduler_for(scheduler: abc.SchedulerBase | None) -> RunScheduler:
    """``scheduler`` if it is ours, else a fresh one on the loop that the loop rule names."""
    return scheduler if isinstance(scheduler, RunScheduler) else RunScheduler(loop_of(scheduler))


def clock(scheduler: abc.SchedulerBase | None) -> abc.SchedulerBase:
    """The scheduler on which an operator sets its timers: ``scheduler`` itself if it keeps time on a loop or
    virtually, else one on the loop that the loop rule names (stock timers would each start a thread)."""
    if isinstance(scheduler, (AsyncIOScheduler, VirtualTimeScheduler)):
        return scheduler
    return scheduler_for(scheduler)
