"""Other servers with chat completions as strict servers, under the official client of OpenAI."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .asking import changed, openai_of, refusing, without
from .chat_hosts import CHAT_HOSTS
from .strict import StrictServer, strict

pytestmark = pytest.mark.slow  # a hundred requests of another library
pytest.importorskip("openai")

USER = {"role": "user", "content": "q"}
CALL = {"id": "a", "type": "function", "function": {"name": "w", "arguments": "{}"}}
ASSISTANT = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "r"}
PLAIN: list[Any] = [USER, ASSISTANT, RESULT]
"""The second request after ``reasoning before a call``, without its reasoning."""


def thought(**fields: Any) -> list[Any]:
    return [USER, {**ASSISTANT, **fields}, RESULT]


THOUGHT = "I need w."


def with_ids_of(name: str, messages: list[Any]) -> list[Any]:
    """The messages with the id that a call has on this server."""
    if name != "mistral":
        return messages
    called = changed(messages, 1, "tool_calls", 0, "id", to="xxxxxxxxa")
    return changed(called, 2, "tool_call_id", to="xxxxxxxxa")


DETAIL = {"type": "reasoning.text", "text": THOUGHT, "signature": "S1", "format": "anthropic-claude-v1", "index": 0}
SIGNED = changed(PLAIN, 1, "tool_calls", 0, "extra_content", to={"google": {"thought_signature": "G1"}})
RIGHT: dict[str, list[Any]] = {
    **dict.fromkeys(("openai", "groq"), PLAIN),
    **dict.fromkeys(
        ("deepseek", "kimi", "qwen", "glm", "llama.cpp", "sglang", "fireworks"), thought(reasoning_content=THOUGHT)
    ),
    **dict.fromkeys(("vllm", "ollama", "cerebras"), thought(reasoning=THOUGHT)),
    "minimax": thought(content=f"<think>{THOUGHT}</think>"),
    "mistral": with_ids_of(
        "mistral", thought(content=[{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}])
    ),
    "openrouter": thought(reasoning_details=[DETAIL]),
    "gemini-compat": SIGNED,
}

EXPECTED = "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`."
INVALID = "messages.1.content.0: Invalid `signature` in `thinking` block"
MISSING = "Function call is missing a thought_signature in functionCall parts."
KIMI = "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1"
DEEPSEEK = "The `reasoning_content` in the thinking mode must be passed back to the API."
GROQ = (
    "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property '{}' is unsupported)]"
)
CEREBRAS = "messages.1.assistant.{0}: property 'messages.1.assistant.{0}' is unsupported"
GOOGLE = "Invalid JSON payload received. Unknown name \"{}\" at 'messages[1]': Cannot find field."

WRONG: list[tuple[str, Any, str]] = [
    ("deepseek", PLAIN, DEEPSEEK),
    ("deepseek", thought(reasoning_content=None), DEEPSEEK),
    ("deepseek", thought(reasoning=THOUGHT), DEEPSEEK),
    ("deepseek", [*RIGHT["deepseek"], {"role": "assistant", "content": "ok"}, USER], DEEPSEEK),
    ("kimi", PLAIN, KIMI),
    ("kimi", thought(reasoning=THOUGHT), KIMI),
    ("groq", thought(reasoning_content=THOUGHT), GROQ.format("reasoning_content")),
    ("groq", thought(reasoning=THOUGHT), GROQ.format("reasoning")),
    ("cerebras", thought(reasoning_content=THOUGHT), CEREBRAS.format("reasoning_content")),
    ("cerebras", thought(reasoning_content=None), CEREBRAS.format("reasoning_content")),
    (
        "fireworks",
        thought(reasoning=THOUGHT),
        "Extra inputs are not permitted, field: 'messages[1].reasoning', value: '",
    ),
    ("mistral", thought(reasoning_content=THOUGHT), "Extra inputs are not permitted"),
    ("mistral", changed(PLAIN, 0, "name", to=None), "Extra inputs are not permitted"),
    ("mistral", PLAIN[:2], "Not the same number of function calls and responses"),
    ("mistral", [USER, RESULT], "Unexpected role 'tool' after role 'user'"),
    ("ollama", [USER, {"role": "assistant", "content": None}, USER], "invalid message content type: <nil>"),
    ("openrouter", PLAIN, EXPECTED),
    ("openrouter", thought(reasoning=THOUGHT), EXPECTED),
    ("openrouter", thought(reasoning_details=[without(DETAIL, "signature")]), "cannot be modified"),
    ("openrouter", thought(reasoning_details=[{**DETAIL, "text": "I"}]), INVALID),
    ("openrouter", thought(reasoning_details=[{**DETAIL, "signature": "S2"}]), INVALID),
    ("openrouter", thought(reasoning_details=[DETAIL, DETAIL]), "cannot be modified"),
    ("gemini-compat", PLAIN, MISSING),
    ("gemini-compat", changed(PLAIN, 1, "extra_content", to=SIGNED[1]["tool_calls"][0]["extra_content"]), MISSING),
    (
        "gemini-compat",
        changed(SIGNED, 1, "tool_calls", 0, "extra_content", "google", "thought_signature", to="G2"),
        "Corrupted thought signature.",
    ),
    ("gemini-compat", changed(SIGNED, 1, "reasoning_content", to="x"), GOOGLE.format("reasoning_content")),
    ("gemini-compat", SIGNED[:2], "Please ensure that the number of function response parts is equal to the number of"),
    ("gemini-compat", [USER, RESULT], "Please ensure that function response turn comes immediately after"),
]


def ask(server: StrictServer, messages: Any, **fields: Any) -> Any:
    request = {"model": server.model, "stream": True, **fields, "messages": messages}
    return list(openai_of(server).chat.completions.create(**request))


def test_there_is_a_right_request_for_each():
    assert RIGHT.keys() == CHAT_HOSTS.keys()


@pytest.mark.parametrize("name", RIGHT)
def test_the_right_next_request_is_accepted(name):
    with strict(name, "reasoning before a call") as server:
        ask(server, [USER])
        ask(server, RIGHT[name])
        assert (server.refused, server.losses) == ([], [])
        assert server.requests[1].body["messages"] == RIGHT[name]


@pytest.mark.parametrize(("name", "messages", "text"), WRONG)
def test_a_wrong_next_request_is_refused(name, messages, text):
    with strict(name, "reasoning before a call") as server:
        ask(server, [USER])
        with refusing(server, text, 422 if text.startswith("Extra") and name == "mistral" else 400):
            ask(server, messages)
        ask(server, RIGHT[name])


@pytest.mark.parametrize("name", [name for name in RIGHT if name not in ("openai", "mistral", "gemini-compat")])
def test_calls_without_results_and_results_without_calls_are_refused(name):
    with strict(name, "text") as server:
        with refusing(server, "must be followed by tool messages responding to each 'tool_call_id'"):
            ask(server, PLAIN[:2])
        with refusing(server, "messages with role 'tool' must be a response to a preceeding message"):
            ask(server, [USER, RESULT])


LOST = {"qwen", "glm", "llama.cpp", "sglang", "vllm", "ollama", "minimax", "mistral", "cerebras", "fireworks"}
"""The servers that miss reasoning and say nothing."""


@pytest.mark.parametrize("name", sorted(LOST))
def test_reasoning_that_does_not_come_back_is_a_loss(name):
    with strict(name, "reasoning before a call") as server:
        ask(server, [USER])
        ask(server, with_ids_of(name, PLAIN))
        assert len(server.losses) == 1


@pytest.mark.parametrize("name", ["vllm", "ollama"])
def test_another_key_is_ignored_and_the_reasoning_lost(name):
    with strict(name, "reasoning before a call") as server:
        ask(server, [USER])
        ask(server, thought(reasoning_content=THOUGHT))
        assert server.refused == []
        assert "messages[1].reasoning is None, and the reply had 'I need w.'" in server.losses


@pytest.mark.parametrize("name", ["deepseek", "kimi"])
def test_an_empty_thought_comes_back_too(name):
    with strict(name, "silent reasoning") as server:
        ask(server, [USER])
        with refusing(server, "reasoning_content"):
            ask(server, PLAIN)
        ask(server, thought(reasoning_content=""))
        assert server.losses == []


@pytest.mark.parametrize("name", ["deepseek", "kimi"])
def test_nothing_is_needed_where_there_were_no_thoughts(name):
    with strict(name, "one call") as server:
        ask(server, [USER])
        ask(server, PLAIN)
        assert server.refused == []


def test_signatures_belong_to_a_model():
    with strict("openrouter", "reasoning before a call") as server:
        ask(server, [USER])
        with refusing(server, INVALID):
            ask(server, RIGHT["openrouter"], model="anthropic/claude-sonnet-5")
        ask(server, PLAIN, model="anthropic/claude-sonnet-5")


def test_the_same_reasoning_twice_is_a_loss():
    with strict("openrouter", "reasoning before a call") as server:
        ask(server, [USER])
        ask(server, thought(reasoning=THOUGHT, reasoning_details=[DETAIL]))
        assert server.losses == ["messages[1].reasoning is 'I need w.', and the reply had None"]


def test_only_the_newer_models_of_gemini_need_signatures():
    with strict("gemini-compat", "reasoning before a call", model="gemini-2.5-pro") as server:
        ask(server, [USER])
        ask(server, PLAIN)
        assert len(server.losses) == 1


BODIES: dict[str, Any] = {
    "deepseek": {
        "error": {"message": DEEPSEEK, "type": "invalid_request_error", "param": None, "code": "invalid_request_error"}
    },
    "kimi": {"error": {"message": KIMI, "type": "invalid_request_error", "param": None, "code": None}},
    "groq": {"error": {"message": GROQ.format("x"), "type": "invalid_request_error"}},
    "cerebras": {
        "message": CEREBRAS.format("x"),
        "type": "invalid_request_error",
        "param": "validation_error",
        "code": "wrong_api_format",
    },
    "mistral": {
        "object": "error",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
        "message": {
            "detail": [
                {
                    "type": "extra_forbidden",
                    "loc": ["body", "messages", 1, "assistant", "x"],
                    "msg": "Extra inputs are not permitted",
                    "input": 1,
                }
            ]
        },
    },
    "gemini-compat": [{"error": {"code": 400, "message": GOOGLE.format("x"), "status": "INVALID_ARGUMENT"}}],
}


@pytest.mark.parametrize("name", BODIES)
def test_errors_have_the_form_of_the_server(name):
    with strict(name, "reasoning before a call") as server:
        ask(server, [USER])
        with pytest.raises(Exception, match="4") as raised:
            ask(server, changed(PLAIN, 1, "x", to=1))
        assert raised.value.response.json() == BODIES[name]


def test_the_error_of_openrouter_holds_that_of_the_server_behind_it():
    with strict("openrouter", "reasoning before a call") as server:
        ask(server, [USER])
        with pytest.raises(Exception, match="400") as raised:
            ask(server, PLAIN)
        error = raised.value.response.json()["error"]
        assert (error["message"], error["code"]) == ("Provider returned error", 400)
        assert json.loads(error["metadata"]["raw"])["error"]["message"].startswith(EXPECTED)
