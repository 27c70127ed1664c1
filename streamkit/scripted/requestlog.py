"""The requests that a scripted server was asked, for who wants to look at them, and how many ended in which way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..eventclass import in_brief

__all__ = ["Asked", "Request"]

Outcome: TypeAlias = Literal["done", "cancelled", "dropped"]

KEPT_BYTES = 32 * 1024 * 1024
"""Of the bodies of all requests that are kept, as they were sent. Parsed ones take several times as much."""


def _nobody(outcome: Outcome) -> None:
    pass


@in_brief
@dataclass(repr=False)
class Request:
    """What was asked, and what became of the answer so far. Keys in ``headers`` and in ``query`` are masked."""

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
    told: Callable[[Outcome], None] = field(default=_nobody, repr=False, compare=False)

    def end(self, outcome: Outcome) -> None:
        """What became of it. The first one to know is right."""
        if self.outcome == "open":
            self.outcome = outcome
            self.told(outcome)


class Asked:
    """The latest requests, ``keep`` at most and of limited size together, and how many of all ended in which way."""

    def __init__(self, keep: int) -> None:
        if keep < 0:
            raise ValueError(f"a server keeps 0 requests or more, not {keep}")
        self.latest: list[Request] = []
        self.ends: Counter[str] = Counter()
        self._keep, self._bytes = keep, 0
        self._lock = threading.Lock()

    def note(self, request: Request) -> None:
        request.told = self._ended
        if not self._keep:
            return
        with self._lock:
            self.latest.append(request)
            self._bytes += request.size
            if len(self.latest) > self._keep or self._bytes > KEPT_BYTES:
                self._forget()

    def _forget(self) -> None:
        """The oldest go; the latest one stays, however large it is."""
        latest = self.latest
        self._bytes = sum(request.size for request in latest)  # anew, as a test may have cleared the list
        while len(latest) > 1 and (len(latest) > self._keep or self._bytes > KEPT_BYTES):
            self._bytes -= latest.pop(0).size

    def _ended(self, outcome: Outcome) -> None:
        with self._lock:
            self.ends[outcome] += 1
