"""Conversations by chat completions, with the servers of all kinds: strict ones accept each next request."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import streamkit as sk

from .asking import openai_of
from .cases import CASES, Case
from .chat_hosts import CHAT_HOSTS
from .parts import SCRIPTS, Text
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
    with strict("openai", "two parallel calls") as server, openai_of(server) as library:
        stream = library.chat.completions.create(model="gpt-x", messages=[sk.user("q")], stream=True)
        reply = sk.run(sk.from_sdk(stream))
        assert reply.origin == sk.Origin("chat", server.url.split("/")[2], "gpt-x")
        answers = [call.result("r") for call in reply.tool_calls]
        asked = [sk.user("q"), *reply.messages, *answers]
        library.chat.completions.create(model="gpt-x", messages=asked, stream=True).close()
        assert (server.refused, server.losses) == ([], [])
