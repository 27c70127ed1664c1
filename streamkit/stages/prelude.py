"""What a stream says before its first content: nothing is decided yet, and another stream may still take its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..events import PRELUDE

__all__ = ["Prelude", "commits"]

HELD = 64
"""Items held back, as many as a source holds back itself."""


def commits(item: Any) -> bool:
    """Whether ``item`` is content; what is no event always is."""
    return type(item) not in PRELUDE


class Prelude:
    """Holds back the items of one stream until ``over``. (A source does so by itself, but lets go before an error.)"""

    __slots__ = ("_held", "over")

    def __init__(self) -> None:
        self.over = False
        self._held: list[Any] = []

    def feed(self, item: Any) -> Sequence[Any]:
        """The items to hand on."""
        if self.over:
            return (item,)
        self._held.append(item)
        return self.flush() if commits(item) or len(self._held) > HELD else ()

    def flush(self) -> Sequence[Any]:
        """The stream has ended, or has been chosen."""
        self.over = True
        held, self._held = self._held, []
        return held
