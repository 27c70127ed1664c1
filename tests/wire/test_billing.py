"""The parts of a bill that servers report beside token figures."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest

import streamkit as sk
from streamkit.events import Finish, Reply, TextDelta, Usage, UsageUpdate
from streamkit.wire import Encoder, created_at
from tests.wire.bodies import DONE, chunk, finish, read, reply_of, say, sse

TOKENS = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def usage_of(report: dict[str, Any], **more: Any) -> Usage:
    usage = reply_of(say("a"), finish(), chunk(usage=report, **more)).usage
    assert usage is not None
    return usage


@pytest.mark.parametrize(
    ("report", "cost"),
    [
        ({"cost": 0.25}, 0.25),
        ({"cost": 0}, 0.0),
        ({"cost": 2, "is_byok": False, "cost_details": {"upstream_inference_cost": 2}}, 2.0),
        ({"cost": 0.5, "is_byok": True, "cost_details": {"upstream_inference_cost": 2}}, 2.5),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": None}}, 0.0),
        ({"cost_in_usd_ticks": 6767400}, 0.00067674),
        ({"cost": {"input_tokens_cost": 1e-6, "total_cost": 0.005}}, 0.005),
        ({"estimated_cost": 1.5e-5}, 1.5e-5),
        *(({"cost": odd}, None) for odd in (None, True, "0.5", -1, float("inf"), float("nan"), {}, [1], 10**400)),
    ],
)
def test_a_cost_that_is_reported(report: dict[str, Any], cost: float | None):
    usage = usage_of({**TOKENS, **report})
    assert (usage.cost, usage.cost_origin) == (cost, "prices" if cost is None else "provider")
    assert usage.prompt_tokens == 100


def test_a_cost_that_comes_after_the_tokens_leaves_them_as_they_are():
    events, _ = read(sse(say("a"), chunk(usage=TOKENS), chunk(usage={"cost": 0.5}), finish(), DONE))
    first, second = (event.usage for event in events if type(event) is UsageUpdate)
    assert (first.cost, second.cost, second.prompt_tokens, second.cost_origin) == (None, 0.5, 100, "provider")
    assert second.raw == {**TOKENS, "cost": 0.5}


def test_a_cost_grows_and_is_not_undone_by_a_zero():
    reports = ({**TOKENS, "cost": {"total_cost": cost}} for cost in (0, 0.005, 0.006, 0))
    assert reply_of(say("a"), *(chunk(usage=one) for one in reports), finish()).usage.cost == 0.006


@pytest.mark.parametrize(
    ("report", "around", "tier"),
    [
        ({}, {"service_tier": "priority"}, "priority"),
        ({"service_tier": "flex"}, {"service_tier": "default"}, "flex"),
        ({"service_tier": "Standard"}, {}, "standard"),
        *(({}, {"service_tier": odd}, None) for odd in (None, "", 5, ["flex"], "x" * 65)),
    ],
)
def test_the_service_tier(report: dict[str, Any], around: dict[str, Any], tier: str | None):
    assert usage_of({**TOKENS, **report}, **around).service_tier == tier


def test_a_service_tier_alone_is_no_usage():
    assert reply_of(say("a"), chunk(usage={"prompt_tokens": None}, service_tier="flex"), finish()).usage is None


def test_the_service_tier_of_a_response():
    report = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    response = {"id": "r", "model": "m", "status": "completed", "service_tier": "flex", "usage": report}
    usage = reply_of({"type": "response.completed", "response": response}, api="responses", end=b"").usage
    assert usage == Usage(5, 2, 7, service_tier="flex")


@pytest.mark.parametrize(
    ("report", "tier"),
    [
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
        ({"service_tier": "standard", "speed": "standard"}, "standard"),
    ],
)
def test_the_service_tier_of_anthropic(report: dict[str, Any], tier: str):
    message = {"id": "m", "model": "m", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1, **report}}
    events, _ = read(sse({"type": "message_start", "message": message}), "anthropic")
    assert [event.usage.service_tier for event in events if type(event) is UsageUpdate] == [tier]


@pytest.mark.parametrize(
    ("more", "tier"),
    [
        ({"serviceTier": "FLEX"}, "flex"),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({"trafficType": "ON_DEMAND"}, "on_demand"),
        ({"trafficType": 5}, None),
    ],
)
def test_the_service_tier_of_gemini(more: dict[str, Any], tier: str | None):
    said = {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}
    report = {"promptTokenCount": 1, "totalTokenCount": 1, **more}
    usage = reply_of({"candidates": [said], "usageMetadata": report}, api="gemini", end=b"").usage
    assert usage.service_tier == tier


@pytest.mark.parametrize(
    ("report", "writes", "lasting"),
    [
        ({"prompt_tokens_details": {"cache_write_tokens": 40}}, 40, None),
        ({"cache_creation_input_tokens": 40, "cache_creation": {"ephemeral_1h_input_tokens": 30}}, 40, 30),
        (
            {
                "prompt_tokens_details": {
                    "cache_creation_tokens": 40,
                    "cache_creation_token_details": {"ephemeral_1h_input_tokens": 30},
                }
            },
            40,
            30,
        ),
        ({}, None, None),
    ],
)
def test_tokens_that_were_written_to_a_cache(report: dict[str, Any], writes: int | None, lasting: int | None):
    usage = usage_of({**TOKENS, **report})
    assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == (writes, lasting)
    assert usage.prompt_tokens == 100


def test_the_caches_of_anthropic():
    report = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 50,
        "cache_read_input_tokens": 7,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
        "output_tokens": 2,
    }
    message = {"id": "m", "model": "m", "content": [], "usage": report}
    events, _ = read(sse({"type": "message_start", "message": message}), "anthropic")
    (usage,) = (event.usage for event in events if type(event) is UsageUpdate)
    assert usage == Usage(60, None, None, 7, cache_write_tokens=50, cache_write_1h_tokens=30)


@pytest.mark.parametrize(("later", "lasting"), [(50, 30), (10, None)])
def test_the_parts_of_what_was_written_are_not_those_of_another_figure(later: int, lasting: int | None):
    begun = {"input_tokens": 3, "cache_creation_input_tokens": 50, "cache_creation": {"ephemeral_1h_input_tokens": 30}}
    message = {"id": "m", "model": "m", "content": [], "usage": begun}
    end = {"input_tokens": 3, "cache_creation_input_tokens": later, "output_tokens": 2}
    chunks = {"type": "message_start", "message": message}, {"type": "message_delta", "delta": {}, "usage": end}
    events, _ = read(sse(*chunks), "anthropic")
    *_, usage = (event.usage for event in events if type(event) is UsageUpdate)
    assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == (later, lasting)


FULL = Usage(60, 2, 62, 7, 1, "provider", 0.5, 1, 50, 30, "flex", "provider")


@pytest.mark.parametrize("api", ["chat", "responses", "anthropic"])
def test_what_is_written_is_read_again(api: str):
    encoder = Encoder(api, model="m")
    events = (sk.Start("1", "m"), TextDelta("a"), UsageUpdate(FULL), Finish("stop"), Reply(usage=FULL))
    data = b"".join(itertools.chain.from_iterable(encoder.feed(event) for event in events)) + b"".join(encoder.flush())
    assert reply_of(data, api=api, end=b"").usage == FULL


@pytest.mark.parametrize("event", [UsageUpdate(FULL), Reply(usage=FULL)])
def test_the_json_form_has_all_of_it(event: Any):
    assert sk.from_json(sk.to_json(event)) == event


def test_the_json_form_of_a_usage_without_it_is_as_before():
    usage = Usage(1, 2, 3, cost=0.5)
    form = json.loads(sk.to_json(UsageUpdate(usage)))
    assert form["usage"] == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "cost": 0.5}
    assert sk.from_json(json.dumps(form)) == UsageUpdate(usage)


@pytest.mark.parametrize(
    ("raw", "year"),
    [
        ({"created": 1_800_000_000}, 2027),
        ({"response": {"created_at": 1_800_000_000.5}}, 2027),
        ({"created_at": "2025-01-31T10:11:12.123456789Z"}, 2025),
        ({"createTime": "2025-01-31T10:11:12"}, 2025),
        *(({"created": odd}, None) for odd in (0, 1, -5, True, None, "soon", [], 1e300, float("inf"))),
        (None, None),
    ],
)
def test_the_time_of_a_reply(raw: Any, year: int | None):
    time = created_at(raw)
    assert (time.year if time else None) == year
    assert time is None or time.astimezone(UTC) > datetime(2020, 1, 1, tzinfo=UTC)
