"""Conversations of the package with every strict server: no request is refused, and nothing of a reply is lost."""

from __future__ import annotations

from typing import Any

import pytest

import streamkit as sk

from .cases import CASES, Case
from .parts import CUT, SCRIPTS, Raw, Text, any_rounds
from .playing import ask_of, next_request, run_loop
from .provider import cut_of
from .strict import PROVIDERS, StrictServer, cuts

EACH = pytest.mark.parametrize("name", PROVIDERS)
DISTINCT = (
    "responses",
    "anthropic",
    "gemini",
    "openai",
    "deepseek",
    "minimax",
    "mistral",
    "openrouter",
    "gemini-compat",
)
"""The servers whose streams differ in their form; the others have that of one of them."""
EACH_FORM = pytest.mark.parametrize("name", DISTINCT)
CUT_SCRIPTS = [name for name, script in SCRIPTS.items() if any(map(cut_of, script))]


def w(city: str = "", days: list[int] | None = None) -> str:
    return "r"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.partition(":")[0])
def test_the_next_request_of_a_case_is_exact(case: Case):
    body = next_request(case)
    assert {field: body.get(field) for field in case.wanted} == case.wanted


@EACH
def test_a_loop_and_what_follows_it_lose_nothing(name: str):
    for script in [script for script in SCRIPTS if script not in CUT_SCRIPTS]:
        server = StrictServer(name, script)
        reply, _ = run_loop(server, [w])
        assert (server.refused, server.losses) == ([], []), script
        assert reply.rounds == (len(server.rounds) if reply.earlier else 1)


@EACH
def test_the_history_after_a_cut_is_accepted(name: str):
    for script in CUT_SCRIPTS:
        server = StrictServer(name, script)
        run_loop(server, [w])
        assert server.refused == [], script


@EACH_FORM
@pytest.mark.parametrize("script", ["three rounds", "reasoning between"])
def test_the_history_after_a_reply_of_any_length_is_accepted(name: str, script: str):
    said = StrictServer(name, script).play({})
    data = b"".join(said.events)
    for length in range(len(name), len(data), 307):
        reply = Raw(data[:length], said.form, [*said.round, CUT], said.id)
        server = StrictServer(name, [reply, [Text("More.")]])
        run_loop(server, [w])
        assert server.refused == [], length


@EACH
def test_a_conversation_goes_on_with_other_servers(name: str):
    for script in ("three rounds", "search"):
        _, history = _played(name, script)
        for other in [one for one in DISTINCT if one != name]:  # a new server does not know what another one signed
            server = StrictServer(other, "text")
            with server.client() as client:
                sk.run(ask_of(client, server)(history))
            assert server.refused == [], other


@EACH
@pytest.mark.parametrize("seed", range(3))
def test_a_loop_of_any_rounds_loses_nothing(name: str, seed: int):
    rounds = any_rounds(seed)
    server = StrictServer(name, rounds)
    run_loop(server, [w])
    assert (server.refused, server.losses) == ([], []), rounds


@pytest.mark.slow
@EACH_FORM
@pytest.mark.parametrize("script", ["three rounds", "reasoning between"])
def test_a_loop_is_the_same_however_its_replies_are_cut(name: str, script: str):
    *_, wanted = _played(name, script)
    for cut in cuts(name, script, every=397, sizes=(1, 7)):
        server, history = _played(name, script, cut=cut)
        assert history == wanted
        assert (server.refused, server.losses) == ([], [])


def _played(name: str, script: str, **options: Any) -> tuple[StrictServer, list[Any]]:
    server = StrictServer(name, script, **options)
    return server, run_loop(server, [w])[1]
