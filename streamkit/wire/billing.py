"""The figures of a bill that a server sends beside tokens: the cost, the kind of service, and the time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = ["created_at", "reported_cost", "reported_tier"]

COSTS = ("cost", "cost.total_cost", "estimated_cost", "total_cost")
"""Where a cost in US dollars stands: OpenRouter and most gateways; Perplexity; DeepInfra."""
TICKS = "cost_in_usd_ticks"
TICKS_PER_DOLLAR = 10_000_000_000  # xAI
TIMES = ("created", "created_at", "response.created_at", "createTime")
"""Where the time of a reply stands, in seconds since 1970 or as a text of ISO 8601."""
EARLIEST = 1_500_000_000
"""Times before this one, in 2017, are made up: many servers send a 0 or a 1."""
LONGEST = 64
"""Characters of the name of a service tier; a longer text is not a name."""


def reported_cost(report: Mapping[str, Any]) -> float | None:
    """The cost in US dollars that a report of usage has; None if there is none.

    A request that a gateway made with the user's own key (OpenRouter: ``is_byok``) is billed twice: ``cost`` is the
    gateway's share, and the provider's own bill stands beside it.
    """
    ticks = _amount(report.get(TICKS))
    if ticks is not None:
        return ticks / TICKS_PER_DOLLAR
    cost = next((amount for path in COSTS if (amount := _amount(_at(report, path))) is not None), None)
    if cost is not None and report.get("is_byok") is True:
        cost += _amount(_at(report, "cost_details.upstream_inference_cost")) or 0.0
    return cost


def reported_tier(*forms: Any) -> str | None:
    """The name of the service tier, in lower case, from the first form that has one: the usage, else what is around it.
    Anthropic's fast mode has a field of its own, and is billed like a tier."""
    for form in forms:
        if isinstance(form, Mapping):
            for tier in ("fast" if form.get("speed") == "fast" else None, form.get("service_tier")):
                if isinstance(tier, str) and 0 < len(tier) <= LONGEST:
                    return tier.lower()
    return None


def _at(report: Mapping[str, Any], path: str) -> Any:
    value: Any = report
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _amount(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf:
        try:
            return float(value)
        except OverflowError:  # a whole number of hundreds of digits
            return None
    return None


def created_at(chunk: Any) -> datetime | None:
    """The time at which a reply was made, by one of its chunks; None if that does not say it."""
    if not isinstance(chunk, Mapping):
        return None
    times = (_at(chunk, path) for path in TIMES)
    return next((time for value in times if (time := _time(value)) is not None), None)


def _time(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
        return datetime.fromtimestamp(value, UTC) if _amount(value) and value >= EARLIEST else None
    except (ValueError, OverflowError, OSError):
        return None
