"""A `Client` that speaks another API than OpenAI's: where it asks, with what, and what becomes of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import streamkit as sk
from streamkit import ops, testing
from streamkit.testing import Script
from tests.libraries import LIBRARIES

TALK = [sk.system("Be brief."), sk.user("Hi")]
CALL = ("weather", {"city": "Oslo"})


def asked(answer: bytes, *args: Any, **options: Any) -> tuple[httpx.Request, sk.Reply]:
    """The one request that a client makes, and its reply to ``answer``, which are the same over both libraries."""
    (request, reply), (second, again) = (_asked_over(library, answer, *args, **options) for library in LIBRARIES)
    assert (str(request.url), request.headers.raw) == (str(second.url), second.headers.raw)
    untimed = [sk.to_json(replace(one, timing=None)) for one in (reply, again)]
    assert (request.content, untimed[0]) == (second.content, untimed[1])
    return request, reply


def _asked_over(library: Any, answer: bytes, *args: Any, **options: Any) -> tuple[httpx.Request, sk.Reply]:
    requests: list[httpx.Request] = []

    def handle(request: Any) -> Any:
        requests.append(request)
        return library.Response(200, content=answer)

    with sk.Client(*args, **options, transport=library.MockTransport(handle)) as client:
        reply = sk.run(client.chat(TALK, model="some-model", max_tokens=9))
    (request,) = requests
    return request, reply


def lines(*chunks: object) -> bytes:
    return b"".join(json.dumps(chunk).encode() + b"\n" for chunk in chunks)


def events(*chunks: object) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


MESSAGE = events(
    {"type": "message_start", "message": {"id": "msg_1", "type": "message", "model": "some-model", "content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
)
GENERATED = events(
    {"candidates": [{"content": {"parts": [{"text": "Hello."}], "role": "model"}, "finishReason": "STOP", "index": 0}]}
)
OLLAMA = lines(
    {"model": "some-model", "message": {"role": "assistant", "content": "Hello."}, "done": False},
    {"model": "some-model", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"},
)


def test_the_messages_api_is_asked_as_it_wants() -> None:
    request, reply = asked(MESSAGE, api_key="the-key", api="anthropic")
    assert str(request.url) == "https://api.anthropic.com/v1/messages"
    assert request.headers["x-api-key"] == "the-key"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in request.headers
    assert json.loads(request.content) == {
        "model": "some-model",
        "stream": True,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 9,
    }
    assert (reply.text, reply.outcome, reply.finish_reason) == ("Hello.", "complete", "end_turn")


@pytest.mark.parametrize("base", ["https://gate.example/claude", "https://gate.example/claude/v1/"])
def test_an_address_may_have_the_version_or_not(base: str) -> None:
    assert str(asked(MESSAGE, base, api="anthropic")[0].url) == "https://gate.example/claude/v1/messages"


def test_gemini_has_the_model_in_its_address() -> None:
    request, reply = asked(GENERATED, api_key="the-key", api="gemini")
    assert str(request.url) == (
        "https://generativelanguage.googleapis.com/v1beta/models/some-model:streamGenerateContent?alt=sse"
    )
    assert request.headers["x-goog-api-key"] == "the-key"
    body = json.loads(request.content)
    assert body.keys() == {"contents", "systemInstruction", "generationConfig"}
    assert body["generationConfig"] == {"maxOutputTokens": 9}
    assert (reply.text, reply.outcome) == ("Hello.", "complete")


def test_ollama_is_asked_without_a_key_and_answers_in_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    request, reply = asked(OLLAMA, api="ollama")
    assert str(request.url) == "http://localhost:11434/api/chat"
    assert request.headers["accept"] == "application/x-ndjson"
    assert "authorization" not in request.headers
    assert json.loads(request.content)["options"] == {"num_predict": 9}
    assert (reply.text, reply.outcome) == ("Hello.", "complete")
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1234")
    assert str(asked(OLLAMA, api="ollama")[0].url) == "http://127.0.0.1:1234/api/chat"
    for host, known in {"127.0.0.2": "127.0.0.2:11434", "0.0.0.0:1": "localhost:1", ":2": "localhost:2"}.items():
        monkeypatch.setenv("OLLAMA_HOST", host)
        assert str(asked(OLLAMA, api="ollama")[0].url) == f"http://{known}/api/chat"


@pytest.mark.parametrize(
    ("api", "key", "address", "answer", "header"),
    [
        ("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", MESSAGE, "x-api-key"),
        ("gemini", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", GENERATED, "x-goog-api-key"),
        ("gemini", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", GENERATED, "x-goog-api-key"),
    ],
)
def test_key_and_address_are_those_of_the_provider(
    monkeypatch: pytest.MonkeyPatch, api: str, key: str, address: str, answer: bytes, header: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-another")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://another.example/v1")
    with pytest.raises(sk.ConnectError, match=rf"^There is no API key: set {api.upper()}_API_KEY or pass api_key="):
        asked(answer, api=api)
    monkeypatch.setenv(key, "the-key")
    monkeypatch.setenv(address, "https://gate.example")
    request, _ = asked(answer, api=api)
    assert (request.url.host, request.headers[header]) == ("gate.example", "the-key")


def test_the_responses_api_can_be_what_chat_speaks() -> None:
    with testing.client("Hello.", api="responses") as client:
        assert sk.run(client.chat(TALK, max_tokens=9, reasoning_effort="low")).text == "Hello."
        assert sk.run(client.respond("Hi")).text == "Hello."
    first, _ = client.requests
    assert first.path.endswith("/responses")
    assert first.body["instructions"] == "Be brief."
    assert (first.body["max_output_tokens"], first.body["reasoning"]) == (9, {"effort": "low"})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: sk.Client(api="claude"), "unknown api 'claude'"),
        (lambda: sk.Client(api="completions"), "ask by client.complete"),
        (
            lambda: sk.Client("https://a.example", api="anthropic", azure="2024-10-21"),
            "azure= is for the APIs of OpenAI",
        ),
        (lambda: sk.Client(api="anthropic", organization="org"), "are of OpenAI"),
        (lambda: sk.Client(api="anthropic").complete("Once"), "ask it by client.chat"),
        (lambda: sk.Client(api="gemini").respond("Hi"), "ask it by client.chat"),
        (lambda: sk.Client(api="gemini").chat("Hi"), "pass model="),
        (lambda: testing.script("Hi", api="gemini"), "not written in the form of 'gemini'"),
    ],
)
def test_what_an_api_does_not_have_is_told_at_once(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_a_tool_loop_speaks_the_messages_api() -> None:
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"rain in {city}"

    with testing.client(Script("Let me see.", tool_calls=[CALL]), "It rains.", api="anthropic") as client:
        reply = sk.run(sk.tool_loop(client.chat, TALK, {"weather": weather}))
    assert (reply.text, reply.rounds) == ("It rains.", 2)
    first, second = (request.body for request in client.requests)
    (tool,) = first["tools"]
    assert (tool["name"], tool["input_schema"]["required"]) == ("weather", ["city"])
    *_, said, told = second["messages"]
    assert [block["type"] for block in said["content"]] == ["text", "tool_use"]
    assert said["content"][1]["input"] == {"city": "Oslo"}
    (result,) = told["content"]
    assert (told["role"], result["type"], result["tool_use_id"]) == ("user", "tool_result", said["content"][1]["id"])
    assert result["content"] == "rain in Oslo"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (Script("a b c", drop_after=2), sk.BrokenError),
        (Script("a b c", bad_json_at=1), sk.MalformedError),
        (Script("a b c", fail={"type": "overloaded_error", "message": "Overloaded"}), sk.ApiError),
        (Script("a b c", fail=sk.ApiError("Overloaded", error_type="overloaded_error")), sk.ApiError),
        (Script(status=529), sk.StatusError),
        (Script(fail=sk.StatusError("no", status=401)), sk.StatusError),
    ],
)
def test_faults_of_a_scripted_messages_api_are_errors_of_ours(script: Script, error: type[sk.StreamkitError]) -> None:
    retry = sk.Retry(attempts=1)
    with testing.client(script, api="anthropic", retry=retry) as client, pytest.raises(error) as caught:
        sk.run(client.chat("Hi"))
    if error in (sk.BrokenError, sk.MalformedError, sk.ApiError):
        assert caught.value.partial is not None
        assert caught.value.partial.text == ("a b c" if error is sk.ApiError else caught.value.partial.text)
    if error is sk.ApiError:
        assert isinstance(caught.value, sk.ApiError)
        assert (caught.value.error_type, caught.value.retryable) == ("overloaded_error", True)


def test_errors_of_a_scripted_messages_api_have_its_form() -> None:
    server = testing.Server("Hi", api_key="the-key")
    with httpx.Client(transport=None) as http, server.running() as url:
        body = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9}
        refused = http.post(f"{url}/messages", json=body, headers={"x-api-key": "another"})
        wrong = http.post(f"{url}/messages", json={"messages": []}, headers={"x-api-key": "the-key"})
        fine = http.post(f"{url}/messages", json=body, headers={"x-api-key": "the-key"})
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "authentication_error")
    assert (wrong.status_code, wrong.json()["type"], wrong.json()["error"]["type"]) == (
        400,
        "error",
        "invalid_request_error",
    )
    assert "max_tokens" in wrong.json()["error"]["message"]
    assert (fine.json()["type"], fine.json()["content"][0]["text"]) == ("message", "Hi")


def test_it_is_recorded_replayed_and_served_in_other_forms(tmp_path: Path) -> None:
    file = tmp_path / "claude.jsonl"
    script = Script("Let me see.", reasoning="Hm. ", tool_calls=[CALL])
    with testing.client(script, api="anthropic") as client:
        told = sk.run(client.chat("Hi").pipe(ops.record(file)))
    assert json.loads(file.read_text().splitlines()[0])["api"] == "anthropic"
    again = sk.run(sk.replay(file, speed=0))
    assert (again.text, again.reasoning, again.tool_calls) == (told.text, told.reasoning, told.tool_calls)
    for api in ("chat", "responses", "anthropic"):
        with testing.client(file, api=api) as client:
            served = sk.run(client.chat("Hi"))
        assert (served.text, served.reasoning, served.tool_calls) == (told.text, told.reasoning, told.tool_calls)
        assert served.finish_reason == ("tool_use" if api == "anthropic" else "tool_calls")


def test_tokens_of_a_prompt_are_a_labelled_estimate() -> None:
    with testing.client(Script("Hello there.", drop_after=2), api="anthropic", model="claude-opus-4-5") as client:
        with pytest.raises(sk.BrokenError) as caught:
            sk.run(client.chat(TALK).pipe(ops.meter()))
        usage = caught.value.partial.usage if caught.value.partial else None
    assert usage is not None
    assert usage.origin == "estimate"
    assert (usage.prompt_tokens or 0) > 4
