"""Money: nothing is started once the budget is used up, and every request counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing

ONE_EACH = sk.Prices(input=0.0, output=1e6)
"""One unit of money for each token of the answer."""


def outcomes(count: int, one: sk.Client, **options: Any) -> list[sk.BatchItem]:
    recorded = testing.clock().run(sk.batch(range(count), lambda n: one.chat(str(n)), ordered=True, **options))
    if recorded.error is not None:
        raise recorded.error
    return recorded.items


def test_a_cost_is_told_even_without_a_budget():
    usage = sk.Usage(prompt_tokens=1000, completion_tokens=100, cached_tokens=400)
    prices = sk.Prices(input=2.0, output=10.0, cached=0.5)
    with testing.client(testing.Script("Hi", usage=usage)) as one:
        (item,) = outcomes(1, one, prices=prices)
        assert item.cost == pytest.approx((600 * 2.0 + 400 * 0.5 + 100 * 10.0) / 1e6)
        (item,) = outcomes(1, one, prices={"scripted": prices})
        assert item.cost == pytest.approx((600 * 2.0 + 400 * 0.5 + 100 * 10.0) / 1e6)
        (item,) = outcomes(1, one, prices={"another": prices})
        assert item.cost is None


@pytest.mark.parametrize("prices", [None, ONE_EACH, {"other": ONE_EACH}])
def test_a_cost_that_the_server_reports_is_taken(prices: Any, caplog: pytest.LogCaptureFixture):
    usage = sk.Usage(1000, 100, 1100, cost=0.25, cost_origin="provider")
    with testing.client(testing.Script("Hi", usage=usage)) as one:
        found = outcomes(4, one, prices=prices, budget=None if prices is None else 0.6, concurrency=1)
    paid = [item.cost for item in found if item.outcome == "complete"]
    assert paid == [0.25] * (4 if prices is None else 3)
    assert not caplog.records


@pytest.mark.parametrize("concurrency", [1, 2, 5, 16])
@pytest.mark.parametrize("budget", [1, 4, 10, 11])
def test_nothing_is_started_once_the_budget_is_used_up(budget: float, concurrency: int):
    with testing.client(testing.Script("Hi", first=1.0, usage=sk.Usage(5, 2, 7))) as one:
        found = outcomes(20, one, prices=ONE_EACH, budget=budget, concurrency=concurrency)
    asked = -(-budget // 2)  # the last one may exceed it
    assert [item.outcome for item in found] == ["complete"] * asked + ["skipped"] * (20 - asked)
    assert len(one.requests) == asked
    assert sum(item.cost or 0 for item in found) == 2 * asked
    skipped = found[-1]
    assert (skipped.reply, skipped.cost, skipped.text) == (None, None, "")
    assert isinstance(skipped.error, sk.BudgetError)
    assert str(skipped.error) == f"not asked: {2 * asked} of the budget of {budget} is spent"


def test_a_budget_of_nothing_asks_nothing():
    with testing.client("Hi") as one:
        assert {item.outcome for item in outcomes(5, one, prices=ONE_EACH, budget=0)} == {"skipped"}
    assert one.requests == []


def test_skipped_prompts_do_not_wait_for_limits():
    with testing.client(testing.Script("Hi", usage=sk.Usage(5, 2, 7))) as one:
        batch = sk.batch(range(1000), lambda n: one.chat(str(n)), prices=ONE_EACH, budget=4, requests_per_minute=6)
        recorded = testing.clock().run(batch)
    assert len(recorded.items) == 1000
    assert recorded.ended_at < 30


def test_usage_that_is_not_reported_is_estimated():
    with testing.client(testing.Script("x" * 400, usage=sk.Usage())) as one:
        found = outcomes(3, one, prices=ONE_EACH, budget=150)
    assert [item.cost for item in found] == [100, 100, None]


def test_what_had_come_of_a_broken_reply_was_paid_for_and_a_refusal_was_not():
    broken = testing.Script(["x" * 40, "y" * 40], drop_after=1)
    server = testing.Server(broken, sk.StatusError("no", status=400), "Hi")
    with testing.ScriptedClient(server) as one:
        found = outcomes(2, one, prices=ONE_EACH, budget=100, concurrency=1)
    assert [(item.outcome, item.cost) for item in found] == [("truncated", 10), ("failed", 0)]


def test_the_loser_of_a_race_was_paid_for():
    with (
        testing.client()
        if False
        else testing.ScriptedClient(
            testing.Server(
                "x",
                models={
                    "fast": testing.Script("a b", every=1.0, usage=sk.Usage(1, 2, 3)),
                    "slow": testing.Script(["x" * 40], first=0.5, every=9.0),
                },
            )
        ) as one
    ):
        race = lambda prompt: sk.race(one.chat(prompt, model="fast"), one.chat(prompt, model="slow"))  # noqa: E731
        recorded = testing.clock().run(sk.batch(["a"], race, prices=ONE_EACH))
    assert recorded.items[0].cost >= 2


def test_a_tool_loop_costs_what_its_rounds_cost():
    def now() -> str:
        return "noon"

    usage = sk.Usage(1, 10, 11)
    scripts = testing.Script("", tool_calls=[("now", {})], usage=usage), testing.Script("Noon.", usage=usage)
    with testing.client(*scripts) as one:
        recorded = testing.clock().run(
            sk.batch(["When?"], lambda prompt: sk.tool_loop(one.chat, prompt, [now]), prices=ONE_EACH)
        )
    assert (recorded.items[0].text, recorded.items[0].cost) == ("Noon.", 20)


def test_a_model_without_a_price_ends_a_batch_with_a_budget():
    with testing.client("Hi") as one:
        recorded = testing.clock().run(
            sk.batch(range(9), lambda n: one.chat(str(n)), prices={"other": ONE_EACH}, budget=1)
        )
    assert isinstance(recorded.error, ValueError)
    assert "scripted" in str(recorded.error)
    assert [item.text for item in recorded.items] == ["Hi"]


def test_what_the_ledger_says_was_paid_counts(tmp_path: Path):
    ledger = tmp_path / "ledger.jsonl"
    with testing.client(testing.Script("Hi", usage=sk.Usage(5, 2, 7))) as one:
        first = outcomes(5, one, prices=ONE_EACH, budget=5, ledger=ledger)
        again = outcomes(5, one, prices=ONE_EACH, budget=6, ledger=ledger)
        more = outcomes(5, one, prices=ONE_EACH, budget=8, ledger=ledger)
    assert [item.outcome for item in first] == [item.outcome for item in again]
    assert [item.outcome for item in more] == ["complete"] * 4 + ["skipped"]
    assert [item.from_ledger for item in more] == [True] * 3 + [False] * 2
    assert [item.cost for item in more] == [2, 2, 2, 2, None]
    assert len(one.requests) == 4
