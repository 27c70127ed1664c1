"""The second turn by the Responses API: what goes back after a reply, to a server that refuses anything else."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx
import pytest
from openai import OpenAI

import streamkit as sk
from streamkit.errors import StreamkitError
from streamkit.wire import Parser
from tests.conversation.asking import post
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


def w(city: str = "", days: Any = None) -> str:
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


@pytest.mark.parametrize("script", [name for name in UNCUT if name != "nothing"])
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
        reply = reply_to(data[: place + 2])
        sent = [sk.user("q"), *reply.messages, sk.user("go on")]
        if not (reply.outcome == "complete" and reply.tool_calls) and sent not in seen:
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
    with server.listening(), OpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
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


@pytest.mark.parametrize(
    ("address", "model", "asks"),
    [
        ("https://api.openai.com/v1", "gpt-5.4", True),
        ("https://eu.api.openai.com/v1", "o3-mini", True),
        ("https://r.openai.azure.com/openai/v1", "gpt-5-mini", True),
        ("https://api.x.ai/v1", "grok-4-fast-reasoning", True),
        ("https://api.x.ai/v1", "grok-4-fast-non-reasoning", False),
        ("https://api.openai.com/v1", "gpt-4o", False),
        ("https://api.openai.com/v1", "m", True),
        ("https://api.openai.com/v1", "gpt-5-chat-latest", False),
        ("https://api.openai.com.example.org/v1", "gpt-5.4", False),
        ("http://localhost:8000/v1", "gpt-5.4", False),
    ],
)
def test_encrypted_thoughts_are_asked_for_where_that_is_known(address: str, model: str, asks: bool):
    server = StrictServer("responses", "text", model=model)
    with server.client(base_url=address) as client:
        for ask in (client.respond, partial(client.chat, [sk.user("q")])):
            args: tuple[Any, ...] = ("q",) if ask == client.respond else ()
            for params in ({}, {"store": True}, {"store": False}, {"store": False, "include": []}):
                answer(ask(*args, **params))  # type: ignore[arg-type]
    included = [request.body.get("include") for request in server.requests]
    assert included == [None, None, ["reasoning.encrypted_content"] if asks else None, []] * 2


def test_messages_of_chat_completions_are_translated():
    call = {"id": "c1", "type": "custom", "custom": {"name": "run", "input": "ls"}}
    picture = {"type": "image_url", "image_url": {"url": "https://e.org/p.png"}}
    items = [
        {"role": "user", "content": [{"type": "text", "text": "q"}, picture]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "r"},
        {"role": "user", "content": [{"type": "input_text", "text": "own"}]},
    ]
    assert asked(items)["input"] == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "q"},
                {"type": "input_image", "image_url": "https://e.org/p.png", "detail": "auto"},
            ],
        },
        {"type": "custom_tool_call", "call_id": "c1", "name": "run", "input": "ls"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "r"},
        items[3],
    ]


@pytest.mark.parametrize("script", ["three rounds", "reasoning between", "commentary"])
def test_a_history_goes_on_elsewhere(script: str):
    """To chat completions, to another model, and to another host; and one of chat completions comes here."""
    first = StrictServer("responses", script)
    history = [sk.user("q"), *loop(first, {}).messages, sk.user("and?")]
    for server in (StrictServer("openai", "text"), StrictServer("responses", "text", model="other")):
        with server.client() as client:
            sk.run(client.chat(history))
        assert server.refused == []
        assert not any("encrypted_content" in str(one) or "rs_" in str(one) for one in server.requests[0].body.values())
    second = StrictServer("openai", script)
    with second.client() as client:
        reply = sk.run(sk.tool_loop(client.chat, "q", TOOLS))
    third = StrictServer("responses", "text")
    with third.client() as client:
        sk.run(client.respond([sk.user("q"), *reply.messages, sk.user("and?")]))
    assert third.refused == []


def test_a_text_that_was_changed_keeps_the_fields_of_its_message():
    server = StrictServer("responses", "commentary")
    with server.client() as client:

        def ask(messages: list[Any]) -> Any:
            return client.respond(messages, tools=[w]).pipe(sk.ops.redact(r"look"))

        sk.run(sk.tool_loop(ask, "q", TOOLS))
    sent = server.requests[1].body["input"][1]
    assert (sent["id"], sent["phase"]) == (server.said[0].form[0]["id"], "commentary")
    assert "look" not in sent["content"][0]["text"]
    assert server.refused == []


def test_a_model_without_thoughts_is_asked_once_more_and_then_no_longer():
    refusal = {"message": "Encrypted content is not supported with this model.", "param": "include"}
    server = StrictServer("responses", "text")
    transport = _Refusing(server, refusal)
    with server.client(transport=transport) as client:
        for _ in range(2):
            sk.run(client.respond("q", store=False))
        with pytest.raises(sk.StatusError, match="not supported"):
            sk.run(client.respond("q", store=False, include=["reasoning.encrypted_content"]))
    asked = ["reasoning.encrypted_content"]
    assert transport.included == [asked, None, None, asked]


class _Refusing(httpx.AsyncBaseTransport):
    """A server that refuses every request with ``include``."""

    def __init__(self, server: StrictServer, error: dict[str, str]) -> None:
        self._inner, self._error = server.transport(), error
        self.included: list[Any] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        included = json.loads(request.content).get("include")
        self.included.append(included)
        if included is not None:
            return httpx.Response(400, json={"error": self._error})
        response: httpx.Response = await self._inner.handle_async_request(request)
        return response
