"""What becomes of the parameters and of ``extra`` of a call, whatever API it is for."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from pydantic import BaseModel

import streamkit as sk
from streamkit import testing
from streamkit.combine.sending import sending
from streamkit.sources.http.request_builder import request_for
from streamkit.wire import APIS

HI = [sk.user("Hi")]


class Point(BaseModel):
    x: int


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def body(api: str, extra: Any = None, **params: Any) -> dict[str, Any]:
    return dict(request_for(APIS[api], "m", HI, params, extra).body)


def test_a_format_stands_beside_what_extra_says_in_the_same_place() -> None:
    config = body("anthropic", {"output_config": {"effort": "low"}}, response_format=Point)["output_config"]
    assert (config["effort"], config["format"]["type"]) == ("low", "json_schema")
    text = body("responses", {"text": {"verbosity": "low"}}, response_format=Point)["text"]
    assert (text["verbosity"], text["format"]["name"]) == ("low", "Point")
    config = body("gemini", {"generationConfig": {"topK": 1}}, response_format=Point)["generationConfig"]
    assert (config["topK"], config["responseMimeType"]) == (1, "application/json")
    with testing.client("{}") as client:
        sk.run(client.respond("?", response_format=Point, extra={"text": {"verbosity": "low"}}))
        assert client.requests[0].body["text"].keys() == {"verbosity", "format"}


@pytest.mark.parametrize("api", ["chat", "responses", "anthropic", "gemini", "ollama"])
def test_functions_and_models_may_be_in_extra(api: str) -> None:
    params = {"tools": [add], "response_format": Point}
    assert body(api, params) == body(api, **params)


def test_what_is_in_extra_is_not_judged() -> None:
    odd = {"tools": "auto", "response_format": "json"}
    assert body("chat", odd) == {"model": "m", "messages": HI, **odd}
    form = {"schema": {"type": "object"}}
    assert body("chat", {"response_format": form}, response_format=Point)["response_format"] == form


@pytest.mark.parametrize("api", ["responses", "anthropic", "gemini", "ollama"])
def test_null_is_left_out_where_a_request_is_translated(api: str) -> None:
    names = ["response_format", "tools", "stop", "tool_choice", "max_tokens", "metadata", "stream_options", "thinking"]
    assert body(api, dict.fromkeys(names), temperature=0.5) == body(api, temperature=0.5)


def test_null_is_sent_where_nothing_is_translated() -> None:
    assert body("chat", {"stop": None})["stop"] is None


def test_what_the_address_says_is_not_in_the_body() -> None:
    request = request_for(APIS["gemini"], "m", HI, {}, {"stream": True, "model": "other"})
    assert (request.body.keys(), request.model) == ({"contents"}, "other")
    assert request_for(APIS["ollama"], "m", HI, {}, {"stream": True}).body["stream"] is True
    with pytest.raises(ValueError, match="stream=False is refused"):
        request_for(APIS["gemini"], "m", HI, {}, {"stream": False})


@pytest.mark.parametrize(
    ("api", "tools"),
    [
        ("gemini", [{"functionDeclarations": [{"name": "add"}]}, {"googleSearch": {}}]),
        ("gemini", [{"function_declarations": [{"name": "add"}]}]),
        ("gemini", [{"type": "function", "function": {"name": "add"}}]),
        ("anthropic", [{"name": "add", "input_schema": {}}, {"type": "web_search_20250305", "name": "web_search"}]),
        ("anthropic", [{"type": "bash_20250124", "name": "add"}]),
        ("ollama", [{"type": "function", "function": {"name": "add"}}]),
        ("responses", [{"type": "function", "name": "add"}]),
    ],
)
def test_a_loop_knows_tools_in_the_form_of_the_api(
    api: str, tools: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with sk.Client("http://localhost:1", "key", api=api, model="m") as client:
        ask = functools.partial(client.chat, tools=tools)
        assert sending(ask, {"add": add}) is ask
        assert caplog.records == []
        with pytest.raises(ValueError, match="tools that the tool loop cannot run: add;"):
            sending(ask, {"other": add})
