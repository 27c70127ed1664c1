"""The scheduler of a run, which carries gate, context and filters upstream; places in a chain; the asynchronous map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily
from .atwork import AtWork, at_work
from .bounds import CAPACITY, MAX_BYTES, weight
from .context import Context, Note, ReplySource, SentRequest, Sources, new_id
from .deadline import Deadline
from .first_end import FirstEnd
from .foreign import Foreign
from .gate import Gate, GateClock, TimedGate
from .hold import Hold
from .scheduler import ReplyFilter, RunScheduler, clock, figures, scheduler_for
from .without_context import WithoutContext

if TYPE_CHECKING:
    from .async_map import AsyncMap
    from .loop_watch import LoopWatch, loop_is_ending
    from .place import CompositeReply, Place
    from .switching import switch_to

__all__ = [
    "CAPACITY",
    "MAX_BYTES",
    "AsyncMap",
    "AtWork",
    "CompositeReply",
    "Context",
    "Deadline",
    "FirstEnd",
    "Foreign",
    "Gate",
    "GateClock",
    "Hold",
    "LoopWatch",
    "Note",
    "Place",
    "ReplyFilter",
    "ReplySource",
    "RunScheduler",
    "SentRequest",
    "Sources",
    "TimedGate",
    "WithoutContext",
    "at_work",
    "clock",
    "figures",
    "loop_is_ending",
    "new_id",
    "scheduler_for",
    "switch_to",
    "weight",
]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "async_map": "AsyncMap",
            "loop_watch": "LoopWatch loop_is_ending",
            "place": "CompositeReply Place",
            "switching": "switch_to",
        },
    )


def __dir__() -> list[str]:
    return __all__
