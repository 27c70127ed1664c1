"""A stage over str, applied to the text of a reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..events import Event, Finish, Restart, TextDelta, ToolResult

__all__ = ["OverText"]


class OverText:
    """A stage: events (or bare str) → what the stage that ``make`` gives makes of their text. Choice 0 only.

    What is held comes with the `Finish` of the choice. After a `Restart` a fresh stage begins behind the text that was
    kept: what it would give of that was given before. Each round of a tool loop has one of its own.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._stage = make, make()
        self._size = 0

    @property
    def due(self) -> float | None:
        due: float | None = getattr(self._stage, "due", None)
        return due

    def expire(self) -> Iterable[Any]:
        items: Iterable[Any] = self._stage.expire()
        return items

    def feed(self, item: Event | str) -> Iterable[Any]:
        if type(item) is TextDelta or type(item) is str:
            return self._text(item) if type(item) is str else () if item.index else self._text(item.text)
        if isinstance(item, Finish):
            return () if item.index else self.flush()
        if isinstance(item, ToolResult):
            held = list(self.flush())
            self._begin("")
            return held
        if isinstance(item, Restart) and len(item.kept) != self._size:
            self._begin(item.kept)
        return ()

    def flush(self) -> Iterable[Any]:
        items: Iterable[Any] = self._stage.flush()
        return items

    def _text(self, text: str) -> Iterable[Any]:
        self._size += len(text)
        items: Iterable[Any] = self._stage.feed(text)
        return items

    def _begin(self, kept: str) -> None:
        self._stage, self._size = self._make(), 0
        for _ in self._text(kept):
            pass
