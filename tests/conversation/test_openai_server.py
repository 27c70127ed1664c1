"""OpenAI's chat completions as a strict server, under the official client: right requests and each wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .asking import changed, openai_of, refusing, without
from .strict import StrictServer, strict

pytestmark = pytest.mark.slow  # its types alone take half a second to load
pytest.importorskip("openai")

USER = {"role": "user", "content": "q"}
CALL = {"type": "function", "function": {"name": "w", "arguments": '{"city": "Malmö", "days": [1, 2]}'}}
CALLS = [{"id": "a", **CALL}, {"id": "b", "type": "function", "function": {"name": "w", "arguments": "{}"}}]
ASSISTANT = {"role": "assistant", "content": None, "tool_calls": CALLS}
RESULTS = [
    {"role": "tool", "tool_call_id": "a", "content": "31"},
    {"role": "tool", "tool_call_id": "b", "content": "12"},
]
GOOD: list[Any] = [USER, ASSISTANT, *RESULTS]
UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'"
)
ORPHAN = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'"

WRONG = {
    "no result": (without(GOOD, 3), f"{UNANSWERED}. The following tool_call_ids did not have response messages: b"),
    "no results": (GOOD[:2], UNANSWERED),
    "no call": (changed(GOOD, 1, "tool_calls", to=CALLS[:1]), ORPHAN),
    "no message of the calls": (without(GOOD, 1), ORPHAN),
    "a message between": ([*GOOD[:3], USER, GOOD[3]], UNANSWERED),
    "results before calls": ([USER, *RESULTS, ASSISTANT], ORPHAN),
    "a result twice": ([*GOOD, RESULTS[0]], ORPHAN),
    "the id of another call": (changed(GOOD, 3, "tool_call_id", to="c"), ORPHAN),
    "two calls with one id": (changed(GOOD, 1, "tool_calls", 1, "id", to="a"), "Duplicate value for 'tool_call_id'"),
    "an index": (
        changed(GOOD, 1, "tool_calls", 0, "index", to=0),
        "Unknown parameter: 'messages[1].tool_calls[0].index'.",
    ),
    "reasoning": (changed(GOOD, 1, "reasoning_content", to="x"), "Unknown parameter: 'messages[1].reasoning_content'."),
    "an unknown key of null": (
        changed(GOOD, 1, "annotations", to=None),
        "Unknown parameter: 'messages[1].annotations'.",
    ),
    "data of audio": (
        changed(GOOD, 1, "audio", to={"id": "1", "data": "x"}),
        "Unknown parameter: 'messages[1].audio.data'.",
    ),
    "an extra of Gemini": (
        changed(GOOD, 1, "tool_calls", 0, "extra_content", to={}),
        "Unknown parameter: 'messages[1].tool_calls[0].extra_content'.",
    ),
    "a name of the result": (changed(GOOD, 2, "name", to="w"), "Unknown parameter: 'messages[2].name'."),
    "an error flag": (changed(GOOD, 2, "is_error", to=True), "Unknown parameter: 'messages[2].is_error'."),
    "a part with a key": (
        changed(GOOD, 2, "content", to=[{"type": "text", "text": "x", "cache_control": {}}]),
        "Unknown parameter: 'messages[2].content[0].cache_control'.",
    ),
    "calls of null": (
        changed(GOOD, 1, "tool_calls", to=None),
        "Invalid type for 'messages[1].tool_calls': expected an array, but got null instead.",
    ),
    "arguments as an object": (
        changed(GOOD, 1, "tool_calls", 0, "function", "arguments", to={}),
        "[1].tool_calls[0].function.arguments': expected a string, but got an object instead.",
    ),
    "a result without content": (without(GOOD, 2, "content"), "Missing required parameter: 'messages[2].content'."),
    "a call without an id": (
        without(GOOD, 1, "tool_calls", 0, "id"),
        "Missing required parameter: 'messages[1].tool_calls[0].id'.",
    ),
    "a role that is none": (changed(GOOD, 2, "role", to="result"), "Invalid value: 'result'. Supported values are: "),
    "no content and no calls": (
        [USER, {"role": "assistant", "content": None}, USER],
        "Invalid value for 'content': expected a string, got null.",
    ),
    "no calls in the list": (
        [USER, {"role": "assistant", "content": "x", "tool_calls": []}, USER],
        "Invalid 'messages[1].tool_calls': empty array.",
    ),
}


@pytest.fixture
def server() -> Iterator[StrictServer]:
    with strict("openai", "two parallel calls") as server:
        yield server


def ask(server: StrictServer, messages: Any, **more: Any) -> Any:
    return list(openai_of(server).chat.completions.create(model=server.model, messages=messages, stream=True, **more))


def test_the_right_next_request_is_accepted(server):
    first = ask(server, [USER])
    assert first[-1].choices[0].finish_reason == "tool_calls"
    last = ask(server, GOOD)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in last) == "Done."
    assert [request.body["messages"] for request in server.requests] == [[USER], GOOD]
    assert (server.refused, server.losses) == ([], [])


def test_what_the_official_client_puts_together_is_accepted(server):
    with openai_of(server).chat.completions.stream(model=server.model, messages=[USER]) as stream:
        message = stream.get_final_completion().choices[0].message
    calls = [call.model_dump(exclude={"function": {"parsed_arguments"}, "index": True}) for call in message.tool_calls]
    ask(server, [USER, {"role": "assistant", "content": message.content, "tool_calls": calls}, *RESULTS])
    assert (server.refused, server.losses) == ([], [])


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_next_request_is_refused(server, name):
    messages, text = WRONG[name]
    ask(server, [USER])
    with refusing(server, text):
        ask(server, messages)
    ask(server, GOOD)  # and the right one is still accepted
    assert server.losses == []


def test_a_refusal_comes_back_as_a_part_and_legacy_calls_are_in_the_types():
    with strict("openai", "refusal") as server:
        ask(server, [USER])
        refusal = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
        ask(server, [USER, refusal, {"role": "user", "content": "why"}])
        assert server.losses == []
        call = {"role": "assistant", "content": None, "function_call": {"name": "w", "arguments": "{}"}}
        ask(server, [USER, call, {"role": "function", "name": "w", "content": "r"}])
        assert server.refused == []


@pytest.mark.parametrize(
    ("messages", "loss"),
    [
        (changed(GOOD, 1, "content", to="x"), "messages[1].content is 'x', and the reply had None"),
        (changed(GOOD, 1, "tool_calls", 1, "function", "arguments", to="{ }"), "messages[1].tool_calls is "),
        ([*GOOD[:2], *RESULTS[::-1]], "messages[1]: the results ['b', 'a'] are not in the order of the calls"),
        ([*GOOD, USER, {"role": "assistant", "content": "x"}, USER], ""),
        ([USER, {"role": "assistant", "content": "x"}, *GOOD], ""),
        ([USER], "reply 0 is missing"),
    ],
)
def test_what_is_accepted_and_loses_something(server, messages, loss):
    ask(server, [USER])
    ask(server, messages)
    assert [one[: len(loss)] for one in server.losses] == ([loss] if loss else [])


def test_usage_comes_only_if_it_is_asked_for(server):
    assert all(chunk.usage is None for chunk in ask(server, [USER]))
    *_, last = ask(server, GOOD, stream_options={"include_usage": True})
    assert last.usage.total_tokens == 15


def test_the_error_has_the_form_of_openai(server):
    with pytest.raises(Exception, match="400") as raised:
        ask(server, changed(GOOD, 1, "x", to=None))
    message = "Unknown parameter: 'messages[1].x'."
    assert raised.value.response.json() == {
        "error": {
            "message": message,
            "type": "invalid_request_error",
            "param": "messages[1].x",
            "code": "unknown_parameter",
        }
    }
