"""The items that wait in front of a slow sink, bounded in items and bytes, and the policies for too many of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from io import StringIO
from typing import Any, Literal, NamedTuple, TypeAlias

from ...events import (
    BlockEnd,
    BlockStart,
    Citation,
    File,
    Finish,
    ReasoningDelta,
    Reply,
    Restart,
    RoundEnd,
    ServerTool,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    UsageUpdate,
)
from ..upstream import weight

__all__ = ["OVERFLOWS", "Backlog", "Gap", "Overflow", "Taken"]

Overflow: TypeAlias = Literal["wait", "conflate", "drop_oldest", "latest", "fail"]
OVERFLOWS: tuple[Overflow, ...] = ("wait", "conflate", "drop_oldest", "latest", "fail")
KEPT = frozenset({
    BlockEnd, BlockStart, Citation, File, Finish, Reply, Restart, RoundEnd, ServerTool, Start, ToolCall, ToolCallDelta,
    ToolResult, UsageUpdate,
})  # fmt: skip
"""Types of items that are never dropped, because without them the other items would mean something else."""
ROOM = 64
"""The number of these that any mailbox has room for, because the end of a reply must not hold its source."""
NOTHING: deque[Any] = deque(maxlen=0)
MERGED = frozenset({str, TextDelta, ReasoningDelta})


def is_kept(item: Any) -> bool:
    """True for an item that no policy drops: one of ``KEPT``, also inside a labelled item, or an error as an item."""
    inner = getattr(item, "item", item)
    if is_running(inner):
        return False
    return type(inner) in KEPT or isinstance(getattr(inner, "error", None), BaseException)


def is_running(item: Any) -> bool:
    """True for a running count of a meter, which the next one makes obsolete. There is one for each piece of text."""
    return type(item) is UsageUpdate and item.usage.origin != "provider"


@dataclass(frozen=True, slots=True)
class Gap:
    """Items that a sink did not get: their count, and the numbers (from 0) of the first and the last."""

    count: int
    first: int
    last: int


class Taken(NamedTuple):
    """An item, the time since when it waited, and the gap of dropped items before it, if there is one."""

    item: Any
    since: float
    gap: Gap | None


class _Entry:
    __slots__ = ("bytes", "item", "more", "number", "since")

    def __init__(self, item: Any, number: int, since: float, size: int) -> None:
        self.item, self.number, self.since, self.bytes = item, number, since, size
        self.more: StringIO | None = None

    def can_merge(self, item: Any) -> bool:
        """True if ``item`` may be merged into this entry: both are text of one type and one choice."""
        mine = self.item
        if type(item) is not type(mine) or type(item) not in MERGED:
            return False
        return type(item) is str or bool(item.index == mine.index)

    def add(self, text: str) -> None:
        """Append text in linear time, without the memory of many small pieces."""
        if self.more is None:
            self.more = StringIO()
        self.more.write(text)

    def whole(self) -> Any:
        if self.more is None:
            return self.item
        if type(self.item) is str:
            return self.item + self.more.getvalue()
        return type(self.item)(self.item.text + self.more.getvalue(), self.item.index)


class Backlog:
    """A queue of items with a limit. Its mailbox fills and empties it, on the run's loop, until the sink has ended.

    ``overflow`` decides what happens when there is no room for one more item:

    - ``wait``, ``fail``: nothing here; the mailbox holds the source once it is `full`, or fails
    - ``conflate``: text is merged into the text before it as soon as anything waits, so that nothing is lost and a slow
      sink gets larger pieces, and a running count is removed when the next one comes; `full` only by bytes, or by
      items that cannot be merged
    - ``drop_oldest``, ``latest`` (with room for one): the oldest items are dropped, but never those that are ``KEPT``;
      `full` when ``capacity`` of these wait, 64 at least, or ``max_bytes``

    Items are numbered in the order in which they come, from ``number``.
    """

    def __init__(self, overflow: Overflow, capacity: int, max_bytes: int, number: int = 0) -> None:
        self.capacity, self.max_bytes = (1 if overflow == "latest" else capacity), max_bytes
        self.dropped = self.merged = self.high_water = 0
        self._conflates, self._drops = overflow == "conflate", overflow in ("drop_oldest", "latest")
        self._entries: deque[_Entry] = deque()
        self._undroppable: deque[_Entry] = deque() if self._drops else NOTHING
        """A queue of its own, so that dropping need not search; only if the policy drops anything, as each deque weighs
        760 bytes."""
        self._bytes = self._undroppable_bytes = 0
        self.number = number
        self._gap: Gap | None = None

    def __len__(self) -> int:
        return len(self._entries) + len(self._undroppable)

    @property
    def full(self) -> bool:
        if self._drops:
            return len(self._undroppable) >= max(self.capacity, ROOM) or self._undroppable_bytes >= self.max_bytes
        return len(self._entries) >= self.capacity or self._bytes >= self.max_bytes

    def put(self, item: Any, now: float) -> None:
        """Add an item. This always succeeds; `full` is True if there is no room for the next one."""
        entry = _Entry(item, self.number, now, weight(item))
        self.number += 1
        if self._conflates and self._entries:
            if self._entries[-1].can_merge(item):
                self._merge(self._entries[-1], item)
                return
            if is_running(item):
                self._drop_last_count()
        keep = self._drops and is_kept(item)
        if self._drops:
            self._make_room(entry.bytes)
        self._bytes += entry.bytes
        self._undroppable_bytes += entry.bytes if keep else 0
        (self._undroppable if keep else self._entries).append(entry)
        self.high_water = max(self.high_water, len(self))

    def take(self) -> Taken:
        """Remove and return the oldest item."""
        entries, undroppable = self._entries, self._undroppable
        if undroppable and not (entries and entries[0].number < undroppable[0].number):
            entry = undroppable.popleft()
            self._undroppable_bytes -= entry.bytes
        else:
            entry = entries.popleft()
        self._bytes -= entry.bytes
        gap = self._gap if self._gap is not None and self._gap.first < entry.number else None
        if gap is not None:
            self._gap = None
        return Taken(entry.whole(), entry.since, gap)

    def clear(self) -> None:
        """Remove all items, which are counted as dropped."""
        self.dropped += len(self)
        self._entries.clear()
        self._undroppable.clear()
        self._bytes = self._undroppable_bytes = 0

    def _drop_last_count(self) -> None:
        """Remove the last running count, which has at most one piece of text after it; that is then merged into the
        text before the count."""
        entries = self._entries
        text = entries.pop() if type(entries[-1].item) in MERGED else None
        if entries and is_running(entries[-1].item):
            self._bytes -= entries.pop().bytes
            self.merged += 1
        if text is None:
            return
        if entries and entries[-1].can_merge(text.item):
            self._bytes -= text.bytes
            self._merge(entries[-1], text.whole())
        else:
            entries.append(text)

    def _merge(self, last: _Entry, item: Any) -> None:
        text = item if type(item) is str else item.text
        last.add(text)
        last.bytes += len(text)
        self._bytes += len(text)
        self.merged += 1

    def _make_room(self, size: int) -> None:
        while self._entries and (len(self) >= self.capacity or self._bytes + size > self.max_bytes):
            entry = self._entries.popleft()
            self._bytes -= entry.bytes
            self.dropped += 1
            gap = self._gap
            self._gap = Gap(gap.count + 1, gap.first, entry.number) if gap else Gap(1, entry.number, entry.number)
