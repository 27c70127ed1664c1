"""A price list in the format of litellm's ``model_prices_and_context_window.json`` (BerriAI/litellm): an object with an
entry for each model, whose prices are in US dollars for one token."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, TypeAlias, cast

from ..checks import quote
from ..json_values import loads
from ..wording import excerpt
from .prices import ModelPrices, Prices, names_of

__all__ = ["LitellmPrices", "read_list"]

MILLION = 1_000_000
INPUT, RANGES = "input_cost_per_token", "tiered_pricing"
FIELDS = {
    "input": INPUT,
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "reasoning": "output_cost_per_reasoning_token",
}
"""The fields of `Prices`, and the names of the list."""
REQUEST = "input_cost_per_request"
NOT_COUNTED = "citation_cost_per_token"
"""The price of tokens that a `Usage` does not tell apart: a cost without it would be wrong for every reply."""
TIERS = {"_flex": "flex", "_priority": "priority", "_batches": "batch", None: None}
"""What the names of prices end in, and the service tiers that these are for."""
Found: TypeAlias = "dict[tuple[str | None, int], dict[str, Any]]"
PRICE = re.compile(rf"({'|'.join(sorted(FIELDS.values(), key=len, reverse=True))})(?:_above_(\d+)k_tokens)?(_[a-z]+)?")


def read_list(source: Any) -> tuple[Mapping[str, Any], str]:
    """The entries of a list, and what to call it. TypeError for anything but a path or a mapping, OSError for a file
    that cannot be read, ValueError for one that is not such a list."""
    if isinstance(source, Mapping):
        models, name = source, "the price list"
    elif isinstance(source, (str, os.PathLike)):
        models, name = _parsed(Path(source)), f"the price list {excerpt(Path(source).name, 60)}"
    else:
        raise TypeError(f"a price list is the path of a file in litellm's format, or a mapping, not {quote(source)}")
    if not isinstance(models, Mapping) or not any(
        isinstance(entry, Mapping) and not {INPUT, RANGES}.isdisjoint(entry) for entry in models.values()
    ):
        raise ValueError(f"{name} is not in litellm's format: {{model: {{'input_cost_per_token': ..., ...}}, ...}}")
    return models, name


def _parsed(path: Path) -> Any:
    try:
        return loads(path.read_bytes(), parse_float=Decimal)
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"the price list {excerpt(path.name, 60)} is not JSON: {excerpt(str(exc), 80)}") from exc


class LitellmPrices(ModelPrices):
    """``models`` are the entries; ``provider`` is the first part of their names (``azure/gpt-4o``), or the provider
    that is in them."""

    def __init__(self, models: Mapping[str, Any], name: str, provider: str | None = None) -> None:
        self._models, self._name, self._provider = models, name, provider
        if provider is not None and not any(self._is_of(entry, provider) for entry in models.values()):
            raise ValueError(f"{name} does not have the provider {excerpt(provider, 60)!r}")

    def __str__(self) -> str:
        return self._name

    def prices(self, model: str, *, host: str = "", when: datetime | None = None) -> Prices | None:
        """The prices of ``model``. The list knows neither hosts nor times."""
        names = names_of(model)
        if ":" in model and not names[1].startswith("ft:"):  # a variant of its own, at other prices (``:free``)
            names = (model, model.rpartition("/")[2])
        for name in dict.fromkeys(names):
            entry = self._entry(name, model.partition("/")[0] if "/" in model else None)
            if entry is not None:
                return _prices(entry)
        return None

    def _entry(self, name: str, vendor: str | None) -> Mapping[str, Any] | None:
        if self._provider is not None:
            for key in (f"{self._provider}/{name}", name):
                entry: Any = self._models.get(key)
                if self._is_of(entry, self._provider):
                    return cast("Mapping[str, Any]", entry)
            return None
        entry = self._models.get(name)
        if not isinstance(entry, Mapping):
            return None
        # the bare name of a model of one vendor may be that of another vendor's entry
        return entry if vendor is None or "/" in name or self._is_of(entry, vendor) else None

    @staticmethod
    def _is_of(entry: Any, provider: str) -> bool:
        return isinstance(entry, Mapping) and entry.get("litellm_provider") == provider


def _prices(entry: Mapping[str, Any]) -> Prices | None:
    """The prices of an entry; None if it lacks a price of the prompt or the answer, or has one that is not a number."""
    if entry.get(NOT_COUNTED):
        return None
    try:
        found = _found(entry)
        found[None, 0]["request"] = _amount(entry.get(REQUEST) or 0)
        tiers = {
            tier: Prices(**_sized(found, tier)) for tier in sorted({tier for tier, _ in found if tier is not None})
        }
        return Prices(**_sized(found, None), service_tiers=tiers or None)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None


def _found(entry: Mapping[str, Any]) -> Found:
    """The fields of `Prices` for each service tier (None: the standard one) and size of prompt."""
    field_of = {name: field for field, name in FIELDS.items()}
    found: Found = {}
    for key, value in entry.items():
        parts = PRICE.fullmatch(key)
        if parts is not None and parts[3] in TIERS and value is not None:
            size = int(parts[2] or 0) * 1000
            found.setdefault((TIERS[parts[3]], size), {})[field_of[parts[1]]] = _price(value)
    for level in entry.get(RANGES) or ():
        prices = {field: _price(level[name]) for field, name in FIELDS.items() if level.get(name) is not None}
        found[None, int(level["range"][0])] = prices
    return found


def _sized(found: Found, tier: str | None) -> dict[str, Any]:
    """The fields of the `Prices` of a tier. A price that it does not have is the standard one of the same size."""
    fields: dict[str, Any] = {**found[None, 0], **found.get((tier, 0), {})}
    sizes = sorted({size for name, size in found if name in (None, tier) and size})
    above: dict[int, Prices] = {}
    for size in sizes:
        steps = [found.get((name, step), {}) for name in (None, tier) for step in sizes if step <= size]
        above[size] = Prices(**reduce(or_, steps, fields))
    return {**fields, "above": above or None}


def _price(value: Any) -> Decimal:
    """A price for a million tokens."""
    return _amount(value) * MILLION


def _amount(value: Any) -> Decimal:
    """A number of the list. ArithmeticError or TypeError for what is not one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise TypeError(f"not a number: {value!r}")
    return Decimal(str(value))
