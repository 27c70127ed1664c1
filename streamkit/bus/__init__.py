"""Replies that outlive the process that reads them: one writes a reply to a bus, others follow it from any position, in
this process or in others."""

from .bus import Bus
from .log import START, Answer, Entry, EntryId, Log, Status, Verdict
from .making import memory, redis
from .reading import Placed

__all__ = ["START", "Answer", "Bus", "Entry", "EntryId", "Log", "Placed", "Status", "Verdict", "memory", "redis"]
