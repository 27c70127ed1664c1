"""The price list of the package genai-prices (pydantic/genai-prices), which is part of the package: no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .prices import ModelPrices, Prices

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider

__all__ = ["GenaiPrices"]

FIELDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "reasoning": "output_reasoning_mtok",
    "request": "requests_kcount",
}
"""The fields of `Prices`, and the names of the list."""
NOT_COUNTED = ("output_citation_mtok", "cache_write_5m_mtok")
"""Prices of tokens that a `Usage` does not tell apart: a cost without them would be wrong for every reply."""
CONTEXTS = {
    "batch": {"processing": "batch", "service_tier": "batch"},
    "fast": {"speed": "fast", "service_tier": "fast"},
}
"""Names of service tiers that stand under other keys in the list."""


class GenaiPrices(ModelPrices):
    """The list of genai-prices. ImportError without the package."""

    def __init__(self, provider: str | None = None) -> None:
        try:
            from genai_prices import __version__
            from genai_prices.data_snapshot import get_snapshot
        except ImportError as exc:
            raise ImportError(
                "the price list needs genai-prices: pip install 'streamkit-rx[prices]', or give the path of a list in "
                "litellm's format"
            ) from exc
        self._provider, self._version, self._snapshot = provider, __version__, get_snapshot
        if provider is not None:
            try:
                self._snapshot().find_provider(None, provider, None)
            except LookupError as exc:
                raise ValueError(f"genai-prices does not have the provider {provider!r}") from exc

    def __str__(self) -> str:
        return f"the list of genai-prices {self._version}"

    def prices(self, model: str, *, host: str = "", when: datetime | None = None) -> Prices | None:
        found = self._found(self._snapshot(), model.removeprefix("models/"), host)
        return None if found is None else _prices(*found, when or datetime.now(UTC))

    def _found(self, snapshot: DataSnapshot, model: str, host: str) -> tuple[Provider, ModelInfo] | None:
        provider = self._provider or _provider_at(snapshot, host)
        if provider is not None:
            return _find(snapshot, model, provider) or _find(snapshot, model.rpartition("/")[2], provider)
        vendor, _, bare = model.partition("/")
        # organisations that publish weights have similar names (deepseek-ai), and others sell those models
        sold_by_vendor = bare and any(provider.id == vendor.lower() for provider in snapshot.providers)
        return _find(snapshot, model, None) or (_find(snapshot, bare, vendor) if sold_by_vendor else None)


def _provider_at(snapshot: DataSnapshot, host: str) -> str | None:
    if not host:
        return None
    try:
        return snapshot.find_provider(None, None, f"https://{host}/").id
    except LookupError:
        return None


def _find(snapshot: DataSnapshot, model: str, provider: str | None) -> tuple[Provider, ModelInfo] | None:
    try:
        return snapshot.find_provider_model(model, None, provider, None)
    except LookupError:
        return None


def _prices(provider: Provider, model: ModelInfo, when: datetime) -> Prices | None:
    """The prices of ``model`` at that time, with those of its service tiers; None if they are not prices of tokens."""
    if not model.prices:  # an empty list
        return None
    standard = _sized(model.get_prices(when))
    if standard is None or not any(one is model for one in provider.models):  # another provider's model has no tiers
        return standard
    names = {name for variant in model.price_variants or () if (name := _tier(variant.when)) is not None}
    found = {name: _sized(model.get_prices(when, CONTEXTS.get(name, {"service_tier": name}))) for name in sorted(names)}
    tiers = {name: prices for name, prices in found.items() if prices is not None and prices != standard}
    return replace(standard, service_tiers=tiers) if tiers else standard


def _tier(condition: Mapping[str, str]) -> str | None:
    """The name of the service tier that a variant is for; None if it is for something else."""
    if len(condition) != 1:
        return None
    ((key, value),) = condition.items()
    return value if key == "service_tier" or CONTEXTS.get(value, {}).get(key) == value else None


def _sized(price: ModelPrice) -> Prices | None:
    """``price`` with its sizes of prompts; None if it lacks a price of the prompt or the answer, or has other ones that
    would be missing in every cost."""
    if price.input_mtok is None or price.output_mtok is None:
        return None
    if any(getattr(price, name, None) is not None for name in NOT_COUNTED):
        return None
    values = {field: getattr(price, name, None) for field, name in FIELDS.items()}
    starts = {tier.start for value in values.values() for tier in getattr(value, "tiers", ())}
    above = {start: Prices(**_at(values, start)) for start in sorted(starts)}
    return Prices(**_at(values, None), above=above or None)


def _at(values: Mapping[str, Any], start: int | None) -> dict[str, Any]:
    """The fields of `Prices` for prompts of more tokens than ``start`` (None: for the smallest ones)."""
    return {field: _plain(field, value, start) for field, value in values.items() if value is not None}


def _plain(field: str, value: Any, start: int | None) -> Decimal:
    if isinstance(value, Decimal):
        price = value
    else:
        reached = [tier.price for tier in value.tiers if start is not None and tier.start <= start]
        price = reached[-1] if reached else value.base
    return price / 1000 if field == "request" else price  # the list has it per thousand
