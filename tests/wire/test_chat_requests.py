"""One way to take a request of chat completions apart, whatever API it goes to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from streamkit import messages as sk
from streamkit.wire import APIS
from tests.wire.test_ollama import reply_of

NAMES = ("anthropic", "gemini", "ollama")
HI = sk.user("Hi")


def asked(api: str, *messages: Any, **params: Any) -> dict[str, Any]:
    make = APIS[api].body
    assert make is not None
    return make(list(messages), params)


def call(arguments: Any = "{}", id: str = "a", name: str = "f") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **more}


def result(id: str | None = "a", content: Any = "1", **more: Any) -> dict[str, Any]:
    return {"role": "tool", **({"tool_call_id": id} if id else {}), "content": content, **more}


def arguments_in(api: str, told: Any) -> Any:
    """Those of the one call in a body, in whatever place its API has them."""
    body = asked(api, HI, calling(call(told)), result())
    places = {
        "anthropic": lambda: body["messages"][1]["content"][0]["input"],
        "gemini": lambda: body["contents"][1]["parts"][0]["functionCall"]["args"],
        "ollama": lambda: body["messages"][1]["tool_calls"][0]["function"]["arguments"],
    }
    json.dumps(body, allow_nan=False)
    return places[api]()


# arguments


@pytest.mark.parametrize("api", NAMES)
def test_arguments_that_are_not_an_object_go_within_one(api: str):
    for text in ("{", "[]", "5", "null", '"x"', '{"a":NaN}', '{"a":[1e999]}', '{"a":1} x'):
        assert arguments_in(api, text) == {"INVALID_JSON": text}
    for told, written in (([1], "[1]"), (5, "5"), ({"a": float("nan")}, '{"a": NaN}')):
        assert arguments_in(api, told) == {"INVALID_JSON": written}
    for nothing in ("", "  ", None, {}, "{}"):
        assert arguments_in(api, nothing) == {}
    assert arguments_in(api, '{"a": "é"}') == arguments_in(api, {"a": "é"}) == {"a": "é"}


def test_a_result_that_json_cannot_hold_again_is_a_text():
    for text in ('{"mean": NaN}', '{"mean": 1e999}', "[1]"):
        told = asked("gemini", calling(call()), result(content=text))["contents"][1]["parts"][0]["functionResponse"]
        assert told["response"] == {"output": text}


# messages


@pytest.mark.parametrize("api", NAMES)
def test_fields_of_messages_that_an_api_does_not_have_stay_behind(api: str):
    own = {"name": "bob", "annotations": [], "audio": None, "function_call": None, "refusal": None, "tool_calls": []}
    assert asked(api, {**HI, **own}, {**sk.assistant("Yes"), **own}) == asked(api, HI, sk.assistant("Yes"))
    mixed = {"role": "user", "content": ["Hi", {"type": "text", "text": ""}, {"type": "text", "text": "you"}]}
    texts = {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "you"}]}
    assert asked(api, mixed) == asked(api, texts)
    both = {"role": "assistant", "content": "Well,", "refusal": "no."}
    assert re.search(r"Well,.*no\.", json.dumps(asked(api, HI, both)))


def test_a_whole_message_of_a_library_is_a_role_and_its_content():
    blocks = [{"type": "text", "text": "a"}, {"type": "tool_use", "id": "t", "name": "f", "input": {}}]
    whole = {"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "tool_use", "usage": {}}
    told = asked("anthropic", HI, {**whole, "content": blocks}, result("t"))["messages"]
    assert told[1] == {"role": "assistant", "content": blocks}
    assert told[2]["content"] == [{"type": "tool_result", "tool_use_id": "t", "content": "1"}]


def test_anthropic_gets_no_empty_turns_or_texts():
    for nothing in ("", " \n", None, [], [{"type": "text", "text": ""}], [{"type": "text", "text": "\n"}]):
        told = asked("anthropic", sk.system(""), HI, {"role": "assistant", "content": nothing}, sk.user("you"))
        blocks = [{"type": "text", "text": "Hi"}, {"type": "text", "text": "you"}]
        assert told == {"messages": [{"role": "user", "content": blocks}], "max_tokens": 4096}


def test_instructions_in_the_middle_go_to_the_top_in_their_order():
    talk = [sk.system("a"), HI, sk.assistant("Yes"), {"role": "developer", "content": "b"}, sk.user("you")]
    assert asked("anthropic", *talk)["system"] == "a\n\nb"
    told = asked("gemini", *talk)
    assert told["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}]}
    assert [turn["parts"][0]["text"] for turn in told["contents"]] == ["Hi", "Yes", "you"]
    assert [turn["role"] for turn in asked("ollama", *talk)["messages"]][3] == "system"


def test_results_stand_before_what_the_user_says():
    talk = [HI, calling(call(), call(id="b")), result(), sk.user("wait"), result("b")]
    told = asked("anthropic", *talk)["messages"][2]["content"]
    assert [block.get("tool_use_id", block.get("text")) for block in told] == ["a", "b", "wait"]
    *_, results, last = asked("gemini", *talk)["contents"]
    assert [part["functionResponse"]["id"] for part in results["parts"]] == ["a", "b"]
    assert last == {"role": "user", "parts": [{"text": "wait"}]}


# ids


def ids_of(*messages: Any) -> tuple[list[str], list[str]]:
    """Of the calls and of their results, as Anthropic gets them."""
    blocks = [block for turn in asked("anthropic", *messages)["messages"] for block in turn["content"] if turn != HI]
    calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    return calls, [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]


def test_ids_fit_anthropic_and_are_those_of_one_call():
    assert ids_of(HI, calling(call(id="functions.add:0")), result("functions.add:0")) == (["functions_add_0"],) * 2
    twice = [calling(call(id="call_0")), result("call_0")]
    assert ids_of(HI, *twice, *twice, *twice) == (["call_0", "call_0_1", "call_0_2"],) * 2
    assert ids_of(HI, calling(call(id="a:b"), call(id="a.b")), result("a.b"), result("a:b")) == (
        ["a_b", "a_b_1"], ["a_b_1", "a_b"])  # fmt: skip
    own = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]}
    assert ids_of(HI, own, result(), calling(call()), result()) == (["a", "a_1"],) * 2


def test_calls_and_results_without_ids_belong_together():
    nameless = [{"function": {"name": name, "arguments": {}}} for name in ("f", "g")]
    talk = [HI, calling(*nameless), result(None, tool_name="g"), result(None, name="f")]
    assert ids_of(*talk) == (["call", "call_1"], ["call_1", "call"])
    told = asked("gemini", *talk)["contents"][2]["parts"]
    assert [part["functionResponse"] for part in told] == [
        {"name": "g", "response": {"output": "1"}}, {"name": "f", "response": {"output": "1"}}]  # fmt: skip
    assert [turn.get("tool_name") for turn in asked("ollama", *talk)["messages"]] == [None, None, "g", "f"]
    in_order = [HI, calling(call(id="x"), call(id="y")), result(None), result(None)]
    assert ids_of(*in_order) == (["x", "y"],) * 2
    with pytest.raises(ValueError, match="no call waits for one"):
        asked("anthropic", HI, result(None))
    with pytest.raises(ValueError, match="wants the name of its tool"):
        asked("gemini", HI, result(None))


@pytest.mark.parametrize("api", NAMES)
def test_the_form_before_tool_calls_is_read_too(api: str):
    old = [{"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
           {"role": "function", "name": "f", "content": "1"}]  # fmt: skip
    assert asked(api, HI, *old) == asked(api, HI, calling({"function": {"name": "f"}}), result(None))


def test_calls_of_ollama_have_ids_of_their_own():
    made: list[str] = []
    for at in ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:06.5+01:00"):
        message = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {}}}] * 2}
        chunks = [{"model": "m", "created_at": at, "message": message, "done": True}]
        made += [one.id for one in reply_of(*chunks).tool_calls]
    assert len({*made}) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", id) for id in made)


# parameters


@pytest.mark.parametrize("api", NAMES)
def test_what_asks_for_nothing_is_left_out(api: str):
    nothing = {
        "parallel_tool_calls": True, "logit_bias": {}, "modalities": ["text"], "store": False, "functions": [],
        "stream_options": {"include_usage": True, "include_obfuscation": False}, "verbosity": "medium",
        "temperature": None, "tools": None, "response_format": None, "options": None, "thinking": None, "stop": None,
        "generationConfig": None, "reasoning_effort": None, "user": None, "max_tokens": None, "tool_choice": None,
    }  # fmt: skip
    assert asked(api, HI, **nothing) == asked(api, HI)
    for name, value in (("store", True), ("prompt_cache_key", "k"), ("verbosity", "low"), ("logit_bias", {"5": 1}),
                        ("audio", {}), ("metadata", {"run": "1"}), ("service_tier", "nosuch")):  # fmt: skip
        if (api, name) != ("gemini", "service_tier"):
            with pytest.raises(ValueError, match=name):
                asked(api, HI, **{name: value})


WRONG: dict[str, list[tuple[dict[str, Any], str]]] = {
    "any": [
        ({"response_format": int}, "response_format is not text"),
        ({"tools": [{"type": "custom", "custom": {}}]}, "does not have custom tools"),
        ({"tools": ["f"]}, "a tool is not a dict"),
    ],
    "anthropic": [
        ({"thinking": "enabled"}, "thinking is not a dict"),
        ({"metadata": "x"}, "metadata is not a dict"),
        ({"metadata": {"run": "1"}}, "without run"),
        ({"service_tier": "flex"}, "auto or standard_only"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice is auto"),
        ({"output_config": 5, "reasoning_effort": "low"}, "output_config is not a dict"),
    ],
    "gemini": [
        ({"generationConfig": 5}, "generationConfig is not a dict"),
        ({"systemInstruction": 5}, "systemInstruction is not a dict"),
        ({"tools": [{"type": "web_search"}]}, "'web_search' is not one"),
        ({"model": "m"}, "pass model="),
    ],
    "ollama": [({"options": "x"}, "options is not a dict")],
}


@pytest.mark.parametrize("api", NAMES)
def test_wrong_shapes_are_told_of(api: str):
    shapes: list[tuple[Mapping[str, Any], str]] = [
        ({"role": "user", "content": 5}, "is not a text or a list of parts"),
        ({"role": "user", "content": [5]}, "is not a dict or a text"),
        ({"role": "user", "content": [{"type": "text", "text": 5}]}, "the text of a part is not a str"),
        (calling(None), "is not a function with a name"),
        (calling({"id": "a"}), "is not a function with a name"),
        ({"role": "assistant", "tool_calls": "x"}, "are not a list"),
    ]
    for message, words in shapes:
        with pytest.raises(TypeError, match=words):
            asked(api, HI, message)
    for params, words in (*WRONG["any"], *WRONG[api]):
        with pytest.raises((TypeError, ValueError), match=words):
            asked(api, HI, **params)


@pytest.mark.parametrize("api", NAMES)
def test_functions_in_any_of_the_forms_of_openai(api: str):
    function = {"name": "f", "parameters": {"type": "object"}}
    told = asked(api, HI, tools=[{"type": "function", "function": function}])
    assert asked(api, HI, tools=[{"type": "function", **function}]) == told
    if api != "gemini":  # where a declaration has this form
        assert asked(api, HI, tools=[function]) == told


@pytest.mark.parametrize("api", ["gemini", "ollama"])
def test_thoughts_of_other_models_in_the_content_are_left_out(api: str):
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    told = {"role": "assistant", "content": [thought, {"type": "text", "text": "Yes"}]}
    assert asked(api, HI, told) == asked(api, HI, sk.assistant("Yes"))
