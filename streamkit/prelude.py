"""The prelude of a stream: nothing is decided before its first content, and another stream may still replace it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .events import PRELUDE

__all__ = ["Prelude", "commits"]

HELD = 64
"""The most items held back."""


def commits(item: Any) -> bool:
    """True if ``item`` is content; an item that is not an event always is."""
    return type(item) not in PRELUDE


class Prelude:
    """Holds back the items of one stream until ``decided``: by its first content, by its end, or by their number.

    To begin again with another attempt, take a new one.
    """

    __slots__ = ("_held", "decided")

    def __init__(self) -> None:
        self.decided = False
        self._held: list[Any] = []

    def feed(self, item: Any) -> Sequence[Any]:
        """Take ``item`` and return the items to pass on."""
        if self.decided:
            return (item,)
        self._held.append(item)
        return self.flush() if commits(item) or len(self._held) > HELD else ()

    def flush(self) -> Sequence[Any]:
        """Return the held items: the stream has ended, or has been chosen."""
        self.decided = True
        items, self._held = self._held, []
        return items
