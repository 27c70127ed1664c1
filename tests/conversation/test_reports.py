"""Second requests that went wrong with other libraries, each with the public report of it: what is sent, what is said,
and what is refused before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

import streamkit as sk

from .anthropic_streams import FOUND, QUERY, block, content_of, said, stream
from .cases import assistant, call, chat, opened, result, written
from .parts import Call, Raw, Text
from .strict import StrictServer

TOOL = {"type": "function", "function": {"name": "w", "parameters": {"type": "object", "properties": {}}}}
USER = sk.user("q")
CACHED = {"cache_control": {"type": "ephemeral"}}
NAMES = ("openai", "responses", "anthropic", "gemini", "ollama")


def w(**arguments: Any) -> str:
    return "r"


def asked(name: str, messages: Sequence[Any], **options: Any) -> dict[str, Any]:
    """The body of the request that a strict server gets and accepts."""
    server = StrictServer(name, "text")
    with server.client(**options) as client:
        sk.run(client.chat(messages))
    assert (server.refused, server.losses) == ([], [])
    body: dict[str, Any] = server.requests[0].body
    return body


def looped(name: str, *deltas: Mapping[str, Any], **options: Any) -> tuple[sk.Reply, list[Any]]:
    """The reply of a tool loop whose first answer consists of ``deltas``, and the messages of its second request."""
    raw = Raw(chat({"role": "assistant", "content": None}, *deltas), [], [])
    server = StrictServer(name, [raw, [Text("Done.")]])
    with server.client(**options) as client:
        reply = sk.run(sk.tool_loop(lambda messages: client.chat(messages, tools=[TOOL]), [USER], {"w": w}))
    assert server.refused == []
    return reply, server.requests[1].body["messages"]


# -- messages of other libraries ---------------------------------------------------------------------------------------

LANGCHAIN = (
    {"type": "human", "content": "hi", "additional_kwargs": {}},
    {"type": "ai", "content": [{"type": "text", "text": "ho"}], "additional_kwargs": {}, "response_metadata": {}},
    {"type": "human", "data": {"content": "hi"}},
)
SHOWN = (
    {"id": "1", "role": "user", "parts": [{"type": "text", "text": "hi"}]},
    {
        "id": "2",
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "text": "a secret"},
            {"type": "tool-w", "toolCallId": "a", "state": "output-available", "input": {}, "output": "r"},
        ],
    },
)


BLOCKS = {"role": "user", "additional_kwargs": {}, "blocks": [{"block_type": "text", "text": "hi"}]}
OTHERS = [*((one, "LangChain") for one in LANGCHAIN), *((one, "UIMessage") for one in SHOWN), (BLOCKS, "no content")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("message", "words"), OTHERS)
def test_messages_of_other_libraries_are_not_lost_in_silence(name: str, message: dict[str, Any], words: str):
    """langchain-ai/opengpts #305; suitenumerique/conversations #680; looplj/axonhub #2520."""
    server = StrictServer(name, "text")
    with server.client() as client, pytest.raises(TypeError, match=words):
        sk.run(client.chat([USER, message]))
    assert server.requests == []


@pytest.mark.parametrize("name", ["openai", "groq", "mistral"])
def test_a_message_of_the_library_goes_back_without_what_only_replies_have(name: str):
    """razzant/ouroboros #33."""
    from openai.types.chat import ChatCompletionMessage

    said = ChatCompletionMessage.model_validate({"role": "assistant", "content": "a", "annotations": []})
    assert asked(name, [USER, said, sk.user("n")])["messages"][1] == {"role": "assistant", "content": "a"}


def test_a_dump_with_nulls_is_a_message_of_chat_completions_for_the_responses_api():
    """razzant/ouroboros #33."""
    nulls = dict.fromkeys(("refusal", "audio", "function_call", "tool_calls"))
    server = StrictServer("responses", "text")
    with server.client() as client:
        sk.run(client.respond([USER, {"role": "assistant", "content": "a", "annotations": [], **nulls}, sk.user("n")]))
    assert server.refused == []
    assert server.requests[0].body["input"][1] == {"role": "assistant", "content": "a"}


# -- what the user says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "text"), [("anthropic", ""), ("anthropic", " \n"), ("gemini", "")])
@pytest.mark.parametrize("rest", [[], [sk.system("s")]])
def test_an_empty_question_is_not_left_out_so_that_the_model_goes_on_with_its_own_text(
    name: str, text: str, rest: list[Any]
):
    """lbjlaq/Antigravity-Manager #3396; the newer models refuse what is sent then (vybestack/llxprt-code #3695)."""
    server = StrictServer(name, "text")
    with server.client() as client:
        with pytest.raises(ValueError, match="the last message of the user is empty"):
            sk.run(client.chat([USER, sk.assistant("a"), sk.user(text), *rest]))
        sk.run(client.chat([USER, sk.user(text)]))
        sk.run(client.chat([USER, sk.assistant("a"), sk.user(text), sk.user("n")]))
    assert (len(server.requests), server.refused) == (2, [])


def test_a_mark_for_the_cache_beside_a_content_is_one_of_its_last_block():
    """OpenRouterTeam/ai-sdk-provider #389, ax-llm/ax #517."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    body = asked("anthropic", [{**sk.system("s"), **CACHED}, {**USER, **CACHED}, {**USER, "content": parts, **CACHED}])
    assert body["system"] == [{"type": "text", "text": "s", **CACHED}]
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "q", **CACHED},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", **CACHED},
    ]


# -- calls -------------------------------------------------------------------------------------------------------------


def test_calls_in_several_messages_of_the_model_are_one_turn_for_gemini():
    """google-gemini/gemini-cli #26956, epam/ai-dial-adapter-vertexai #214."""
    calls = [assistant(tool_calls=[call(id)]) for id in "ab"]
    contents = asked("gemini", [USER, sk.assistant("I look."), *calls, result("b"), result("a")])["contents"]
    assert [content["role"] for content in contents] == ["user", "model", "user"]
    assert [next(iter(part)) for part in contents[1]["parts"]] == ["text", "functionCall", "functionCall"]
    assert [part["functionResponse"]["id"] for part in contents[2]["parts"]] == ["a", "b"]


def test_each_call_with_an_id_of_another_one_has_its_own_result_in_the_responses_api():
    """can1357/oh-my-pi #2055; ids that begin anew in each turn: mnfst/llm-gateway #2851."""
    turn = [assistant(tool_calls=[call("a"), call("a")]), result("a", "1"), result("a", "2")]
    items = asked("responses", [USER, *turn, *turn])["input"]
    outputs = {item["call_id"]: item["output"] for item in items if item.get("type") == "function_call_output"}
    calls = [item["call_id"] for item in items if item.get("type") == "function_call"]
    assert outputs == dict(zip(calls, "1212", strict=True))
    assert [*outputs] == calls


def test_items_with_the_ids_of_others_are_told_apart():
    """mnfst/llm-gateway #2851."""
    items = [
        {"type": "function_call", "call_id": "w:0", "name": "w", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "w:0", "output": "1"},
    ]
    server = StrictServer("responses", "text")
    with server.client() as client:
        sk.run(client.respond([USER, *items, sk.user("n"), *items]))
    assert server.refused == []
    sent = [item["call_id"] for item in server.requests[0].body["input"] if "call_id" in item]
    assert sent == ["w:0", "w:0", "w:0_2", "w:0_2"]


@pytest.mark.parametrize(
    ("name", "id", "fits"),
    [
        ("mistral", "call_PTLP8xhu3uwZk4l3nlnrrJha", r"[a-zA-Z0-9]{9}"),  # anomalyco/opencode #1680
        ("mistral", "D681PevKs", "D681PevKs"),
        ("openai", "x" * 41, ".{1,40}"),  # pydantic/pydantic-ai #4389
        ("openai", "functions.w:0", r"functions\.w:0"),
        ("responses", "x" * 65, ".{1,64}"),  # NousResearch/hermes-agent #73492
        ("responses", "x" * 64, "x{64}"),
    ],
)
def test_ids_of_calls_are_those_that_the_server_takes(name: str, id: str, fits: str):
    history = [USER, assistant(tool_calls=[call(id), call(f"{id}2")]), result(id, "1"), result(f"{id}2", "2")]
    body = asked(name, history)
    if name == "responses":
        ids = [item["call_id"] for item in body["input"] if "call_id" in item]
    else:
        messages = body["messages"]
        ids = [*(one["id"] for one in messages[1]["tool_calls"]), *(one["tool_call_id"] for one in messages[2:])]
    assert len({*ids}) == 2
    assert sorted(ids[:2]) == sorted({*ids})
    assert re.fullmatch(fits, ids[0])


def test_a_conversation_of_anthropic_goes_on_with_mistral():
    """langchain-ai/langchain #24668."""
    server = StrictServer("anthropic", [[Call("toolu_01A"), Call("toolu_01B")], [Text("Done.")]])
    with server.client() as client:
        loop = sk.tool_loop(lambda messages: client.chat(messages, tools=[TOOL]), [USER], {"w": w})
        history = [USER, *sk.run(loop).messages]
    messages = asked("mistral", [*history, sk.user("n")])["messages"]
    ids = [one["id"] for one in messages[1]["tool_calls"]]
    assert [message["tool_call_id"] for message in messages[2:4]] == ids
    assert all(len(id) == 9 and id.isalnum() for id in ids)


@pytest.mark.parametrize("name", ["openai", "deepseek"])
def test_a_picture_in_a_result_of_the_responses_api_follows_it_in_chat_completions(name: str):
    """OpenHands/OpenHands #7700: in chat completions only messages of the user hold pictures."""
    address = "data:image/png;base64,iVBORw0KGgo="
    shown = [{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": address}]
    history = [
        USER,
        *({"type": "function_call", "call_id": id, "name": "w", "arguments": "{}"} for id in "ab"),
        {"type": "function_call_output", "call_id": "a", "output": shown},
        {"type": "function_call_output", "call_id": "b", "output": "r"},
    ]
    messages = asked(name, history)["messages"]
    picture = {"type": "image_url", "image_url": {"url": address}}
    assert messages[2:] == [result("a", "see"), result("b"), {"role": "user", "content": [picture]}]


@pytest.mark.parametrize("told", [[], [written(0, "")]])
def test_calls_without_arguments_have_an_empty_object(told: list[Any]):
    """MetaFARS/codex-relay #57."""
    reply, messages = looped("vllm", opened(0, "a"), *told)
    assert messages[1]["tool_calls"][0]["function"] == {"name": "w", "arguments": "{}"}
    assert messages[2]["content"] == "r"
    assert reply.text == "Done."


@pytest.mark.parametrize("told", ['{"c": ', "null", '["Rome"]', '"{}"'])
@pytest.mark.parametrize("name", ["vllm", "llama.cpp", "openai", "deepseek"])
def test_arguments_that_are_not_an_object_go_back_within_one(name: str, told: str):
    """ggml-org/llama.cpp #25510, vllm-project/vllm #43995: the server refuses them, and every later request."""
    _, messages = looped(name, opened(0, "a"), written(0, told))
    (one,) = messages[1]["tool_calls"]
    assert json.loads(one["function"]["arguments"]) == {"INVALID_JSON": told}
    assert messages[2]["content"].startswith("error: ")


# -- signatures of gateways --------------------------------------------------------------------------------------------

COPILOT = "https://api.githubcopilot.com"


def test_encrypted_thoughts_of_copilot_go_back_with_their_call():
    """anomalyco/opencode #10963."""
    thoughts = {"reasoning_text": "hm", "reasoning_opaque": "E"}
    reply, messages = looped("vllm", thoughts, opened(0, "a"), written(0, "{}"), base_url=COPILOT, model="gemini-3-pro")
    assert {name: messages[1].get(name) for name in thoughts} == thoughts
    for other in ("openai", "groq", "vllm", "responses"):
        assert "reasoning_opaque" not in json.dumps(asked(other, [USER, *reply.messages, sk.user("n")]))


def test_a_signature_beside_a_call_goes_back_with_it():
    """tashfeenahmed/freellmapi #32."""
    reply, messages = looped("vllm", opened(0, "a", thought_signature="S"), written(0, "{}"))
    assert messages[1]["tool_calls"][0]["thought_signature"] == "S"
    assert "thought_signature" not in json.dumps(asked("openai", [USER, *reply.messages, sk.user("n")]))


# -- a turn that the server pauses -------------------------------------------------------------------------------------


SEARCHED = stream(
    *said(0, "I look."),
    *block(1, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}, QUERY),
    *block(2, FOUND["content_block"]),
    reason="pause_turn",
)


def paused(*more: Any) -> StrictServer:
    """A server that pauses its first turn."""
    form = [{"role": "assistant", "content": content_of(SEARCHED)}]
    return StrictServer("anthropic", [Raw(SEARCHED, form, []), *more], model="claude-opus-5")


def test_a_tool_loop_goes_on_with_a_turn_that_the_server_paused():
    """anthropics/anthropic-sdk-python #1170, laravel/ai #493."""
    server = paused([Call("t1")], [Text("Done.")])
    with server.client() as client:
        reply = sk.run(sk.tool_loop(lambda messages: client.chat(messages, tools=[TOOL]), [USER], {"w": w}))
    assert (reply.text, reply.rounds, reply.outcome, server.refused) == ("Done.", 3, "complete", [])
    assert server.requests[1].body["messages"] == [USER, {"role": "assistant", "content": content_of(SEARCHED)}]
    assert [message["role"] for message in server.requests[2].body["messages"]] == ["user", "assistant", "user"]


def test_a_turn_that_is_paused_again_and_again_ends_after_the_rounds():
    """vellum-ai/vellum-assistant #40897."""
    server = paused()
    with server.client() as client:
        reply = sk.run(sk.tool_loop(lambda messages: client.chat(messages, tools=[TOOL]), [USER], {"w": w}, rounds=1))
    assert (reply.outcome, reply.stopped_by, len(server.requests)) == ("stopped", "tool_loop", 1)
