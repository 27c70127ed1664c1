"""The rate limits that a server reports with its answer."""

from __future__ import annotations

from dataclasses import field

from .event_class import event_class

__all__ = ["RateLimit", "RateLimits"]


@event_class
class RateLimit:
    """One limit: the most that is allowed, how much of it is left, and the seconds from the answer until it is renewed.
    None where the server does not say so, or says it in a form that cannot be read."""

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None


@event_class
class RateLimits:
    """The rate limits that a server reported in the headers of its answer, in requests and in tokens.

    ``input_tokens`` and ``output_tokens`` are those of servers that count them apart. Where a server reports several
    limits of one kind, a minute's and a day's for instance, it is the one of which the least is left. ``retry_after``
    is the pause that the server asks for, in seconds.
    """

    requests: RateLimit = field(default_factory=RateLimit)
    tokens: RateLimit = field(default_factory=RateLimit)
    input_tokens: RateLimit = field(default_factory=RateLimit)
    output_tokens: RateLimit = field(default_factory=RateLimit)
    retry_after: float | None = None
