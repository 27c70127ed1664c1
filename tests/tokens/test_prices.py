from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import streamkit as sk
from streamkit.tokens import price_of
from streamkit.tokens.prices import check_prices
from streamkit.usage import as_partial, sum_usage, weakest_origin

DEAR = sk.Prices(input=2.5, output=10, cached=1.25)


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (sk.Usage(1_000_000, 100_000), 3.5),
        (sk.Usage(1_000_000, 0, cached_tokens=400_000), 2.0),
        (sk.Usage(10, 0, cached_tokens=400_000), 10 * 1.25 / 1e6),  # never more kept than there was
        (sk.Usage(None, 100_000), 1.0),
        (sk.Usage(1_000_000, None), 2.5),
        (sk.Usage(0, 100_000, 300_000), 3.0),  # thinking that is in the sum only
        (sk.Usage(None, 100_000, 300_000), 1.0),
        (sk.Usage(), None),
    ],
)
def test_what_a_usage_costs(usage: sk.Usage, cost: float | None):
    assert DEAR.cost(usage) == (cost if cost is None else pytest.approx(cost))


def test_without_a_price_for_cached_tokens_they_cost_like_others():
    assert sk.Prices(input=1, output=1).cost(sk.Usage(1_000_000, 0, cached_tokens=500_000)) == 1.0


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf")])
def test_what_is_no_price_is_told(bad: float):
    with pytest.raises(ValueError, match=r"Prices\.output must be 0 or more"):
        sk.Prices(input=1, output=bad)


@pytest.mark.parametrize(("name", "bad"), [("input", None), ("output", None), ("input", True), ("cached", "1")])
def test_what_is_no_number_is_no_price(name: str, bad: Any):
    with pytest.raises(TypeError, match=rf"Prices\.{name} is a price per million tokens.*, not {bad!r}"):
        sk.Prices(**{"input": 1, "output": 1, name: bad})


def test_decimal_prices_are_kept_as_floats():
    prices = sk.Prices(input=Decimal("0.15"), output=Fraction(3, 5), cached=Decimal("0.075"))  # type: ignore[arg-type]
    assert prices == sk.Prices(input=0.15, output=0.6, cached=0.075)
    assert type(prices.cost(sk.Usage(100, 10, cached_tokens=50))) is float


@pytest.mark.parametrize("bad", [5, {"gpt-4o": 1}, {"gpt-4o": None}, [DEAR]])
def test_what_are_no_prices_is_told(bad: Any):
    with pytest.raises(TypeError, match="prices are Prices"):
        check_prices(bad)


def test_a_model_is_found_without_vendor_date_and_variant_but_is_never_taken_for_another():
    prices = {"gpt-4o": DEAR, "vendor/small": DEAR, "ft:gpt-4.1": DEAR}
    found = (
        "gpt-4o",
        "gpt-4o-2024-08-06",
        "openai/gpt-4o",
        "openai/gpt-4o-2024-08-06:free",
        "gpt-4o-latest",
        "vendor/small",
        "ft:gpt-4.1-2025-04-14:kettles::A1b2",
    )
    assert [price_of(prices, model) for model in found] == [DEAR] * len(found)
    assert [price_of(prices, model) for model in ("gpt-4o-mini", "gpt-4", "small", "", "ft:gpt-4o:me")] == [None] * 5
    assert (price_of(DEAR, "anything"), price_of(None, "gpt-4o")) == (DEAR, None)


def test_figures_of_several_requests_together():
    one, two = sk.Usage(1, 2, 3, cost=0.5), sk.Usage(10, 20, 30, 4, cost=0.25)
    assert sum_usage([one, two]) == sk.Usage(11, 22, 33, cost=0.75, requests=2)
    assert sum_usage([one]) is one
    assert sum_usage([]) is sum_usage([one, None]) is None


@pytest.mark.parametrize(
    ("origins", "together"),
    [
        (("provider", "provider"), "provider"),
        (("exact", "exact"), "exact"),
        (("provider", "exact"), "partial"),
        (("provider", "partial"), "partial"),
        (("exact", "estimate", "provider"), "estimate"),
    ],
)
def test_the_weakest_origin_counts(origins, together):
    assert weakest_origin(origins) == together


def test_an_exact_count_of_a_reply_that_was_cut_is_partial():
    origins = ("provider", "exact", "estimate", "partial")
    assert [as_partial(sk.Usage(origin=origin)).origin for origin in origins] == [
        "provider", "partial", "estimate", "partial",
    ]  # fmt: skip
    assert as_partial(None) is None
