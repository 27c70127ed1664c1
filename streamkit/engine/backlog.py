"""What waits in front of a slow sink, bounded in items and bytes, and what gives way when there is too much of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..events import (
    Finish,
    ReasoningDelta,
    Reply,
    Restart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    UsageUpdate,
)

__all__ = ["OVERFLOWS", "Backlog", "Gap", "Overflow", "weight"]

Overflow: TypeAlias = Literal["wait", "conflate", "drop_oldest", "latest", "fail"]
OVERFLOWS: tuple[Overflow, ...] = ("wait", "conflate", "drop_oldest", "latest", "fail")
KEPT = frozenset({Finish, Reply, Restart, ToolCall, ToolCallDelta, ToolResult, UsageUpdate})
"""Never dropped: without them what the sink has got means something else."""
MERGED = frozenset({str, TextDelta, ReasoningDelta})


@dataclass(frozen=True, slots=True)
class Gap:
    """Items that a sink did not get: how many, and the numbers (from 0) of the first and the last."""

    count: int
    first: int
    last: int


def weight(item: Any) -> int:
    """About how many bytes an item holds on to."""
    text = item if isinstance(item, (str, bytes)) else getattr(item, "text", None)
    return 64 + (len(text) if isinstance(text, (str, bytes)) else 0)


@dataclass(slots=True)
class _Entry:
    item: Any
    number: int
    since: float
    bytes: int
    more: list[str] = field(default_factory=list)  # further text, joined when it is taken: linear

    def taken(self) -> Any:
        if not self.more:
            return self.item
        if type(self.item) is str:
            return "".join((self.item, *self.more))
        return type(self.item)("".join((self.item.text, *self.more)), self.item.index)

    def takes_in(self, item: Any) -> bool:
        """Neighbours of one kind and choice are one piece as well as two."""
        mine = self.item
        if type(item) is not type(mine) or type(item) not in MERGED:
            return False
        return type(item) is str or bool(item.index == mine.index)


class Backlog:
    """Items in order. ``overflow`` says what happens when `full` is reached:

    - ``wait``, ``fail``: nothing here; whoever fills it has to stop, or to fail
    - ``conflate``: text joins the text before it as soon as anything waits, so that nothing is lost and a slow reader
      gets larger pieces; full only by bytes, or by items that cannot be joined
    - ``drop_oldest``, ``latest`` (with room for one): the oldest items go, but never those that are ``KEPT``
    """

    def __init__(self, overflow: Overflow, capacity: int, max_bytes: int) -> None:
        self.capacity, self.max_bytes = (1 if overflow == "latest" else capacity), max_bytes
        self.dropped = self.merged = self.high_water = 0
        self._overflow = overflow
        self._entries: deque[_Entry] = deque()
        self._bytes = 0
        self._numbers = 0
        self._gap: Gap | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def full(self) -> bool:
        return len(self._entries) >= self.capacity or self._bytes >= self.max_bytes

    def put(self, item: Any, now: float) -> None:
        """Take an item, which always succeeds: whether there is room for the next one says `full`."""
        number, size = self._numbers, weight(item)
        self._numbers += 1
        last = self._entries[-1] if self._entries else None
        if self._overflow == "conflate" and last is not None and last.takes_in(item):
            size -= 64
            last.more.append(item if type(item) is str else item.text)
            last.bytes += size
            self.merged += 1
        else:
            if self._overflow in ("drop_oldest", "latest") and self.full:
                self._drop()
            self._entries.append(_Entry(item, number, now, size))
        self._bytes += size
        self.high_water = max(self.high_water, len(self._entries))

    def take(self) -> tuple[Any, float]:
        """The oldest item and since when it waited."""
        entry = self._entries.popleft()
        self._bytes -= entry.bytes
        return entry.taken(), entry.since

    def gap(self) -> Gap | None:
        """What was dropped since this was asked last, before the item that comes next."""
        gap, self._gap = self._gap, None
        return gap

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def _drop(self) -> None:
        for entry in self._entries:
            if type(entry.item) not in KEPT:
                self._entries.remove(entry)
                self._bytes -= entry.bytes
                self.dropped += 1
                before = self._gap
                self._gap = Gap(
                    before.count + 1 if before else 1, before.first if before else entry.number, entry.number
                )
                return
