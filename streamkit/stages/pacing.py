"""What waits to be shown in a rhythm: pieces of text, and between them the events that are none."""

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
BESIDE = (LogprobsDelta, Other, UsageUpdate)
"""What comes in the midst of a word, which goes on behind it."""
ChoiceKey: TypeAlias = "int | None"
"""Its number; None for bare str."""


def is_text(item: Any) -> bool:
    kind = type(item)
    return kind is TextDelta or kind is ReasoningDelta or kind is str


def takes_time(item: Any) -> bool:
    """Whether a reader sees anything of it."""
    return is_text(item) and text_of(item) != ""


def text_of(item: Any) -> str:
    text: str = item if type(item) is str else item.text
    return text


def with_text(item: Any, text: str) -> Any:
    """``text`` as an event of the kind and choice of ``item``, which stays as it is if that is its text."""
    if text == text_of(item):
        return item
    return text if type(item) is str else type(item)(text, item.index)


class Pacing:
    """A queue: items are fed, pieces of text are taken, so many at a tick. What is not text, or is
    empty, takes no tick.

    Each choice is cut by itself, its text apart from its thoughts. A piece takes its place in the queue when it is
    whole, or when its cutter is not patient and all that came before it was shown. What is not text ends the piece of
    its choice, or of all if it has none; but usage and the like come after the pieces that had begun before them.

    When more waits than ``ticks`` ticks can show one by one, more is taken at a tick, until all was shown.
    """

    def __init__(self, make: Callable[[], PieceCutter], ticks: float) -> None:
        self.texts = 0
        """How many pieces are in the queue."""
        self._make, self._ticks, self._rate = make, ticks, 1
        self._patient = make().patient
        self._queue: deque[Any] = deque()
        self._parts: dict[ChoiceKey, _Part] = {}
        # The beginnings of pieces, in the order in which they came: when (by `_moment`), and how many items had to be
        # shown before. An OrderedDict lets its first go at no cost.
        self._begun: OrderedDict[ChoiceKey, tuple[int, int]] = OrderedDict()
        self._beside: deque[tuple[int, Any]] = deque()
        self._moment = self._shown = 0

    @property
    def waiting(self) -> int:
        """How many items are in the queue."""
        return len(self._queue)

    @property
    def growing(self) -> bool:
        """Whether the beginning of a piece waits that may be shown as it is."""
        return bool(self._begun) and not self._patient

    def feed(self, item: Any) -> None:
        """Take an item. What the cutter raises leaves all that came before it."""
        self._moment += 1
        if takes_time(item):
            self._feed_text(item)
        elif type(item) in BESIDE or is_text(item):
            self._feed_beside(item)
        else:
            index = getattr(item, "index", None)
            if self._beside or not isinstance(index, int):
                self.cut()
            elif index in self._parts:
                self._cut(index)
            self._put(item)
        self._hurry()

    def cut(self) -> None:
        """What has begun is a piece as it is. Also if a cutter raises, which is told when all are cut."""
        with ExitStack() as stack:
            for key in reversed(tuple(self._parts)):
                stack.callback(self._cut, key)

    def tick(self) -> list[Any]:
        """What is to be shown now, and takes until the next tick."""
        shown = self.take(self._rate)
        if not self.texts:
            self._rate = 1
        return shown

    def take_in(self) -> None:
        """Beginnings that may be shown as they are, if all before them was shown, go to the front of the queue."""
        if not self.growing:
            return
        queue, self._queue = self._queue, deque()
        while self._begun:
            key, (_, before) = next(iter(self._begun.items()))
            if before > self._shown:
                break
            self._cut(key)
        self._queue += queue
        self._hurry()

    def take(self, pieces: float) -> list[Any]:
        """So many pieces from the front of the queue, and what is not text before, between and behind them."""
        taken: list[Any] = []
        while self._queue:
            if takes_time(self._queue[0]):
                if not pieces:
                    break
                pieces -= 1
                self.texts -= 1
            taken.append(self._queue.popleft())
        self._shown += len(taken)
        return taken

    def _hurry(self) -> None:
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
            if not self._patient:  # nothing is remembered
                del self._parts[key]
        elif key not in self._begun:
            self._begun[key] = self._moment, self._shown + len(self._queue)

    def _feed_beside(self, item: Any) -> None:
        """It comes after what has begun, and ends no piece."""
        if not self._begun:
            self._put(item)
            return
        self._beside.append((self._moment, item))
        if len(self._beside) >= BACKLOG:
            self.cut()

    def _cut(self, key: ChoiceKey) -> None:
        part = self._parts.pop(key)
        try:
            self._put_pieces(key, part.last, part.cutter.flush())
        except Exception:
            self._put_pieces(key, part.last, part.cutter.flush())  # it has nothing more to ask, and gives what is left
            raise

    def _put_pieces(self, key: ChoiceKey, item: Any, pieces: list[str]) -> None:
        """The first one had begun before, so what came beside that follows it."""
        for number, piece in enumerate(pieces):
            self._put(with_text(item, piece))
            if not number:
                self._begun.pop(key, None)
                self._let_beside()

    def _let_beside(self) -> None:
        oldest = next(iter(self._begun.values()))[0] if self._begun else self._moment + 1
        while self._beside and self._beside[0][0] < oldest:
            self._put(self._beside.popleft()[1])


class _Part:
    """The text, or the thoughts, of one choice: ``last`` is what came last."""

    __slots__ = ("cutter", "last")

    def __init__(self, cutter: PieceCutter, last: Any) -> None:
        self.cutter, self.last = cutter, last
