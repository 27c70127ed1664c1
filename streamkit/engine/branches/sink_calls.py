"""The calls of ``write`` of one sink, in place, and the figures of that sink."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

from ..failures import slow_callable
from .description import Branch
from .listener import Listener
from .stats import SinkStats

__all__ = ["SinkCalls"]

SLOW = 0.1
"""Seconds in one call in place that are a noticeable delay for everything else."""
NOTED = 0.005
"""Seconds in one call in place from which calls are added up, as over many items they come to a noticeable delay."""


class SinkCalls:
    """Calls ``write`` of one sink, and counts what becomes of its items. Made by the outlet; once the sink turns out to
    be async, its mailbox calls ``write``. After `end` only the figures are left."""

    __slots__ = ("_blocked", "_final", "_listening", "_slow_calls", "delivered", "failed", "name", "spec", "write")

    def __init__(self, spec: Branch) -> None:
        into = spec.into
        self.spec, self.name = spec, spec.name
        self.delivered = 0
        self.failed = False
        self._listening = into.begin() if isinstance(into, Listener) else None
        self.write: Callable[[Any], Any] = getattr(self._listening or into, "write", None) or into
        self._blocked, self._slow_calls = 0.0, 0
        self._final: SinkStats | None = None

    def call(self, item: Any) -> Any:
        """Write an item in place, and return what the sink returns."""
        began = perf_counter()
        answer = self.write(item)
        if (took := perf_counter() - began) > NOTED:
            self.note_slowness(took)
        return answer

    def note_slowness(self, seconds: float) -> None:
        """Add up how long the sink delayed everything else, and warn at its second slow call: a single one may be a
        hiccup of the machine."""
        self._blocked += seconds
        if seconds > SLOW:
            self._slow_calls += 1
            if self._slow_calls == 2:
                slow_callable(self.name, seconds)

    def in_vain(self) -> TypeError | None:
        """The error at the end of the stream if the sink is a listener that got no item that its callbacks use."""
        return self._listening.in_vain() if self._listening is not None else None

    def stats(self, waiting: Mapping[str, Any]) -> SinkStats:
        """The figures until now, from any thread, with those of items that are ``waiting`` in a mailbox."""
        if self._final is not None:
            return self._final
        return SinkStats(self.name, self.delivered, failed=self.failed, blocked=self._blocked, **waiting)

    def end(self, final: SinkStats) -> None:
        """Keep the ``final`` figures and drop the sink: a caller that keeps the run, for its figures, does not keep the
        sink."""
        if self._final is None:
            self._final = final
            del self.spec, self.write
            self._listening = None
