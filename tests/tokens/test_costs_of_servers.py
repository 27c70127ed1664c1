"""The costs of what servers report, against the reader and the arithmetic of genai-prices: recorded replies, and
figures that are made up."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import streamkit as sk
from streamkit.events import Reply
from tests.wire.bodies import chunk, finish, read, say, sse
from tests.wire.test_corpus import CASES, CORPUS

genai = pytest.importorskip("genai_prices")

READERS = {
    ("openai", "chat"): ("openai", "chat"),
    ("openai", "responses"): ("openai", "responses"),
    ("azure", "chat"): ("azure", "chat"),
    ("azure", "responses"): ("azure", "responses"),
    ("openrouter", "chat"): ("openrouter", "chat"),
    ("openrouter", "responses"): ("openrouter", "default"),
    ("anthropic", "anthropic"): ("anthropic", "default"),
    ("gemini", "gemini"): ("google", "default"),
    ("deepseek", "chat"): ("deepseek", "chat"),
    ("deepseek", "responses"): ("openai", "responses"),
    ("bedrock", "responses"): ("openai", "responses"),
    ("xai", "chat"): ("x-ai", "chat"),
    ("xai", "responses"): ("x-ai", "responses"),
    ("perplexity", "chat"): ("perplexity", "default"),
    ("groq", "chat"): ("groq", "default"),
    ("databricks", "chat"): ("databricks", "chat"),
}
"""Whose replies are compared, in which API, and the provider and the reader of genai-prices for them."""
RECORDED = [case for case in CASES if (case["provider"], case["api"]) in READERS]

OURS = [
    {"input": 2.5, "output": 10, "cached": 0.25, "cache_write": 3.125, "cache_write_1h": 5},
    {"input": 5, "output": 15, "cached": 0.5, "cache_write": 6.25, "cache_write_1h": 10},
    {"input": 7.3, "output": 20.1, "cached": 0.7, "cache_write": 8, "cache_write_1h": 14},
]
PRICES = sk.Prices(**OURS[0], above={200: sk.Prices(**OURS[1]), 5000: sk.Prices(**OURS[2])})


def theirs() -> Any:
    """The same prices as a model of genai-prices."""
    from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, Tier, TieredPrices

    def steps(name: str) -> TieredPrices:
        base, *above = (Decimal(str(prices[name])) for prices in OURS)
        return TieredPrices(base, [Tier(start, price) for start, price in zip((200, 5000), above, strict=True)])

    prices = {f"{'cache_read' if name == 'cached' else name}_mtok": steps(name) for name in OURS[0]}
    return ModelInfo(id="m", match=ClauseEquals(equals="m"), prices=ModelPrice(**prices))


def their_cost(report: dict[str, Any], provider: str, reader: str) -> float:
    """What genai-prices computes for a report of a server."""
    key = "usageMetadata" if provider == "google" else "usage"
    found = genai.extract_usage({key: report}, provider_id=provider, api_flavor=reader)
    return float(theirs().calc_price(found.usage, found.provider).total_price)


def usage_in(data: bytes, api: str) -> sk.Usage | None:
    events, error = read(data, api)
    reply = error.partial if error else events[-1]
    assert isinstance(reply, Reply)
    return reply.usage


@pytest.mark.skipif(not CASES, reason="the recorded streams are kept elsewhere")
def test_there_are_recorded_reports():
    found = [usage_in((CORPUS / case["file"]).read_bytes(), case["api"]) for case in RECORDED]
    assert len([usage for usage in found if usage is not None]) > 60


@pytest.mark.parametrize("case", RECORDED, ids=[case["file"] for case in RECORDED])
def test_a_recorded_report_costs_what_genai_prices_computes(case: dict[str, Any]):
    usage = usage_in((CORPUS / case["file"]).read_bytes(), case["api"])
    if usage is not None and usage.raw:
        assert PRICES.cost(usage) == their_cost(usage.raw, *READERS[case["provider"], case["api"]])


# -- figures that are made up ------------------------------------------------------------------------------------------


class Figures:
    """The figures of one request: parts of the prompt, and of the answer."""

    def __init__(self, chance: random.Random) -> None:
        self.fresh, self.read, self.short, self.long = (chance.choice([0, chance.randrange(4000)]) for _ in range(4))
        self.said, self.thought = (chance.randrange(1, 3000) for _ in range(2))
        self.written = self.short + self.long
        self.prompt, self.answer = self.fresh + self.read + self.written, self.said + self.thought


Made = tuple[bytes, dict[str, Any]]


def chat(prompt: int, answer: int, total: int, sent: dict[str, int], said: dict[str, int], **more: int) -> Made:
    report = {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": total,
        "prompt_tokens_details": sent,
        "completion_tokens_details": said,
        **more,
    }
    return sse(say("a"), finish(), chunk(usage=report)), report


def openai(f: Figures) -> Made:
    sent = {"cached_tokens": f.read, "cache_write_tokens": f.written}
    return chat(f.prompt, f.answer, f.prompt + f.answer, sent, {"reasoning_tokens": f.thought})


def openai_responses(f: Figures) -> Made:
    report = {
        "input_tokens": f.prompt,
        "input_tokens_details": {"cached_tokens": f.read, "cache_write_tokens": f.written},
        "output_tokens": f.answer,
        "output_tokens_details": {"reasoning_tokens": f.thought},
        "total_tokens": f.prompt + f.answer,
    }
    response = {"id": "r", "model": "m", "status": "completed", "output": [], "usage": report}
    return sse({"type": "response.completed", "response": response}), report


def deepseek(f: Figures) -> Made:
    hits = {"prompt_cache_hit_tokens": f.read, "prompt_cache_miss_tokens": f.prompt - f.read}
    read = {"cached_tokens": f.read}
    return chat(f.prompt, f.answer, f.prompt + f.answer, read, {"reasoning_tokens": f.thought}, **hits)


def xai(f: Figures) -> Made:
    """Thinking is not in the completion, but in the sum."""
    read = {"cached_tokens": f.read}
    return chat(f.prompt, f.said, f.prompt + f.answer, read, {"reasoning_tokens": f.thought})


def anthropic(f: Figures) -> Made:
    """The prompt is in three parts, of which one is in two parts again; the answer comes at the end."""
    begin = {
        "input_tokens": f.fresh,
        "cache_read_input_tokens": f.read,
        "cache_creation_input_tokens": f.written,
        "cache_creation": {"ephemeral_5m_input_tokens": f.short, "ephemeral_1h_input_tokens": f.long},
    }
    end = {"output_tokens": f.answer, "output_tokens_details": {"thinking_tokens": f.thought}}
    message = {"id": "m", "model": "m", "content": [], "usage": {**begin, "output_tokens": 1}}
    data = sse(
        {"type": "message_start", "message": message},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": end},
        {"type": "message_stop"},
    )
    return data, begin | end


def gemini(f: Figures) -> Made:
    """What tools of the server added to the prompt, and thinking, have figures of their own."""
    report = {
        "promptTokenCount": f.fresh + f.read,
        "toolUsePromptTokenCount": f.written,
        "cachedContentTokenCount": f.read,
        "candidatesTokenCount": f.said,
        "thoughtsTokenCount": f.thought,
        "totalTokenCount": f.prompt + f.answer,
    }
    said = {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}
    return sse({"candidates": [said], "usageMetadata": report}), report


@pytest.mark.parametrize(
    ("made", "api", "provider", "reader"),
    [
        (openai, "chat", "openai", "chat"),
        (openai, "chat", "openrouter", "chat"),
        (openai_responses, "responses", "openai", "responses"),
        (openai_responses, "responses", "azure", "responses"),
        (deepseek, "chat", "deepseek", "chat"),
        (xai, "chat", "x-ai", "chat"),
        (anthropic, "anthropic", "anthropic", "default"),
        (anthropic, "anthropic", "aws", "anthropic"),
        (gemini, "gemini", "google", "default"),
    ],
)
def test_any_report_costs_what_genai_prices_computes(
    made: Callable[[Figures], Made], api: str, provider: str, reader: str
):
    chance = random.Random(made.__name__)
    for _ in range(100):
        data, report = made(Figures(chance))
        usage = usage_in(data, api)
        assert usage is not None
        assert PRICES.cost(usage) == their_cost(report, provider, reader), report
