"""Conversations of an `sk.Client` with strict servers: the cases, and tool loops with a further question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamkit as sk
from streamkit.errors import BrokenError

from .cases import Case, Failed, Turn
from .parts import Text
from .strict import StrictServer

__all__ = ["ask_of", "next_request", "run_loop"]

FIELDS: Mapping[str, Any] = {
    "anthropic": {"max_tokens": 100},
    "responses": {"store": False, "include": ["reasoning.encrypted_content"]},
}
"""The fields of requests to the APIs that need some."""


def ask_of(client: sk.Client, server: StrictServer, **fields: Any) -> Callable[..., Any]:
    """The method of ``client`` for the API of ``server``, with the fields that it needs and more of them."""
    api = server.provider.api
    method: Any = client.respond if api == "responses" else client.chat
    return partial(method, **{**FIELDS.get(api, {}), **fields})


def run_loop(server: StrictServer, tools: Any, question: str = "q") -> tuple[sk.Reply, list[Any]]:
    """The Reply of a tool loop, cut or not, and the history after it with two more questions, which were asked, too."""
    history: list[Any] = [sk.user(question)]
    with server.client() as client:
        ask = ask_of(client, server)
        reply = _reply(sk.tool_loop(ask, history, tools))
        history += [*reply.messages, sk.user("more")]
        history += [*_reply(ask(history)).messages, sk.user("and more")]
        sk.run(ask(history))
    return reply, history


def _reply(stream: Any) -> sk.Reply:
    """The Reply of a stream, or what there is of it if the connection breaks."""
    try:
        return sk.run(stream)
    except BrokenError as broken:
        return broken.partial


def next_request(case: Case) -> dict[str, Any]:
    """The body of the request that a client sends after the replies of a case, to the server for which it is meant."""
    server = StrictServer(case.provider, [*case.rounds, [Text("Done.")]])
    with server.client() as client:
        ask = partial(client.respond if server.provider.api == "responses" else client.chat, **case.request)
        history, last = _talk(case, ask)
        if "previous_response_id" in case.wanted:
            history, ask = history[-len(case.turns[-1].results) :], partial(ask, previous_response_id=last.id)
        if case.target:
            server = StrictServer(case.target, "text")
            with server.client() as other:
                sk.run(other.chat(history))
        else:
            sk.run(ask(history, **({"model": case.target_model} if case.target_model else {})))
    body: dict[str, Any] = server.requests[-1].body
    return body


def _talk(case: Case, ask: Callable[..., Any]) -> tuple[list[Any], sk.Reply]:
    history: list[Any] = [sk.user("q")]
    for turn in case.turns:
        reply = _reply(ask(history))
        history += [*reply.messages, *_results(reply, turn)]
        if turn.says is not None:
            history.append(sk.user(turn.says))
    return json.loads(json.dumps(history)) if case.through_json else history, reply


def _results(reply: sk.Reply, turn: Turn) -> list[Any]:
    results = [(call, turn.results[call.id]) for call in reply.tool_calls]
    return [
        call.result(value.text, is_error=True) if isinstance(value, Failed) else call.result(value)
        for call, value in results
    ]
