"""Histories of Anthropic's Messages API that go on with another model, another server or another API."""

from __future__ import annotations

from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.turns import Origin
from streamkit.wire import APIS, returned

from .anthropic_streams import (
    CITED,
    FOUND,
    QUERY,
    asked,
    block,
    called,
    joined,
    reply_of,
    said,
    stream,
    thought,
    w,
)
from .strict import StrictServer

Json = dict[str, Any]
assert APIS["anthropic"].own is not None
OWN = APIS["anthropic"].own


def test_messages_with_blocks_of_this_api_are_its_own() -> None:
    is_own = OWN.is_own
    own: list[Json] = [
        {"type": "tool_use", "id": "t1", "name": "w", "input": {}},
        {"type": "tool_result", "tool_use_id": "t1", "content": "r"},
        {"type": "thinking", "thinking": "", "signature": "S"},
        {"type": "redacted_thinking", "data": "D"},
        {"type": "mcp_tool_use", "id": "m1"},
        {"type": "text", "text": "x", "citations": []},
        {"type": "text", "text": "x", "citations": None},
        {"type": "image", "source": {"type": "url", "url": "u"}},
        FOUND["content_block"],
    ]
    assert all(is_own({"role": "user", "content": [{"type": "text", "text": "x"}, block]}) for block in own)
    chat: list[Any] = [
        *("x", None, [], ["x"], [{"type": "text", "text": "x"}], [{"type": "image_url", "image_url": {"url": "u"}}]),
        [{"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}],
        [{"type": "output_text", "text": "x"}],
    ]
    assert not any(is_own({"role": "assistant", "content": content}) for content in chat)
    assert not is_own({"role": "model", "parts": [{"text": "x"}]})


CALLED = {"name": "w", "arguments": '{"q":1}'}
ELSEWHERE: dict[str, list[Json]] = {
    "chat": [
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [{"id": "t1", "type": "function", "function": CALLED}],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "r"},
    ],
    "responses": [
        {"role": "assistant", "content": "I look."},
        {"type": "function_call", "call_id": "t1", **CALLED},
        {"type": "function_call_output", "call_id": "t1", "output": "r"},
    ],
    "ollama": [
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [{"id": "t1", "function": {"name": "w", "arguments": {"q": 1}}}],
        },
        {"role": "tool", "tool_call_id": "t1", "tool_name": "w", "content": "r"},
    ],
}


@pytest.mark.parametrize("dumped", [False, True], ids=["object", "dict"])
@pytest.mark.parametrize("api", ELSEWHERE)
def test_an_answer_of_the_official_library_goes_to_another_api_as_what_it_says(api: str, dumped: bool) -> None:
    """The whole object: what it has besides role and content is in no message of any API."""
    whole = pytest.importorskip("anthropic.types").Message.model_validate({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5", "stop_reason": "tool_use",
        "usage": {"input_tokens": 1, "output_tokens": 2},
        "content": [
            {"type": "text", "text": "I look.", "citations": None},
            {"type": "tool_use", "id": "t1", "name": "w", "input": {"q": 1}},
        ],
    })  # fmt: skip
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "r"}]}
    client = testing.client("Fine.", api=api, model="m")
    sk.run(client.chat([sk.user("Hi"), whole.model_dump() if dumped else whole, result]))
    body = client.requests[0].body
    assert body.get("messages", body.get("input"))[1:] == ELSEWHERE[api]


def test_arguments_are_those_that_were_wrapped_only_if_they_are_alone() -> None:
    use = {"type": "tool_use", "id": "t1", "name": "w"}
    for input, arguments in (({"INVALID_JSON": "{"}, "{"), ({"INVALID_JSON": 1}, '{"INVALID_JSON":1}'),
                             ({"INVALID_JSON": "{", "x": 1}, '{"INVALID_JSON":"{","x":1}')):  # fmt: skip
        (turn,) = OWN.to_chat([{"role": "assistant", "content": [{**use, "input": input}]}])
        assert turn["tool_calls"][0]["function"]["arguments"] == arguments


def test_a_history_in_the_form_of_chat_completions() -> None:
    to_chat = OWN.to_chat
    data = stream(*thought(0, "Hm", "S"), *said(1, "I "), *said(2, "look."), *called(3, "t1"), *called(4, "t2"))
    torn = {"role": "assistant", "content": [
        {"type": "tool_use", "id": "t3", "name": "w", "input": {"INVALID_JSON": "{"}}]}  # fmt: skip
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    asks = {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t1", "content": "r"},
        {"type": "tool_result", "tool_use_id": "t2", "is_error": True, "content": [
            {"type": "text", "text": "no"}, {"type": "image", "source": {"type": "url", "url": "u"}}]},
        {"type": "text", "text": "and?"},
        {"type": "document", "title": "a.pdf", "source": pdf},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
    ]}  # fmt: skip
    hidden = {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "D"}]}
    messages: list[Any] = [sk.user("q"), *reply_of(data).messages, asks, torn, hidden]
    assert list(to_chat(messages)) == [
        sk.user("q"),
        {"role": "assistant", "content": "I look.", "tool_calls": [
            {"id": id, "type": "function", "function": {"name": "w", "arguments": "{}"}} for id in ("t1", "t2")]},
        {"role": "tool", "tool_call_id": "t1", "content": "r"},
        {"role": "tool", "tool_call_id": "t2", "content": "error: no"},
        {"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "u"}},
            {"type": "text", "text": "and?"},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}},
            {"type": "text", "text": "words"},
        ]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "t3", "type": "function", "function": {"name": "w", "arguments": "{"}}]},
    ]  # fmt: skip


def test_another_server_gets_texts_and_calls_and_another_model_no_thoughts() -> None:
    text = block(3, {"type": "text", "text": "Rain."}, {"type": "citations_delta", "citation": CITED[0]})
    search = block(1, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}, QUERY)
    events = [*thought(0, "Hm", "S"), *search, FOUND, *text, *called(4, "t1", caller={"type": "direct"})]
    own = Origin("anthropic", "a", "claude-opus-5")
    messages = reply_of(stream(*events, reason="tool_use"), origin=own).messages
    kinds = ["thinking", "server_tool_use", "web_search_tool_result", "text", "tool_use"]
    sent = [sent_to(messages, host, model) for host, model in (("a", "claude-opus-5"), ("a", "other"), ("b", "other"))]
    assert [[one["type"] for one in content] for content in sent] == [kinds, kinds[1:], kinds[3:]]
    assert sent_to(messages, "a", "claude-opus-5-20260101") == sent[0] == messages[0]["content"]
    assert sent[1] == sent[0][1:]
    assert sent[2] == [{"type": "text", "text": "Rain."}, {"type": "tool_use", "id": "t1", "name": "w", "input": {}}]
    alone = reply_of(stream(*search, FOUND, reason="pause_turn"), origin=own).messages
    assert returned(APIS["anthropic"], Origin("anthropic", "b", "other"), alone, {}) == []


def test_ids_of_calls_that_another_server_would_refuse_are_changed_with_those_of_their_results() -> None:
    own = Origin("anthropic", "api.moonshot.ai", "kimi-k3")
    reply = reply_of(stream(*called(0, "functions.w:0"), model="kimi-k3", reason="tool_use"), origin=own)
    history = [sk.user("q"), *reply.messages, reply.tool_calls[0].result("r")]
    for host, id in (("api.moonshot.ai", "functions.w:0"), ("api.anthropic.com", "functions_w_0")):
        _, turn, results = joined(list(returned(APIS["anthropic"], Origin("anthropic", host, "kimi-k3"), history, {})))
        assert (turn["content"][0]["id"], results["content"][0]["tool_use_id"]) == (id, id)


def sent_to(messages: Any, host: str, model: str) -> Any:
    (message,) = returned(APIS["anthropic"], Origin("anthropic", host, model), messages, {})
    return message["content"]


@pytest.mark.parametrize("target", ["openai", "deepseek", "groq", "mistral", "ollama"])
@pytest.mark.parametrize("script", ["three rounds", "search", "redacted"])
def test_a_conversation_goes_on_with_another_api_and_comes_back(script: str, target: str) -> None:
    first = StrictServer("anthropic", script)
    history: list[Any] = [sk.user("q"), *asked(first).messages, sk.user("more")]
    second = StrictServer(target, "reasoning before a call")
    with second.client() as client:
        history += sk.run(sk.tool_loop(client.chat, history, [w])).messages
    assert second.refused == []
    third = StrictServer("anthropic", "text")
    third.said = first.said  # the same server, with its signatures
    with third.client() as client:
        sk.run(client.chat([*history, sk.user("and?")]))
    assert third.refused == []
