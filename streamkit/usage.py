"""Token figures, exact or labelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias, TypeVar

from .event_class import FromServer, event_class

__all__ = [
    "CostOrigin",
    "Origin",
    "Usage",
    "as_partial",
    "has_reported_cost",
    "sum_usage",
    "weakest_origin",
    "with_cost",
]

U = TypeVar("U", "Usage", "Usage | None")
Origin: TypeAlias = Literal["provider", "exact", "estimate", "partial"]
CostOrigin: TypeAlias = Literal["prices", "provider", "mixed"]


@event_class
class Usage(FromServer):
    """Token figures. ``origin`` says where they come from: a figure is exact or labelled, never guessed in silence.

    - ``provider``: the server's own
    - ``exact``: counted here with the model's own tokenizer, nothing left out
    - ``partial``: counted here, and more may be billed: thinking that is not shown, what the server went on to write
      when the reply was cut; also figures of different origins together
    - ``estimate``: counted here, with a guess in it

    A figure that is not known is None. ``prompt_tokens`` are the whole prompt: ``cached_tokens`` (read from a cache)
    and ``cache_write_tokens`` (written to one) are parts of it, and ``cache_write_1h_tokens`` the part of the latter
    that is kept for an hour. ``completion_tokens`` are those of all choices, thinking included. ``requests`` is the
    number of requests that the figures cover together. ``service_tier`` is the server's word, in lower case, for the
    kind of service that it gave (``default``, ``flex``, ``priority``, ``batch``, ...).

    ``cost`` is what all of it costs, and ``cost_origin`` says where that comes from:

    - ``prices``: computed here, by the prices that a meter was given, in their currency
    - ``provider``: reported by the server, in US dollars; a meter keeps it and computes nothing
    - ``mixed``: the sum of both, from several requests
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    origin: Origin = "provider"
    cost: float | None = None
    requests: int = 1
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    service_tier: str | None = None
    cost_origin: CostOrigin = "prices"


FIGURES = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "cost",
)
STRENGTH: tuple[Origin, ...] = ("estimate", "partial", "exact", "provider")


def weakest_origin(origins: Iterable[Origin]) -> Origin:
    """The weakest of several origins: the origin that a sum of such figures may claim. Exact figures
    and those of a provider together are ``partial``."""
    kinds = set(origins)
    if kinds == {"exact", "provider"}:
        return "partial"
    return min(kinds, key=STRENGTH.index)


def sum_usage(usages: Sequence[Usage | None]) -> Usage | None:
    """The figures of several requests together; one that is missing anywhere is missing in the sum. The service tier is
    that of all of them, or missing."""
    known = [usage for usage in usages if usage is not None]
    if not known or len(known) < len(usages):
        return None
    if len(known) == 1:
        return known[0]
    figures: dict[str, Any] = {}
    for name in FIGURES:
        parts = [getattr(usage, name) for usage in known]
        figures[name] = None if None in parts else sum(parts)
    requests = sum(usage.requests for usage in known)
    tiers = {usage.service_tier for usage in known}
    return Usage(
        **figures,
        origin=weakest_origin(usage.origin for usage in known),
        requests=requests,
        service_tier=tiers.pop() if len(tiers) == 1 else None,
        cost_origin="prices" if figures["cost"] is None else _origin_of_sum(known),
    )


def _origin_of_sum(usages: Iterable[Usage]) -> CostOrigin:
    origins = {usage.cost_origin for usage in usages}
    return origins.pop() if len(origins) == 1 else "mixed"


def has_reported_cost(usage: Usage) -> bool:
    """True if the cost of ``usage``, or part of it, is what the server reported, so that none is to be computed."""
    return usage.cost_origin != "prices" and usage.cost is not None


def with_cost(usage: Usage, cost: float | None) -> Usage:
    """``usage``, which has no cost that was reported, with one by prices. A meter makes one for each piece of a reply:
    `dataclasses.replace` takes five times as long."""
    return Usage(
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
        usage.origin,
        cost,
        usage.requests,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.service_tier,
        usage.cost_origin,
        raw=usage.raw,
    )


def as_partial(usage: U) -> U:
    """``usage`` of a reply that was cut: more may be billed than was counted here. None stays None."""
    return replace(usage, origin="partial") if usage is not None and usage.origin == "exact" else usage
