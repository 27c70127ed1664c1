"""Conversations by chat completions, with the servers of all kinds: strict ones accept each next request."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest

import streamkit as sk
from streamkit import ops, testing

from .asking import openai_of
from .cases import CASES, Case, assistant, chat
from .chat_hosts import CHAT_HOSTS
from .parts import SCRIPTS, Raw, Text
from .strict import StrictServer, cuts, strict

HOSTS = [*CHAT_HOSTS]
CHAT_CASES = [case for case in CASES if case.provider in CHAT_HOSTS]
LOOPS = [
    *("one call", "no arguments", "two parallel calls", "text before calls", "reasoning before a call"),
    *("silent reasoning", "reasoning between", "redacted", "three rounds"),
]
TOOL = {"type": "function", "function": {"name": "w", "parameters": {"type": "object", "properties": {}}}}


def w(**arguments: Any) -> str:
    return "r"


def talk(server: StrictServer, *, words: Sequence[str] = ("q", "and now?")) -> list[Any]:
    """A conversation with a tool loop for each of the user's ``words``; returns the whole history."""
    history: list[Any] = []
    with server.client() as client:
        for word in words:
            history.append(sk.user(word))
            ask = lambda messages: client.chat(messages, tools=[TOOL])  # noqa: E731
            history += sk.run(sk.tool_loop(ask, history, {"w": w})).messages
    assert (server.refused, server.losses) == ([], [])
    return history


@pytest.mark.parametrize("script", LOOPS)
@pytest.mark.parametrize("host", HOSTS)
def test_a_loop_and_a_later_turn(host: str, script: str):
    server = StrictServer(host, script)
    talk(server)
    assert len(server.requests) == len(SCRIPTS[script]) + 1


# -- the cases ---------------------------------------------------------------------------------------------------------


def next_request(case: Case, cut: Callable[[bytes], Sequence[bytes]] | None = None) -> Any:
    """The messages of the request after the turns of a case."""
    server = StrictServer(case.provider, [*case.rounds, [Text("Done.")]], cut=cut)
    history: list[Any] = [sk.user("q")]
    with server.client() as client:
        for turn in case.turns:
            reply = sk.run(client.chat(history, extra=case.request))
            history += reply.messages
            for call in reply.tool_calls:
                value = turn.results[call.id]
                assert isinstance(value, str)
                history.append(call.result(value))
            history += [sk.user(turn.says)] if turn.says else []
    if case.through_json:
        history = json.loads(json.dumps(history))
    target = StrictServer(case.target, "text") if case.target else server
    with target.client(**({"model": case.target_model} if case.target_model else {})) as client:
        sk.run(client.chat(history))
    assert (target.refused, target.losses) == ([], [])
    return target.requests[-1].body["messages"]


def wanted(case: Case) -> list[Any]:
    """What a case wants, with the null that stands for no text."""
    messages = case.wanted["messages"]
    return [{"content": None, **message} if message["role"] == "assistant" else message for message in messages]


EACH = pytest.mark.parametrize("case", CHAT_CASES, ids=lambda case: case.name.partition(":")[0])


@EACH
def test_the_next_request(case: Case):
    assert next_request(case) == wanted(case)


@pytest.mark.slow
@EACH
def test_the_next_request_at_every_cut(case: Case):
    for cut in cuts(case.provider, case.rounds, every=5):
        assert next_request(case, cut) == wanted(case)


# -- the official library ----------------------------------------------------------------------------------------------


def test_a_stream_of_the_library_knows_where_it_is_from():
    with strict("openai", "two parallel calls") as server:
        library = openai_of(server)
        stream = library.chat.completions.create(model="gpt-x", messages=[sk.user("q")], stream=True)
        reply = sk.run(sk.from_sdk(stream))
        assert reply.origin == sk.Origin("chat", server.url.split("/")[2], "gpt-x")
        answers = [call.result("r") for call in reply.tool_calls]
        asked = [sk.user("q"), *reply.messages, *answers]
        library.chat.completions.create(model="gpt-x", messages=asked, stream=True).close()
        assert (server.refused, server.losses) == ([], [])


def test_the_messages_for_openai_have_their_usual_order():
    server = StrictServer("openai", "two parallel calls")
    talk(server, words=("q",))
    function = {"name": "w", "arguments": "{}"}
    messages = server.requests[1].body["messages"]
    messages[1]["tool_calls"] = messages[1]["tool_calls"][1:]
    turn = {"role": "assistant", "content": None, "tool_calls": [{"id": "b", "type": "function", "function": function}]}
    results = [{"role": "tool", "tool_call_id": id, "content": "r"} for id in "ab"]
    assert json.dumps(messages) == json.dumps([sk.user("q"), turn, *results])


# -- servers that are not in the table ---------------------------------------------------------------------------------

ELSEWHERE = "http://127.0.0.1:9/v1"


def asked_elsewhere(server: StrictServer, **options: Any) -> list[Any]:
    """The assistant messages of each request of a loop and a later turn, with a host that is not in the table."""
    history: list[Any] = []
    with server.client(base_url=ELSEWHERE, **options) as client:
        for word in ("q", "and now?"):
            history.append(sk.user(word))
            loop = sk.tool_loop(lambda messages: client.chat(messages, tools=[TOOL]), history, {"w": w})
            history += sk.run(loop).messages
    return [
        [message for message in request.body["messages"] if message["role"] == "assistant"]
        for request in server.requests
    ]


def test_an_unknown_server_gets_thoughts_within_the_round_only():
    asked = asked_elsewhere(StrictServer("vllm", "three rounds"))
    assert [["reasoning" in message for message in messages] for messages in asked] == [
        *([], [True], [True] * 2, [True] * 3),
        [False] * 4,
    ]


@pytest.mark.parametrize("name", ["groq", "cerebras", "fireworks", "mistral"])
def test_a_key_that_an_unknown_server_refuses_is_left_out_from_then_on(name: str):
    server = StrictServer(name, "three rounds")
    server.provider.streams, server.provider.takes = "reasoning", frozenset()  # type: ignore[attr-defined]
    asked = asked_elsewhere(server)
    assert len(server.refused) == 1
    assert ["reasoning" in message for messages in asked for message in messages] == [True] + [False] * 10
    assert len(server.requests) == 6


def test_a_refusal_for_want_of_a_key_is_not_answered_by_leaving_it_out():
    missing = b'{"error": {"message": "The `reasoning_content` in the thinking mode must be passed back to the API."}}'
    first = testing.Script("", reasoning="x", tool_calls=[sk.ToolCall("a", "w", "{}")])
    with testing.client(first, testing.Script(status=400, body=missing), "fine") as client:
        reply = sk.run(client.chat("q"))
        with pytest.raises(sk.StatusError):
            sk.run(client.chat([sk.user("q"), *reply.messages, reply.tool_calls[0].result("r")]))
        assert len(client.requests) == 2


def test_the_dicts_of_the_user_pass_as_they_are():
    own = {"role": "assistant", "content": "a", "reasoning_content": "x", "anything": [1]}
    for name in ("vllm", "groq"):
        server = StrictServer("vllm", "text")
        with server.client(base_url=StrictServer(name, "text").address) as client:
            sk.run(client.chat([sk.user("q"), own, sk.user("n")]))
        assert server.requests[0].body["messages"][1] == own


# -- histories from elsewhere ------------------------------------------------------------------------------------------


def history_of(name: str, script: str, **options: Any) -> list[Any]:
    server = StrictServer(name, script, **options)
    return talk(server, words=("q",))


@pytest.mark.parametrize(("source", "target"), [*permutations(HOSTS, 2)])
def test_a_history_of_one_server_goes_to_any_other(source: str, target: str):
    history = [*history_of(source, "three rounds"), sk.user("n")]
    server = StrictServer(target, "text")
    with server.client() as client:
        sk.run(client.chat(history))
    assert (server.refused, server.losses) == ([], [])
    messages = server.requests[0].body["messages"]
    fillers = {"reasoning_content"} if target in ("deepseek", "kimi") else set()
    keys = {key for message in messages for key in message}
    assert keys <= {"role", "content", "tool_calls", "tool_call_id"} | fillers
    assert all(message.get("reasoning_content", "") == "" for message in messages)


@pytest.mark.parametrize(("name", "goes"), [("m", True), ("m-2026-01-02", True), ("other", False), ("m-mini", False)])
def test_signatures_go_to_the_model_that_wrote_them(name: str, goes: bool):
    server = StrictServer("openrouter", "reasoning before a call", model="m")
    with server.client() as client:
        reply = sk.run(client.chat("q"))
        history = [sk.user("q"), *reply.messages, reply.tool_calls[0].result("r")]
        with contextlib.suppress(sk.StatusError):  # the server does not know that the dated one is the same
            sk.run(client.chat(history, model=name))
    assert ("reasoning_details" in server.requests[-1].body["messages"][1]) is goes


def test_calls_without_a_signature_go_to_gemini_with_the_sentinel():
    history = [
        *history_of("deepseek", "three rounds"),
        sk.user("more"),
        *history_of("openai", "two parallel calls")[1:],
    ]
    server = StrictServer("gemini-compat", "text")
    with server.client() as client:
        sk.run(client.chat(history[:-1]))
    signed = [
        [bool(call.get("extra_content")) for call in message.get("tool_calls", ())]
        for message in server.requests[0].body["messages"]
    ]
    assert [one for one in signed if one] == [[False] * 2, [False], [False] * 2, [True, False]]
    assert server.refused == []


def test_empty_thoughts_are_not_added_where_thinking_is_off():
    history = [*history_of("openai", "two parallel calls"), sk.user("n")]
    server = StrictServer("deepseek", "text")
    with server.client() as client:
        sk.run(client.chat(history, extra={"thinking": {"type": "disabled"}}))
        sk.run(client.chat(history))
        sk.run(client.chat([sk.user("q"), sk.assistant("a"), sk.user("n")]))
    added = [
        [message.get("reasoning_content") for message in request.body["messages"] if message["role"] == "assistant"]
        for request in server.requests
    ]
    assert added == [[None, None], ["", ""], [None]]


def test_thoughts_that_were_taken_out_of_the_text_go_back_in_tags():
    server = StrictServer("minimax", "reasoning before a call")
    with server.client() as client:
        ask = lambda messages: client.chat(messages, tools=[TOOL]).pipe(ops.think_tags())  # noqa: E731
        reply = sk.run(sk.tool_loop(ask, "q", {"w": w}))
    assert reply.text == "Done."
    assert server.requests[1].body["messages"][1]["content"] == "<think>\nI need w.\n</think>\n"


def test_the_older_form_of_calls_makes_a_loop():
    call = {"function_call": {"name": "w", "arguments": "{}"}}
    raw = chat({"role": "assistant", "content": None, **call}, reason="function_call")
    server = StrictServer("openai", [Raw(raw, [assistant(**call)], []), [Text("Done.")]])
    with server.client() as client:
        reply = sk.run(sk.tool_loop(lambda messages: client.chat(messages, tools=[TOOL]), "q", {"w": w}))
    assert (reply.text, server.refused) == ("Done.", [])
    assert server.requests[1].body["messages"][1:] == [
        {"role": "assistant", "content": None, **call},
        {"role": "function", "name": "w", "content": "r"},
    ]


def test_a_history_through_json_is_as_good_for_its_own_server():
    for name in ("deepseek", "openrouter", "gemini-compat", "mistral", "minimax"):
        server = StrictServer(name, "three rounds")
        with server.client() as client:
            ask = lambda messages: client.chat(messages, tools=[TOOL])  # noqa: E731
            reply = sk.run(sk.tool_loop(ask, "q", {"w": w}))
            again = sk.from_json(sk.to_json(reply))
            assert again.messages == reply.messages
            sk.run(client.chat(json.loads(json.dumps([sk.user("q"), *reply.messages, sk.user("n")]))))
        assert (server.refused, server.losses) == ([], [])
