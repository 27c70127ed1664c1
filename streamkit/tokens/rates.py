"""Prices as whole numbers, so that costs are exact and cheap: a meter computes one for each piece of a reply."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ..usage import Usage

__all__ = ["Rates"]

MILLION = 1_000_000


class Rates(NamedTuple):
    """The price of a token of each kind, and of a request, all in the same unit; ``scale`` of these units are one of
    the currency. A quotient of two whole numbers is rounded once and correctly in Python, however large they are."""

    fresh: int
    completion: int
    cached: int
    write: int
    write_1h: int
    reasoning: int
    request: int
    scale: int

    @classmethod
    def of(
        cls,
        input: float,
        output: float,
        cached: float | None,
        cache_write: float | None,
        cache_write_1h: float | None,
        reasoning: float | None,
        request: float,
    ) -> Rates:
        """The rates of prices per million tokens, each taken as the decimal number that it is written as."""
        cached = input if cached is None else cached
        write = input if cache_write is None else cache_write
        write_1h = write if cache_write_1h is None else cache_write_1h
        thinking = output if reasoning is None else reasoning
        exact = [Decimal(repr(price)) for price in (input, output, cached, write, write_1h, thinking, request)]
        digits = max(0, *(-int(price.as_tuple().exponent) for price in exact))
        unit = 10**digits
        *tokens, asking = (_whole(price, digits) for price in exact)
        return cls._make([*tokens, asking * MILLION, unit * MILLION])

    def cost(self, usage: Usage) -> float:
        """The cost of ``usage``. OverflowError if that is not a float any more."""
        prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
        if usage.prompt_tokens is not None and usage.total_tokens is not None:
            # some servers leave thinking out of the completion, but not out of the sum
            completion = max(completion, usage.total_tokens - prompt)
        units = prompt * self.fresh + completion * self.completion + usage.requests * self.request
        if usage.cached_tokens:
            cached = min(usage.cached_tokens, prompt)
            prompt -= cached
            units += cached * (self.cached - self.fresh)
        if usage.cache_write_tokens:
            writes = min(usage.cache_write_tokens, prompt)
            lasting = min(usage.cache_write_1h_tokens or 0, writes)
            units += writes * (self.write - self.fresh) + lasting * (self.write_1h - self.write)
        if usage.reasoning_tokens:
            units += min(usage.reasoning_tokens, completion) * (self.reasoning - self.completion)
        return units / self.scale


def _whole(price: Decimal, digits: int) -> int:
    """``price`` without its point, which stands before the last ``digits``."""
    _, figures, exponent = price.as_tuple()
    return int("".join(map(str, figures)) + "0" * (digits + int(exponent)))
