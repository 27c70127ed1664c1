"""Meter and budget as plain stages: in what pieces a reply comes does not matter."""

from __future__ import annotations

from dataclasses import astuple, fields, replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit.stages.usage.budget import Budget
from streamkit.stages.usage.meter import Meter, StreamUsage
from streamkit.testing import every_split
from streamkit.tokens import ReplyTokens, TokenCounter
from streamkit.usage import with_cost

TEXTS = [
    "Once upon a time, there was a stream.",
    "we're 中ABCd \n  it's 1234567",
    "a" * 60 + "  \n b",
    "สวัสดีครับ 👨‍👩‍👧 ok",
]
KINDS = (sk.TextDelta, sk.ReasoningDelta, sk.RefusalDelta, sk.ToolCallDelta)
PRICES = sk.Prices(input=1, output=10)
GAUGE = ReplyTokens(prompt="Hello, world!")  # eleven tokens, ten for a model that thinks
PROMPT = 11


def test_a_cost_leaves_all_other_figures():
    usage = sk.Usage(**{one.name: number for number, one in enumerate(fields(sk.Usage), 2)})
    assert set(astuple(usage)).isdisjoint(astuple(sk.Usage()))  # no figure has its default
    priced = with_cost(usage, 0.5)
    assert (priced, priced.raw) == (replace(usage, cost=0.5), usage.raw)


REPORTED = sk.Usage(100, 20, 120, cost=0.5, cost_origin="provider")


@pytest.mark.parametrize("prices", [None, PRICES, {"gpt-4o": PRICES}, {"other": PRICES}])
def test_a_cost_that_the_server_reports_is_kept(prices: Any, caplog: pytest.LogCaptureFixture):
    items = [sk.Start("1", "gpt-4o"), sk.TextDelta("Hi"), sk.UsageUpdate(REPORTED), sk.Finish("stop"), sk.Reply()]
    got = through(Meter(GAUGE, prices), items)
    costs = [(item.usage.cost, item.usage.cost_origin) for item in got if isinstance(item, sk.UsageUpdate)]
    assert costs[-1] == (0.5, "provider")
    assert {origin for _, origin in costs[:-1]} == {"prices"}
    assert got[-1].usage == REPORTED
    assert (got[-1].warnings, caplog.records) == ((), [])


@pytest.mark.parametrize("prices", [None, PRICES])
def test_a_reported_cost_is_not_that_of_what_comes_after_it(prices: Any):
    items = [sk.Start("1", "gpt-4o"), sk.UsageUpdate(REPORTED), sk.TextDelta("Hi"), sk.Reply()]
    usage = through(Meter(GAUGE, prices), items)[-1].usage
    assert (usage.completion_tokens, usage.cost_origin) == (21, "prices")
    assert usage.cost == (None if prices is None else PRICES.cost(usage))


def test_costs_of_both_origins_together():
    items = [sk.Start("1", "a"), sk.UsageUpdate(REPORTED), sk.Finish("stop"), sk.Start("2", "b"), sk.TextDelta("Hi")]
    usage = through(Meter(GAUGE, {"b": PRICES}), [*items, sk.Reply()])[-1].usage
    one = PRICES.cost(sk.Usage(PROMPT, 1))
    assert (usage.cost, usage.cost_origin, usage.requests) == (0.5 + one, "mixed", 2)


@pytest.mark.parametrize("text", TEXTS)
def test_a_budget_is_that_of_the_prices_of_long_prompts(text: str):
    dear = sk.Prices(input=2, output=30)
    sized = replace(PRICES, above={PROMPT - 1: dear})
    for tokens in range(size(text) + 2):
        money = (PROMPT * dear.input + tokens * dear.output) / 1e6
        for prices in (dear, sized):
            got = through(Budget(StreamUsage(GAUGE, prices), cost=money), reply_of([text]))
            assert "".join(item.text for item in got if isinstance(item, sk.TextDelta)) == fits(text, tokens)


def size(text: str) -> int:
    return TokenCounter("gpt-4o").feed(text)


def fits(text: str, tokens: int) -> str:
    """The text before the first character that is too much."""
    return next((text[:end] for end in range(len(text)) if size(text[: end + 1]) > tokens), text)


def reply_of(pieces: list[str], kind: Any = sk.TextDelta) -> list[Any]:
    return [sk.Start("1", "gpt-4o"), *map(kind, pieces), sk.Finish("stop"), sk.Reply()]


def through(stage: Any, items: list[Any]) -> list[Any]:
    return [made for item in items for made in stage.feed(item)] + [*stage.flush()]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_figures_at_the_end_do_not_depend_on_the_cut(text: str, kind: Any):
    found = []
    for pieces in every_split(text):
        got = through(Meter(GAUGE, PRICES), reply_of(pieces, kind))
        assert [item for item in got if not isinstance(item, sk.UsageUpdate)][:-1] == reply_of(pieces, kind)[:-1]
        found.append(got[-1].usage)
        assert got[-2:] == [sk.Finish("stop"), got[-1]]
    assert found == [found[0]] * len(found)
    call = 7 if kind is sk.ToolCallDelta else 0
    assert found[0].completion_tokens == size(text) + call
    assert found[0].cost == PRICES.cost(found[0])


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_budget_lets_through_does_not_depend_on_the_cut(text: str, kind: Any):
    field, call = ("arguments", 7) if kind is sk.ToolCallDelta else ("text", 0)
    for tokens in (0, 1, 3, 6, size(text)):
        shown = fits(text, tokens)
        for pieces in every_split(text):
            budget = Budget(StreamUsage(GAUGE), tokens=PROMPT + call + tokens)
            got = through(budget, reply_of(pieces, kind))
            assert "".join(getattr(item, field) for item in got if type(item) is kind) == shown
            assert budget.done is (shown != text)
            assert (got[-1].outcome, got[-1].stopped_by) == (
                ("stopped", "budget") if budget.done else ("complete", None)
            )
            assert got[-1].usage.total_tokens == PROMPT + call + size(shown)
            assert budget.reply(sk.Reply()) is got[-1]


@pytest.mark.parametrize("tokens", [64, 72, 80, 99, 100, 101])
def test_a_budget_of_many_tokens_is_as_exact(tokens: int):
    text = "Once upon a time. " * 20  # five tokens each, and a blank at the end
    for size in (1, 7, 8, 17, 18, 200, 360):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        got = through(Budget(StreamUsage(GAUGE), tokens=PROMPT + tokens), reply_of(pieces))
        assert "".join(item.text for item in got if type(item) is sk.TextDelta) == fits(text, tokens)
        assert (got[-1].outcome == "stopped") is (tokens < 5 * 20 + 1)


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=20), st.integers(0, 60))
def test_a_budget_over_bare_text(pieces: list[str], tokens: int):
    stage = Budget(StreamUsage(ReplyTokens("gpt-4o")), tokens=tokens)
    assert "".join(through(stage, pieces)) == fits("".join(pieces), tokens)


@pytest.mark.parametrize("text", TEXTS)
def test_a_budget_of_money_lets_through_what_it_can_pay(text: str):
    for tokens in (0, 2, 5):
        money = (PROMPT * PRICES.input + tokens * PRICES.output) / 1e6
        for pieces in every_split(text):
            got = through(Budget(StreamUsage(GAUGE, PRICES), cost=money), reply_of(pieces))
            assert "".join(item.text for item in got if type(item) is sk.TextDelta) == fits(text, tokens)


@pytest.mark.parametrize("text", TEXTS)
def test_a_drained_budget_counts_everything_and_shows_what_fits(text: str):
    for pieces in every_split(text):
        got = through(Budget(StreamUsage(GAUGE), tokens=PROMPT + 2, drain=True), reply_of(pieces))
        assert "".join(item.text for item in got if type(item) is sk.TextDelta) == fits(text, 2) == got[-1].text
        assert got[-1].usage.total_tokens == PROMPT + size(text)
        assert got[-1].stopped_by == "budget"
        cut = through(Budget(StreamUsage(GAUGE), tokens=PROMPT + 2, drain=True), reply_of(pieces)[:-2])
        assert (cut[-1].text, cut[-1].usage, cut[-1].outcome) == (got[-1].text, got[-1].usage, "stopped")
    stage = Budget(StreamUsage(ReplyTokens("gpt-4o")), tokens=2, drain=True)
    assert "".join(through(stage, [*text])) == fits(text, 2)


@pytest.mark.parametrize("drain", [False, True])
def test_a_report_beyond_the_budget_lets_no_more_text_through(drain: bool):
    report = sk.UsageUpdate(sk.Usage(PROMPT, 50, PROMPT + 50))
    items = [*reply_of(["a"])[:2], report, *reply_of([" b"])[1:]]
    got = through(Budget(StreamUsage(GAUGE), tokens=PROMPT + 10, drain=drain), items)
    assert [item.text for item in got if type(item) is sk.TextDelta] == ["a"]
    assert (got[-1].text, got[-1].stopped_by) == ("a", "budget")
    assert got[-1].usage.total_tokens == PROMPT + 50 + (size(" b") if drain else 0)


def test_whole_calls_are_recognised_by_their_pieces():
    pieces = [sk.ToolCallDelta("{}", 0, "a", "f"), sk.ToolCallDelta("{}", 1, "b", "g")]
    whole = [sk.ToolCall("b", "g", "{}"), sk.ToolCall("a", "f", "{}"), sk.ToolCall("c", "h", "{}")]
    meter = Meter(GAUGE)
    counts = [through(meter, [event])[-1].usage.completion_tokens for event in (*pieces, whole[2])]
    assert counts == [9, 18, 27]
    assert through(meter, [*whole[:2]]) == whole[:2]


def test_a_reply_may_be_asked_for_before_anything_came():
    meter = Meter(GAUGE)
    assert meter.reply(sk.Reply()).usage is None
    assert meter.reply(sk.Reply(usage=sk.Usage(1, 2, 3))).usage == sk.Usage(1, 2, 3)
    asked = Meter(ReplyTokens(), request=lambda: ("chat", {"model": "gpt-4o", "messages": "Hello, world!"}))
    assert asked.reply(sk.Reply(outcome="cancelled")).usage == sk.Usage(PROMPT, 0, PROMPT, origin="partial")
