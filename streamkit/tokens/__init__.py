"""Token counts, exact or labelled. tiktoken is loaded when a count is first asked for, and nothing is downloaded."""

from __future__ import annotations

from ..protocols import Encoding
from .counter import TokenCounter
from .models import CURRENT, Resolved, resolve
from .prices import PriceList, Prices, check_prices, price_of
from .prompt import Count, prompt_tokens
from .replytokens import ReplyTokens
from .rough import Rough

__all__ = [
    "Count",
    "Encoding",
    "PriceList",
    "Prices",
    "ReplyTokens",
    "Resolved",
    "Rough",
    "TokenCounter",
    "price_of",
    "prompt_tokens",
    "resolve",
]
