"""Usage: tokens counted per request and per stream, prices, and budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily

if TYPE_CHECKING:
    from .budget import Budget
    from .meter import Meter, StreamUsage, Unpriced

__all__ = ["Budget", "Meter", "StreamUsage", "Unpriced"]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "budget": "Budget",
            "meter": "Meter StreamUsage Unpriced",
        },
    )


def __dir__() -> list[str]:
    return __all__
