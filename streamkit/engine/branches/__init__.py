"""Branches of a run: the fan that passes items to them, and the outlet and mailbox in front of each sink."""

from .attach import Attached
from .branch import Branch, as_branch, branch, check_kinds
from .fan import Fan
from .holds import Hold
from .listener import Heard, Listener, on
from .ownsink import OwnSink, begin_of
from .stats import SinkStats

__all__ = [
    "Attached",
    "Branch",
    "Fan",
    "Heard",
    "Hold",
    "Listener",
    "OwnSink",
    "SinkStats",
    "as_branch",
    "begin_of",
    "branch",
    "check_kinds",
    "on",
]
