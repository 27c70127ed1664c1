"""The places of blocks in text that a stage may hold back or change.

The end of a block, and the beginning of the next, belong between two characters. While the text before them is held,
they wait: what is hidden may begin in one block and end in the next. Where the held text comes out as it was, they take
their exact place in it; where it was changed, they follow the piece that holds their place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...events import BlockStart

__all__ = ["BlockPlaces", "HeldText"]


class HeldText:
    """The text that a stage has got and not yet given; None if that is not known, because it changes it."""

    def __init__(self) -> None:
        self._pieces: deque[str] | None = deque()

    @property
    def text(self) -> str | None:
        return None if self._pieces is None else "".join(self._pieces)

    @property
    def is_empty(self) -> bool:
        return self._pieces is not None and not self._pieces

    def add(self, text: str) -> None:
        if self._pieces is not None and text:
            self._pieces.append(text)

    def lose(self) -> None:
        """Note that it is not known any more."""
        self._pieces = None

    def give(self, text: str) -> None:
        """Take away ``text``, which was given."""
        pieces = self._pieces
        while text and pieces:
            first = pieces.popleft()
            if text.startswith(first):
                text = text[len(first) :]
            elif first.startswith(text):
                pieces.appendleft(first[len(text) :])
                return
            else:
                break
        if text:
            self._pieces = None


@dataclass(slots=True)
class _Waiting:
    event: Any
    before: str | None
    """The held text that comes before it."""


class BlockPlaces:
    """The blocks of all choices that wait for held text, each with the kind of that text."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[_Waiting]] = {}
        self._kinds: dict[int, type] = {}

    def waits(self, index: int) -> bool:
        return index in self._waiting

    def goes_on(self, event: Any) -> bool:
        """True if ``event`` is more of the text for which blocks of its choice wait."""
        return self._kinds.get(event.index) is type(event)

    def begins(self, index: int) -> bool:
        """True if a block of a choice waits to begin."""
        return any(type(one.event) is BlockStart for one in self._waiting.get(index, ()))

    def kind(self, index: int) -> type | None:
        """The kind of the text for which blocks of a choice wait."""
        return self._kinds.get(index)

    def add(self, event: Any, kind: type, held: str | None) -> None:
        """Let a block, or what follows one, wait until the ``held`` text of this kind was given."""
        self._kinds[event.index] = kind
        self._waiting.setdefault(event.index, deque()).append(_Waiting(event, held))

    def take(self, index: int | None = None) -> list[Any]:
        """The blocks that wait, of one choice or of all: the held text was given, or will not come."""
        indexes = list(self._waiting) if index is None else [index]
        return [one.event for number in indexes for one in self._remove(number)]

    def put_in(self, deltas: Iterable[Any], index: int) -> list[Any]:
        """``deltas``, which were given, with the blocks in their places."""
        out: list[Any] = []
        for delta in deltas:
            out += self._put_in(delta, index) if self.goes_on(delta) else [delta]
        return out

    def _put_in(self, delta: Any, index: int) -> list[Any]:
        out: list[Any] = []
        waiting, text = self._waiting[index], delta.text
        while waiting:
            before = waiting[0].before
            if before is not None and before.startswith(text) and before != text:
                break
            exact = before is not None and text.startswith(before)
            here = text[: len(before)] if exact and before is not None else text
            out += [_part(delta, here), waiting.popleft().event]
            text = text[len(here) :]
            for other in waiting:
                other.before = _without(other.before, before) if exact else None
        for other in waiting:
            other.before = _without(other.before, text)
        if not waiting:
            self._remove(index)
        return [one for one in (*out, _part(delta, text)) if one is not None]

    def _remove(self, index: int) -> deque[_Waiting]:
        self._kinds.pop(index, None)
        return self._waiting.pop(index, deque())


def _part(delta: Any, text: str) -> Any:
    if text == delta.text:
        return delta
    return type(delta)(text, delta.index) if text else None


def _without(held: str | None, given: str | None) -> str | None:
    if held is None or given is None or not held.startswith(given):
        return None
    return held[len(given) :]
