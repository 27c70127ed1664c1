"""What `client.chat` sends to the Responses API: messages and parameters of chat completions in that API's form."""

from __future__ import annotations

from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.sources.http.request_builder import request_for
from streamkit.wire import APIS

API = APIS["responses"]
PICTURE = "data:image/png;base64,AAAA"


def asked(messages: Any, params: Any = None, extra: Any = None) -> dict[str, Any]:
    body = dict(request_for(API, None, messages, params or {}, extra).body)
    return body if params or extra else {name: value for name, value in body.items() if name != "stream"}


def items(*messages: Any) -> list[Any]:
    told: list[Any] = asked([sk.user("q"), *messages])["input"][1:]
    return told


def test_parts_are_named_as_they_are_here() -> None:
    parts = [
        {"type": "text", "text": "t"},
        "u",
        {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
        {"type": "image_url", "image_url": "https://a.example/b.png"},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}},
        {"type": "input_file", "file_id": "file-1"},
    ]
    (said,) = items({"role": "user", "name": "bob", "content": parts})
    assert said == {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "t"},
            {"type": "input_text", "text": "u"},
            {"type": "input_image", "image_url": PICTURE, "detail": "low"},
            {"type": "input_image", "image_url": "https://a.example/b.png", "detail": "auto"},
            {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"},
            {"type": "input_file", "file_id": "file-1"},
        ],
    }
    for kind in ("input_audio", "file"):
        with pytest.raises(ValueError, match=f"a part of the type '{kind}' is not one that the Responses API has"):
            items(sk.user([{"type": kind, kind: None}]))  # type: ignore[arg-type]


def test_turns_of_the_model_are_messages_and_calls() -> None:
    refused = {
        "role": "assistant",
        "content": None,
        "refusal": "no",
        "tool_calls": [],
        "annotations": [],
        "audio": None,
    }
    assert items(refused) == [{"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}]
    assert items({**refused, "content": "so"})[0]["content"][0] == {"type": "output_text", "text": "so"}
    assert items(sk.assistant([{"type": "text", "text": "t"}])) == [  # type: ignore[arg-type]
        {"role": "assistant", "content": [{"type": "output_text", "text": "t"}]}
    ]
    assert items(sk.assistant(""), sk.assistant(None)) == []
    calls = [
        {"id": "1", "type": "function", "function": {"name": "add", "arguments": ""}},
        {"id": "2", "type": "custom", "custom": {"name": "run", "input": "ls"}},
    ]
    results = [
        {"role": "tool", "tool_call_id": "1"},
        {"role": "tool", "tool_call_id": "2", "content": [{"type": "text", "text": "x"}]},
    ]
    assert items({"role": "assistant", "content": "so", "reasoning_content": "hm", "tool_calls": calls}, *results) == [
        {"role": "assistant", "content": "so"},
        {"type": "function_call", "call_id": "1", "name": "add", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "2", "name": "run", "input": "ls"},
        {"type": "function_call_output", "call_id": "1", "output": ""},
        {"type": "custom_tool_call_output", "call_id": "2", "output": [{"type": "input_text", "text": "x"}]},
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "tool_calls": [None]},
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "custom"}]},
        {"role": "function", "name": "add", "content": "3"},
        {"role": "assistant", "content": None, "audio": {"id": "a"}},
    ],
)
def test_what_is_no_turn_there_is_told(message: Any) -> None:
    with pytest.raises(ValueError, match=r"is not (a call|one that)"):
        items(message)


def test_what_is_in_its_own_form_passes() -> None:
    own = [
        {"type": "message", "role": "assistant", "id": "m", "content": [{"type": "output_text", "text": "a"}]},
        {"type": "reasoning", "id": "r", "summary": []},
        {"type": "function_call_output", "call_id": "1", "output": "3"},
        {"id": "item"},
    ]
    assert items(*own) == own
    params = {"max_output_tokens": 5, "max_tokens": 9, "reasoning": {"summary": "auto"}, "reasoning_effort": "low"}
    body = asked([sk.system("a"), sk.user("b")], params, {"instructions": "c"})
    assert (body["instructions"], body["max_output_tokens"]) == ("c", 5)
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body["input"][0] == {"role": "system", "content": "a"}  # nothing is lost
    told = asked([{"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}])
    assert told == {"input": [], "instructions": "a\n\nb"}
    pictured = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": PICTURE}]
    assert "instructions" not in asked([sk.system(pictured)])  # type: ignore[arg-type]


def test_parameters_are_those_of_the_api() -> None:
    nothing = {"n": 1, "logprobs": False, "logit_bias": {}, "modalities": ["text"], "presence_penalty": 0, "stop": []}
    options = {"stream_options": {"include_usage": True}}
    assert asked([sk.user("hi")], {**nothing, **options}).keys() == {"input"}
    body = asked(
        [sk.user("hi")],
        {"verbosity": "low", "response_format": {"type": "json_object"}, "logprobs": True, "top_logprobs": 2},
        {"stream_options": {"include_usage": True, "include_obfuscation": False}, "user": None, "text": {"more": 1}},
    )
    assert body.pop("input")
    assert body == {
        "text": {"verbosity": "low", "more": 1, "format": {"type": "json_object"}},
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 2,
        "stream_options": {"include_obfuscation": False},
    }
    for name, value in {"seed": 1, "stop": ["a"], "n": 2, "prediction": {}, "functions": [{"name": "f"}]}.items():
        with pytest.raises(ValueError, match=rf"^the Responses API does not have {name}:"):
            asked([sk.user("hi")], {name: value})


def test_tools_and_choices_are_flat_here() -> None:
    grammar = {"type": "grammar", "grammar": {"definition": "a", "syntax": "lark"}}
    tools = [
        {"type": "function", "function": {"name": "f"}},
        {"type": "function", "function": {"name": "g", "strict": True}},
        {"type": "custom", "custom": {"name": "c", "format": grammar}},
        {"type": "web_search"},
    ]
    allowed = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    body = asked([sk.user("hi")], {"tools": tools, "tool_choice": choice})
    assert body["tools"] == [
        {"type": "function", "name": "f", "strict": False},
        {"type": "function", "name": "g", "strict": True},
        {"type": "custom", "name": "c", "format": {"type": "grammar", "definition": "a", "syntax": "lark"}},
        {"type": "web_search"},
    ]
    assert body["tool_choice"] == {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "f"}],
    }


def test_respond_sends_what_it_is_given() -> None:
    given = {"input": [{"role": "user", "content": [{"type": "input_text", "text": "t"}], "x": 1}]}
    body = request_for(API, None, dict(given), {"seed": None}, {"stop": ["a"], "x": None}).body
    assert body == {**given, "stop": ["a"], "x": None}


def test_a_form_that_is_sent_as_it_is_has_its_place_in_this_api() -> None:
    form = {"type": "json_object"}
    assert asked([sk.user("q")], extra={"response_format": form})["text"] == {"format": form}
    with pytest.raises(TypeError, match="response_format is a dict"):
        asked([sk.user("q")], extra={"response_format": "json"})


def test_pictures_are_counted_as_they_are_elsewhere() -> None:
    prompt = API.prompt(asked([sk.user([{"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}}])]))  # type: ignore[arg-type]
    assert prompt.messages == [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}}]}
    ]


def test_a_tool_loop_of_chat_speaks_the_responses_api() -> None:
    script = testing.Script("Let me see.", tool_calls=[("weather", {"city": "Oslo"})])
    with testing.client(script, "It rains.", api="responses") as client:
        reply = sk.run(sk.tool_loop(client.chat, "Hi", {"weather": lambda city: f"rain in {city}"}))
        second = client.requests[1].body["input"]
    assert (reply.text, reply.rounds) == ("It rains.", 2)
    assert [item.get("type", item.get("role")) for item in second] == [
        "user",
        "message",
        "function_call",
        "function_call_output",
    ]
    assert (second[2]["call_id"], second[3]["output"]) == (second[3]["call_id"], "rain in Oslo")
