from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st

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


CACHES = sk.Prices(input=3, output=15, cached=0.3, cache_write=3.75, cache_write_1h=6, reasoning=20, request=0.5)


@pytest.mark.parametrize(
    ("prices", "usage", "cost"),
    [
        (CACHES, sk.Usage(1_000_000, 0, cached_tokens=200_000, cache_write_tokens=300_000), "3.185"),
        (CACHES, sk.Usage(1_000_000, 0, cache_write_tokens=300_000, cache_write_1h_tokens=100_000), "3.95"),
        (CACHES, sk.Usage(1_000_000, 0, cache_write_tokens=300_000, cache_write_1h_tokens=900_000), "4.4"),
        (CACHES, sk.Usage(1_000_000, 0, cached_tokens=900_000, cache_write_tokens=900_000), "1.145"),
        (CACHES, sk.Usage(0, 1_000_000, reasoning_tokens=400_000), "17.5"),
        (CACHES, sk.Usage(0, 1_000_000, reasoning_tokens=4_000_000), "20.5"),
        (CACHES, sk.Usage(0, 0, requests=4), "2"),
        (sk.Prices(input=1, output=1), sk.Usage(1_000_000, 0, cache_write_tokens=300_000), "1"),
        (
            sk.Prices(input=1, output=1, cache_write=2),
            sk.Usage(10**6, 0, None, 0, 0, "exact", None, 1, 9, 9),
            "1.000009",
        ),
    ],
)
def test_what_caches_thinking_and_requests_cost(prices: sk.Prices, usage: sk.Usage, cost: str):
    assert prices.cost(usage) == float(cost)


LONG = sk.Prices(input=4, output=8)
FLEX = sk.Prices(input=1, output=1, above={100: sk.Prices(input=2, output=2)})
SIZED = sk.Prices(
    input=2, output=4, above={1000: sk.Prices(input=9, output=9), 100: LONG}, service_tiers={"Flex": FLEX}
)


@pytest.mark.parametrize(
    ("prompt", "tier", "requests", "price"),
    [
        (100, None, 1, 2),
        (101, None, 1, 4),
        (1000, "default", 1, 4),
        (1001, None, 1, 9),
        (100, "flex", 1, 1),
        (101, "FLEX", 1, 2),
        (2000, None, 10, 4),  # their mean size is 200
        (None, None, 1, 2),
    ],
)
def test_the_prices_of_long_prompts_and_of_service_tiers(prompt: int, tier: str | None, requests: int, price: float):
    usage = sk.Usage(prompt, 10, requests=requests, service_tier=tier)
    plain = SIZED.applying_to(usage)
    assert plain.input == price
    assert SIZED.cost(usage) == sk.Prices(input=plain.input, output=plain.output).cost(usage)


figures = st.integers(0, 10**9)
amounts = st.decimals(0, 1000, allow_nan=False, places=6)


@given(figures, figures, figures, figures, amounts, amounts, amounts, amounts)
def test_a_cost_is_the_exact_one_rounded_once(
    fresh: int, read: int, written: int, said: int, sent: Decimal, answered: Decimal, cached: Decimal, kept: Decimal
):
    usage = sk.Usage(fresh + read + written, said, cached_tokens=read, cache_write_tokens=written)
    prices = sk.Prices(input=float(sent), output=float(answered), cached=float(cached), cache_write=float(kept))
    exact = Fraction(sent) * fresh + Fraction(cached) * read + Fraction(kept) * written + Fraction(answered) * said
    assert prices.cost(usage) == float(exact / 10**6)


def test_prices_are_equal_and_copied_by_their_fields():
    used = sk.Prices(
        input=2, output=4, above={1000: sk.Prices(input=9, output=9), 100: LONG}, service_tiers={"flex": FLEX}
    )
    used.cost(sk.Usage(1, 1))
    copies = (copy.copy(used), copy.deepcopy(used), pickle.loads(pickle.dumps(used)), replace(used))
    assert [*copies] == [SIZED] * 4
    assert {hash(one) for one in copies} == {hash(SIZED)}
    assert {one.cost(sk.Usage(101, 5)) for one in copies} == {SIZED.cost(sk.Usage(101, 5))}


def test_a_cost_beyond_all_floats_is_infinite():
    assert sk.Prices(input=1e308, output=0).cost(sk.Usage(10**9, 0)) == float("inf")
    assert sk.Prices(input=1e-300, output=0).cost(sk.Usage(10**6, 0)) == 1e-300


@pytest.mark.parametrize(
    "bad",
    [
        {"above": 5},
        {"above": {"many": LONG}},
        {"above": {100: 5}},
        {"above": {100: SIZED}},
        {"above": {True: LONG}},
        {"service_tiers": LONG},
        {"service_tiers": {5: LONG}},
        {"service_tiers": {"flex": SIZED}},
    ],
)
def test_what_are_no_sizes_or_tiers_is_told(bad: dict[str, Any]):
    with pytest.raises(TypeError, match=r"Prices\.(above|service_tiers) is \{"):
        sk.Prices(input=1, output=1, **bad)


def test_a_size_below_nothing_is_told():
    with pytest.raises(ValueError, match="0 or more, not -1"):
        sk.Prices(input=1, output=1, above={-1: LONG})


@pytest.mark.parametrize("bad", [5, sk.price_list, {"gpt-4o": 1}, {"gpt-4o": None}, [DEAR]])
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


def test_the_costs_and_tiers_of_several_requests_together():
    computed = sk.Usage(1, 2, 3, cost=0.5, cache_write_tokens=4, cache_write_1h_tokens=1, service_tier="flex")
    reported = replace(computed, cost=0.25, cost_origin="provider")
    both = {"cost": 0.75, "requests": 2, "cache_write_tokens": 8, "cache_write_1h_tokens": 2, "service_tier": "flex"}
    assert sum_usage([computed, reported]) == sk.Usage(2, 4, 6, **both, cost_origin="mixed")
    assert sum_usage([reported, reported]) == sk.Usage(2, 4, 6, **{**both, "cost": 0.5}, cost_origin="provider")
    other = replace(reported, cost=None, service_tier="default")
    assert sum_usage([computed, other]) == sk.Usage(2, 4, 6, **{**both, "cost": None, "service_tier": None})


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
