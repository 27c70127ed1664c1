"""The scheduler of a run, which carries gate, context and place upstream; the asynchronous map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily
from .atwork import AtWork, at_work
from .bounds import CAPACITY, MAX_BYTES, weight
from .context import Context, Note, new_id
from .deadline import Deadline, time_of
from .first_end import FirstEnd, pass_end
from .foreign import Foreign
from .gate import Gate, GateClock, TimedGate
from .hold import Hold
from .place import Place, ReplyFilter, ReplySource, SentRequest, figures
from .scheduler import RunScheduler, clock, scheduler_for
from .without_context import WithoutContext

if TYPE_CHECKING:
    from .async_map import AsyncMap
    from .composite import CompositeReply
    from .loop_watch import LoopWatch, loop_is_ending
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
    "TimedGate",
    "WithoutContext",
    "at_work",
    "clock",
    "figures",
    "loop_is_ending",
    "new_id",
    "pass_end",
    "scheduler_for",
    "switch_to",
    "time_of",
    "weight",
]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "async_map": "AsyncMap",
            "composite": "CompositeReply",
            "loop_watch": "LoopWatch loop_is_ending",
            "switching": "switch_to",
        },
    )


def __dir__() -> list[str]:
    return __all__
