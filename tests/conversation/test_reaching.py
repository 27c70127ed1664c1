"""The ways to reach a strict server, what it keeps of the requests, and its replies at every cut."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest

import streamkit as sk
from streamkit.errors import BrokenError, StatusError
from streamkit.wire import parse
from tests.transports import names_its_transports

from .parts import SCRIPTS, Call, Raw, Text
from .provider import cut_of
from .strict import PROVIDERS, StrictServer, cuts, replies, strict

EACH = pytest.mark.parametrize("name", PROVIDERS)
FIELDS: dict[str, Any] = {"anthropic": {"max_tokens": 100}}


def ask(client: sk.Client, server: StrictServer, messages: Any) -> sk.Reply:
    method = client.respond if server.provider.api == "responses" else client.chat
    return sk.run(method(messages, **FIELDS.get(server.provider.name, {})))


@EACH
def test_a_client_reaches_it_on_loopback_and_under_its_real_name(name: str):
    with strict(name, "text") as server:
        api, model = server.provider.api, server.model
        base = server.url.removesuffix("/v1beta") if name == "gemini" else server.url
        with sk.Client(base, "key", api=api, model=model) as client:
            assert ask(client, server, "q").text == "Hello there, wörld."
        with server.client() as client:
            assert ask(client, server, "q").text == "Again."
    first, second = (request.headers["host"] for request in server.requests)
    assert first.startswith("127.0.0.1:")
    assert second == httpx.URL(server.address).netloc.decode()


@names_its_transports
@EACH
def test_sockets_to_every_host_lead_to_it(name: str):
    with strict(name, "text") as server:
        url = httpx.URL(server.address).copy_with(scheme="http", port=None)
        with server.client(base_url=str(url), transport=server.host_transport(), allow_http=True) as client:
            assert ask(client, server, "q").text == "Hello there, wörld."
    assert server.requests[0].headers["host"] == url.host


def test_official_clients_reach_it_under_its_real_name():
    import openai

    server = StrictServer("deepseek", "text")

    async def talk() -> Any:
        connections = httpx.AsyncClient(transport=server.transport(), trust_env=False)
        async with openai.AsyncOpenAI(base_url=server.address, api_key="k", http_client=connections) as client:
            messages: Any = [{"role": "user", "content": "q"}]
            stream = await client.chat.completions.create(model=server.model, messages=messages, stream=True)
            return [chunk.choices[0].delta.content async for chunk in stream]

    assert "".join(piece or "" for piece in asyncio.run(talk())) == "Hello there, wörld."
    assert server.requests[0].headers["host"] == "api.deepseek.com"


def test_a_wrong_path_is_not_served():
    server = StrictServer("anthropic", "text")
    with server.client(api="chat") as client, pytest.raises(StatusError, match="404"):
        sk.run(client.chat("q"))


def test_a_tool_loop_of_the_package_runs_through_it():
    server = StrictServer("openai", "three rounds")
    with server.client() as client:
        reply = sk.run(sk.tool_loop(client.chat, "q", {"w": lambda **arguments: "r"}))
    assert (reply.text, reply.rounds) == ("Done.", 4)
    assert (server.refused, server.losses) == ([], [])
    assert len(server.requests) == len(server.said) == 4


def test_a_refusal_is_an_error_of_the_client_and_is_kept():
    server = StrictServer("openai", "two parallel calls")
    with server.client() as client:
        reply = sk.run(client.chat("q"))
        with pytest.raises(StatusError, match="must be followed by tool messages"):
            sk.run(client.chat([sk.user("q"), reply.messages[0]]))
    assert [error.status for error in server.refused] == [400]
    assert (len(server.requests), len(server.said)) == (2, 1)


def test_the_last_round_is_said_again_and_bytes_may_be_given():
    data = replies("openai", "one call")[0]
    raw = Raw(data, [{"role": "assistant", "content": None}], [Call("a")])
    server = StrictServer("openai", [raw, [Text("Done.")]])
    with server.client() as client:
        found = [sk.run(client.chat("q")) for _ in range(3)]
    assert [reply.tool_calls[0].id if reply.tool_calls else reply.text for reply in found] == ["a", "Done.", "Done."]


@EACH
@pytest.mark.parametrize("script", [name for name, script in SCRIPTS.items() if any(map(cut_of, script))])
def test_a_cut_reply_breaks_the_connection(name: str, script: str):
    server = StrictServer(name, script)
    with server.client() as client:
        with pytest.raises(BrokenError):
            ask(client, server, "q")
        assert ask(client, server, "q").text == "More."


def test_nothing_of_a_part_that_is_cut_is_whole():
    (thought, _), (call, _) = (replies("anthropic", name) for name in ("cut in a thought", "cut in a call"))
    assert b"thinking_delta" in thought
    assert b"signature_delta" not in thought
    assert b"partial_json" in call
    assert call.count(b"event: content_block_stop") == thought.count(b"event: content_block_stop") == 1
    (item, _) = replies("responses", "cut in a call")
    assert b"function_call_arguments.delta" in item
    assert item.count(b"event: response.output_item.done") == 1


# -- cuts --------------------------------------------------------------------------------------------------------------


def test_cuts_are_at_every_place_and_lose_nothing():
    found = {tuple(map(len, cut(data))) for cut in cuts("openai", "one call") for data in replies("openai", "one call")}
    longest = max(map(len, replies("openai", "one call")))
    assert {(place, longest - place) for place in range(1, longest)} <= found
    assert (1,) * longest in found


def test_every_nth_cut_is_a_part_of_all():
    every, some = (len(list(cuts("openai", "one call", every=step))) for step in (1, 10))
    assert every / 11 < some < every / 9


@EACH
def test_replies_are_the_same_however_they_are_cut(name: str):
    for script in ("reasoning between", "search"):
        api = PROVIDERS[name]().api
        for data in replies(name, script):
            *_, whole = parse([data], api)
            for cut in cuts(name, script, every=307):
                *_, reply = parse(cut(data), api)
                assert reply == whole


def test_a_whole_loop_runs_at_every_cut():
    for cut in cuts("openai", "two parallel calls", every=149, sizes=(1, 7)):
        server = StrictServer("openai", "two parallel calls", cut=cut)
        with server.client() as client:
            reply = sk.run(sk.tool_loop(client.chat, "q", {"w": lambda **arguments: "r"}))
        assert (reply.text, server.refused, server.losses) == ("Done.", [], [])


def test_a_server_is_gone_after_its_context():
    with strict("openai", "text") as server:
        port = httpx.URL(server.url).port
        assert port
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), 1):
        pass
