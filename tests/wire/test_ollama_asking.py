"""Ollama's own API: how it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.wire import APIS
from streamkit.wire.ollama.ask import OPTIONS
from tests.wire.test_ollama import call, end, piece, reply_of

OLLAMA = APIS["ollama"]


def asked(messages: list[dict[str, Any]] | None = None, **params: Any) -> dict[str, Any]:
    assert OLLAMA.body is not None
    return OLLAMA.body(messages or [], params)


def turns(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = asked(list(messages))["messages"]
    return told


def test_parameters_are_options():
    assert asked(max_tokens=5, temperature=0, top_k=3, stop="END", num_ctx=9, options={"temperature": 1, "x": 2}) == {
        "messages": [],
        "options": {"num_predict": 5, "temperature": 1, "top_k": 3, "stop": ["END"], "num_ctx": 9, "x": 2},
    }
    assert asked(max_completion_tokens=5, stop=["a", "b"])["options"] == {"num_predict": 5, "stop": ["a", "b"]}
    assert asked() == {"messages": []}


def test_everything_else_passes():
    given_ = {"keep_alive": "5m", "think": True, "logprobs": True, "top_logprobs": 2, "tools": [{"type": "function"}]}
    assert asked(**given_) == {"messages": [], **given_}


@pytest.mark.parametrize(("effort", "think"), [("none", False), ("low", "low"), ("high", "high")])
def test_effort(effort: str, think: Any):
    assert asked(reasoning_effort=effort) == {"messages": [], "think": think}
    assert asked(reasoning_effort=effort, think=True) == {"messages": [], "think": True}


def test_the_form_of_the_answer():
    schema = {"type": "object"}
    for given_, made in (
        ({"type": "json_object"}, "json"),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}, schema),
    ):
        assert asked(response_format=given_) == {"messages": [], "format": made}
        assert OLLAMA.format is not None
        assert OLLAMA.format({"seed": 1}, given_) == {"seed": 1, "format": made}
    assert asked(response_format={"type": "text"}) == {"messages": []}
    with pytest.raises(ValueError, match="json_schema with its schema"):
        asked(response_format={"type": "grammar"})


def test_what_ollama_has_no_form_for_is_refused():
    assert asked(n=1, tool_choice="auto", parallel_tool_calls=True, stream_options={"include_usage": True}) == {
        "messages": []
    }
    with pytest.raises(ValueError, match="Ollama does not have logit_bias, n, tool_choice: leave out"):
        asked(n=2, tool_choice="required", logit_bias={"5": 1}, temperature=1)
    assert OLLAMA.choice is not None
    with pytest.raises(ValueError, match="Ollama does not have tool_choice"):
        asked(tool_choice=OLLAMA.choice("f"))


def test_messages():
    assert turns(
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "text", "text": "What is this,"}, {"type": "text", "text": "and this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {"type": "image_url", "image_url": "data:;base64,aG8="},
        ]},
        {"role": "assistant", "content": None, "reasoning_content": "Hm", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at": "é"}'}},
            {"id": "2", "type": "function", "function": {"name": "now", "arguments": ""}},
        ]},
        {"role": "tool", "tool_call_id": "2", "content": "noon"},
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "a cat"}]},
        {"role": "tool", "tool_call_id": "?", "content": "lost"},
        {"role": "assistant", "content": "", "refusal": "No."},
        {"role": "user", "content": "Why?", "name": "Ann"},
    ) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is this,\nand this?", "images": ["aGk=", "aG8="]},
        {"role": "assistant", "content": "", "thinking": "Hm", "tool_calls": [
            {"id": "1", "function": {"name": "look", "arguments": {"at": "é"}}},
            {"id": "2", "function": {"name": "now", "arguments": {}}},
        ]},
        {"role": "tool", "tool_name": "now", "tool_call_id": "2", "content": "noon"},
        {"role": "tool", "tool_name": "look", "tool_call_id": "1", "content": "a cat"},
        {"role": "tool", "tool_call_id": "?", "content": "lost"},
        {"role": "assistant", "content": "No."},
        {"role": "user", "content": "Why?"},
    ]  # fmt: skip


def test_the_turn_of_a_reply_can_be_sent_back():
    reply = reply_of(piece(thinking="Hm", tool_calls=[call("f", {"a": [1]}), call("g", {})]), end())
    answers = [{"role": "tool", "tool_call_id": one.id, "content": one.name} for one in reply.tool_calls]
    first, *rest = turns(dict(reply.message), *answers)
    assert first["thinking"] == "Hm"
    assert [one["function"] for one in first["tool_calls"]] == [
        {"name": "f", "arguments": {"a": [1]}},
        {"name": "g", "arguments": {}},
    ]
    assert [one["tool_name"] for one in rest] == ["f", "g"]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}, "fetches no images"),
        ({"content": [{"type": "image_url", "image_url": {"url": "data:image/png,abc"}}]}, "is not in base64"),
        ({"content": [{"type": "input_audio"}]}, "not input_audio"),
        (
            {"content": "", "tool_calls": [{"id": "1", "type": "custom", "custom": {}}]},
            "does not have calls of custom tools",
        ),
    ],
)
def test_messages_that_ollama_cannot_take(message: dict[str, Any], told: str):
    with pytest.raises(ValueError, match=told):
        turns({"role": "user", **message})


@pytest.mark.slow
def test_what_is_asked_fits_the_types_of_the_official_library():
    types = pytest.importorskip("ollama._types")
    assert OLLAMA.tool is not None
    body = asked(
        [{"role": "user", "content": "Hi"},
         {"role": "assistant", "content": "", "tool_calls": [{"id": "1", **call("f", "{}")}]},
         {"role": "tool", "tool_call_id": "1", "content": "x"}],
        tools=[OLLAMA.tool({"name": "f", "parameters": {"type": "object", "properties": {}}})],
        reasoning_effort="low", response_format={"type": "json_object"}, max_tokens=3, stop="x",
    )  # fmt: skip
    request = types.ChatRequest(model="m", **body)
    assert [types.Message(**message).tool_name for message in body["messages"]] == [None, None, "f"]
    assert request.think == "low"
    assert types.Options(**body["options"]).num_predict == 3
    assert types.Options.model_fields.keys() - OPTIONS <= {"embedding_only", "f16_kv", "logits_all", "vocab_only"}


def test_the_prompt_of_a_request():
    messages = [{"role": "user", "content": "Hi"}]
    prompt = OLLAMA.prompt(asked(messages, response_format={"type": "json_object"}, tools=[{}]))
    assert (list(prompt.messages), prompt.tools, len(prompt.notes)) == (messages, [{}], 1)
    assert "schema" in OLLAMA.prompt({"messages": [], "format": {}}).notes[0]


def test_where_it_is_asked():
    access = OLLAMA.access
    assert (access.address, OLLAMA.path, access.needs_key) == ("http://localhost:11434", "api/chat", False)
    assert access.variables == ("OLLAMA_API_KEY", "OLLAMA_HOST")
    assert OLLAMA.framing.media == "application/x-ndjson"
    assert OLLAMA.error is not None
    assert OLLAMA.error(400, {"message": "no", "type": "x"}) == {"error": "no"}
