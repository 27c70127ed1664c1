"""The stage that cuts the text of a reply into segments."""

from __future__ import annotations

from collections.abc import Callable

from ...events import Event, Finish, Restart, RoundEnd, TextDelta, ToolCall, ToolCallDelta, ToolResult
from ...protocols import StageBase
from ..open_calls import OpenCalls
from ..rounds import begins_message
from .segment import Segment, Segments

__all__ = ["Segmented"]


class Segmented(StageBase):
    """A stage: events (or bare str) → the `Segment`s of their text, cut by the `Segments` that ``make`` returns.

    Only choice 0 is read. Text that is held is emitted with the `Finish` of the choice, and when a tool call or another
    message of the response begins.
    After a `Restart` the numbering begins anew with the kept text; those of its segments that were emitted before are
    counted but not repeated. The numbering also begins anew in each round of a tool loop.

    ``time`` is the clock, in seconds, by which ``max_wait`` counts from the last text, whatever other events came.
    """

    def __init__(self, make: Callable[[], Segments], time: Callable[[], float] = lambda: 0.0) -> None:
        self._make, self._segments, self._time = make, make(), time
        self._calls = OpenCalls()
        self._size = self._emitted_end = self._repeat_end = 0
        self._text_time = 0.0

    @property
    def due(self) -> float | None:
        due = self._segments.due
        return None if due is None else max(0.0, self._text_time + due - self._time())

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
        if begins_message(item):
            return self.flush()
        if isinstance(item, Restart):
            self._calls = OpenCalls()
            return self._begin(item.kept) if len(item.kept) != self._size else []
        return []

    def flush(self) -> list[Segment]:
        return self._new(self._segments.flush())

    def _text(self, text: str) -> list[Segment]:
        if not text:
            return []
        self._size, self._text_time = self._size + len(text), self._time()
        return self._new(self._segments.feed(text))

    def _begin(self, text: str) -> list[Segment]:
        self._repeat_end, self._emitted_end = min(self._emitted_end, len(text)), 0
        self._segments, self._size = self._make(), 0
        return self._text(text)

    def _new(self, segments: list[Segment]) -> list[Segment]:
        """The segments that were not emitted before a `Restart`."""
        if segments:
            self._emitted_end = segments[-1].end
        return [segment for segment in segments if segment.end > self._repeat_end] if self._repeat_end else segments
