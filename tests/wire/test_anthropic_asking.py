"""Conversations in the form of chat completions as requests of Anthropic's Messages API, and what these ask."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import messages as sk
from streamkit.events import Choice, Reply, ToolCall
from streamkit.tokens.prompt import prompt_tokens
from streamkit.wire import APIS

API = APIS["anthropic"]
USER = {"role": "user", "content": "Hi"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PNG = "data:image/png;base64,iVBORw0KGgo="


def asked(*messages: Any, **params: Any) -> dict[str, Any]:
    assert API.body is not None
    return API.body(list(messages), params)


def turns(*messages: Any) -> list[Any]:
    found: list[Any] = asked(*messages)["messages"]
    return found


def called(*calls: Any, **more: Any) -> dict[str, Any]:
    parts = [{"id": id, "type": "function", "function": {"name": name, "arguments": text}} for id, name, text in calls]
    return {"role": "assistant", "content": None, "tool_calls": parts, **more}


def answered(id: str, content: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content}


# messages


def test_a_plain_question():
    assert asked(USER) == {"messages": [USER], "max_tokens": 4096}


def test_instructions_go_to_the_top():
    found = asked(sk.system("Be brief."), {"role": "developer", "content": "In verse."}, USER, system="First.")
    assert (found["system"], found["messages"]) == ("First.\n\nBe brief.\n\nIn verse.", [USER])
    block = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
    found = asked(sk.system("Be brief."), USER, system=[block])
    assert found["system"] == [block, {"type": "text", "text": "Be brief."}]


def test_calls_and_their_results_are_blocks():
    found = turns(
        USER,
        called(("a", "f", '{"x": 1}'), ("b", "g", ""), content="So:"),
        answered("a", "1"),
        answered("b", "2"),
        USER,
    )
    assert found == [
        USER,
        {"role": "assistant", "content": [
            {"type": "text", "text": "So:"},
            {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
            {"type": "tool_use", "id": "b", "name": "g", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "content": "1"},
            {"type": "tool_result", "tool_use_id": "b", "content": "2"},
            {"type": "text", "text": "Hi"},
        ]},
    ]  # fmt: skip


def test_a_turn_of_our_own_goes_back():
    turn = Reply((Choice(reasoning="Hm", tool_calls=(ToolCall("a", "f", "{}"),)),)).message
    assert turns(USER, turn)[1] == {
        "role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]}  # fmt: skip
    assert turns(USER, Reply((Choice(refusal="No."),)).message)[1]["content"] == [{"type": "text", "text": "No."}]
    parts = [{"type": "refusal", "refusal": "No."}, "Sorry."]
    assert turns({"role": "assistant", "content": parts})[0]["content"] == [
        {"type": "text", "text": "No."}, {"type": "text", "text": "Sorry."}]  # fmt: skip
    assert turns(USER, sk.assistant("Hello"))[1] == {"role": "assistant", "content": "Hello"}


@pytest.mark.parametrize("text", ["{", "[1]", "5", "null", '{"a":1} x', "\ud83d"])
def test_arguments_that_are_not_an_object_go_within_one(text: str):
    assert turns(called(("a", "f", text)))[0]["content"][0]["input"] == {"INVALID_JSON": text}


def test_neighbours_of_one_role_are_one_message():
    found = turns(
        USER, {"role": "user", "content": [{"type": "text", "text": "you"}]}, sk.assistant("a"), sk.assistant("b")
    )
    assert [(turn["role"], [block["text"] for block in turn["content"]]) for turn in found] == [
        ("user", ["Hi", "you"]), ("assistant", ["a", "b"])]  # fmt: skip


def test_images_and_documents():
    parts = [
        {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}, "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": "https://example.org/a.png"},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}},
    ]
    assert turns({"role": "user", "content": parts})[0]["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
         "cache_control": {"type": "ephemeral"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "document", "title": "a.pdf",
         "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
    ]  # fmt: skip
    assert turns(answered("a", [parts[1]]))[0]["content"][0]["content"][0]["type"] == "image"


def test_what_is_in_the_form_of_the_api_passes_as_it_is():
    blocks = [
        {"type": "thinking", "thinking": "", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "a", "citations": [{"cited_text": "b"}]},
        {"type": "tool_use", "id": "a", "name": "f", "input": {}},
    ]
    results = [{"type": "tool_result", "tool_use_id": "a", "content": "1", "is_error": True}]
    given = [USER, {"role": "assistant", "content": blocks}, {"role": "user", "content": results}]
    assert turns(*given) == given
    own = {"tools": [{"name": "f", "input_schema": SCHEMA}, {"type": "web_search_20250305", "name": "web_search"}],
           "tool_choice": {"type": "any"}, "thinking": {"type": "adaptive"}, "top_k": 5, "service_tier": "auto",
           "metadata": {"user_id": "u"}, "output_config": {"effort": "low"}}  # fmt: skip
    assert asked(USER, **own, max_tokens=9) == {"messages": [USER], "max_tokens": 9, **own}


@pytest.mark.parametrize("message", [
    {"role": "function", "name": "f", "content": "1"}, {"type": "function_call_output", "output": "1"},
    {"role": "assistant", "content": None, "audio": {"id": "a"}},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "f"}}]},
    {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]},
    {"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]},
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/svg+xml,<svg/>"}}]},
])  # fmt: skip
def test_what_has_no_counterpart_is_refused(message: dict[str, Any]):
    with pytest.raises(ValueError, match=r"Messages API|base64"):
        asked(USER, message)


# parameters


def test_the_limit_of_an_answer():
    assert asked(USER, max_completion_tokens=5)["max_tokens"] == 5
    assert asked(USER, max_tokens=6) == {"messages": [USER], "max_tokens": 6}
    assert asked(USER, thinking={"type": "enabled", "budget_tokens": 2000})["max_tokens"] == 6096


def test_parameters_that_have_other_names():
    found = asked(USER, stop="x", user="u", temperature=0.5, stream_options={"include_usage": True}, seed=None)
    assert found == {"messages": [USER], "max_tokens": 4096, "stop_sequences": ["x"], "metadata": {"user_id": "u"},
                     "temperature": 0.5}  # fmt: skip
    assert asked(USER, stop=("a", "b"))["stop_sequences"] == ["a", "b"]


def test_effort():
    assert asked(USER, reasoning_effort="high")["output_config"] == {"effort": "high"}
    assert asked(USER, reasoning_effort="none")["thinking"] == {"type": "disabled"}
    with pytest.raises(ValueError, match="none, low, medium"):
        asked(USER, reasoning_effort="minimal")


def test_what_the_api_does_not_have_is_named():
    with pytest.raises(ValueError, match="does not have logprobs, n, seed: leave"):
        asked(USER, n=2, seed=0, logprobs=True, temperature=1)
    harmless = asked(USER, n=1, logprobs=False, frequency_penalty=0, modalities=["text"], store=False)
    assert harmless == {"messages": [USER], "max_tokens": 4096}


def test_tools_in_the_form_of_chat_completions():
    function = {"name": "f", "description": "It does.", "parameters": SCHEMA, "strict": True}
    nested = {"type": "function", "function": function, "cache_control": {"type": "ephemeral"}}
    found = asked(USER, tools=[nested, {"type": "function", "function": {"name": "g"}}])["tools"]
    assert found == [
        {"name": "f", "description": "It does.", "strict": True, "input_schema": SCHEMA,
         "cache_control": {"type": "ephemeral"}},
        {"name": "g", "input_schema": {"type": "object", "properties": {}}},
    ]  # fmt: skip
    assert API.tool is not None
    assert API.tool({"name": "f", "description": None, "parameters": SCHEMA}) == {"name": "f", "input_schema": SCHEMA}


CHOICES: list[tuple[Any, Any]] = [
    ("auto", {"type": "auto"}),
    ("none", {"type": "none"}),
    ("required", {"type": "any"}),
    ({"type": "function", "function": {"name": "f"}}, {"type": "tool", "name": "f"}),
    ({"type": "tool", "name": "f"}, {"type": "tool", "name": "f"}),
]


@pytest.mark.parametrize(("choice", "there"), CHOICES)
def test_the_choice_of_a_tool(choice: Any, there: Any):
    tools = [{"name": "f", "input_schema": SCHEMA}]
    assert asked(USER, tools=tools, tool_choice=choice)["tool_choice"] == there
    alone = {} if there == {"type": "none"} else {"disable_parallel_tool_use": True}
    assert asked(USER, tools=tools, tool_choice=choice, parallel_tool_calls=False)["tool_choice"] == {**there, **alone}


def test_one_call_at_a_time():
    tools = [{"name": "f", "input_schema": SCHEMA}]
    found = asked(USER, tools=tools, parallel_tool_calls=False)
    assert found["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert "tool_choice" not in asked(USER, tools=tools, parallel_tool_calls=True)
    assert "tool_choice" not in asked(USER, parallel_tool_calls=False)
    with pytest.raises(ValueError, match="auto, none, required"):
        asked(USER, tools=tools, tool_choice="f")


def test_the_form_of_an_answer():
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
    there = {"type": "json_schema", "schema": {**SCHEMA, "additionalProperties": False}}
    assert asked(USER, response_format=form, reasoning_effort="low")["output_config"] == {
        "effort": "low",
        "format": there,
    }
    assert API.format is not None
    assert API.format({"x": 1}, form) == {"x": 1, "output_config": {"format": there}}
    assert asked(USER, response_format={"type": "text"}) == asked(USER)
    with pytest.raises(ValueError, match="'json_object' is not a form"):
        asked(USER, response_format={"type": "json_object"})


# what is asked


class Bytes:
    """The least of a tokenizer."""

    def encode_ordinary(self, text: str) -> list[int]:
        return list(text.encode())


BYTES = Bytes()


def test_a_prompt_in_the_form_of_chat_completions():
    body = asked(
        sk.system("Be brief."), USER, called(("a", "f", '{"x": 1}'), content="So:"), answered("a", "1"), USER,
        tools=[{"name": "f", "input_schema": SCHEMA}], tool_choice={"type": "tool", "name": "f"},
    )  # fmt: skip
    prompt = API.prompt(body)
    assert [message["role"] for message in prompt.messages] == ["system", "user", "assistant", "tool", "user"]
    assert prompt.messages[2]["tool_calls"] == [{"function": {"name": "f", "arguments": {"x": 1}}}]
    assert (prompt.tool_choice, prompt.notes[0][:11]) == ({"type": "tool", "name": "f"}, "an estimate")
    count = prompt_tokens(prompt.messages, BYTES, prompt.tools, tool_choice=prompt.tool_choice)
    chat = [sk.system("Be brief."), USER, called(("a", "f", '{"x": 1}'), content="So:"), answered("a", "1"), USER]
    tools = [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}]
    assert count.tokens == prompt_tokens(chat, BYTES, tools, tool_choice=prompt.tool_choice).tokens


def test_blocks_that_cannot_be_counted_are_named():
    blocks = [{"type": "thinking", "thinking": "x", "signature": "s"}, {"type": "text", "text": "y"}]
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}
    prompt = API.prompt({"messages": [{"role": "assistant", "content": blocks}], "output_config": form})
    assert "thinking is not counted" in prompt_tokens(prompt.messages, BYTES).notes
    assert "the schema of the answer is not counted" in prompt.notes


def test_results_alone_are_counted_as_such():
    messages = API.prompt(asked(called(("a", "f", "{}")), answered("a", "1"))).messages
    assert messages[1:] == [{"role": "tool", "content": "1"}]


def test_what_the_table_says():
    assert (API.path, API.access.version, API.access.header) == ("v1/messages", "v1", ("x-api-key", ""))
    assert API.access.headers == {"anthropic-version": "2023-06-01"}
    assert not API.asks_usage
    assert API.choice is not None
    assert API.choice("f") == {"type": "tool", "name": "f"}
