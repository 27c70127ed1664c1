"""The times of one reading, measured by its clock."""

from __future__ import annotations

from collections.abc import Callable

from ...events import File, ReasoningDelta, RefusalDelta, Reply, TextDelta, ToolCall, ToolCallDelta
from ...timing import Timing

__all__ = ["Stopwatch"]

WRITTEN = frozenset({File, ReasoningDelta, RefusalDelta, TextDelta, ToolCall, ToolCallDelta})
"""The events whose first one is the first content."""


class Stopwatch:
    """Notes when a reading had its first event and its first content. `timing` may be called from any thread."""

    __slots__ = ("_began", "_content", "_ended", "_event", "_read", "_thinks", "time")

    def __init__(self, time: Callable[[], float]) -> None:
        self.time = time
        self._began = time()
        self._ended: float | None = None
        self.start_over()

    def start_over(self) -> None:
        """Forget the events of an attempt that failed: a new one begins."""
        self._event: float | None = None
        self._content: float | None = None
        self._read, self._thinks = 0, False

    def measure_by(self, time: Callable[[], float]) -> None:
        """Measure by another clock from now on."""
        self.time, self._began = time, time()

    def note(self, kind: type, read: int) -> bool:
        """Note an event of this ``kind`` in the network read with this number; True once there was content."""
        if self._event is None:
            self._event = self.time()
        if self._content is None and kind in WRITTEN:
            self._content, self._read, self._thinks = self.time(), read, kind is ReasoningDelta
        return self._content is not None

    def stop(self) -> None:
        """Note the end of the reading; only the first end counts."""
        if self._ended is None:
            self._ended = self.time()

    def timing(self, whole: Reply | None = None, read: int = 0) -> Timing:
        """The times so far. ``whole`` is the Reply that ended the reading in its network read with the number
        ``read``: its usage gives the speed."""
        first_event, first_content = self._since(self._event), self._since(self._content)
        total = self._since(self.time() if self._ended is None else self._ended)
        timing = Timing(first_event, first_content, total)
        if whole is None or first_content is None or total is None or read == self._read or total <= first_content:
            return timing
        tokens = self._tokens_of(whole)
        speed = None if tokens is None else tokens / (total - first_content)
        return Timing(first_event, first_content, total, speed)

    def _since(self, moment: float | None) -> float | None:
        return None if moment is None else round(moment - self._began, 6)

    def _tokens_of(self, reply: Reply) -> int | None:
        """The completion tokens since the first content. Thinking that was not streamed came before it."""
        usage = reply.usage
        if usage is None or usage.completion_tokens is None:
            return None
        hidden = 0 if self._thinks else usage.reasoning_tokens or 0
        return max(usage.completion_tokens - hidden, 0) or None
