"""Token figures, exact or labelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias, TypeVar

from .event_class import FromServer, event_class

__all__ = ["Origin", "Usage", "as_partial", "sum_usage", "weakest_origin", "with_cost"]

U = TypeVar("U", "Usage", "Usage | None")
Origin: TypeAlias = Literal["provider", "exact", "estimate", "partial"]


@event_class
class Usage(FromServer):
    """Token figures. ``origin`` says where they come from: a figure is exact or labelled, never guessed in silence.

    - ``provider``: the server's own
    - ``exact``: counted here with the model's own tokenizer, nothing left out
    - ``partial``: counted here, and more may be billed: thinking that is not shown, what the server went on to write
      when the reply was cut; also figures of different origins together
    - ``estimate``: counted here, with a guess in it

    A figure that is not known is None. ``completion_tokens`` are those of all choices, thinking included.
    ``cost`` is their cost by the prices that a meter was given, in the currency of those prices. ``requests`` is the
    number of requests that the figures cover together.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    origin: Origin = "provider"
    cost: float | None = None
    requests: int = 1


FIGURES = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens", "cost")
STRENGTH: tuple[Origin, ...] = ("estimate", "partial", "exact", "provider")


def weakest_origin(origins: Iterable[Origin]) -> Origin:
    """The weakest of several origins: the origin that a sum of such figures may claim. Exact figures
    and those of a provider together are ``partial``."""
    kinds = set(origins)
    if kinds == {"exact", "provider"}:
        return "partial"
    return min(kinds, key=STRENGTH.index)


def sum_usage(usages: Sequence[Usage | None]) -> Usage | None:
    """The figures of several requests together; one that is missing anywhere is missing in the sum."""
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
    return Usage(**figures, origin=weakest_origin(usage.origin for usage in known), requests=requests)


def with_cost(usage: Usage, cost: float | None) -> Usage:
    """``usage`` with its cost. A meter makes one for each piece of a reply: `dataclasses.replace` takes five times as
    long."""
    return Usage(
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
        usage.origin,
        cost,
        usage.requests,
        raw=usage.raw,
    )


def as_partial(usage: U) -> U:
    """``usage`` of a reply that was cut: more may be billed than was counted here. None stays None."""
    return replace(usage, origin="partial") if usage is not None and usage.origin == "exact" else usage
