"""The limits that a scripted server sets to its clients."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..checks import check_number, check_whole, keep_number

__all__ = ["ServerLimits"]

KIB = 1024
WHOLE = ("clients", "head_bytes", "body_bytes", "ahead_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Limits in seconds, bytes and numbers of connections; all are finite and more than 0."""

    clients: int = 256
    """Connections at a time. One more is answered with 503 and closed."""
    idle: float = 60.0
    """Without a request: before the first one, and between two. Then the connection is closed."""
    head: float = 10.0
    """From the first byte of a request to the end of its head. Then it is answered with 408."""
    body: float = 60.0
    """From there to the end of its body. Then it is answered with 408."""
    unread: float = 60.0
    """While the client takes nothing of an answer that is ready for it. Then the connection is cut.

    An answer as a whole lasts as long as its script says: one that stalls stays for as long as its client does.
    """
    linger: float = 1.0
    """For a client to close its side once the last answer was sent. Then the connection is cut."""
    head_bytes: int = 64 * KIB
    """Of a head (431), and of the line or the trailer of a chunk."""
    body_bytes: int = 32 * KIB * KIB
    """Of a body (413)."""
    ahead_bytes: int = KIB * KIB
    """Of requests that were sent before the answer to the last one. Requests beyond that are not answered."""

    def __post_init__(self) -> None:
        for item in fields(self):
            check = check_whole if item.name in WHOLE else check_number
            keep_number(self, item.name, check)
