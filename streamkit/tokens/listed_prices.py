"""Price lists that others keep, as one of ours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..checks import check_instance, check_text
from .prices import ModelPrices, Prices, check_prices, price_of

__all__ = ["price_list"]


def price_list(
    source: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    own: Mapping[str, Prices] | None = None,
    provider: str | None = None,
) -> ModelPrices:
    """A list of the prices of some thousand models, in US dollars, for `ops.meter`, `ops.budget` and `batch`.

    >>> listed = price_list({"gpt-4o": {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}})
    >>> listed.prices("gpt-4o-2024-08-06").output
    10.0

    Without ``source`` it is that of the package genai-prices (extra ``prices``), as of the version that is installed,
    or as updated by its ``UpdatePrices``. It knows from which day on a price is valid, the prices of long prompts, and
    those of service tiers. ``source`` is the path of a file in the format of litellm's
    ``model_prices_and_context_window.json``, or what it holds. Nothing is ever fetched here.

    ``own`` prices come first: ``{model: Prices}``. Models are sold by several providers under the same name, at prices
    of their own: ``provider`` names one as the list does (``azure``, ``groq``); without it, that is decided by the
    server that was asked, as far as the list knows it, else by the name of the model. A model that the list does not
    have, or whose price is not one of tokens, has no price: its cost is then not known, never zero.

    The file is read, and the package imported, by this call. ImportError without the package, OSError if the file
    cannot be read, ValueError if it has another format.

    Note: sound, images and video count at the price of text, and searches and other tools of the server not at all,
    unless the server reports the cost.
    """
    check_text("price_list: provider", provider, optional=True)
    check_instance("price_list: own", own, Mapping, "own={'my-model': sk.Prices(input=1, output=2)}")
    check_prices(own)
    listed = _genai_prices(provider) if source is None else _litellm_file(source, provider)
    return _Besides(dict(own), listed) if own else listed


def _genai_prices(provider: str | None) -> ModelPrices:
    from .genai_prices_list import GenaiPrices  # imports the package

    return GenaiPrices(provider)


def _litellm_file(source: str | os.PathLike[str] | Mapping[str, Any], provider: str | None) -> ModelPrices:
    from .litellm_list import LitellmPrices, read_list

    models, name = read_list(source)
    return LitellmPrices(models, name, provider)


class _Besides(ModelPrices):
    """One's own prices, and a list for all other models."""

    def __init__(self, own: Mapping[str, Prices], listed: ModelPrices) -> None:
        self._own, self._listed = own, listed

    def __str__(self) -> str:
        return f"{self._listed} and prices of your own"

    def prices(self, model: str, *, host: str = "", when: datetime | None = None) -> Prices | None:
        return price_of(self._own, model) or self._listed.prices(model, host=host, when=when)
