"""The text of a reply in segments."""

from __future__ import annotations

from collections.abc import Callable

from ...events import Event, Finish, Restart, RoundEnd, TextDelta, ToolCall, ToolCallDelta, ToolResult
from ...protocols import StageBase
from ..opencalls import OpenCalls
from .segment import Segment, Segments

__all__ = ["Segmented"]


class Segmented(StageBase):
    """A stage: events (or bare str) → the `Segment`s of their text, by `Segments` that ``make`` gives. Choice 0 only.

    What is held comes with the `Finish` of the choice, and when a call of a tool begins. After a `Restart` the count
    begins anew, behind the segments of the text that was kept which were given before. So it does in each round of a
    tool loop.

    ``time`` is the clock, in seconds, by which ``max_wait`` counts from the last text, whatever else came.
    """

    def __init__(self, make: Callable[[], Segments], time: Callable[[], float] = lambda: 0.0) -> None:
        self._make, self._segments, self._time = make, make(), time
        self._calls = OpenCalls()
        self._size = self._given = self._known = 0
        self._fed = 0.0

    @property
    def due(self) -> float | None:
        due = self._segments.due
        return None if due is None else max(0.0, self._fed + due - self._time())

    def expire(self) -> list[Segment]:
        return self._new(self._segments.expire())

    def feed(self, item: Event | str) -> list[Segment]:
        if type(item) is str:
            return self._text(item)
        if type(item) is TextDelta:
            return [] if item.index else self._text(item.text)
        if isinstance(item, Finish):
            return [] if item.index else self.flush()
        if isinstance(item, (ToolCallDelta, ToolCall)):
            releases = self._calls.begins(item) or isinstance(item, ToolCall)
            return self.flush() if releases and not item.index else []
        if isinstance(item, ToolResult) or (isinstance(item, RoundEnd) and not item.last):
            self._calls = OpenCalls()
            return [*self.flush(), *self._begin("")]
        if isinstance(item, Restart):
            self._calls = OpenCalls()
            return self._begin(item.kept) if len(item.kept) != self._size else []
        return []

    def flush(self) -> list[Segment]:
        return self._new(self._segments.flush())

    def _text(self, text: str) -> list[Segment]:
        if not text:
            return []
        self._size, self._fed = self._size + len(text), self._time()
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
