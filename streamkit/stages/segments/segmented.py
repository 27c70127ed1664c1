"""The text of a reply in segments."""

from __future__ import annotations

from collections.abc import Callable

from ...events import Event, Finish, Restart, RoundEnd, TextDelta, ToolResult
from .segment import Segment, Segments

__all__ = ["Segmented"]


class Segmented:
    """A stage: events (or bare str) → the `Segment`s of their text, by `Segments` that ``make`` gives. Choice 0 only.

    What is held comes with the `Finish` of the choice. After a `Restart` the count begins anew, behind the segments of
    the text that was kept which were given before. So it does in each round of a tool loop.
    """

    def __init__(self, make: Callable[[], Segments]) -> None:
        self._make, self._segments = make, make()
        self._size = self._given = self._known = 0

    @property
    def due(self) -> float | None:
        return self._segments.due

    def expire(self) -> list[Segment]:
        return self._new(self._segments.expire())

    def feed(self, item: Event | str) -> list[Segment]:
        if type(item) is str:
            return self._text(item)
        if type(item) is TextDelta:
            return [] if item.index else self._text(item.text)
        if isinstance(item, Finish):
            return [] if item.index else self.flush()
        if isinstance(item, ToolResult) or (isinstance(item, RoundEnd) and not item.last):
            return [*self.flush(), *self._begin("")]
        if isinstance(item, Restart) and len(item.kept) != self._size:
            return self._begin(item.kept)
        return []

    def flush(self) -> list[Segment]:
        return self._new(self._segments.flush())

    def _text(self, text: str) -> list[Segment]:
        self._size += len(text)
        return self._new(self._segments.feed(text))

    def _begin(self, kept: str) -> list[Segment]:
        self._known, self._given = min(self._given, len(kept)), 0
        self._segments, self._size = self._make(), 0
        return self._text(kept)

    def _new(self, found: list[Segment]) -> list[Segment]:
        """Those that were not given before a `Restart`."""
        if found:
            self._given = found[-1].end
        return [segment for segment in found if segment.end > self._known] if self._known else found
