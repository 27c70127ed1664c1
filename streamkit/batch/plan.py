"""The arguments of a batch, checked before anything is sent."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..checks import check_flag, check_number, check_whole
from ..engine.streams import check_function
from ..sources import ItemSource
from ..tokens import PriceList, check_prices
from .ledger import Ledger
from .prompts import lines_of

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    prompts: ItemSource[Any]
    ask: Callable[[Any], Any]
    key: Callable[[Any], str | None] | None
    ledger: Ledger | None
    concurrency: int
    requests_per_minute: float | None
    tokens_per_minute: float | None
    budget: float | None
    prices: PriceList
    ordered: bool

    @classmethod
    def checked(
        cls,
        prompts: Any,
        ask: Any,
        key: Any,
        ledger: Any,
        concurrency: int,
        limits: tuple[float | None, float | None],
        budget: float | None,
        prices: PriceList,
        ordered: bool,
    ) -> Plan:
        if isinstance(prompts, (bytes, Mapping)) or not (
            callable(prompts) or isinstance(prompts, (str, os.PathLike, Iterable, AsyncIterable))
        ):
            raise TypeError(f"prompts are an iterable or the path of a JSONL file, not {type(prompts).__name__}")
        check_function("ask", ask, "ask(prompt) gives the stream of its reply", sync=True)
        if key is not None:
            check_function("key", key, "key(prompt) gives a name for the ledger", sync=True)
        concurrency = check_whole("concurrency", concurrency)
        requests = check_number("requests_per_minute", limits[0], optional=True)
        tokens = check_number("tokens_per_minute", limits[1], optional=True)
        budget = check_number("budget", budget, above=False, infinite=True, optional=True)
        if budget is not None and prices is None:
            raise ValueError("a budget needs prices: pass prices=sk.Prices(input=..., output=...)")
        check_prices(prices)
        check_flag("ordered", ordered)
        if isinstance(prompts, (str, os.PathLike)):
            path = os.fspath(prompts)
            prompts = lambda: lines_of(path)  # noqa: E731  # opened anew by each subscription
        book = Ledger(ledger) if isinstance(ledger, (str, os.PathLike)) else ledger
        if not isinstance(book, Ledger | None):
            raise TypeError(f"ledger is a path or a Ledger, not {type(ledger).__name__}")
        return cls(prompts, ask, key, book, concurrency, requests, tokens, budget, prices, ordered)
