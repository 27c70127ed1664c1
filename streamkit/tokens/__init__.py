"""Token counts, exact or labelled. tiktoken is loaded when the first count is made, and nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import renamed
from ..protocols import Encoding
from .counter import TokenCounter
from .fitting import TooLongError, fitted
from .listed_prices import price_list
from .models import CURRENT, Resolved, resolve
from .prices import ModelPrices, PriceList, Prices, check_prices, price_of
from .prompt import Count, prompt_tokens
from .reply_tokens import ReplyTokens
from .rough import Rough

__all__ = [
    "Count",
    "Encoding",
    "ModelPrices",
    "PriceList",
    "Prices",
    "ReplyTokens",
    "Resolved",
    "Rough",
    "TokenCounter",
    "TooLongError",
    "price_list",
    "price_of",
    "prompt_tokens",
    "resolve",
]

if TYPE_CHECKING:
    Gauge = ReplyTokens
else:  # a type checker would accept every name
    __getattr__ = renamed(__name__, {"Gauge": "ReplyTokens"})
