"""Who sends the tools of a loop, and who hears of what goes wrong with them."""

from __future__ import annotations

import functools
import logging
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.sources.http import shared_client as default

CALL = testing.Script(tool_calls=[("weather", {"city": "Oslo"})])
FINE = testing.Script("Fine.")


def weather(city: str) -> dict[str, str]:
    """The weather in a city."""
    return {"city": city}


def clock() -> str:
    return "noon"


def sent(client: testing.ScriptedClient) -> list[Any]:
    return [request.body.get("tools") for request in client.requests]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    told = [record for record in caplog.records if record.name == "streamkit"]
    assert {record.levelno for record in told} <= {logging.WARNING}
    return [record.getMessage() for record in told]


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
DESCRIBED = {"name": "weather", "description": "The weather in a city."}


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.chat,
        lambda client: functools.partial(client.chat, temperature=0),
        lambda client: functools.partial(functools.partial(client.chat, seed=1), model="other"),
    ],
)
def test_every_request_has_the_tools_if_ask_is_a_method_of_a_client(ask: Any, caplog: pytest.LogCaptureFixture):
    client = testing.client(CALL, FINE)
    assert sk.run(sk.tool_loop(ask(client), "?", [weather])).text == "Fine."
    (first, second) = sent(client)
    assert first == second
    (tool,) = first
    parameters = tool["function"].pop("parameters")
    assert tool == {"type": "function", "function": DESCRIBED}
    assert {key: parameters[key] for key in SCHEMA} == SCHEMA
    assert warnings(caplog) == []


def test_the_responses_api_gets_them_in_its_own_form():
    client = testing.client(CALL, FINE)
    sk.run(sk.tool_loop(client.respond, "?", [weather]))
    tool = sent(client)[1][0]
    assert (tool["type"], tool["name"], tool["strict"]) == ("function", "weather", False)
    assert "function" not in tool


@pytest.mark.usefixtures("no_default_client")
def test_the_default_client_is_a_client_too(monkeypatch: pytest.MonkeyPatch):
    client = testing.client(CALL, FINE)
    monkeypatch.setattr(default, "Client", lambda: client)
    assert sk.run(sk.tool_loop(sk.chat, "?", [weather])).rounds == 2
    assert sent(client)[0][0]["function"]["name"] == "weather"


def test_a_tool_by_another_name_is_sent_by_that_name():
    client = testing.client(testing.Script(tool_calls=[("look", {"city": "Oslo"})]), FINE)
    results = [e for e in sk.tool_loop(client.chat, "?", {"look": lambda city: city}) if isinstance(e, sk.ToolResult)]
    assert [result.value for result in results] == ["Oslo"]
    assert sent(client)[0][0]["function"]["name"] == "look"


def test_without_tools_none_are_sent():
    client = testing.client(FINE)
    sk.run(sk.tool_loop(client.chat, "?", []))
    assert "tools" not in client.requests[0].body


def test_tools_of_the_partial_are_sent_and_not_those_of_the_loop(caplog: pytest.LogCaptureFixture):
    own = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    for ask in (
        lambda client: functools.partial(client.chat, tools=[own, {"type": "web_search"}]),
        lambda client: functools.partial(client.chat, extra={"tools": [own, {"type": "web_search"}]}),
    ):
        client = testing.client(CALL, FINE)
        sk.run(sk.tool_loop(ask(client), "?", [weather]))
        assert sent(client) == [[own, {"type": "web_search"}]] * 2
    assert warnings(caplog) == []


def test_tools_of_the_partial_that_are_not_those_of_the_loop_are_told(caplog: pytest.LogCaptureFixture):
    client = testing.client(FINE)
    with pytest.raises(ValueError, match="names tools that the tool loop cannot run: clock; give the loop the same"):
        sk.tool_loop(functools.partial(client.chat, tools=[weather, clock]), "?", [weather])
    sk.tool_loop(functools.partial(client.chat, tools=[weather]), "?", [weather, clock])
    assert warnings(caplog) == ["the request names tools of its own, so the model is not told of these: clock"]


def test_legacy_completions_have_no_tools():
    client = testing.client(FINE)
    with pytest.raises(TypeError, match=r"no tools: give the tool loop client.chat or client.respond"):
        sk.tool_loop(client.complete, "?", [weather])


OWN = {"type": "function", "function": {"name": "weather"}}


@pytest.mark.parametrize(
    ("tools", "kind", "told"),
    [
        (weather, TypeError, "put it in a list"),
        (None, TypeError, r"functions by name, not None: write \[function\], or \[\] if there are none"),
        ("weather", TypeError, "functions by name, not 'weather'"),
        ([OWN], TypeError, r"give the function; the schema goes into functools.partial\(client.chat, tools="),
        ({"weather": OWN}, TypeError, "give the function; the schema goes into"),
        ({"get weather": weather}, ValueError, "not 'get weather': write .*{'get_weather': ...}"),
        ({"": weather}, ValueError, "letters"),
    ],
)
def test_what_is_no_list_of_tools_is_told_before_anything_is_asked(tools: Any, kind: Any, told: str):
    client = testing.client(FINE)
    with pytest.raises(kind, match=told):
        sk.tool_loop(client.chat, "?", tools)


def test_a_callable_that_sends_none_is_told_of_once(caplog: pytest.LogCaptureFixture):
    client = testing.client(CALL, FINE)
    stream = sk.tool_loop(lambda messages: client.chat(messages), "?", [weather])
    for _ in range(2):
        sk.run(stream)
    (line,) = warnings(caplog)
    assert line.startswith("the model was not told of the tools of this tool loop (weather), so it calls none of them:")
    assert line.endswith("functools.partial(client.chat, tools=tools), or give the tool loop client.chat itself")


class Own(sk.Client):
    def chat(self, messages: Any) -> Any:  # type: ignore[override]
        return super().chat(messages, tools=[weather])


class Passing(sk.Client):
    def chat(self, messages: Any, **options: Any) -> Any:
        return super().chat(messages, tools=[weather], **options)


def own(kind: type[sk.Client], client: testing.ScriptedClient) -> sk.Client:
    return kind("https://own.invalid/v1", "key", model="m", transport=client.server.transport())


def test_a_method_of_ones_own_that_names_the_tools_gets_them():
    class Naming(sk.Client):
        def chat(self, messages: Any, *, tools: Any = None, **options: Any) -> Any:
            return super().chat(messages, tools=[*(tools or []), {"type": "web_search"}], **options)

    client = testing.client(FINE)
    sk.run(sk.tool_loop(own(Naming, client).chat, "?", [weather]))
    assert [tool["type"] for tool in sent(client)[0]] == ["function", "web_search"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: lambda messages: client.chat(messages, tools=[weather]),
        lambda client: lambda messages: client.chat(messages, tools=[weather]).pipe(ops.redact("email")),
        lambda client: lambda messages: sk.tool_loop(client.chat, messages, [weather]),
        lambda client: own(Own, client).chat,
        lambda client: own(Passing, client).chat,
        lambda client: functools.partial(own(Passing, client).chat, temperature=0),
    ],
)
def test_a_callable_that_sends_them_is_left_alone(ask: Any, caplog: pytest.LogCaptureFixture):
    client = testing.client(CALL, FINE)
    assert sk.run(sk.tool_loop(ask(client), "?", [weather])).text == "Fine."
    assert [tools[0]["function"]["name"] for tools in sent(client)] == ["weather"] * 2
    assert warnings(caplog) == []


def test_what_nobody_knows_of_is_not_complained_about(caplog: pytest.LogCaptureFixture):
    sk.run(sk.tool_loop(lambda messages: testing.script("Fine."), "?", [weather]))
    assert warnings(caplog) == []


# -- results -------------------------------------------------------------------------------------------------------


class Thing:
    pass


def gave(value: Any) -> tuple[sk.ToolResult, list[dict[str, Any]]]:
    client = testing.client(testing.Script(tool_calls=[("give", {})]), FINE)
    stream = sk.tool_loop(client.chat, "?", {"give": lambda: value})
    (result,) = (event for event in stream if isinstance(event, sk.ToolResult))
    return result, client.requests[1].body["messages"]


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", Thing(), [Thing()], {"a": {1}}, (n for n in "ab"), print, Thing])
def test_what_json_cannot_hold_is_told_to_the_model_and_the_user(value: Any, caplog: pytest.LogCaptureFixture):
    result, messages = gave(value)
    assert result.value is None
    assert result.error is not None
    assert "JSON cannot hold a value of type " in result.error
    assert messages[-1]["content"] == f"error: {result.error}"
    (line,) = warnings(caplog)
    assert line.startswith(f"tool give gave a {type(value).__name__} that JSON cannot hold; the model is told, and")


WITHOUT_ASSERTIONS = """
import streamkit as sk
from streamkit import testing

client = testing.client(testing.Script(tool_calls=[("give", {})]), "Fine.")
print(sk.run(sk.tool_loop(client.chat, "?", {"give": lambda: {1}})))
"""


@pytest.mark.slow
def test_what_json_cannot_hold_is_told_also_where_python_runs_without_assertions():
    done = subprocess.run([sys.executable, "-O", "-c", WITHOUT_ASSERTIONS], capture_output=True, text=True, check=False)
    assert done.stdout == "Fine.\n", done.stderr


class Sky(Enum):
    CLEAR = "clear"


@dataclass
class Place:
    at: date


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (date(2024, 5, 6), '"2024-05-06"'),
        (Decimal("1.50"), '"1.50"'),
        (Sky.CLEAR, '"clear"'),
        (Path("a/b"), '"a/b"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ([Place(date(2024, 5, 6))], '[{"at": "2024-05-06"}]'),
        (None, "null"),
        ("text", "text"),
    ],
)
def test_what_means_a_text_is_told_as_one(value: Any, told: str, caplog: pytest.LogCaptureFixture):
    result, messages = gave(value)
    assert (result.error, messages[-1]["content"], warnings(caplog)) == (None, told, [])


def test_what_a_tool_raises_is_on_the_log_once_without_its_words(caplog: pytest.LogCaptureFixture):
    def fails(word: str) -> None:
        raise LookupError(f"no {word}")

    script = testing.Script(tool_calls=[("fails", {"word": "hunter2"})] * 2)
    client = testing.client(script, FINE)
    stream = sk.tool_loop(client.chat, "?", [fails])
    results = [event for event in stream if isinstance(event, sk.ToolResult)]
    assert [result.error for result in results] == ["LookupError: no hunter2"] * 2
    (line,) = warnings(caplog)
    assert line.startswith("tool fails raised LookupError in test_sending.py, line ")
    assert "hunter2" not in line


@pytest.mark.parametrize("call", [("weather", {"town": "Oslo"}), ("weather", "{"), ("nothing", {})])
def test_a_mistake_of_the_model_is_not_on_the_log(call: Any, caplog: pytest.LogCaptureFixture):
    client = testing.client(testing.Script(tool_calls=[call]), FINE)
    (result,) = (e for e in sk.tool_loop(client.chat, "?", [weather]) if isinstance(e, sk.ToolResult))
    assert result.error
    assert warnings(caplog) == []
