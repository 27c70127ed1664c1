"""A queue of pieces of text to be shown in a rhythm, and of the other events between them."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import ExitStack
from math import ceil
from typing import Any, TypeAlias

from ..events import LogprobsDelta, Other, ReasoningDelta, TextDelta, UsageUpdate
from .pieces import PieceCutter

__all__ = ["BACKLOG", "Pacing", "is_text", "takes_time", "text_of", "with_text"]

BACKLOG = 4096
"""Items that may wait for their time before the source is held back."""
SIDE_ITEMS = (LogprobsDelta, Other, UsageUpdate)
"""Events that may come in the middle of a word, which continues after them."""
ChoiceKey: TypeAlias = "int | None"
"""The number of a choice; None for bare str."""


def is_text(item: Any) -> bool:
    kind = type(item)
    return kind is TextDelta or kind is ReasoningDelta or kind is str


def takes_time(item: Any) -> bool:
    """True if a reader sees anything of the item."""
    return is_text(item) and text_of(item) != ""


def text_of(item: Any) -> str:
    text: str = item if type(item) is str else item.text
    return text


def with_text(item: Any, text: str) -> Any:
    """``text`` as an event of the kind and choice of ``item``; ``item`` itself if that is its text."""
    if text == text_of(item):
        return item
    return text if type(item) is str else type(item)(text, item.index)


class Pacing:
    """A queue: items are fed, and at each tick a number of pieces of text is taken. Items that are not text, or are
    empty, take no tick.

    Each choice is cut by itself, its text apart from its thoughts. A piece enters the queue when it is whole, or when
    its cutter is not patient and everything before it was shown. An item that is not text ends the piece of its choice,
    or of all choices if it has none; but usage and the like come after the pieces that had begun before them.

    When more waits than ``ticks`` ticks can show one by one, more is taken at each tick, until everything was shown.
    """

    def __init__(self, make: Callable[[], PieceCutter], ticks: float) -> None:
        self.texts = 0
        """The number of pieces in the queue."""
        self._make, self._ticks, self._rate = make, ticks, 1
        self._patient = make().patient
        self._queue: deque[Any] = deque()
        self._parts: dict[ChoiceKey, _Part] = {}
        # The beginnings of pieces, in the order in which they came: the time (by `_moment`), and how many items had to
        # be shown before. Removing the first entry of an OrderedDict is cheap.
        self._begun: OrderedDict[ChoiceKey, tuple[int, int]] = OrderedDict()
        self._side_items: deque[tuple[int, Any]] = deque()
        self._moment = self._taken_count = 0

    @property
    def waiting(self) -> int:
        """The number of items in the queue."""
        return len(self._queue)

    @property
    def growing(self) -> bool:
        """True if the beginning of a piece waits that may be shown as it is."""
        return bool(self._begun) and not self._patient

    def feed(self, item: Any) -> None:
        """Take an item. If the cutter raises, everything that came before stays in the queue."""
        self._moment += 1
        if takes_time(item):
            self._feed_text(item)
        elif type(item) in SIDE_ITEMS or is_text(item):
            self._feed_side_item(item)
        else:
            index = getattr(item, "index", None)
            if self._side_items or not isinstance(index, int):
                self.cut()
            elif index in self._parts:
                self._cut(index)
            self._put(item)
        self._raise_rate()

    def cut(self) -> None:
        """End every piece that has begun, as it is. If a cutter raises, all are cut before its error is raised."""
        with ExitStack() as stack:
            for key in reversed(tuple(self._parts)):
                stack.callback(self._cut, key)

    def tick(self) -> list[Any]:
        """The items to show now, which take until the next tick."""
        items = self.take(self._rate)
        if not self.texts:
            self._rate = 1
        return items

    def take_in(self) -> None:
        """Move beginnings that may be shown as they are to the front of the queue, if all before them was shown."""
        if not self.growing:
            return
        queue, self._queue = self._queue, deque()
        while self._begun:
            key, (_, before) = next(iter(self._begun.items()))
            if before > self._taken_count:
                break
            self._cut(key)
        self._queue += queue
        self._raise_rate()

    def take(self, pieces: float) -> list[Any]:
        """Take that many pieces from the front of the queue, with the other items before, between and after them."""
        items: list[Any] = []
        while self._queue:
            if takes_time(self._queue[0]):
                if not pieces:
                    break
                pieces -= 1
                self.texts -= 1
            items.append(self._queue.popleft())
        self._taken_count += len(items)
        return items

    def _raise_rate(self) -> None:
        count = self.texts + (len(self._begun) if self.growing else 0)
        self._rate = max(self._rate, ceil(count / self._ticks))

    def _put(self, item: Any) -> None:
        self._queue.append(item)
        self.texts += takes_time(item)

    def _feed_text(self, item: Any) -> None:
        key = None if type(item) is str else item.index
        part = self._parts.get(key)
        if part is not None and type(part.last) is not type(item):
            self._cut(key)
            part = None
        if part is None:
            part = self._parts[key] = _Part(self._make(), item)
        part.last = item
        pieces = part.cutter.feed(text_of(item))
        self._put_pieces(key, item, pieces)
        if not part.cutter.holds:
            if not self._patient:  # it has no state
                del self._parts[key]
        elif key not in self._begun:
            self._begun[key] = self._moment, self._taken_count + len(self._queue)

    def _feed_side_item(self, item: Any) -> None:
        """Queue the item after the pieces that have begun; it ends none of them."""
        if not self._begun:
            self._put(item)
            return
        self._side_items.append((self._moment, item))
        if len(self._side_items) >= BACKLOG:
            self.cut()

    def _cut(self, key: ChoiceKey) -> None:
        part = self._parts.pop(key)
        try:
            self._put_pieces(key, part.last, part.cutter.flush())
        except Exception:
            # Now it returns the rest, without a further call of the user's code.
            self._put_pieces(key, part.last, part.cutter.flush())
            raise

    def _put_pieces(self, key: ChoiceKey, item: Any, pieces: list[str]) -> None:
        """Queue the pieces. The first had begun before, so the side items that came meanwhile follow it."""
        for number, piece in enumerate(pieces):
            self._put(with_text(item, piece))
            if not number:
                self._begun.pop(key, None)
                self._put_side_items()

    def _put_side_items(self) -> None:
        oldest = next(iter(self._begun.values()))[0] if self._begun else self._moment + 1
        while self._side_items and self._side_items[0][0] < oldest:
            self._put(self._side_items.popleft()[1])


class _Part:
    """The text, or the thoughts, of one choice: ``last`` is the last item of it."""

    __slots__ = ("cutter", "last")

    def __init__(self, cutter: PieceCutter, last: Any) -> None:
        self.cutter, self.last = cutter, last
