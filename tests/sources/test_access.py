"""Where the APIs of each provider are asked and how a client says who asks: addresses, keys, the environment."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

import streamkit as sk
from tests.libraries import LIBRARIES


def refusing(library: Any = httpx) -> tuple[Any, list[Any]]:
    """A transport that refuses every request, and the list of these."""
    requests: list[Any] = []

    def refuse(request: Any) -> Any:
        requests.append(request)
        return library.Response(400)

    return library.MockTransport(refuse), requests


def request_of(*args: Any, model: str = "m", **options: Any) -> httpx.Request:
    """The request that a client makes, which is the same over both libraries."""
    asked: list[httpx.Request] = []
    for library in LIBRARIES:
        transport, requests = refusing(library)
        with sk.Client(*args, model=model, transport=transport, **options) as client, pytest.raises(sk.StatusError):
            sk.run(client.chat("Hi"))
        asked += requests
    first, second = ((str(one.url), one.headers.raw, one.content) for one in asked)
    assert first == second
    return asked[0]


def headers_of(**options: Any) -> httpx.Headers:
    return request_of(**options).headers


def url_of(*args: Any, **options: Any) -> str:
    return str(request_of(*args, **options).url.copy_with(query=None))


GOOGLE = "https://generativelanguage.googleapis.com/v1beta"
VERTEX = "https://vertex.example/v1/projects/p/publishers/google/models"


@pytest.mark.parametrize(
    ("api", "base", "model", "url"),
    [
        ("chat", "https://h.example/api/chat", "m", "https://h.example/api/chat/chat/completions"),
        ("responses", "https://h.example/messages", "m", "https://h.example/messages/responses"),
        ("ollama", "http://localhost:1/api/", "m", "http://localhost:1/api/chat"),
        ("ollama", "http://localhost:1/v1", "m", "http://localhost:1/api/chat"),
        ("gemini", f"{GOOGLE}/openai/", "m", f"{GOOGLE}/models/m:streamGenerateContent"),
        ("ollama", "https://h.example/chat", "m", "https://h.example/chat/api/chat"),
        ("gemini", f"{GOOGLE}/models", "m", f"{GOOGLE}/models/m:streamGenerateContent"),
        ("gemini", GOOGLE, "models/m", f"{GOOGLE}/models/m:streamGenerateContent"),
        ("gemini", f"{GOOGLE}/models", "tunedModels/m", f"{GOOGLE}/tunedModels/m:streamGenerateContent"),
        ("gemini", "https://h.example", "a/m", "https://h.example/v1beta/models/a%2Fm:streamGenerateContent"),
        ("gemini", VERTEX, "m", f"{VERTEX}/m:streamGenerateContent"),
    ],
)
def test_an_address_may_have_the_beginning_of_the_call(api: str, base: str, model: str, url: str) -> None:
    assert url_of(base, api=api, model=model) == url


@pytest.mark.parametrize(
    ("api", "base", "words"),
    [
        ("ollama", "http://localhost:1/api/chat", "base_url ends before the call"),
        ("anthropic", "https://h.example/v1/messages", "base_url ends before the call"),
    ],
)
def test_an_address_that_goes_on_to_the_call_is_told(api: str, base: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sk.Client(base, api=api)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("http://0.0.0.0:11434", "http://localhost:11434"),
        ("https://0.0.0.0", "https://localhost"),
        ("http://[::]:1/", "http://localhost:1"),
        ("0.0.0.0", "http://localhost:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::1]:99", "http://[::1]:99"),
        ("https://ollama.com", "https://ollama.com"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_the_host_of_ollama(monkeypatch: pytest.MonkeyPatch, host: str, address: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert url_of(api="ollama") == f"{address}/api/chat"


@pytest.mark.parametrize("api", ["ollama", "chat", "gemini"])
@pytest.mark.parametrize(
    "value", ["tcp://x", "http://localhost:abc", "http://[::1", "http://me:pass@localhost", "h?a=b"]
)
def test_an_odd_address_of_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, api: str, value: str
) -> None:
    variable = {"ollama": "OLLAMA_HOST", "chat": "OPENAI_BASE_URL", "gemini": "GOOGLE_GEMINI_BASE_URL"}[api]
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=f"^{variable} must (not hold|be an http)"):
        sk.Client(api=api)
    monkeypatch.setenv(variable, "http://far.example")
    with pytest.raises(ValueError, match=f"^{variable}: plain http to far.example"):
        sk.Client(api=api)


@pytest.mark.parametrize(
    ("api", "header"),
    [
        ("chat", "Authorization"),
        ("anthropic", "Authorization"),
        ("anthropic", "X-Api-Key"),
        ("gemini", "x-goog-api-key"),
    ],
)
def test_a_header_that_says_who_asks_is_key_enough(api: str, header: str) -> None:
    assert headers_of(api=api, headers={header: "the-own-key"})[header.lower()] == "the-own-key"


def test_a_token_of_the_environment_is_a_bearer_token(monkeypatch: pytest.MonkeyPatch) -> None:
    transport, requests = refusing()
    client = sk.Client(api="anthropic", model="m", transport=transport)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "the-token")
    headers = headers_of(api="anthropic")
    assert (headers["authorization"], "x-api-key" in headers) == ("Bearer the-token", False)
    with client, pytest.raises(sk.StatusError):  # made before there was one
        sk.run(client.chat("Hi"))
    assert requests[-1].headers["authorization"] == "Bearer the-token"
    for options in ({"api_key": "the-key"}, {"headers": {"x-api-key": "the-key"}}):
        headers = headers_of(api="anthropic", **options)
        assert (headers["x-api-key"], "authorization" in headers) == ("the-key", False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the-key")
    headers = headers_of(api="anthropic")
    assert (headers["x-api-key"], "authorization" in headers) == ("the-key", False)
