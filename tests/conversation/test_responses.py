"""The second turn by the Responses API: what goes back after a reply, to a server that refuses anything else."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

import streamkit as sk
from streamkit.errors import StreamkitError
from streamkit.wire import Parser
from tests.conversation.asking import openai_of, post
from tests.conversation.cases import CASES, Case, Failed
from tests.conversation.parts import SCRIPTS, Call, Text
from tests.conversation.strict import StrictServer, cuts, replies

RESPONSES = [case for case in CASES if case.provider == "responses"]
UNCUT = [name for name in SCRIPTS if not name.startswith("cut ")]
ORIGIN = sk.Origin("responses", "api.openai.com", "gpt-5.4")


def reply_to(data: bytes | list[bytes]) -> sk.Reply:
    """The reply in these bytes, or the part of it before its error."""
    parser = Parser("responses", origin=ORIGIN)
    events: list[Any] = []
    try:
        for piece in [data] if isinstance(data, bytes) else data:
            events += parser.feed(piece)
        events += parser.flush()
    except StreamkitError:
        return parser.reply("truncated")
    return next(event for event in events if isinstance(event, sk.Reply))


def next_input(case: Case, reply: sk.Reply) -> list[Any]:
    (turn,) = case.turns
    results = [
        call.result(answer.text, is_error=True) if isinstance(answer, Failed) else call.result(answer)
        for call in reply.tool_calls
        if (answer := turn.results.get(call.id)) is not None
    ]
    said = [sk.user(turn.says)] if turn.says else []
    return [sk.user("q"), *reply.messages, *results, *said]


@pytest.mark.parametrize("case", RESPONSES, ids=lambda case: case.name)
def test_what_goes_back_at_every_cut(case: Case):
    (turn,) = case.turns
    data = turn.raw.data
    wanted = case.wanted["input"] if "previous_response_id" not in case.wanted else None
    for place in range(0, len(data), 7):
        sent = next_input(case, reply_to([data[:place], data[place:]]))
        assert wanted is None or sent == wanted
    assert [*sent] == next_input(case, sk.from_json(sk.to_json(reply_to(data))))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("case", RESPONSES, ids=lambda case: case.name)
def test_what_goes_back_at_all_cuts_there_are(case: Case):
    data = case.turns[0].raw.data
    whole = next_input(case, reply_to(data))
    assert all(next_input(case, reply_to([data[:at], data[at:]])) == whole for at in range(len(data)))


@pytest.mark.parametrize("case", RESPONSES, ids=lambda case: case.name)
def test_the_next_request_of_a_client(case: Case):
    server = StrictServer(case.provider, [*case.rounds, [Text("Done.")]])
    with server.client() as client:
        reply = answer(client.respond("q", **case.request))
        more = {"previous_response_id": reply.id} if "previous_response_id" in case.wanted else case.request
        sk.run(client.respond(next_input(case, reply), **more))
    body = server.requests[1].body
    assert {name: body[name] for name in case.wanted} == case.wanted
    assert (server.refused, server.losses) == ([], [])


def answer(stream: sk.ReplyStream) -> sk.Reply:
    try:
        return sk.run(stream)
    except StreamkitError as error:
        return error.partial or sk.Reply()


def w(**arguments: Any) -> str:
    return "r"


TOOLS = {"w": w}
WAYS: dict[str, dict[str, Any]] = {"stored": {}, "not stored": {"store": False}, "conversation": {"conversation": "c1"}}


def loop(server: StrictServer, ways: dict[str, Any], method: str = "respond") -> sk.Reply:
    with server.client() as client:
        ask = partial(getattr(client, method), **ways)
        return sk.run(sk.tool_loop(ask, "q", TOOLS))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("script", UNCUT)
def test_loops(script: str, way: str):
    server = StrictServer("responses", script)
    reply = loop(server, WAYS[way])
    assert (server.refused, server.losses) == ([], [])
    assert len(server.requests) == reply.rounds == (1 if not has_calls(script) else len(SCRIPTS[script]))


def has_calls(script: str) -> bool:
    return any(isinstance(part, Call) for part in SCRIPTS[script][0])


@pytest.mark.parametrize("script", ["three rounds", "reasoning between", "search", "commentary"])
def test_loops_of_chat_by_this_api(script: str):
    server = StrictServer("responses", script)
    loop(server, {"store": False}, "chat")
    assert (server.refused, server.losses) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("script", ["three rounds", "reasoning between", "search"])
def test_loops_at_every_cut(script: str):
    for cut in cuts("responses", script, every=41):
        server = StrictServer("responses", script, cut=cut)
        loop(server, {"store": False})
        assert (server.refused, server.losses) == ([], [])


@pytest.mark.parametrize("script", UNCUT)
def test_a_whole_history_and_the_next_question(script: str):
    """The conversation goes on after its loop, with everything, or with the new question only."""
    server = StrictServer("responses", [*SCRIPTS[script], [Text("More.")]])
    with server.client() as client:
        history: list[Any] = [sk.user("q")]
        reply = sk.run(sk.tool_loop(client.respond, history, TOOLS))
        history += [*reply.messages, sk.user("and?")]
        sk.run(client.respond(history))
        sk.run(client.respond(history, previous_response_id=reply.id))
    assert (server.refused, server.losses) == ([], [])
    assert server.requests[-1].body["input"] == [sk.user("and?")]


def test_only_what_is_new_is_sent_to_a_conversation():
    server = StrictServer("responses", "three rounds")
    loop(server, {"conversation": "c1"})
    kinds = [[item.get("type", item.get("role")) for item in request.body["input"]] for request in server.requests]
    assert kinds == [["user"], ["function_call_output"] * 2, ["function_call_output"], ["function_call_output"] * 2]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_history_is_valid_wherever_its_reply_was_cut(script: str):
    """Also in the bytes: events that are not whole do not count."""
    (data, *_) = replies("responses", script)
    (ends,) = [[place for place in range(len(data)) if data.startswith(b"\n\n", place)]]
    seen = []
    for place in ends[1:]:
        sent = [sk.user("q"), *reply_to(data[: place + 2]).messages, sk.user("go on")]
        if not reply_to(data[: place + 2]).tool_calls and sent not in seen:
            seen.append(sent)
            server = StrictServer("responses", [SCRIPTS[script][0], [Text("More.")]])
            server.play({"input": "q", "store": False})
            post(server, {"input": sent, "store": False})
            assert server.refused == [], sent


def test_items_of_a_document_are_those_of_the_stream():
    for script in UNCUT:
        server = StrictServer("responses", script)
        said = server.play({"input": "q"})
        whole = json.loads(said.events[-1].partition(b"data: ")[2])["response"]
        parser = Parser("responses", origin=ORIGIN)
        *_, reply = parser.body(json.dumps(whole).encode())
        streamed = reply_to(b"".join(said.events))
        assert without_encrypted(reply.messages) == without_encrypted(streamed.messages)  # type: ignore[union-attr]


def without_encrypted(items: list[Any]) -> list[Any]:
    """The items, without what differs between the events that have them whole."""
    return [{name: value for name, value in item.items() if name != "encrypted_content"} for item in items]


def test_the_official_library_gives_the_same():
    server = StrictServer("responses", "three rounds")
    with server.listening(), openai_of(server) as client:
        direct = reply_to(b"".join(server.play({"input": "q"}).events))
        stream = partial(client.responses.create, model=server.model, input="q", stream=True)
        server.said.clear()
        assert sk.run(sk.from_sdk(stream)).messages == direct.messages
        server.said.clear()
        with client.responses.stream(model=server.model, input="q") as helper:
            assert sk.run(sk.from_sdk(helper)).messages == direct.messages


def asked(items: list[Any], **params: Any) -> dict[str, Any]:
    """The body of the request for ``items``, whatever answers it."""
    server = StrictServer("responses", "text")
    with server.client() as client:
        answer(client.respond(items, **params))
    body: dict[str, Any] = server.requests[0].body
    return body


CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "w", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "r"}
PLAIN_CALL = {name: value for name, value in CALL.items() if name != "id"}


@pytest.mark.parametrize(
    ("reasoning", "sent"),
    [
        ({"summary": []}, [PLAIN_CALL, OUTPUT]),
        ({"summary": [], "encrypted_content": "E"}, None),
        ({"summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}, None),
    ],
)
def test_reasoning_that_was_not_stored_goes_back_if_it_can_be_read(reasoning: Any, sent: Any):
    items = [{"type": "reasoning", "id": "rs_1", **reasoning}, CALL, OUTPUT]
    assert asked(items, store=False)["input"] == (items if sent is None else sent)
    assert asked(items)["input"] == items
