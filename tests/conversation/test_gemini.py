"""Conversations with Gemini's own API: what of a reply goes back, and in which part."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit import ops, testing
from streamkit.events import BlockEnd, BlockStart
from streamkit.wire import APIS, Parser, parse
from tests.wire.bodies import sse

from .parts import SCRIPTS, Call, Text
from .provider import cut_of
from .strict import StrictServer, cuts, replies

API = APIS["gemini"]
WHOLE = [name for name, script in SCRIPTS.items() if not any(map(cut_of, script))]
SENTINEL = "skip_thought_signature_validator"


def w(city: str = "", days: list[int] | None = None) -> str:
    return "r"


def chunk(*parts: Any, finish: str = "", **beside: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **beside}
    return {"candidates": [{**candidate, **({"finishReason": finish} if finish else {})}], "responseId": "r1"}


def reply_of(*chunks: Any) -> sk.Reply:
    *_, reply = parse([sse(*chunks)], "gemini")
    assert isinstance(reply, sk.Reply)
    return reply


def parts_of(*parts: Any) -> Any:
    """The parts that go back of a reply whose parts come in chunks of their own."""
    messages: list[Any] = reply_of(*map(chunk, parts), chunk(finish="STOP")).messages
    assert [one["role"] for one in messages] == ["model"]
    return messages[0]["parts"]


def call(name: str = "w", **more: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": {}, **more}}


def result(name: str = "w", value: str = "r", **more: Any) -> dict[str, Any]:
    return {"functionResponse": {"name": name, "response": {"output": value}, **more}}


def asked(messages: Iterable[Any], model: str = "gemini-3-pro-preview") -> list[Any]:
    """The contents that a client sends, whatever the server says to them."""
    server = StrictServer("gemini", "text")
    with server.client(model=model) as client, suppress(sk.StatusError):
        sk.run(client.chat(list(messages)))
    contents: list[Any] = server.requests[0].body["contents"]
    return contents


# -- parts -------------------------------------------------------------------------------------------------------------

SIGNED = {"thoughtSignature": "c2ln"}
THOUGHT = {"text": "Hm.", "thought": True}


@pytest.mark.parametrize(
    ("parts", "back"),
    [
        ([{"text": "Hel"}, {"text": "lo"}], [{"text": "Hello"}]),
        ([{"text": "Hel"}, {"text": "lo", **SIGNED}], [{"text": "Hel"}, {"text": "lo", **SIGNED}]),
        ([{"text": "a", **SIGNED}, {"text": "b"}, {"text": "c"}], [{"text": "a", **SIGNED}, {"text": "bc"}]),
        ([{"text": "a", **SIGNED}, {"text": "b", **SIGNED}], [{"text": "a", **SIGNED}, {"text": "b", **SIGNED}]),
        ([{"text": "a"}, {"text": "", **SIGNED}], [{"text": "a"}, {"text": "", **SIGNED}]),
        ([{"text": "a"}, SIGNED], [{"text": "a"}, SIGNED]),
        ([THOUGHT, THOUGHT, {"text": "a"}], [{"text": "Hm.Hm.", "thought": True}, {"text": "a"}]),
        ([{**THOUGHT, **SIGNED}, {"text": "a"}], [{**THOUGHT, **SIGNED}, {"text": "a"}]),
        ([THOUGHT, {"text": "a"}, THOUGHT, {"text": "b"}], [THOUGHT, {"text": "a"}, THOUGHT, {"text": "b"}]),
        ([{"text": "a"}, call(id="1"), {"text": "b"}, {"text": "c"}], [{"text": "a"}, call(id="1"), {"text": "bc"}]),
        ([call(id="1"), THOUGHT, call("x", id="2")], [call(id="1"), THOUGHT, call("x", id="2")]),
        ([{**call(id="1"), **SIGNED}, call(id="2")], [{**call(id="1"), **SIGNED}, call(id="2")]),
        ([{"text": "a", "partMetadata": {"x": 1}}], [{"text": "a", "partMetadata": {"x": 1}}]),
        ([{"text": "a"}, {"newPart": {"x": [1]}, **SIGNED}], [{"text": "a"}, {"newPart": {"x": [1]}, **SIGNED}]),
        ([{"text": None, "newPart": 1}], [{"newPart": 1}]),
        ([{**call(id="1", newField=1), "other": 2}], [{**call(id="1", newField=1), "other": 2}]),
        ([{"text": "a"}, THOUGHT], [{"text": "a"}]),  # a thought that led to nothing
    ],
)  # fmt: skip
def test_parts_go_back_as_they_came(parts: list[Any], back: list[Any]):
    assert parts_of(*parts) == back
    assert reply_of(chunk(*parts, finish="STOP")).messages == [{"role": "model", "parts": back}]


@pytest.mark.parametrize("parts", [[THOUGHT], [{**THOUGHT, **SIGNED}], [SIGNED], [{"text": "", **SIGNED}]])
def test_a_reply_that_says_nothing_is_left_out(parts: list[Any]):
    assert reply_of(chunk(*parts), chunk(finish="MAX_TOKENS")).messages == []


def test_plain_replies_have_no_blocks():
    chunks = [chunk(THOUGHT), chunk({"text": "a"}), chunk({"text": "b"}), chunk(call(), finish="STOP")]
    assert not [event for event in parse([sse(*chunks)], "gemini") if isinstance(event, (BlockStart, BlockEnd))]


PART = st.sampled_from([
    {"text": "Grüße"}, {"text": " you"}, THOUGHT, {"text": "x", **SIGNED}, {"text": "", **SIGNED},
    {**THOUGHT, **SIGNED}, call(id="1"), {**call("f", id="2"), **SIGNED}, {"executableCode": {"code": "1"}},
    {"codeExecutionResult": {"output": "1"}}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}}, {"newPart": 1},
])  # fmt: skip


def merged(parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adjacent texts of one kind that have nothing of their own, as one part."""
    out: list[dict[str, Any]] = []
    for part in parts:
        if out and part.keys() | out[-1].keys() <= {"text", "thought"} and part.keys() == out[-1].keys():
            out[-1] = {**part, "text": out[-1]["text"] + part["text"]}
        else:
            out.append(part)
    return out


def without_ids(parts: Any) -> Any:
    return [
        {**one, "functionCall": {**one["functionCall"], "id": ""}} if "functionCall" in one else one for one in parts
    ]


@given(st.lists(st.lists(PART, max_size=4), min_size=1, max_size=4), st.integers(1, 200))
def test_any_parts_go_back_in_their_order_however_they_are_cut(chunks: list[list[Any]], size: int):
    last = [{"text": "end", **SIGNED}]
    parts = merged(part for parts in [*chunks, last] for part in parts)
    data = sse(*(chunk(*one) for one in chunks), chunk(*last, finish="STOP"))
    *_, reply = parse([data[at : at + size] for at in range(0, len(data), size)], "gemini")
    assert isinstance(reply, sk.Reply)
    (content,) = reply.messages
    assert without_ids(content["parts"]) == without_ids(parts)
    assert sk.from_json(sk.to_json(reply)).messages == reply.messages
    *_, whole = Parser("gemini").body(
        json.dumps(chunk(*(part for one in chunks for part in one), *last, finish="STOP")).encode()
    )
    assert isinstance(whole, sk.Reply)
    assert whole.messages == reply.messages


@pytest.mark.parametrize("mask", ["█", "a longer mask", ""])
def test_a_signature_stays_beside_a_changed_text(mask: str):
    parts = [{**THOUGHT, **SIGNED}, {"text": "the secret", **SIGNED}, {**call(id="1"), **SIGNED}]
    stream = sk.from_bytes([sse(chunk(*parts, finish="STOP"))], api="gemini")
    hidden = sk.run(stream.pipe(ops.redact(r"secret|Hm", mask=mask)))
    thought, answer = {"text": f"{mask}.", "thought": True, **SIGNED}, {"text": f"the {mask}", **SIGNED}
    assert hidden.messages == [{"role": "model", "parts": [thought, answer, {**call(id="1"), **SIGNED}]}]


# -- loops -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("script", WHOLE)
def test_loops_lose_nothing(script: str, ids: bool):
    server = StrictServer("gemini", script, ids=ids)
    with server.client() as client:
        reply = sk.run(sk.tool_loop(client.chat, "q", {"w": w}))
        sk.run(client.chat([sk.user("q"), *reply.messages, sk.user("more")]))
    assert (server.refused, server.losses) == ([], [])
    calls = [any("functionCall" in part for form in said.form for part in form["parts"]) for said in server.said]
    assert calls == [True] * (len(calls) - 2) + [False, False]


def test_the_requests_of_three_rounds():
    server = StrictServer("gemini", "three rounds")
    with server.client() as client:
        sk.run(sk.tool_loop(client.chat, "q", {"w": w}))
    given = call()
    first = {"functionCall": {"name": "w", "args": {"city": "Malmö", "days": [1, 2]}}, "thoughtSignature": "G1"}
    assert server.requests[-1].body["contents"] == [
        {"role": "user", "parts": [{"text": "q"}]},
        {"role": "model", "parts": [{"text": "One.", "thought": True}, first, given]},
        {"role": "user", "parts": [result(), result()]},
        {"role": "model", "parts": [{"text": "Two.", "thought": True}, {"text": "More."},
                                    {**given, "thoughtSignature": "G2"}]},
        {"role": "user", "parts": [result()]},
        {"role": "model", "parts": [{"text": "Three.", "thought": True}, {**given, "thoughtSignature": "G3"}, given]},
        {"role": "user", "parts": [result(), result()]},
    ]  # fmt: skip


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name not in WHOLE])
def test_after_a_cut_the_conversation_goes_on(script: str):
    server = StrictServer("gemini", script)
    with server.client() as client:
        with pytest.raises(sk.BrokenError) as caught:
            sk.run(client.chat("q"))
        sk.run(client.chat([sk.user("q"), *caught.value.partial.messages, sk.user("more")]))
    assert server.refused == []


@pytest.mark.slow
def test_a_loop_at_every_cut():
    for cut in cuts("gemini", "reasoning between", every=23):
        server = StrictServer("gemini", "reasoning between", cut=cut)
        with server.client() as client:
            sk.run(sk.tool_loop(client.chat, "q", {"w": w}))
        assert (server.refused, server.losses, len(server.requests)) == ([], [], 2)


@pytest.mark.parametrize("script", ["three rounds", "signed text", "text before calls"])
def test_messages_do_not_depend_on_cuts(script: str):
    for data in replies("gemini", script):
        *_, whole = parse([data], "gemini")
        assert isinstance(whole, sk.Reply)
        for pieces in islice(testing.every_split(data), 0, None, 7):  # the places of each chunk are alike
            *_, reply = parse(pieces, "gemini")
            assert isinstance(reply, sk.Reply)
            assert reply.messages == whole.messages


@pytest.mark.slow
@pytest.mark.parametrize("script", WHOLE)
def test_requests_fit_the_types_of_googles_library(script: str):
    types = pytest.importorskip("google.genai.types")
    server = StrictServer("gemini", script)
    with server.client() as client:
        sk.run(sk.tool_loop(client.chat, "q", {"w": w}))
    for request in server.requests:
        for content in request.body["contents"]:
            text = json.dumps(content).replace('"G', '"GGG')  # signatures in base64, as the types want them
            types.Content.model_validate_json(text)


# -- results -----------------------------------------------------------------------------------------------------------


def test_results_stand_after_all_calls_in_their_order():
    reply = reply_of(chunk(call("a"), call("b"), call("a"), finish="STOP"))
    one, two, three = reply.tool_calls
    answers = [three.result("3"), two.result({"x": 2}), one.result("no", is_error=True)]
    contents = asked([sk.user("q"), *reply.messages, *answers, sk.user("go on")], "gemini-2.5-pro")
    assert contents[1:] == [
        {"role": "model", "parts": [call("a"), call("b"), call("a")]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "a", "response": {"error": "no"}}},
            {"functionResponse": {"name": "b", "response": {"x": 2}}},
            result("a", "3"),
        ]},
        {"role": "user", "parts": [{"text": "go on"}]},
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["r", "[1]", "5", '{"a": NaN}', '{"a": 1e999}', '{"a": 1', ""])
def test_results_that_are_not_objects_are_the_output_of_one(text: str):
    (made,) = reply_of(chunk(call("a", id="1"), finish="STOP")).tool_calls
    assert made.result(text) == {"role": "user", "parts": [result("a", text, id="1")]}


def test_results_may_be_messages_of_chat_completions():
    reply = reply_of(chunk(call("a", id="1"), call("b"), finish="STOP"))
    _, second = reply.tool_calls
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    answers = [
        {"role": "tool", "tool_call_id": second.id, "content": "2"},
        {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "1"}, image]},
    ]
    assert asked([*reply.messages, *answers], "gemini-2.5-pro")[1]["parts"] == [
        result("a", "1", id="1", parts=[{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]),
        result("b", "2"),
    ]


# -- histories of other models and APIs --------------------------------------------------------------------------------

ROUND = [{"role": "model", "parts": [call("a", id="1"), call("b", id="2")]},
         {"role": "user", "parts": [result("a", id="1"), result("b", id="2")]}]  # fmt: skip


@pytest.mark.parametrize(
    "model", ["gemini-3-pro-preview", "models/gemini-3.5-flash", "gemini-10", "gemini-flash-latest"]
)
def test_unsigned_calls_of_the_current_turn_get_the_word_for_it(model: str):
    contents = asked([sk.user("q"), *ROUND, sk.user("more"), *ROUND, *ROUND], model)
    first = {**call("a", id="1"), "thoughtSignature": SENTINEL}
    signed = [{"role": "model", "parts": [first, call("b", id="2")]}, ROUND[1]]
    assert contents[1:3] == ROUND
    assert contents[4:] == [*signed, *signed]


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-1.5-flash", "tuned", "gemini-pro"])
def test_older_models_get_no_such_word(model: str):
    assert asked([sk.user("q"), *ROUND], model)[1:] == ROUND


def test_calls_of_chat_completions_get_the_word_too_and_signed_ones_do_not():
    made = {"id": "1", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    talk = [sk.user("q"), {"role": "assistant", "content": None, "tool_calls": [made, {**made, "id": "2"}]}]
    assert asked(talk)[1]["parts"] == [{**call("a", id="1"), "thoughtSignature": SENTINEL}, call("a", id="2")]
    signed = {"role": "model", "parts": [{"text": "x", **SIGNED}, call("a", id="1")]}
    assert asked([sk.user("q"), signed])[1] == signed


def test_the_message_of_a_reply_is_one_of_chat_completions():
    reply = reply_of(chunk({"text": "a"}, {**call("a", id="1", newField=1), **SIGNED}, finish="STOP"))
    made = {"id": "1", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    assert reply.message == {"role": "assistant", "content": "a", "tool_calls": [made]}


PARTS: list[dict[str, Any]] = [
    {**THOUGHT, **SIGNED},
    {"text": "a", **SIGNED},
    {**call("a", id="1"), **SIGNED},
    {"toolCall": {"id": "s"}, **SIGNED},
    call("b", id="2"),
]


@pytest.mark.parametrize(
    ("host", "model", "back"),
    [
        ("generativelanguage.googleapis.com", "gemini-3-pro-preview", PARTS),
        ("generativelanguage.googleapis.com", "gemini-2.5-pro",
         [{"text": "a"}, {**call("a", id="1"), "thoughtSignature": SENTINEL}, PARTS[-1]]),
        ("aiplatform.googleapis.com", "gemini-3-pro-preview",
         [{"text": "a"}, {**call("a", id="1"), "thoughtSignature": SENTINEL}, PARTS[-1]]),
    ],
)  # fmt: skip
def test_signatures_go_to_their_own_model_and_server_only(host: str, model: str, back: list[Any]):
    origin = sk.Origin("gemini", host, model)
    data = sse(chunk(*PARTS, finish="STOP"))
    *_, reply = parse([data], "gemini", origin=origin)
    assert isinstance(reply, sk.Reply)
    assert reply.messages == [{"role": "model", "parts": PARTS}]
    results = [one.result("r") for one in reply.tool_calls]
    assert asked([sk.user("q"), *reply.messages, *results])[1]["parts"] == back


OTHERS = ["openai", "deepseek", "mistral", "groq"]


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("other", OTHERS)
def test_a_conversation_goes_on_with_another_server(other: str, stored: bool):
    """From Gemini to the other server and back, each with a loop of its own."""
    rounds = [[Call("a", signature="A1"), Call("b")], [Text("So.")], [Call("c", signature="C1")], [Text("Done.")]]
    gemini = StrictServer("gemini", rounds)
    history: list[Any] = []
    for server in (gemini, StrictServer(other, "one call"), gemini):
        history = json.loads(json.dumps(history)) if stored else history
        history.append(sk.user("q"))
        with server.client() as client:
            history += sk.run(sk.tool_loop(client.chat, history, {"w": w})).messages
        assert server.refused == []
