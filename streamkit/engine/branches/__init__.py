"""Branches of a run: the fan that passes items to them, and the outlet and mailbox in front of each sink."""

from .attach import Attached, BranchedStream
from .description import Branch, as_branch, branch, check_kinds
from .fan import Fan
from .listener import Listener, ListenerState, on
from .own_sink import OwnSink, begin_of
from .stats import SinkStats

__all__ = [
    "Attached",
    "Branch",
    "BranchedStream",
    "Fan",
    "Listener",
    "ListenerState",
    "OwnSink",
    "SinkStats",
    "as_branch",
    "begin_of",
    "branch",
    "check_kinds",
    "on",
]
