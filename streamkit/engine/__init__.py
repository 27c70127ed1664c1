"""What runs a stream: the loop rule, the gate, mailboxes, branches and the run they belong to."""

from .branches.branch import Branch, branch
from .loops.loop import loop_of, on_loop, shutdown
from .runs.registry import Runs
from .runs.run import Run, run, start
from .streams.operator import Keeps, KeepsAll, Operator
from .streams.replystream import ReplyStream
from .streams.source import Producer, Reading, Source
from .streams.stream import Stream, stream
from .upstream.context import Context, SentRequest, Sources
from .upstream.gate import Gate
from .upstream.scheduler import RunScheduler, clock, scheduler_for

__all__ = [
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
    "SentRequest",
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
