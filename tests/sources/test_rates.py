"""The rate limits in the headers of an answer, in the forms of many servers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as some

from streamkit import RateLimit, RateLimits
from streamkit.sources.http.rates import rate_limits, retry_after

DATE = {"date": "Mon, 30 Nov 2026 10:00:00 GMT"}
NOON = 1_796_040_000  # 12:00 on that day

TABLE: dict[str, tuple[dict[str, str], RateLimits | None]] = {
    "OpenAI": (
        {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-limit-tokens": "150000",
            "x-ratelimit-remaining-requests": "59",
            "x-ratelimit-remaining-tokens": "149984",
            "x-ratelimit-reset-requests": "1s",
            "x-ratelimit-reset-tokens": "6m0s",
        },
        RateLimits(RateLimit(60, 59, 1.0), RateLimit(150000, 149984, 360.0)),
    ),
    "Groq": (
        {
            "retry-after": "2",
            "x-ratelimit-limit-requests": "14400",
            "x-ratelimit-limit-tokens": "18000",
            "x-ratelimit-remaining-requests": "14370",
            "x-ratelimit-remaining-tokens": "17997",
            "x-ratelimit-reset-requests": "2m59.56s",
            "x-ratelimit-reset-tokens": "7.66s",
        },
        RateLimits(RateLimit(14400, 14370, 179.56), RateLimit(18000, 17997, 7.66), retry_after=2.0),
    ),
    "Azure": (
        {
            "retry-after-ms": "1500",
            "x-ratelimit-limit-requests": "10",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "26",
            "x-ratelimit-remaining-tokens": "9000",
        },
        RateLimits(RateLimit(10, 0, 26.0), RateLimit(None, 9000), retry_after=1.5),
    ),
    "Anthropic": (
        {
            **DATE,
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": "2026-11-30T10:00:30Z",
            "anthropic-ratelimit-tokens-remaining": "40000",
            "anthropic-ratelimit-input-tokens-limit": "30000",
            "anthropic-ratelimit-input-tokens-reset": "2026-11-30T11:01:00+01:00",
            "anthropic-ratelimit-output-tokens-limit": "8000",
            "anthropic-ratelimit-output-tokens-reset": "2026-11-30t10:00:00.25z",
            "anthropic-ratelimit-unified-5h-reset": "1796040000",
        },
        RateLimits(
            RateLimit(50, 49, 30.0),
            RateLimit(None, 40000),
            RateLimit(30000, None, 60.0),
            RateLimit(8000, None, 0.25),
        ),
    ),
    "of a day and of a minute: the one that is used up first": (
        {
            "x-ratelimit-limit-requests-day": "14400",
            "x-ratelimit-remaining-requests-day": "14399",
            "x-ratelimit-limit-requests-minute": "30",
            "x-ratelimit-remaining-requests-minute": "29",
            "x-ratelimit-reset-requests-minute": "11.38",
        },
        RateLimits(RateLimit(30, 29, 11.38)),
    ),
    "Mistral": (
        {
            "x-ratelimit-limit-req-minute": "60",
            "x-ratelimit-remaining-req-minute": "59",
            "x-ratelimit-limit-tokens-minute": "500000",
            "x-ratelimit-tokens-query-cost": "12",
        },
        RateLimits(RateLimit(60, 59), RateLimit(500000)),
    ),
    "of a project": (
        {"x-ratelimit-limit-tokens": "90", "x-ratelimit-limit-project-tokens": "80"},
        RateLimits(tokens=RateLimit(80)),
    ),
    "Fireworks": (
        {"x-ratelimit-limit-tokens-prompt": "60000", "x-ratelimit-remaining-tokens-generated": "12"},
        RateLimits(input_tokens=RateLimit(60000), output_tokens=RateLimit(None, 12)),
    ),
    "Together": (
        {"x-ratelimit-limit": "1", "x-ratelimit-reset": "1", "x-tokenlimit-limit": "16", "x-tokenlimit-remaining": "9"},
        RateLimits(RateLimit(1, None, 1.0), RateLimit(16, 9)),
    ),
    "a moment in milliseconds": (
        {**DATE, "x-ratelimit-remaining": "9", "x-ratelimit-reset": f"{NOON}000"},
        RateLimits(RateLimit(None, 9, 7200.0)),
    ),
    "a moment in seconds": ({**DATE, "x-rate-limit-reset": str(NOON)}, RateLimits(RateLimit(reset=7200.0))),
    "a date of HTTP": (
        {**DATE, "ratelimit-reset": "Mon, 30 Nov 2026 10:01:00 GMT"},
        RateLimits(RateLimit(reset=60.0)),
    ),
    "the first draft": (
        {"ratelimit-limit": "100, 100;w=10", "ratelimit-remaining": "50", "ratelimit-reset": "30"},
        RateLimits(RateLimit(100, 50, 30.0)),
    ),
    "a later draft": ({"ratelimit": "limit=100, remaining=50, reset=30"}, RateLimits(RateLimit(100, 50, 30.0))),
    "the draft of today": (
        {"ratelimit-policy": '"d";q=100;w=60, "u";q=9;qu="tokens", "b";q=1;qu="content-bytes"', "ratelimit": '"d";r=5'},
        RateLimits(RateLimit(100, 5), RateLimit(9)),
    ),
    "past": ({**DATE, "x-ratelimit-reset": "2026-11-30T09:00:00Z"}, RateLimits(RateLimit(reset=0.0))),
    "all units": ({"x-ratelimit-reset": "1d2h3m4s5ms6us7µs8ns"}, RateLimits(RateLimit(reset=93784.005013))),
    "beyond measure": (
        {"x-ratelimit-limit": "9" * 50, "x-ratelimit-reset": f"{'9' * 50}h"},
        RateLimits(RateLimit(2**63 - 1, None, 1e9)),
    ),
    "nothing": ({"content-type": "text/event-stream", "x-ratelimit-type": "user"}, None),
}


@pytest.mark.parametrize(("headers", "expected"), TABLE.values(), ids=TABLE)
def test_rate_limits_in_all_their_forms(headers: dict[str, str], expected: RateLimits | None) -> None:
    assert rate_limits(headers) == expected


@pytest.mark.parametrize(
    "text", ["", "-1", "nan", "inf", "1e3", "1_000", "lots", "1,000", "6m0", "٣", "9" * 5000, "0x1"]
)
def test_a_figure_that_cannot_be_read_is_none_and_the_others_stand(text: str) -> None:
    limits = rate_limits({"x-ratelimit-limit-tokens": text, "x-ratelimit-remaining-tokens": "7"})
    assert limits == RateLimits(tokens=RateLimit(None, 7))


@pytest.mark.parametrize(
    "text", ["", "soon", "-5s", "5x", "2026-13-01T00:00:00Z", "Mon, 99 Nov 2026 10:00:00 GMT", "s"]
)
def test_a_time_that_cannot_be_read_is_none(text: str) -> None:
    limits = rate_limits({"x-ratelimit-reset-tokens": text, "x-ratelimit-remaining-tokens": "7"})
    assert limits == RateLimits(tokens=RateLimit(None, 7))


def test_without_a_date_of_the_server_times_are_reckoned_from_now() -> None:
    limits = rate_limits({"anthropic-ratelimit-requests-reset": "9999-12-31T23:59:59Z"})
    assert limits == RateLimits(RateLimit(reset=1e9))
    assert rate_limits({"anthropic-ratelimit-requests-reset": "1999-12-31T23:59:59"}) == RateLimits(RateLimit(reset=0))


def test_the_pause_is_reckoned_from_the_date_of_the_server() -> None:
    """The clock of this machine may be wrong, and both dates are by the server's."""
    assert (
        retry_after({"date": "Wed, 21 Oct 2015 07:27:30 GMT", "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 30.0
    )


NAMES = some.sampled_from(
    ["ratelimit", "ratelimit-policy", "date", "retry-after", "x-ratelimit-limit", "x-ratelimit-reset-tokens"]
    + [f"anthropic-ratelimit-{kind}-{figure}" for kind in ("tokens", "input-tokens") for figure in ("limit", "reset")]
)
VALUES = some.text(max_size=30) | some.from_regex(r'["a-z]{0,9}(;[qrt]=[0-9a-z.]{0,5}){0,3}|[0-9T:.Zhms+-]{1,25}')


@given(some.dictionaries(NAMES | some.text(max_size=20), VALUES, max_size=8))
def test_no_header_does_harm(headers: dict[str, str]) -> None:
    limits = rate_limits(headers)
    figures: list[Any] = []
    if limits is not None:
        for one in (limits.requests, limits.tokens, limits.input_tokens, limits.output_tokens):
            figures += [one.limit, one.remaining, one.reset]
        figures.append(limits.retry_after)
        assert any(figure is not None for figure in figures)
    assert all(figure is None or 0 <= figure < 2**63 for figure in figures)
