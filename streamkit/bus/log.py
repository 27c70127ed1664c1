"""The storage of a bus: a log for each reply, in which one writer at a time appends entries."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

__all__ = ["START", "Answer", "Entry", "EntryId", "Log", "Status", "Verdict"]

EntryId: TypeAlias = tuple[int, int]
"""The id of an entry: a time in milliseconds and a number within it. Ids grow within a log."""

START: EntryId = (0, 0)
"""The id before that of any entry."""

PAGE = 500
"""Entries that are read at a time."""

Verdict: TypeAlias = Literal["ok", "repeated", "stale", "closed", "gap", "missing", "busy", "alive"]
"""What became of a request to change a log:

- ``ok``: it was done; ``repeated``: it had been done before, by the same writer, so it was not done again
- ``stale``: a writer with a higher epoch has taken over; ``closed``: the reply has ended
- ``gap``: a batch before this one is missing; ``missing``: there is no such reply, or no longer
- ``busy``: another writer has begun the reply; ``alive``: its writer gave a sign of life not long ago
"""


class Answer(NamedTuple):
    """The verdict on a request, the epoch of the reply, and whether its writer is asked to stop."""

    verdict: Verdict
    epoch: int = 0
    is_cancelled: bool = False


class Entry(NamedTuple):
    """One batch of a log: its id, the epoch of its writer, its number in that epoch (from 1), and its data."""

    id: EntryId
    epoch: int
    number: int
    data: bytes


class Status(NamedTuple):
    """The state of a reply: whether it is open, the epoch, the id of its last entry (`START` if none), and the
    seconds since the last sign of life."""

    is_open: bool
    epoch: int
    last: EntryId
    silent_for: float


class Log(Protocol):
    """The storage of a bus. Each method is one atomic step; all are called on one event loop.

    A method may be called again if its answer was lost: `open` and `take_over` with the same ``owner``, `append` with
    the same epoch and number are then not done twice.
    """

    async def open(self, reply_id: str, owner: str) -> Answer:
        """Begin the reply, if there is none of this id. If there was one, which is gone while its writer may still be
        at work, the epoch is greater than any that it had."""
        ...

    async def append(self, reply_id: str, epoch: int, number: int, data: bytes, *, last: bool) -> Answer:
        """Append an entry, and end the reply with the ``last`` one. It is a sign of life, too."""
        ...

    async def take_over(
        self, reply_id: str, epoch: int, owner: str, data: bytes, *, last: bool, dead_after: float
    ) -> Answer:
        """Append an entry under the epoch after ``epoch``, whose writer must have given no sign of life for more than
        ``dead_after`` seconds. The answer has the new epoch."""
        ...

    async def beat(self, reply_id: str, epoch: int) -> Answer:
        """Give a sign of life."""
        ...

    async def cancel(self, reply_id: str) -> Answer:
        """Ask the writer to stop."""
        ...

    async def read(self, reply_id: str, after: EntryId, *, limit: int) -> Sequence[Entry]:
        """The entries after one, ``limit`` at most. It does not wait."""
        ...

    def tail(self, reply_id: str, after: EntryId, *, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        """The entries after one, as they come, without an end; an empty sequence after each ``silence`` seconds in
        which there was none."""
        ...

    async def status(self, reply_id: str) -> Status | None:
        """The state of a reply; None if there is none of this id, or no longer."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
