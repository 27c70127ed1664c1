"""Price lists that others keep: that of genai-prices, and files in litellm's format."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import operators as ops
from streamkit.tokens import ModelPrices, price_list
from streamkit.turns import Origin
from tests.wire.bodies import DONE, chunk, finish, read, say, sse

WHEN = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def genai() -> Any:
    return pytest.importorskip("genai_prices")


# -- genai-prices ------------------------------------------------------------------------------------------------------


def context(tier: str | None) -> dict[str, str] | None:
    """How genai-prices names a service tier."""
    named = {"batch": {"processing": "batch"}, "fast": {"speed": "fast", "service_tier": "fast"}}
    return named.get(tier, {"service_tier": tier}) if tier else None


def any_usage(chance: random.Random) -> sk.Usage:
    prompt, answer = chance.choice([0, 9, 1000, chance.randrange(10**6)]), chance.randrange(10**5)
    cached = chance.randint(0, prompt)
    writes = chance.randint(0, prompt - cached)
    return sk.Usage(
        prompt,
        answer,
        prompt + answer,
        cached,
        chance.randint(0, answer),
        cache_write_tokens=writes,
        cache_write_1h_tokens=chance.randint(0, writes),
        service_tier=chance.choice([None, "default", "flex", "priority", "batch", "fast"]),
    )


def test_every_model_costs_what_the_list_itself_computes(genai: Any):
    from genai_prices.data_snapshot import get_snapshot

    chance, compared = random.Random(16), 0
    for provider in get_snapshot().providers:
        listed = price_list(provider=provider.id)
        for model in provider.models:
            found = provider.find_model(model.id, all_providers=get_snapshot().providers)
            when = WHEN + timedelta(days=chance.randrange(-700, 200), hours=chance.randrange(24))
            prices, usage = listed.prices(model.id, when=when), any_usage(chance)
            if prices is None or found is None:
                assert found is not None or prices is None
                continue
            told = genai.Usage(
                input_tokens=usage.prompt_tokens,
                output_tokens=usage.completion_tokens,
                cache_read_tokens=usage.cached_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                cache_write_1h_tokens=usage.cache_write_1h_tokens,
                output_reasoning_tokens=usage.reasoning_tokens,
            )
            price = found.calc_price(
                told, provider, genai_request_timestamp=when, price_context=context(usage.service_tier)
            )
            assert prices.cost(usage) == float(price.total_price), (provider.id, model.id, usage)
            compared += 1
    assert compared > 1000


@pytest.fixture
def made_up(genai: Any) -> Iterator[Any]:
    """A list of two providers that sell models of the same names, in place of the one that is installed."""
    from genai_prices import data_snapshot
    from genai_prices.types import (
        ClauseEquals,
        ClauseStartsWith,
        ConditionalPrice,
        ModelInfo,
        ModelPrice,
        PriceVariant,
        Provider,
        StartDateConstraint,
    )

    def model(name: str, prices: Any, **more: Any) -> Any:
        return ModelInfo(id=name, match=ClauseEquals(equals=name), prices=prices, **more)

    def price(sent: int, said: int, **more: Any) -> Any:
        return ModelPrice(input_mtok=Decimal(sent), output_mtok=Decimal(said), **more)

    dated = [
        ConditionalPrice(prices=price(8, 16)),
        ConditionalPrice(StartDateConstraint(date(2026, 6, 1)), prices=price(4, 8)),
    ]
    flex = PriceVariant({"service_tier": "flex"}, price(1, 2))
    providers = [
        Provider(
            "one",
            "One",
            r"https://api\.one\.example",
            model_match=ClauseStartsWith(starts_with="o-"),
            models=[
                model("o-1", price(2, 4), price_variants=[flex]),
                model("o-dated", dated),
                model("o-none", ModelPrice()),
                model("o-prompt", ModelPrice(input_mtok=Decimal(1))),
                model("o-cited", price(1, 1, output_citation_mtok=Decimal(2))),
                model("o-asked", price(1, 1, requests_kcount=Decimal(5))),
                model("o-free", price(0, 0)),
                model("o-empty", []),
            ],
        ),
        Provider(
            "two",
            "Two",
            r"https://api\.two\.example",
            models=[model("o-1", price(20, 40)), model("p", price(3, 6))],
            provider_match=ClauseStartsWith(starts_with="two"),
        ),
    ]
    data_snapshot.set_custom_snapshot(data_snapshot.DataSnapshot(providers, from_auto_update=False))
    yield
    data_snapshot.set_custom_snapshot(None)


@pytest.mark.parametrize(
    ("model", "host", "price"),
    [
        ("o-1", "", 2),
        ("one/o-1", "", 2),
        ("two/o-1", "", 20),
        ("two-ai/o-1", "", None),
        ("o-1", "api.two.example", 20),
        ("o-1", "api.two.example:443", 20),
        ("any/o-1", "api.two.example", 20),
        ("o-1", "localhost:8000", 2),
        ("p", "api.two.example", 3),
        ("p", "api.one.example", None),
        ("p", "", None),
        ("o-2", "", None),
        ("o-1:free", "", None),
        ("", "", None),
    ],
)
def test_a_model_is_that_of_the_server_that_was_asked(made_up: Any, model: str, host: str, price: float | None):
    prices = price_list().prices(model, host=host)
    assert (prices.input if prices else None) == price


@pytest.mark.parametrize(("provider", "price"), [("one", 2), ("two", 20), (None, 2)])
def test_the_provider_may_be_named(made_up: Any, provider: str | None, price: float):
    prices = price_list(provider=provider).prices("o-1", host="api.one.example")
    assert prices is not None
    assert prices.input == price


def test_a_provider_that_the_list_does_not_have_is_refused(made_up: Any):
    with pytest.raises(ValueError, match="genai-prices does not have the provider 'three'"):
        price_list(provider="three")


@pytest.mark.parametrize("model", ["o-none", "o-prompt", "o-cited", "o-empty"])
def test_what_cannot_be_computed_is_no_price(made_up: Any, model: str):
    assert price_list().prices(model) is None


def test_a_model_that_costs_nothing_is_not_one_without_a_price(made_up: Any):
    prices = price_list().prices("o-free")
    assert prices is not None
    assert prices.cost(sk.Usage(5, 5)) == 0


def test_the_fee_of_a_request(made_up: Any):
    prices = price_list().prices("o-asked")
    assert prices is not None
    assert (prices.cost(sk.Usage(0, 0)), prices.cost(sk.Usage(0, 0, requests=3))) == (0.005, 0.015)


def metered(*chunks: Any, prices: Any, api: str = "chat", origin: Origin | None = None) -> sk.Reply:
    """The reply of a body, through a meter."""
    events, error = read(sse(*chunks, DONE), api, origin=origin)
    assert error is None
    reply = sk.run(sk.stream(events).pipe(ops.meter(prices)))
    assert isinstance(reply, sk.Reply)
    return reply


def body(model: str, **more: Any) -> list[Any]:
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000}
    return [{**say("a"), "model": model, **more}, finish(), chunk(usage=usage, **more)]


@pytest.mark.parametrize(("day", "cost"), [((2026, 5, 31), 8.0), ((2026, 6, 1), 4.0)])
def test_the_price_is_that_of_the_day_of_the_reply(made_up: Any, day: tuple[int, int, int], cost: float):
    created = int(datetime(*day, 12, tzinfo=UTC).timestamp())
    assert metered(*body("o-dated", created=created), prices=price_list()).usage == sk.Usage(
        1_000_000, 0, 1_000_000, cost=cost
    )


@pytest.mark.parametrize(("tier", "cost"), [("flex", 1.0), ("default", 2.0)])
def test_the_price_is_that_of_the_service_tier_of_the_reply(made_up: Any, tier: str, cost: float):
    assert metered(*body("o-1", service_tier=tier), prices=price_list()).usage.cost == cost


@pytest.mark.parametrize(("host", "cost"), [("api.one.example", 2.0), ("api.two.example", 20.0)])
def test_the_price_is_that_of_the_server_of_the_reply(made_up: Any, host: str, cost: float):
    assert metered(*body("o-1"), prices=price_list(), origin=Origin(host=host)).usage.cost == cost


def test_a_model_that_is_not_in_the_list_has_no_cost(genai: Any, caplog: pytest.LogCaptureFixture):
    reply = metered(*body("never-heard-of"), prices=price_list())
    assert reply.usage.cost is None
    (warning,) = reply.warnings
    assert warning == (
        "there is no price for the model 'never-heard-of', so its cost is not known either: the prices are those of "
        f"the list of genai-prices {genai.__version__}"
    )


def test_prices_of_ones_own_come_first(made_up: Any):
    listed = sk.price_list(own={"o-1": sk.Prices(input=7, output=7), "mine": sk.Prices(input=5, output=5)})
    found = [listed.prices(model) for model in ("vendor/o-1", "mine-2026-01-01", "o-free", "o-2")]
    assert [one.input if one else None for one in found] == [7, 5, 0, None]
    assert str(listed).endswith("and prices of your own")


def test_a_list_is_taken_wherever_prices_are(made_up: Any):
    events, _ = read(sse(*body("o-1"), DONE))
    budget = sk.stream(events).pipe(ops.budget(cost=1.9, prices=price_list()))
    assert sk.run(budget).usage.prompt_tokens == 1_000_000
    (item,) = sk.batch(["?"], lambda prompt: sk.stream(events), prices=price_list(), budget=5)
    assert item.cost == 2.0


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "genai_prices"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(ImportError, match=r"pip install 'streamkit-rx\[prices\]'"):
        price_list()
    assert isinstance(price_list({"m": {"input_cost_per_token": 1, "output_cost_per_token": 1}}), ModelPrices)


# -- litellm's format --------------------------------------------------------------------------------------------------

ENTRIES: dict[str, Any] = {
    "sample_spec": {"input_cost_per_token": 0.0, "litellm_provider": "one of https://docs.example"},
    "gpt-4o": {
        "litellm_provider": "openai",
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-06,
        "input_cost_per_token_batches": 1.25e-06,
        "output_cost_per_token_batches": 5e-06,
        "input_cost_per_token_priority": 4.25e-06,
        "supports_vision": True,
    },
    "azure/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.2e-05},
    "claude": {
        "litellm_provider": "anthropic",
        "input_cost_per_token": 3e-06,
        "input_cost_per_token_above_200k_tokens": 6e-06,
        "output_cost_per_token": 1.5e-05,
        "output_cost_per_token_above_200k_tokens": "2.25e-05",
        "cache_creation_input_token_cost": 3.75e-06,
        "cache_creation_input_token_cost_above_1hr": 6e-06,
        "cache_creation_input_token_cost_above_200k_tokens": 7.5e-06,
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
        "cache_read_input_token_cost": 3e-07,
    },
    "sized": {
        "litellm_provider": "openai",
        "input_cost_per_token": 2e-06,
        "input_cost_per_token_flex": 1e-06,
        "input_cost_per_token_above_200k_tokens": 4e-06,
        "input_cost_per_token_above_200k_tokens_flex": 3e-06,
        "output_cost_per_token": 6e-06,
        "output_cost_per_token_flex": 5e-06,
        "output_cost_per_token_above_200k_tokens": 8e-06,
        "output_cost_per_token_above_272k_tokens_flex": 7e-06,
    },
    "qwen": {
        "litellm_provider": "dashscope",
        "tiered_pricing": [
            {"range": [0, 32000.0], "input_cost_per_token": 1e-06, "output_cost_per_token": 5e-06},
            {"range": [32000.0, 128000.0], "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05},
        ],
    },
    "embedding": {"litellm_provider": "openai", "input_cost_per_token": 1e-07},
    "odd": {"litellm_provider": "openai", "input_cost_per_token": "much", "output_cost_per_token": 1e-06},
    "negative": {"litellm_provider": "openai", "input_cost_per_token": -1e-06, "output_cost_per_token": 1e-06},
    "asked": {
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 1e-06,
        "input_cost_per_request": 0.005,
        "input_cost_per_token_flex": 5e-07,
    },
    "cited": {"input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "citation_cost_per_token": 2e-06},
    "ranges": {"tiered_pricing": ["cheap"]},
    "no-entry": None,
}
LISTED = price_list(ENTRIES)
GPT = sk.Prices(
    input=2.5,
    output=10,
    cached=1.25,
    service_tiers={
        "batch": sk.Prices(input=1.25, output=5, cached=1.25),
        "priority": sk.Prices(input=4.25, output=10, cached=1.25),
    },
)
CLAUDE = sk.Prices(
    input=3,
    output=15,
    cached=0.3,
    cache_write=3.75,
    cache_write_1h=6,
    above={200_000: sk.Prices(input=6, output=22.5, cached=0.3, cache_write=7.5, cache_write_1h=12)},
)

SIZED = sk.Prices(
    input=2,
    output=6,
    above={200_000: sk.Prices(input=4, output=8)},
    service_tiers={
        "flex": sk.Prices(
            input=1,
            output=5,
            above={200_000: sk.Prices(input=3, output=8), 272_000: sk.Prices(input=3, output=7)},
        )
    },
)


@pytest.mark.parametrize(
    ("model", "prices"),
    [
        ("gpt-4o", GPT),
        ("openai/gpt-4o", GPT),
        ("gpt-4o-2024-08-06", GPT),
        ("azure/gpt-4o", sk.Prices(input=3, output=12)),
        ("claude", CLAUDE),
        ("sized", SIZED),
        (
            "asked",
            sk.Prices(
                input=1, output=1, request=0.005, service_tiers={"flex": sk.Prices(input=0.5, output=1, request=0.005)}
            ),
        ),
        ("qwen", sk.Prices(input=1, output=5, above={32_000: sk.Prices(input=2, output=10)})),
        *dict.fromkeys(
            (
                "other/gpt-4o",
                "gpt-4o:free",
                "gpt-4o-mini",
                "embedding",
                "odd",
                "negative",
                "cited",
                "ranges",
                "no-entry",
                "sample_spec",
                "",
            )
        ).items(),
    ],
)
def test_the_prices_of_a_file_in_the_format_of_litellm(model: str, prices: sk.Prices | None):
    assert LISTED.prices(model) == prices


@pytest.mark.parametrize(("provider", "price"), [("azure", 3), ("openai", 2.5), ("anthropic", None)])
def test_the_provider_of_a_file_may_be_named(provider: str, price: float | None):
    prices = price_list(ENTRIES, provider=provider).prices("gpt-4o")
    assert (prices.input if prices else None) == price


def test_a_file_is_read_exactly(tmp_path: Path):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(ENTRIES), "utf-8")
    for source in (path, str(path)):
        assert [price_list(source).prices(model) for model in ENTRIES] == [LISTED.prices(model) for model in ENTRIES]
    reply = metered(*body("other"), prices=price_list(path))
    assert reply.warnings[0].endswith("the price list prices.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[1]", "not in litellm's format"),
        ('{"a": {}}', "not in litellm's format"),
        ("\xff", "JSON"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, message: str):
    path = tmp_path / "prices.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=message):
        price_list(path)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"source": 5}, TypeError, "a price list is the path of a file in litellm's format, or a mapping, not 5"),
        ({"source": ENTRIES, "provider": "nobody"}, ValueError, "does not have the provider 'nobody'"),
        ({"source": ENTRIES, "provider": 5}, TypeError, "provider is a str or None, not 5"),
        ({"source": ENTRIES, "own": 5}, TypeError, "own is a mapping, not 5"),
        ({"source": ENTRIES, "own": {"m": 5}}, TypeError, "prices are Prices"),
        ({"source": "missing.json"}, FileNotFoundError, "missing.json"),
    ],
)
def test_a_wrong_argument_is_refused(options: Mapping[str, Any], error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        price_list(**options)


def test_a_list_of_ones_own_class_is_asked_with_all_that_is_known():
    asked: list[Any] = []

    class Asked(ModelPrices):
        def prices(self, model: str, *, host: str = "", when: datetime | None = None) -> sk.Prices | None:
            asked.append((model, host, when))
            return sk.Prices(input=1, output=1)

    created = int(WHEN.timestamp())
    reply = metered(*body("m", created=created), prices=Asked(), origin=Origin(host="api.example"))
    assert reply.usage.cost == 1.0
    assert asked == [("m", "api.example", WHEN)]  # once, however many pieces there are
