"""Conversations with Ollama's own API: what of a reply goes back, and in which form."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.wire import APIS, parse
from streamkit.wire.ollama.history import is_own, plain, to_chat

from .ollama_native import OllamaNative
from .parts import SCRIPTS
from .provider import cut_of
from .strict import StrictServer, cuts

WHOLE = [name for name, script in SCRIPTS.items() if not any(map(cut_of, script))]


def w(city: str = "", days: list[int] | None = None) -> str:
    return "r"


def server_of(script: str, *, ids: bool = False, cut: Any = None) -> StrictServer:
    server = StrictServer("ollama", script, cut=cut)
    server.provider = OllamaNative(ids=ids)
    return server


def lines(*messages: dict[str, Any]) -> bytes:
    forms = [{"model": "m", "message": {"role": "assistant", **message}, "done": False} for message in messages]
    end = {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    return b"".join(json.dumps(form).encode() + b"\n" for form in (*forms, end))


def reply_of(*messages: dict[str, Any]) -> sk.Reply:
    *_, reply = parse([lines(*messages)], "ollama")
    assert isinstance(reply, sk.Reply)
    return reply


def call(name: str = "w", id: str = "", **more: Any) -> dict[str, Any]:
    return {**({"id": id} if id else {}), "function": {"name": name, "arguments": {"a": [1]}, **more}}


# -- loops -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("script", WHOLE)
def test_loops_lose_nothing(script: str, ids: bool):
    server = server_of(script, ids=ids)
    with server.client() as client:
        reply = sk.run(sk.tool_loop(client.chat, "q", {"w": w}))
        sk.run(client.chat([sk.user("q"), *reply.messages, sk.user("more")]))
    assert (server.refused, server.losses) == ([], [])


def test_the_requests_of_three_rounds():
    server = server_of("three rounds", ids=True)
    with server.client() as client:
        sk.run(sk.tool_loop(client.chat, "q", {"w": w}))

    def called(id: str, **arguments: Any) -> dict[str, Any]:
        return {"id": id, "function": {"name": "w", "arguments": arguments}}

    def result(id: str) -> dict[str, Any]:
        return {"role": "tool", "tool_call_id": id, "tool_name": "w", "content": "r"}

    assert server.requests[-1].body["messages"] == [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "", "thinking": "One.",
         "tool_calls": [called("0-a", city="Malmö", days=[1, 2]), called("0-b")]},
        result("0-a"), result("0-b"),
        {"role": "assistant", "content": "More.", "thinking": "Two.", "tool_calls": [called("1-c")]},
        result("1-c"),
        {"role": "assistant", "content": "", "thinking": "Three.", "tool_calls": [called("2-d"), called("2-e")]},
        result("2-d"), result("2-e"),
    ]  # fmt: skip


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name not in WHOLE])
def test_after_a_cut_the_conversation_goes_on(script: str):
    server = server_of(script)
    with server.client() as client:
        with pytest.raises(sk.BrokenError) as caught:
            sk.run(client.chat("q"))
        sk.run(client.chat([sk.user("q"), *caught.value.partial.messages, sk.user("more")]))
    assert (server.refused, server.losses) == ([], [])


def test_a_loop_in_pieces_of_any_size():
    for cut in islice(cuts("ollama", "text"), 5):
        server = server_of("three rounds", cut=cut)
        with server.client() as client:
            sk.run(sk.tool_loop(client.chat, "q", {"w": w}))
        assert (server.refused, server.losses, len(server.requests)) == ([], [], 4)


@pytest.mark.slow
@pytest.mark.parametrize("script", WHOLE)
def test_requests_fit_the_types_of_the_official_library(script: str):
    types = pytest.importorskip("ollama._types")
    server = server_of(script)
    with server.client() as client:
        sk.run(sk.tool_loop(client.chat, "q", {"w": w}))
    for request in server.requests:
        types.ChatRequest(**request.body)


# -- messages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("messages", "back"),
    [
        ([{"content": "Hel"}, {"content": "lo"}], {"content": "Hello"}),
        ([{"content": "", "thinking": "H"}, {"thinking": "m"}, {"content": "a"}], {"content": "a", "thinking": "Hm"}),
        ([{"content": "", "tool_calls": [call(id="1", index=0)]}], {"content": "", "tool_calls": [call(id="1")]}),
        ([{"tool_calls": [{"type": "function", "new": 2, **call(id="1", signature="S")}]}],
         {"content": "", "tool_calls": [{"new": 2, **call(id="1", signature="S")}]}),
        ([{"content": "a"}, {"content": "", "images": ["aGk=", "aG8="]}], {"content": "a", "images": ["aGk=", "aG8="]}),
        ([{"content": "", "images": ["aGk="]}], {"content": "", "images": ["aGk="]}),
    ],
)  # fmt: skip
def test_a_reply_goes_back_as_one_message(messages: list[Any], back: dict[str, Any]):
    data = lines(*messages)
    for pieces in testing.every_split(data):
        *_, reply = parse(pieces, "ollama")
        assert isinstance(reply, sk.Reply)
        assert reply.messages == [{"role": "assistant", **back}]
    assert sk.from_json(sk.to_json(reply)).messages == reply.messages
    body = APIS["ollama"].body
    assert body is not None
    assert body(reply.messages, {}) == {"messages": reply.messages}


def test_thoughts_alone_are_left_out():
    assert reply_of({"content": "", "thinking": "Hm"}).messages == []


def test_results():
    (made,) = reply_of({"tool_calls": [call(id="1")]}).tool_calls
    known = {"role": "tool", "tool_call_id": "1", "tool_name": "w"}
    assert made.result({"x": 1}) == {**known, "content": '{"x": 1}'}
    assert made.result("no", is_error=True) == {**known, "content": "error: no"}


def test_arguments_that_are_not_an_object_go_within_one():
    reply = reply_of({"tool_calls": [{"id": "1", "function": {"name": "w", "arguments": "{oops"}}]})
    assert reply.messages[0]["tool_calls"][0]["function"]["arguments"] == {"INVALID_JSON": "{oops"}


# -- other models and APIs ---------------------------------------------------------------------------------------------

IMAGE = "iVBORw0KGgo="


@pytest.mark.parametrize(
    ("message", "own"),
    [
        ({"role": "user", "content": "a"}, False),
        ({"role": "user", "content": "a", "images": [IMAGE]}, True),
        ({"role": "assistant", "content": "a", "thinking": "Hm"}, True),
        ({"role": "assistant", "content": "", "tool_calls": [call()]}, True),
        ({"role": "tool", "content": "a", "tool_name": "w"}, True),
        ({"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "w", "arguments": "{}"}}]}, False),
        ({"role": "assistant", "content": "a", "tool_calls": []}, False),
    ],
)
def test_whose_messages_are_its_own(message: dict[str, Any], own: bool):
    assert is_own(message) is own


def test_without_what_only_its_own_model_understands():
    made = {"new": 1, **call(id="1", signature="S")}
    message = {"role": "assistant", "content": "", "thinking": "Hm", "tool_calls": [made]}
    assert plain(message) == {"role": "assistant", "content": "", "tool_calls": [call(id="1")]}
    assert plain({"role": "assistant", "content": "", "thinking": "Hm"}) is None
    answered = {"role": "tool", "content": "", "tool_name": "w"}
    assert plain(answered) == answered


def test_as_chat_completions():
    made = {"type": "function", "function": {"name": "w", "arguments": '{"a":[1]}'}}
    other = {"type": "function", "function": {"name": "x", "arguments": '{"a":[1]}'}}
    url = {"url": f"data:image/png;base64,{IMAGE}"}
    user, asking, *results, last = to_chat([
        {"role": "user", "content": "q", "images": [IMAGE]},
        {"role": "assistant", "content": "", "thinking": "Hm", "tool_calls": [call(), call("x"), call(id="1")]},
        {"role": "tool", "tool_name": "x", "content": "2"},
        {"role": "tool", "tool_name": "w", "tool_call_id": "1", "content": "3"},
        {"role": "tool", "tool_name": "w", "content": "1"},
        {"role": "assistant", "content": "So."},
    ])  # fmt: skip
    assert user == {"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "image_url", "image_url": url}]}
    first, second, third = (one["id"] for one in asking["tool_calls"])
    assert third == "1"
    assert asking == {"role": "assistant", "content": None,
                      "tool_calls": [{"id": first, **made}, {"id": second, **other}, {"id": "1", **made}]}  # fmt: skip
    answered = zip((second, "1", first), "231", strict=True)
    assert results == [{"role": "tool", "tool_call_id": id, "content": content} for id, content in answered]
    assert last == {"role": "assistant", "content": "So."}


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("other", ["openai", "deepseek", "mistral", "groq", "gemini"])
def test_a_conversation_goes_on_with_another_server(other: str, stored: bool):
    """From Ollama to the other server and back, each with a loop of its own."""
    own = server_of("three rounds")
    history: list[Any] = []
    for server in (own, StrictServer(other, "one call"), own):
        history = json.loads(json.dumps(history)) if stored and server is not own else history
        history.append(sk.user("q"))
        with server.client() as client:
            history += sk.run(sk.tool_loop(client.chat, history, {"w": w})).messages
        assert server.refused == []
