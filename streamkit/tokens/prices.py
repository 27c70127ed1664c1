"""The prices of tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..checks import check_number, keep_number
from ..usage import Usage

__all__ = ["PriceList", "Prices", "check_prices", "price_of"]

MILLION = 1_000_000
DATE = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices per million tokens, in any currency. ``cached`` is the price of prompt tokens that the server had cached,
    the same as ``input`` if None. ValueError for a number that cannot be a price, TypeError for anything that is not a
    number; a Decimal is a number, and is kept as a float."""

    input: float
    output: float
    cached: float | None = None

    def __post_init__(self) -> None:
        options: dict[str, Any] = {"above": False, "what": "a price per million tokens"}
        keep_number(self, "input", check_number, **options)
        keep_number(self, "output", check_number, **options)
        keep_number(self, "cached", check_number, optional=True, **options)

    def cost(self, usage: Usage) -> float | None:
        """The cost of ``usage``, as far as its figures are known; None if none is known."""
        if usage.prompt_tokens is None and usage.completion_tokens is None:
            return None
        prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
        if usage.prompt_tokens is not None and usage.total_tokens is not None:
            # some servers leave thinking out of the completion, but not out of the sum
            completion = max(completion, usage.total_tokens - prompt)
        cached = min(usage.cached_tokens or 0, prompt)
        cached_price = self.input if self.cached is None else self.cached
        return ((prompt - cached) * self.input + cached * cached_price + completion * self.output) / MILLION


PriceList: TypeAlias = "Prices | Mapping[str, Prices] | None"


def check_prices(prices: Any) -> None:
    """TypeError for anything but a `PriceList`."""
    each = prices.values() if isinstance(prices, Mapping) else () if prices is None else (prices,)
    if not all(isinstance(one, Prices) for one in each):
        raise TypeError(f"prices are Prices, or those of each model as {{name: Prices}}, not {prices!r}")


def price_of(prices: PriceList, model: str) -> Prices | None:
    """The prices of ``model``: by its name, else without vendor, variant and date (``openai/gpt-4o-2024-08-06``). Those
    of a fine-tuned model have names like ``ft:gpt-4o``."""
    if prices is None or isinstance(prices, Prices):
        return prices
    name = model.rpartition("/")[2]
    tuned = "ft:" if name.startswith("ft:") else ""
    bare = tuned + name.removeprefix(tuned).partition(":")[0]
    names = (model, bare, DATE.sub("", bare))
    return next((prices[name] for name in names if name in prices), None)
