"""Conversations with Anthropic's Messages API: the cases, loops of tools, and replies that were cut."""

from __future__ import annotations

import json
from typing import Any

import pytest

import streamkit as sk
from streamkit.errors import BrokenError

from .anthropic_streams import (
    FOUND,
    QUERY,
    asked,
    block,
    grown,
    joined,
    reply_of,
    said,
    stream,
)
from .cases import CASES, Case, Failed
from .parts import SCRIPTS, Call, Text
from .provider import cut_of
from .strict import StrictServer, cuts

OWN = [case for case in CASES if case.provider == "anthropic"]
LOOPS = [name for name, script in SCRIPTS.items() if not any(map(cut_of, script))]


# -- the cases ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_the_next_request_is_exactly_this(case: Case) -> None:
    server = StrictServer("anthropic", [*case.rounds, [Text("Done.")]])
    history: list[Any] = [sk.user("q")]
    with server.client() as client:
        for turn in case.turns:
            try:
                reply = sk.run(client.chat(history, **case.request))
            except BrokenError as cut:
                reply = cut.partial
            history += reply.messages
            for call in reply.tool_calls:
                result = turn.results[call.id]
                failed = isinstance(result, Failed)
                history.append(call.result(result.text if failed else result, is_error=failed))
            history += [sk.user(turn.says)] if turn.says else []
        sk.run(client.chat(history, model=case.target_model or None, **case.request))
    body = server.requests[-1].body
    assert {name: body[name] for name in case.wanted} == case.wanted
    assert (server.refused, server.losses) == ([], [])


# -- loops -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", LOOPS)
def test_a_loop_of_tools_sends_back_all_that_was_said(script: str) -> None:
    server = StrictServer("anthropic", script)
    reply = asked(server)
    calls = sum(isinstance(part, Call) for round in server.rounds for part in round)
    assert reply.rounds == sum(any(isinstance(part, Call) for part in round) for round in server.rounds) + 1
    assert json.dumps(reply.messages).count('"tool_result"') == calls


@pytest.mark.slow
@pytest.mark.parametrize("script", ["three rounds", "reasoning between", "search"])
def test_a_loop_is_the_same_at_every_cut(script: str) -> None:
    whole = asked(StrictServer("anthropic", script))
    for cut in cuts("anthropic", script, every=211):
        assert asked(StrictServer("anthropic", script, cut=cut)).messages == whole.messages


def test_thinking_that_is_bound_to_its_conversation_is_sent_in_it() -> None:
    asked(StrictServer("anthropic", "three rounds", bound=True))


def test_a_tool_that_fails_is_an_error_for_the_api() -> None:
    def fails(city: str = "", days: list[int] | None = None) -> str:
        raise ValueError("no such city")

    server = StrictServer("anthropic", "two parallel calls")
    messages: Any = asked(server, {"w": fails}).messages
    assert [message["role"] for message in messages] == ["assistant", "user", "assistant"]
    assert [block["is_error"] for block in messages[1]["content"]] == [True, True]


# -- what was cut ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [*SCRIPTS])
def test_what_a_cut_reply_leaves_can_be_sent_on(script: str) -> None:
    server = StrictServer("anthropic", script)
    server.play({"max_tokens": 9, "messages": [sk.user("q")]})
    data = b"".join(server.said[0].events)
    for end in range(0, len(data), 7):
        reply = reply_of(data[:end])
        answers = [call.result("r") for call in reply.tool_calls if reply.outcome == "complete"]
        messages = [sk.user("q"), *reply.messages, *answers, sk.user("more")]
        server.check({"max_tokens": 9, "messages": joined(messages)})


def test_a_tool_of_the_server_that_was_cut_off_is_left_out() -> None:
    search = block(1, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}, QUERY)
    cut = stream(*said(0, "I look."), *search, reason=None)
    assert reply_of(cut).messages == [{"role": "assistant", "content": [{"type": "text", "text": "I look."}]}]
    assert reply_of(stream(*search[:-1], reason=None)).messages == []
    broken = stream(*search[:-1], FOUND, reason="max_tokens")
    assert reply_of(broken).messages[0]["content"][0]["input"] == {"query": "x"}
    torn = [*search[:1], grown(1, {"type": "input_json_delta", "partial_json": '{"que'}), FOUND]
    assert reply_of(stream(*torn, *said(3, "Well."))).messages == [
        {"role": "assistant", "content": [{"type": "text", "text": "Well."}]}
    ]
