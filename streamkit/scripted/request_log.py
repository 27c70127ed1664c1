"""The log of a scripted server: its latest requests, for tests to read, and how many of all ended in which way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..event_class import with_brief_repr

__all__ = ["Request", "RequestLog"]

Outcome: TypeAlias = Literal["done", "cancelled", "dropped"]

KEPT_BYTES = 32 * 1024 * 1024
"""Of the bodies of all requests that are kept, as they were sent. Parsed bodies take several times as much."""


def _ignore(outcome: Outcome) -> None:
    pass


@with_brief_repr
@dataclass(repr=False)
class Request:
    """One request, and the state of its answer. Keys in ``headers`` and in ``query`` are masked."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    """The parsed JSON, None if there was none."""
    sent: int = 0
    """Bytes of the answer's body that were handed over."""
    outcome: Literal["open", "done", "cancelled", "dropped"] = "open"
    """``cancelled``: the client went away first, or took nothing for too long; ``dropped``: the script cut the
    connection or failed, or the server was closed."""
    size: int = 0
    """Bytes of the body as it was sent."""
    on_end: Callable[[Outcome], None] = field(default=_ignore, repr=False, compare=False)

    def end(self, outcome: Outcome) -> None:
        """Set the outcome; only the first call has an effect."""
        if self.outcome == "open":
            self.outcome = outcome
            self.on_end(outcome)


class RequestLog:
    """The latest requests, ``keep`` at most and of limited total size, and how many of all ended in which way."""

    def __init__(self, keep: int) -> None:
        if keep < 0:
            raise ValueError(f"a server keeps 0 requests or more, not {keep}")
        self.latest: list[Request] = []
        self.ends: Counter[str] = Counter()
        self._keep, self._bytes = keep, 0
        self._lock = threading.Lock()

    def note(self, request: Request) -> None:
        request.on_end = self._count
        if not self._keep:
            return
        with self._lock:
            self.latest.append(request)
            self._bytes += request.size
            if len(self.latest) > self._keep or self._bytes > KEPT_BYTES:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Drop the oldest ones; the latest one stays, however large it is."""
        latest = self.latest
        self._bytes = sum(request.size for request in latest)  # counted anew, because a test may have cleared the list
        while len(latest) > 1 and (len(latest) > self._keep or self._bytes > KEPT_BYTES):
            self._bytes -= latest.pop(0).size

    def _count(self, outcome: Outcome) -> None:
        with self._lock:
            self.ends[outcome] += 1
