"""The prices of tokens."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from ..checks import check_number, keep_number, quote
from ..events import Reply, Start
from ..usage import Usage
from ..wire import created_at
from .rates import Rates

__all__ = ["ModelPrices", "PriceList", "Prices", "check_prices", "names_of", "price_of"]

DATE = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)$")
OPTIONAL = ("cached", "cache_write", "cache_write_1h", "reasoning")


class _WithRates:
    """Room for what is computed from the fields of a `Prices` once."""

    __slots__ = ("_rates",)
    _rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices(_WithRates):
    """Prices per million tokens, in any currency.

    >>> Prices(input=3, output=15, cached=0.3, cache_write=3.75).cost(Usage(1000, 100, cached_tokens=800))
    0.00234

    ``cached`` is the price of prompt tokens that the server had cached, and ``cache_write`` that of prompt tokens which
    it wrote to a cache: the same as ``input`` if None. ``cache_write_1h`` is for those that are kept for an hour, the
    same as ``cache_write`` if None; ``reasoning`` is for thinking, the same as ``output`` if None. ``request`` is the
    price of one request besides its tokens.

    ``above`` has the prices of long prompts, by size: with ``{200_000: Prices(...)}`` all tokens of a request are at
    these prices if its prompt has more than 200,000 tokens. ``service_tiers`` has the prices of each service tier, by
    its name in `Usage.service_tier`; a tier that is not there is at the other prices.

    >>> prices = Prices(input=1.25, output=10, above={200_000: Prices(input=2.5, output=15)})
    >>> prices.cost(Usage(200_000, 0)), prices.cost(Usage(200_001, 0))
    (0.25, 0.5000025)

    ValueError for a number that cannot be a price, TypeError for anything that is not a number; a Decimal is a number,
    and is kept as a float.
    """

    input: float
    output: float
    cached: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    reasoning: float | None = None
    request: float = 0
    above: Mapping[int, Prices] | None = field(default=None, hash=False)
    service_tiers: Mapping[str, Prices] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        options: dict[str, Any] = {"above": False, "what": "a price per million tokens"}
        keep_number(self, "input", check_number, **options)
        keep_number(self, "output", check_number, **options)
        for name in OPTIONAL:
            keep_number(self, name, check_number, optional=True, **options)
        keep_number(self, "request", check_number, above=False, what="the price of a request")
        object.__setattr__(self, "above", _by_size(self.above))
        object.__setattr__(self, "service_tiers", _by_tier(self.service_tiers))

    def cost(self, usage: Usage) -> float | None:
        """The cost of ``usage``, as far as its figures are known; None if none is known. It is computed exactly by the
        decimal prices, and rounded to a float once."""
        if usage.prompt_tokens is None and usage.completion_tokens is None:
            return None
        if self.above is not None or self.service_tiers is not None:
            return self.applying_to(usage)._cost(usage)
        return self._cost(usage)

    def applying_to(self, usage: Usage) -> Prices:
        """The prices of ``usage``: those of its service tier, and of the size of its prompt (of several requests
        together, their mean size)."""
        tiers, prices = self.service_tiers, self
        if tiers is not None and usage.service_tier is not None:
            prices = tiers.get(usage.service_tier.lower(), self)
        if prices.above is not None:
            size = (usage.prompt_tokens or 0) / (usage.requests or 1)
            reached = [start for start in prices.above if size > start]  # in ascending order
            prices = prices.above[reached[-1]] if reached else prices
        return prices

    def _cost(self, usage: Usage) -> float:
        try:
            rates = self._rates
        except AttributeError:  # the first time, or a copy
            rates = _rates_of(self)
            object.__setattr__(self, "_rates", rates)
        try:
            return rates.cost(usage)
        except OverflowError:
            return math.inf


def _rates_of(prices: Prices) -> Rates:
    return Rates.of(
        prices.input,
        prices.output,
        prices.cached,
        prices.cache_write,
        prices.cache_write_1h,
        prices.reasoning,
        prices.request,
    )


def _by_size(above: Any) -> dict[int, Prices] | None:
    if above is None:
        return None
    if not isinstance(above, Mapping) or not all(type(size) is int and _is_plain(one) for size, one in above.items()):
        raise TypeError(
            f"Prices.above is {{prompt tokens: Prices}}, without further sizes or tiers, not {quote(above)}"
        )
    if any(size < 0 for size in above):
        raise ValueError(f"Prices.above has numbers of prompt tokens, which are 0 or more, not {min(above)}")
    return dict(sorted(above.items()))


def _by_tier(tiers: Any) -> dict[str, Prices] | None:
    if tiers is None:
        return None
    if not isinstance(tiers, Mapping) or not all(
        isinstance(name, str) and isinstance(one, Prices) and one.service_tiers is None for name, one in tiers.items()
    ):
        raise TypeError(f"Prices.service_tiers is {{name: Prices}}, without further tiers, not {quote(tiers)}")
    return {name.lower(): one for name, one in tiers.items()}


def _is_plain(prices: Any) -> bool:
    return isinstance(prices, Prices) and prices.above is None and prices.service_tiers is None


class ModelPrices(ABC):
    """The prices of many models. `price_list` makes one of a list that others keep; a subclass may ask anything that
    answers at once. ``str()`` of it names the list in warnings.

    It is accepted wherever ``prices`` are.
    """

    @abstractmethod
    def prices(self, model: str, *, host: str = "", when: datetime | None = None) -> Prices | None:
        """The prices of ``model`` (as the server names it); None if the list does not have it: its cost is not known
        then. ``host`` is the name of the server that was asked, as far as it is known. ``when`` is the time of the
        reply, and now if None."""


PriceList: TypeAlias = "Prices | Mapping[str, Prices] | ModelPrices | None"


def check_prices(prices: Any) -> None:
    """TypeError for anything but a `PriceList`."""
    if isinstance(prices, ModelPrices):
        return
    each = prices.values() if isinstance(prices, Mapping) else () if prices is None else (prices,)
    if not all(isinstance(one, Prices) for one in each):
        raise TypeError(
            "prices are Prices, those of each model as {name: Prices}, or a list that others keep as sk.price_list(), "
            f"not {quote(prices)}"
        )


def price_of(prices: PriceList, model: str, reply: Start | Reply | None = None) -> Prices | None:
    """The prices of ``model``: in a mapping by its name, else without vendor, variant and date
    (``openai/gpt-4o-2024-08-06``). Those of a fine-tuned model have names like ``ft:gpt-4o``. A list is also told the
    server and the time of ``reply``, as far as they are known."""
    if prices is None or isinstance(prices, Prices):
        return prices
    if isinstance(prices, ModelPrices):
        origin = reply.origin if reply is not None else None
        when = created_at(reply.raw) if reply is not None else None
        return prices.prices(model, host=origin.host if origin is not None else "", when=when)
    return next((prices[name] for name in names_of(model) if name in prices), None)


def names_of(model: str) -> tuple[str, ...]:
    """The names by which ``model`` is looked up: its own, that without vendor and variant, that without its date."""
    name = model.rpartition("/")[2]
    tuned = "ft:" if name.startswith("ft:") else ""
    bare = tuned + name.removeprefix(tuned).partition(":")[0]
    return model, bare, DATE.sub("", bare)
