"""The token figures of a reply. Those of the server are the figures so far, and one that has not changed may be left
out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..api import Form
from ..unread import has_content
from ..usage import LARGEST

__all__ = ["FIGURES", "has_new_details", "service_tier", "usage_figures"]

USAGE = {
    "prompt_tokens": ("promptTokenCount", "toolUsePromptTokenCount"),
    "completion_tokens": ("candidatesTokenCount", "thoughtsTokenCount"),
    "total_tokens": ("totalTokenCount",),
    "cached_tokens": ("cachedContentTokenCount",),
    "reasoning_tokens": ("thoughtsTokenCount",),
}
"""The figures of the server that add up to each figure of a `Usage`."""
FIGURES = frozenset(name for names in USAGE.values() for name in names)


def usage_figures(known: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a `Usage`, from those that the server has reported so far."""
    return {name: _sum(known, parts) for name, parts in USAGE.items()}


def _sum(known: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The sum of figures. A number that cannot be a figure is returned as it is, so that `merge_usage` warns of it."""
    figures = [known[name] for name in names if name in known]
    odd = [figure for figure in figures if not (0 <= figure <= LARGEST and figure == int(figure))]
    return odd[0] if odd else sum(figures) if figures else None


def service_tier(report: Form) -> Any:
    """The service tier, which is a kind of traffic (``ON_DEMAND_FLEX``) in Vertex AI."""
    kind = report.get("trafficType")
    return report.get("serviceTier") or (kind.removeprefix("ON_DEMAND_") if isinstance(kind, str) else None)


def has_new_details(report: Form, known: Mapping[str, Any]) -> bool:
    """True if a report has something besides the figures that the one before did not have."""
    return any(has_content(value) and value != known.get(name) for name, value in report.items() if name not in FIGURES)
