"""What runs a stream: the loop rule, the gate, mailboxes, branches and the run they belong to."""

from .branch import Branch, branch
from .context import Asked, Context, Sources
from .gate import Gate
from .loop import loop_of, on_loop, shutdown
from .operator import Keeps, KeepsAll, Operator
from .replystream import ReplyStream
from .run import Run, run, start
from .runs import Runs
from .scheduler import RunScheduler, clock, scheduler_for
from .source import Producer, Reading, Source
from .stream import Stream, stream

__all__ = [
    "Asked",
    "Branch",
    "Context",
    "Gate",
    "Keeps",
    "KeepsAll",
    "Operator",
    "Producer",
    "Reading",
    "ReplyStream",
    "Run",
    "RunScheduler",
    "Runs",
    "Source",
    "Sources",
    "Stream",
    "branch",
    "clock",
    "loop_of",
    "on_loop",
    "run",
    "scheduler_for",
    "shutdown",
    "start",
    "stream",
]
