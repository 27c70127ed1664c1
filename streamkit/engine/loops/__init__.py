"""Event loops: the one that serves a subscription, calls to it from other threads, and what is logged at its end."""

from .cancelling import CancelOnce, cancelled_from_outside, is_cancel, outcome_of
from .closing import enter, forgets_closed_loops, leave
from .loop import (
    background,
    call_on,
    current_loop,
    is_background,
    is_own,
    live,
    loop_of,
    on_loop,
    running_loop,
    runs_here,
    shutdown,
    thread_runner,
)
from .wake import Wake, resolve

__all__ = [
    "CancelOnce",
    "Wake",
    "background",
    "call_on",
    "cancelled_from_outside",
    "current_loop",
    "enter",
    "forgets_closed_loops",
    "is_background",
    "is_cancel",
    "is_own",
    "leave",
    "live",
    "loop_of",
    "on_loop",
    "outcome_of",
    "resolve",
    "running_loop",
    "runs_here",
    "shutdown",
    "thread_runner",
]
