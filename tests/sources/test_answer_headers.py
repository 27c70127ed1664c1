"""The headers of an answer on its Reply: which of them are shown, where they go, and what is never in them."""

from __future__ import annotations

import asyncio

import httpx
import pytest

import streamkit as sk
from streamkit import operators as ops
from streamkit.sources.http.answer_headers import answer_of, shown_headers
from tests.faults.bodies import START, reply, say
from tests.faults.server import RESET, head, serving

SHOWN = {
    "x-request-id": "req_1",
    "request-id": "req_2",
    "apim-request-id": "0f3",
    "x-siliconcloud-trace-id": "t-1",
    "mistral-correlation-id": "c-1",
    "cf-ray": "8f-FRA",
    "date": "Mon, 30 Nov 2026 10:00:00 GMT",
    "server": "uvicorn",
    "openai-processing-ms": "412",
    "openai-version": "2020-10-01",
    "x-envoy-upstream-service-time": "400",
    "x-ms-region": "Sweden Central",
    "x-groq-region": "us-west-1",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-tokens": "6m0s",
    "x-ratelimit-limit-project-tokens": "9",
    "anthropic-ratelimit-input-tokens-reset": "2026-11-30T10:00:30Z",
    "ratelimit": '"default";r=50;t=30',
    "retry-after": "2",
    "fireworks-prompt-tokens": "12",
    "x-time-per-token": "15",
    "x-litellm-model-id": "m",
}
HIDDEN = {
    "set-cookie": "__cf_bm=secret",
    "authorization": "Bearer x",
    "www-authenticate": "Bearer",
    "content-type": "text/event-stream",
    "x-amz-security-token": "abc",
    "x-ms-continuation-token": "12345",
    "x-ms-token-kind": "jwt",
    "x-ms-session-id": "s-1",
    "x-litellm-key-spend": "0.1",
    "openai-organization": "org-1",
    "openai-project": "proj_1",
    "anthropic-organization-id": "o",
    "x-ratelimit-key": "user-7",
    "x-ratelimit-limit-tokens": "sk-not-a-figure",
    "x-api-key": "k",
    "location": "https://elsewhere",
    f"x-ms-{'a' * 200}": "long",
}


def test_what_says_something_of_the_answer_is_shown_and_nothing_secret() -> None:
    assert shown_headers({name.title(): value for name, value in (SHOWN | HIDDEN).items()}) == SHOWN


def test_a_server_cannot_make_them_large() -> None:
    shown = shown_headers({f"x-ms-{number}": "a" * 100_000 for number in range(1000)})
    assert len(shown) == 64
    assert {len(value) for value in shown.values()} == {500}


KEY = "sk-canary-AbCdEfGh0123456789"
RATES = {"x_ratelimit_limit_requests": "60", "x_ratelimit_reset_requests": "1s"}


def test_a_reply_has_what_its_answer_said() -> None:
    answer = [head(x_request_id="r-1", set_cookie="a=b", **RATES), reply("Hi")]
    with serving(answer) as server, sk.Client(server.url, KEY) as client:
        got = sk.run(client.chat("hi", model="m"))
    assert got.headers == {
        "x-request-id": "r-1",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-reset-requests": "1s",
    }
    assert got.rate_limits == sk.RateLimits(sk.RateLimit(60, None, 1.0))


def test_the_key_is_in_no_header() -> None:
    cut = f"{KEY[:9]}\N{HORIZONTAL ELLIPSIS}".encode().decode("latin-1")
    echo = head(x_request_id=KEY, server=f"for {KEY}!", via=f"1.1 {KEY[:12]}", x_runtime=cut)
    with serving([echo, reply("Hi")]) as server, sk.Client(server.url, KEY) as client:
        got = sk.run(client.chat("hi", model="m"))
    assert got.headers["server"] == "for ***!"
    assert KEY[:9] not in str(got.headers)


def test_an_error_has_what_its_answer_said() -> None:
    refusal = [head("429 No", "text/plain", retry_after="90", content_length="0", connection="close", **RATES)]
    with serving(refusal) as server, sk.Client(server.url) as client, pytest.raises(sk.StatusError) as caught:
        sk.run(client.chat("hi", model="m"))
    assert caught.value.partial.headers["retry-after"] == "90"
    assert caught.value.partial.rate_limits == sk.RateLimits(sk.RateLimit(60, None, 1.0), retry_after=90.0)


def test_a_reply_that_breaks_off_keeps_them() -> None:
    answer = [head(x_request_id="r-1", **RATES), START, say("a"), RESET]
    with serving(answer) as server, sk.Client(server.url) as client, pytest.raises(sk.BrokenError) as caught:
        sk.run(client.chat("hi", model="m"))
    assert caught.value.partial.headers["x-request-id"] == "r-1"
    assert caught.value.partial.rate_limits is not None


def test_after_a_retry_they_are_those_of_the_last_answer() -> None:
    busy = [head("503 No", "text/plain", x_request_id="r-1", retry_after="0", content_length="0", connection="close")]
    with serving(busy, [head(x_request_id="r-2"), reply("Hi")]) as server, sk.Client(server.url) as client:
        got = sk.run(client.chat("hi", model="m"))
    assert got.headers == {"x-request-id": "r-2"}
    assert got.rate_limits is None


@pytest.mark.parametrize(
    "operator",
    [
        ops.redact("email"),
        ops.stop_at("b"),
        ops.stop_when(lambda event: isinstance(event, sk.TextDelta)),
        ops.rewrite(lambda: sk.stages.StopAt("zz")),  # type: ignore[attr-defined]  # offered for programs
        ops.guard(lambda text: "b" not in text, "word"),
        ops.budget(9, prompt="hi", encoding="cl100k_base"),
        ops.think_tags(),
        ops.smooth(every=1e-6),
        ops.retry_unstarted(),
        ops.continue_with(lambda partial: sk.from_text("")),
        ops.fallback(sk.from_text("c")),
    ],
    ids=lambda operator: operator.__name__,
)
def test_operators_that_make_the_reply_anew_keep_them(operator: object) -> None:
    pieces = [say(f"{letter} ") for letter in "abcdefghijkl"]
    answer = [head(x_request_id="r-1", **RATES), START, *pieces, reply()]
    with serving(answer) as server, sk.Client(server.url) as client:
        got = sk.run(client.chat("hi", model="m").pipe(operator))
    assert got.headers["x-request-id"] == "r-1"
    assert got.rate_limits is not None
    assert got.timing is not None
    assert got.timing.first_content is not None


def test_an_error_that_an_operator_makes_has_them() -> None:
    answer = [head(x_request_id="r-1", **RATES), START, say("[1, 2, oops]"), reply()]
    with serving(answer) as server, sk.Client(server.url) as client, pytest.raises(sk.MalformedError) as caught:
        sk.run(client.chat("hi", model="m").pipe(ops.json_items()))
    assert caught.value.partial.headers["x-request-id"] == "r-1"
    assert caught.value.partial.timing is not None


def test_a_relay_does_not_send_them_to_browsers() -> None:
    async def body(url: str) -> bytes:
        async with sk.Client(url) as client:
            return b"".join([block async for block in sk.sse(client.chat("hi", model="m"), format="events")])

    with serving([head(x_request_id="r-1", **RATES), reply("Hi")]) as server:
        blocks = asyncio.run(body(server.url))
    assert b'"reply"' in blocks
    assert b"ratelimit" not in blocks
    assert b"rate_limits" not in blocks


def test_of_a_library_the_request_says_what_is_secret() -> None:
    request = httpx.Request("POST", "https://h.example?api_key=abcdefgh", headers={"authorization": f"Bearer {KEY}"})
    said = {"server": f"for {KEY} and abcdefgh", "x-ratelimit-limit-tokens": "9", "openai-project": "p"}
    assert answer_of(httpx.Response(200, headers=said, request=request)) == {
        "headers": {"server": "for *** and ***", "x-ratelimit-limit-tokens": "9"},
        "rate_limits": sk.RateLimits(tokens=sk.RateLimit(9)),
    }
    bare = httpx.Response(200, headers={"server": "s"})
    assert answer_of(bare) == {"headers": {"server": "s"}, "rate_limits": None}
    assert answer_of(None) == {}


def test_openai_gives_what_a_client_gives() -> None:
    openai = pytest.importorskip("openai")
    answer = [head(x_request_id="r-1", via=KEY, openai_project="p", **RATES), reply("Hi")]
    with serving(answer) as server:
        with sk.Client(server.url, KEY, model="m") as client:
            direct = sk.run(client.chat("hi"))
        with openai.OpenAI(base_url=server.url, api_key=KEY) as client:
            got = sk.run(sk.from_sdk(client.chat.completions.create(model="m", messages=[], stream=True)))
    assert got.headers == direct.headers
    assert got.headers["via"] == "***"
    assert got.rate_limits == direct.rate_limits == sk.RateLimits(sk.RateLimit(60, None, 1.0))
    assert got.timing is not None
    assert got.timing.first_content is not None


def test_a_refusal_that_a_library_raises_has_them() -> None:
    openai = pytest.importorskip("openai")
    refusal = [head("429 No", "text/plain", retry_after="9", content_length="0", connection="close", **RATES)]
    with serving(refusal) as server, openai.OpenAI(base_url=server.url, api_key=KEY, max_retries=0) as client:
        stream = sk.from_sdk(lambda: client.chat.completions.create(model="m", messages=[], stream=True))
        with pytest.raises(sk.StatusError) as caught:
            sk.run(stream)
    assert caught.value.partial.headers["retry-after"] == "9"
    assert caught.value.partial.rate_limits == sk.RateLimits(sk.RateLimit(60, None, 1.0), retry_after=9.0)
