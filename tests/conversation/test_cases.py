"""The fifteen cases as data: their streams are whole, and strict servers accept the request that each wants."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.errors import BrokenError
from streamkit.wire import parse

from .asking import post
from .cases import CASES, Case
from .parts import Call, Text
from .strict import StrictServer

EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.partition(":")[0])
WHOLE = [case for case in CASES if not case.target and not any(turn.is_cut for turn in case.turns)]


def field_of(case: Case) -> str:
    return "messages" if "messages" in case.wanted else "input"


def asked(case: Case, **fields: Any) -> StrictServer:
    """The server of the next request, after that request; it has given all replies before, if it is the same one."""
    server = StrictServer(case.target or case.provider, [*([] if case.target else case.rounds), [Text("Done.")]])
    for _ in case.turns if not case.target else ():
        server.play({**case.request, field_of(case): [{"role": "user", "content": "q"}]})
    post(server, {"model": case.target_model or server.model, **case.wanted, **fields})
    return server


@EACH
def test_every_stream_is_a_reply_with_its_calls(case: Case):
    api = StrictServer(case.provider, case.rounds).provider.api
    for turn in case.turns:
        if turn.is_cut:
            with pytest.raises(BrokenError):
                [*parse([turn.raw.data], api)]
            continue
        *_, reply = parse([turn.raw.data], api)
        calls = [(call.id, call.name, call.arguments) for call in reply.tool_calls]
        assert calls == [(part.id, part.name, part.arguments) for part in turn.raw.parts if isinstance(part, Call)]
        assert reply.outcome in ("complete", "refused")


@EACH
def test_a_strict_server_accepts_the_next_request(case: Case):
    server = asked(case)
    assert (server.refused, server.losses) == ([], [])


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name.partition(":")[0])
def test_a_strict_server_is_not_content_with_less(case: Case):
    """Without one of the messages or items, except those that are words of the user."""
    wanted = case.wanted[field_of(case)]
    for place, message in enumerate(wanted):
        if message.get("role") != "user" or not isinstance(message["content"], str):
            server = asked(case, **{field_of(case): wanted[:place] + wanted[place + 1 :]})
            assert server.refused or server.losses


@pytest.mark.parametrize("case", [case for case in CASES if case.target], ids=lambda case: case.target)
def test_the_reasoning_of_one_server_is_refused_by_another(case: Case):
    (server,) = [asked(case, messages=one.wanted["messages"]) for one in CASES if one.name.startswith("13")]
    (error,) = server.refused
    assert error.status in (400, 422)


def test_thinking_of_one_model_is_refused_for_another():
    first, *others = [case for case in CASES if case.name.startswith(("8", "11"))]
    server = asked(others[0], messages=first.wanted["messages"])
    assert str(server.refused[0]) == "messages.1.content.0: Invalid `signature` in `thinking` block"
