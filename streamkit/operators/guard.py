"""The operator `guard`: text is emitted only after a check has approved it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import isawaitable
from typing import Any, TypeAlias, TypeVar, Unpack

from reactivex import Observable, abc, compose

from ..checks import check_whole
from ..engine.streams import Scheduler, check_function, keeping_operator, operator_of
from ..engine.upstream import clock, scheduler_for, time_of
from ..errors import StreamkitError
from ..protocols import Op
from ..stages.rewriting import CheckRequest, GuardCutter, GuardJoiner, verdict_of
from ..stages.segments import Segmenting
from .above import stage_operator
from .lift import Lifted, map_async
from .segments import Unit, segments_of

__all__ = ["Check", "guard"]

S = TypeVar("S")

Verdict: TypeAlias = "bool | str"
Check: TypeAlias = "Callable[[str], Verdict | Awaitable[Verdict]]"
"""Gets a piece of text; True approves it, a str replaces it, False refuses it and ends the reply."""


def guard(
    check: Check, unit: Unit = "sentence", *, concurrency: int = 2, **segmenting: Unpack[Segmenting]
) -> Callable[[S], S]:
    """Events → the same events, text in pieces that ``check`` approved or replaced, in order. Text that is held is
    emitted before a call of a tool, as soon as that begins, but after reasoning that came meanwhile.

    Each ``unit`` (``sentence``, ``word``, ``line``, ``paragraph``; ``segmenting`` are further options of
    `stages.Segments`) is held until its check is done; ``concurrency`` checks are under way at a time, the source is
    held back meanwhile. The white space before a piece is not part of the check, and is dropped if the piece is
    replaced by nothing.
    A refused piece is not shown and ends the reply: ``stopped``, by ``guard``. A check that raises or gives anything
    else, None too, fails closed, with a `StreamkitError`: nothing from its piece on is shown. Reasoning and tool calls
    pass.

    With ``max_wait``, text of a choice that gets no more of it for so many seconds, whatever else comes, is cut at its
    last good place and checked; time in which the source is held back does not count.

    Note: a block of code is one piece, held until its end; ``code="lines"`` checks each line of it.
    """
    check_function("check", check, "check(text) gives True, False or another text")
    concurrency = check_whole("concurrency", concurrency)
    make = segments_of(unit, segmenting)
    checks: Op[Any, Any] = map_async(partial(_checked, check), concurrency=concurrency)
    join = stage_operator("guard", lambda above: GuardJoiner("guard", above.keeps_text))

    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        timer = clock(scheduler)  # here, because the subscriptions upstream may get another scheduler
        chain: Op[Any, Any] = compose(operator_of("guard", partial(_cut, make, timer)), checks, join)
        return chain(source).subscribe(observer, scheduler=scheduler)

    return keeping_operator("guard", connect)


def _cut(
    make: Callable[[], Any],
    timer: abc.SchedulerBase,
    source: Observable[Any],
    observer: abc.ObserverBase[Any],
    scheduler: Scheduler,
) -> abc.DisposableBase:
    run = scheduler_for(scheduler)
    cutter = GuardCutter(make, time_of(timer), lambda: run.gate.closed > 0)
    return Lifted(cutter, observer, run, timer).connect(source)


async def _checked(check: Check, item: Any) -> Any:
    """The result of the check that ``item`` asks for; anything else as it is."""
    if not isinstance(item, CheckRequest):
        return item
    try:
        verdict = check(item.text)
        return verdict_of(item, await verdict if isawaitable(verdict) else verdict)
    except StreamkitError:
        raise
    except Exception as exc:
        raise StreamkitError.wrapping("the check raised", exc) from exc
