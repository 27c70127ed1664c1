"""Contents of Gemini's own API for other models and other APIs."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.wire.gemini.history import is_own, plain, to_chat

IMAGE = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def call(name: str, id: str = "", **arguments: Any) -> dict[str, Any]:
    return {"functionCall": {**({"id": id} if id else {}), "name": name, "args": arguments}}


def result(name: str, response: Any, id: str = "", **more: Any) -> dict[str, Any]:
    return {"functionResponse": {**({"id": id} if id else {}), "name": name, "response": response, **more}}


def made(id: str, name: str, arguments: str = "{}") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_whose_messages_are_its_own():
    assert is_own(model({"text": "a"}))
    assert not is_own({"role": "user", "content": "a"})


def test_without_what_only_its_own_model_understands():
    signed = {"thoughtSignature": "c2ln"}
    parts = [{"text": "Hm", "thought": True, **signed}, {"text": "a", **signed}, {"text": "", **signed}, IMAGE,
             {**call("f"), **signed}, {"toolCall": {"id": "1"}, **signed}, {"newPart": 1}]  # fmt: skip
    assert plain(model(*parts)) == model({"text": "a"}, IMAGE, call("f"))
    assert plain(model(parts[0], parts[2])) is None
    answered = user(result("f", {"output": "r"}))
    assert plain(answered) == answered


def test_as_chat_completions():
    contents = [
        user({"text": "What is"}, {"text": "this?"}, IMAGE),
        model(
            {"text": "Hm", "thought": True}, {"text": "I "}, {"text": "look."}, call("f", "1", city="Malmö"), call("g")
        ),
        user(result("f", {"output": "r"}, "1"), result("g", {"error": "no"}), {"text": "And?"}),
        model({"executableCode": {"code": "1"}}),
        model({"text": "So."}),
    ]
    told = list(to_chat(contents))
    spare = told[1]["tool_calls"][1]["id"]
    assert told == [
        {"role": "user", "content": [
            {"type": "text", "text": "What is"}, {"type": "text", "text": "this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        ]},
        {"role": "assistant", "content": "I look.",
         "tool_calls": [made("1", "f", '{"city":"Malmö"}'), made(spare, "g")]},
        {"role": "tool", "tool_call_id": "1", "content": "r"},
        {"role": "tool", "tool_call_id": spare, "content": "error: no"},
        {"role": "user", "content": "And?"},
        {"role": "assistant", "content": "So."},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("response", "content"),
    [({"output": "r"}, "r"), ({"error": "no"}, "error: no"), ({"x": 1}, '{"x":1}'), ({"output": [1]}, '{"output":[1]}'),
     ({"output": "a", "error": "b"}, '{"output":"a","error":"b"}'), ({}, "{}"), (None, "null")],
)  # fmt: skip
def test_responses_as_text(response: Any, content: str):
    assert next(to_chat([user(result("f", response, "1"))]))["content"] == content


def test_results_without_ids_are_those_of_the_calls_in_their_order():
    contents = [model(call("f"), call("g"), call("f")), user(*(result(name, {"output": name}) for name in "fgf"))]
    calls, *results = to_chat(contents)
    assert [one["tool_call_id"] for one in results] == [one["id"] for one in calls["tool_calls"]]


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ({"fileData": {"fileUri": "https://a/b.png"}}, {"type": "image_url", "image_url": {"url": "https://a/b.png"}}),
        ({"inlineData": {"mimeType": "audio/wav", "data": "AA=="}},
         {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}),
        ({"inlineData": {"mimeType": "application/pdf", "data": "AA=="}},
         {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}}),
    ],
)  # fmt: skip
def test_files(part: Any, wanted: Any):
    assert list(to_chat([user(part)])) == [{"role": "user", "content": [wanted]}]
    *_, beside = to_chat([model(call("f", "1")), user(result("f", {"output": "r"}, "1", parts=[part]))])
    assert beside == {"role": "user", "content": [wanted]}


def test_contents_may_be_spelled_as_in_googles_library():
    asked = {
        "role": "model",
        "parts": [{"function_call": {"id": "1", "name": "f", "args": {}}, "thought_signature": "S"}],
    }
    answered = {"role": "user", "parts": {"function_response": {"id": "1", "name": "f", "response": {"output": "r"}}}}
    assert plain(asked) == model(call("f", "1"))
    assert [one["role"] for one in to_chat([asked, answered])] == ["assistant", "tool"]


def test_a_result_belongs_to_a_call_of_the_last_turn_of_the_model():
    contents = [model(call("f")), user({"text": "stop"}), model(call("f")), user(result("f", {"output": "r"}))]
    _, _, asked, answer = to_chat(contents)
    (again,) = asked["tool_calls"]
    assert answer == {"role": "tool", "tool_call_id": again["id"], "content": "r"}
