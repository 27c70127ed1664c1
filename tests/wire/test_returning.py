"""Messages of models as they go to a server: its key for thoughts, the models that understand a signature."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from streamkit.events import Origin
from streamkit.turns import FromModel
from streamkit.wire import APIS
from streamkit.wire.merging import merged
from streamkit.wire.returning import refused_fields, returned, without_refused
from streamkit.wire.servers import OPAQUE, THOUGHTS

HERE = "127.0.0.1:8000"
USER = {"role": "user", "content": "q"}
BLOCKS = [{"type": "thinking", "thinking": "x", "signature": "S"}]


def said(host: str, model: str = "m", **fields: Any) -> FromModel:
    return FromModel({"role": "assistant", "content": "ok", **fields}, Origin("chat", host, model))


def through_pickle(message: FromModel) -> FromModel:
    again: FromModel = pickle.loads(pickle.dumps(message))
    return again


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, FromModel.copy, through_pickle])
def test_a_copy_of_a_message_knows_its_origin(copied: Callable[[FromModel], FromModel]):
    message = FromModel({"role": "assistant", "content": "ok"}, Origin("chat", "h", "m"), "reply_1", {"container": "c"})
    again = copied(message)
    assert (again, again.origin, again.reply, again.request) == (message, message.origin, "reply_1", {"container": "c"})
    assert again is not message


@pytest.mark.parametrize(
    ("form", "is_of_model"),
    [
        ({"role": "assistant", "content": "ok"}, True),
        ({"role": "model", "parts": [{"text": "ok"}]}, True),
        ({"type": "function_call", "call_id": "a", "name": "w", "arguments": "{}"}, True),
        ({"type": "function_call_output", "call_id": "a", "output": "r"}, False),
        ({"role": "tool", "tool_call_id": "a", "content": "r"}, False),
    ],
)
def test_a_stored_message_is_of_a_model_unless_it_is_a_result(form: dict[str, Any], is_of_model: bool):
    again = FromModel.again(form, Origin("chat", "h", "m"))
    assert again == form
    assert isinstance(again, FromModel) == is_of_model


def sent(message: Any, host: str, model: str = "m", *after: Any) -> Any:
    """The message as it goes to a server, directly after a question."""
    messages = returned(APIS["chat"], Origin("chat", host, model), [USER, message, *after], {})
    return None if len(messages) == 1 + len(after) else dict(messages[1])


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("api.deepseek.com", {"content": "ok", "reasoning_content": "x"}),
        ("openrouter.ai", {"content": "ok", "reasoning": "x"}),
        ("api.minimax.io", {"content": "<think>\nx\n</think>\nok"}),
        (
            "api.mistral.ai",
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "x"}]},
                    {"type": "text", "text": "ok"},
                ]
            },
        ),
        ("api.groq.com", {"content": "ok"}),
        (HERE, {"content": "ok", "reasoning_text": "x"}),
    ],
)
def test_thoughts_go_under_the_key_of_their_server(host: str, wanted: dict[str, Any]):
    assert sent(said(host, reasoning_text="x"), host) == {"role": "assistant", **wanted}
    assert "x" not in repr(sent(said("elsewhere.example", reasoning_text="x"), host))


def test_a_content_without_its_thoughts_is_a_text_again():
    thought, text = {"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}, {"type": "text", "text": "ok"}
    refusal = {"type": "refusal", "refusal": "No."}
    assert sent(said("api.mistral.ai", content=[thought, text]), HERE)["content"] == "ok"
    assert sent(said("api.mistral.ai", content=[thought, text, refusal]), HERE)["content"] == [text, refusal]
    assert sent(said("api.mistral.ai", content=[thought, text]), "api.mistral.ai")["content"] == [thought, text]
    here = said(HERE, content=[thought, text])
    messages = returned(APIS["chat"], Origin("chat", HERE, "m"), [USER, here, USER, here], {})
    assert [one["content"] for one in messages] == ["q", "ok", "q", [thought, text]]


def test_thoughts_of_earlier_turns_go_to_deepseek_where_the_turn_has_calls():
    target = Origin("chat", "api.deepseek.com", "m")
    call = {"id": "a", "type": "function", "function": {"name": "w", "arguments": "{}"}}
    thought = said(target.host, reasoning_content="x")
    called = said(target.host, content=None, reasoning_content="y", tool_calls=[call])
    result = {"role": "tool", "tool_call_id": "a", "content": "r"}
    messages = returned(APIS["chat"], target, [USER, thought, USER, called, result, thought, USER, thought], {})
    thoughts = [one.get("reasoning_content") for one in messages if one["role"] == "assistant"]
    assert thoughts == [None, "y", "x", "x"]


def test_empty_thoughts_go_under_the_key_of_the_others():
    call = {"id": "a", "type": "function", "function": {"name": "w", "arguments": "{}"}}
    result = {"role": "tool", "tool_call_id": "a", "content": "r"}
    details = [{"type": "reasoning.encrypted", "data": "D"}]
    for host, key in ((HERE, "reasoning_text"), (HERE, ""), ("openrouter.ai", "")):
        turns = [said(host, "deepseek-r1", tool_calls=[call], **fields) for fields in
                 (({key: "x"} if key else {}), {}, {"reasoning_details": details})]  # fmt: skip
        history = [USER, turns[0], result, turns[1], result, turns[2], result]
        _, first, _, second, _, third, _ = returned(APIS["chat"], Origin("chat", host, "deepseek-r1"), history, {})
        assert first == {**turns[0], key or "reasoning_content": "x" if key else ""}
        assert second == {**turns[1], key or "reasoning_content": ""}
        assert third == turns[2]


def test_a_server_that_refuses_signed_thoughts_gets_none_wherever_they_are_from():
    message = said("", "", thinking_blocks=BLOCKS)  # of a library that does not say which server was asked
    assert "thinking_blocks" not in sent(message, "api.groq.com")
    assert sent(message, HERE)["thinking_blocks"] == BLOCKS


def test_thoughts_beside_their_signed_form_are_left_out():
    message = said("openrouter.ai", reasoning_content="x", thinking_blocks=BLOCKS)
    assert sent(message, "openrouter.ai") == {"role": "assistant", "content": "ok", "thinking_blocks": BLOCKS}
    assert sent(said("api.minimax.io", reasoning_text=""), "api.minimax.io") == {"role": "assistant", "content": "ok"}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        *(("m", "m", True), ("m", "", True), ("gpt-4", "gpt-4-0613", True), ("c-4", "c-4-20250514", True)),
        *(("g-2.0", "g-2.0-001", True), ("c@20250514", "c", True), ("m-small", "m-small-latest", True)),
        *(("m", "n", False), ("m", "m-mini", False), ("gpt-4", "gpt-4.1", False), ("o1", "o1-pro-2025-03-19", False)),
    ],
)
def test_dated_versions_are_one_model(one: str, other: str, is_same: bool):
    for written, asked in ((one, other), (other, one)):
        message = sent(said(HERE, written, thinking_blocks=BLOCKS), HERE, asked)
        assert ("thinking_blocks" in message) is is_same


def test_signatures_of_calls_stay_with_their_server():
    function = {"name": "w", "arguments": "{}"}
    call = {"id": "a", "type": "function", "function": {**function, "provider_specific_fields": {"x": 1}}}
    message = said(HERE, content=None, tool_calls=[{**call, "extra_content": {"g": 1}}, "odd"])
    result = {"role": "tool", "tool_call_id": "a", "content": "r"}
    assert sent(message, HERE, "m", result) == dict(message)
    plain = [{"id": "a", "type": "function", "function": function}, "odd"]
    assert sent(message, "other.example", "m", result)["tool_calls"] == plain
    assert sent(message, HERE, "another", result)["tool_calls"] == plain


@pytest.mark.parametrize(
    ("model", "wants"),
    [
        ("gemini-2.5-pro", False),
        ("gemini-3-pro-preview", True),
        ("models/gemini-5-flash", True),
        ("gemini-pro-latest", True),
        ("gemini-flash-lite-latest", True),
        ("gemma-3-27b-it", False),
    ],
)
@pytest.mark.parametrize("api", ["chat", "gemini"])
def test_both_apis_of_gemini_know_the_models_that_want_signatures(api: str, model: str, wants: bool):
    turn = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "w", "arguments": "{}"}}],
    }
    target, entry = Origin(api, "generativelanguage.googleapis.com", model), APIS[api]
    body: Any = {"messages": returned(entry, target, [USER, turn], {})}
    if entry.body is not None and entry.finished is not None:
        body = entry.finished(entry.body(body["messages"], {}), target)
    assert ("skip_thought_signature_validator" in repr(body)) is wants


def test_calls_of_two_replies_with_the_same_id_are_two_calls_in_the_responses_api():
    call = {"id": "call_0", "type": "function", "function": {"name": "w", "arguments": "{}"}}
    turn = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_0", "content": "r"},
    ]
    assert APIS["responses"].body is not None
    items = APIS["responses"].body([USER, *turn, *turn, *turn], {})["input"]
    ids = ["call_0", "call_0", "call_0_2", "call_0_2", "call_0_3", "call_0_3"]
    assert [item["call_id"] for item in items[1:]] == ids


@pytest.mark.parametrize("name", [*THOUGHTS, *OPAQUE])
def test_thoughts_of_a_stored_message_do_not_go_to_the_responses_api(name: str):
    stored = {"role": "assistant", "content": "ok", name: [{"type": "reasoning.text", "text": "x"}]}
    assert APIS["responses"].body is not None
    assert APIS["responses"].body([USER, stored], {})["input"] == [USER, {"role": "assistant", "content": "ok"}]


def test_a_message_of_which_nothing_is_left_is_left_out():
    assert sent(said(HERE, content=None, audio={"id": "a"}), "other.example") is None
    assert sent(said(HERE, content=None, audio={"id": "a"}), HERE) is not None
    assert returned(APIS["anthropic"], Origin("anthropic", "h"), [USER, said(HERE, content=None)], {}) == [USER]


def test_a_message_of_an_api_that_is_not_known_is_one_of_chat_completions():
    message = FromModel(
        {"role": "assistant", "content": "ok", "reasoning": "x"}, Origin("of a later version", "h", "m")
    )
    assert sent(message, HERE) == {"role": "assistant", "content": "ok"}


def test_messages_of_another_api_are_recognised_by_their_parts():
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "r"}]}
    assert sent(result, HERE) == {"role": "tool", "tool_call_id": "a", "content": "r"}
    question = {"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "file", "file": {"file_id": "f"}}]}
    assert sent(question, HERE) == question


def test_the_dicts_of_the_user_are_the_same_objects():
    messages = [USER, {"role": "assistant", "content": "ok", "reasoning_content": "x"}, {**USER, "content": ""}]
    assert returned(APIS["chat"], Origin("chat", "api.openai.com", "m"), messages, {}) is not None
    for host in ("api.openai.com", HERE):
        adapted = returned(APIS["chat"], Origin("chat", host, "m"), messages, {})
        assert all(one is other for one, other in zip(adapted, messages, strict=True))


def test_a_refusal_names_fields_of_models_alone():
    body = {"messages": [{**USER, "extra_content": 1}, said(HERE, reasoning="x", reasoning_content="y")]}
    assert refused_fields(body, "property 'reasoning' is unsupported") == {"reasoning"}
    assert refused_fields(body, "reasoning_content: no such field") == {"reasoning_content"}
    assert refused_fields(body, "extra_content: no such field") == set()
    assert refused_fields(body, "reasoning_content is missing in message 1") == set()
    assert refused_fields({"input": "q"}, "reasoning") == set()
    left = without_refused(body, {"reasoning"})["messages"]
    assert left == [body["messages"][0], {"role": "assistant", "content": "ok", "reasoning_content": "y"}]
    assert without_refused(body, {"stream_options"}) == body


def test_an_empty_message_of_a_model_is_left_out_and_one_of_the_user_stays():
    own = {"role": "assistant", "content": ""}
    messages = returned(APIS["chat"], Origin("chat", HERE, "m"), [USER, own, said(HERE, content="")], {})
    assert messages == [USER, own]


def test_what_the_user_wrote_stays_where_a_field_is_refused():
    own = {"role": "assistant", "content": ""}
    left = without_refused({"messages": [USER, own, said(HERE, reasoning="x")]}, {"reasoning"})["messages"]
    assert left == [USER, own, {"role": "assistant", "content": "ok"}]


def test_values_in_fragments():
    assert merged({"a": {"b": 1, "s": "S"}, "l": [1]}, {"a": {"c": 2, "s": ""}, "l": [1, 2], "n": None}) == {
        "a": {"b": 1, "c": 2, "s": "S"},
        "l": [1, 2],
    }
    assert (merged(None, 1), merged(1, None), merged("S", "T")) == (1, 1, "T")
