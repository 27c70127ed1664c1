"""Reads token figures, under all their names, into a `Usage`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..events import Usage
from .billing import reported_cost, reported_tier

__all__ = ["figure", "has_more", "merge_usage", "update_usage"]

NAMES: dict[str, tuple[str, ...]] = {
    "prompt_tokens": ("prompt_tokens", "input_tokens"),
    "completion_tokens": ("completion_tokens", "output_tokens"),
    "total_tokens": ("total_tokens",),
    "cached_tokens": (
        "prompt_tokens_details.cached_tokens",
        "input_tokens_details.cached_tokens",
        "prompt_cache_hit_tokens",
        "cached_tokens",
        "cache_read_input_tokens",
    ),
    "cache_write_tokens": (
        "prompt_tokens_details.cache_write_tokens",
        "input_tokens_details.cache_write_tokens",
        "prompt_tokens_details.cache_creation_tokens",
        "cache_creation_input_tokens",
    ),
    "cache_write_1h_tokens": (
        "cache_creation.ephemeral_1h_input_tokens",
        "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
    ),
    "reasoning_tokens": (
        "completion_tokens_details.reasoning_tokens",
        "output_tokens_details.reasoning_tokens",
        "reasoning_tokens",
    ),
}


LARGEST = 2**53
"""The largest figure that is accepted: up to here floats are exact, and no reply has that many tokens."""


def merge_usage(
    old: Usage | None, report: dict[str, Any], warn: Callable[[str], None], around: Any = None
) -> Usage | None:
    """``old`` updated with a further ``report``; ``old`` itself if that has nothing new. ``around`` is the form that
    the report was in: it has the service tier in some APIs.

    A later figure replaces an earlier one, because servers report the sum so far. Nulls and zeros do not: some servers
    send them when they have nothing further to report. A number that cannot be a figure is left out, and ``warn`` is
    called.
    """
    changed = False
    figures: dict[str, Any] = {}
    for field, paths in NAMES.items():
        known, new = getattr(old, field, None), _first(report, paths, warn)
        figures[field] = new if known is None or new else known
        changed = changed or figures[field] != known
    billing = _billing(old, report, around)
    if changed or (old is None and "cost" in billing):
        return replace(Usage(raw=report), **figures, **billing)
    if old is None or all(value == getattr(old, field) for field, value in billing.items()):
        return old
    return replace(old, raw=_with_more(old.raw or {}, report), **billing)


def _billing(old: Usage | None, report: dict[str, Any], around: Any) -> dict[str, Any]:
    """The fields of a `Usage` about the bill, as far as they are known."""
    known, cost = (old.cost if old is not None else None), reported_cost(report)
    tier = reported_tier(report, around) or (old.service_tier if old is not None else None)
    billed: dict[str, Any] = {"service_tier": tier}
    cost = cost if known is None or cost else known
    return billed if cost is None else billed | {"cost": cost, "cost_origin": "provider"}


def update_usage(
    old: Usage | None, report: dict[str, Any], warn: Callable[[str], None], around: Any = None
) -> Usage | None:
    """The result of `merge_usage`; if no figure is new, ``raw`` is updated with anything else that is: a price, or
    details."""
    usage = merge_usage(old, report, warn, around)
    if usage is None or usage is not old or not has_more(report, usage.raw):
        return usage
    return replace(usage, raw=_with_more(usage.raw or {}, report))


def _with_more(known: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """``known`` with what a further report has besides nulls and zeros."""
    return {**known, **{name: value for name, value in report.items() if value or name not in known}}


def has_more(report: Any, known: Any) -> bool:
    """True if ``report`` has a value that is not in ``known``. A null, an empty text and an empty list do not count as
    values, and a zero counts only where there was no value before."""
    pairs = [(report, known)]
    while pairs:
        new, old = pairs.pop()
        if isinstance(new, dict):
            pairs += [(value, old.get(name) if isinstance(old, dict) else None) for name, value in new.items()]
        elif new != old and new not in (None, "", []) and (new or old is None):
            return True
    return False


def _first(report: dict[str, Any], paths: tuple[str, ...], warn: Callable[[str], None]) -> int | None:
    return next((value for path in paths if (value := figure(report, path, warn)) is not None), None)


def figure(report: dict[str, Any], path: str, warn: Callable[[str], None]) -> int | None:
    """The figure at ``path``; None if there is none. ``warn`` is called for a number that cannot be a figure."""
    value: Any = report
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    if 0 <= value <= LARGEST and value == int(value):
        return int(value)
    warn(f"the server's {path} is not a figure and was left out")
    return None
