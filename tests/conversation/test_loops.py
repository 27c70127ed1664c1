"""Conversations of the package with every strict server: no request is refused, and nothing of a reply is lost."""

from __future__ import annotations

from typing import Any

import pytest

from .cases import CASES, Case
from .parts import SCRIPTS
from .playing import next_request, run_loop
from .provider import cut_of
from .strict import PROVIDERS, StrictServer, cuts

NOT_YET: set[str] = {
    *("responses", "anthropic", "gemini", "deepseek", "kimi", "vllm", "ollama"),
    *("groq", "cerebras", "mistral", "openrouter", "gemini-compat"),
}
"""The servers whose conversations do not go on yet."""

EACH = pytest.mark.parametrize("name", [name for name in PROVIDERS if name not in NOT_YET])
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
CUT = [name for name, script in SCRIPTS.items() if any(map(cut_of, script))]
TOOLS = {"w": lambda **arguments: "r"}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.provider not in NOT_YET], ids=lambda case: case.name.partition(":")[0]
)
def test_the_next_request_of_a_case_is_exact(case: Case):
    body = next_request(case)
    assert {field: body.get(field) for field in case.wanted} == case.wanted


@EACH
def test_a_loop_and_what_follows_it_lose_nothing(name: str):
    for script in [script for script in SCRIPTS if script not in CUT]:
        server = StrictServer(name, script)
        reply, _ = run_loop(server, TOOLS)
        assert (server.refused, server.losses) == ([], []), script
        assert reply.rounds == (len(server.rounds) if reply.earlier else 1)


@EACH
def test_the_history_after_a_cut_is_accepted(name: str):
    for script in CUT:
        server = StrictServer(name, script)
        run_loop(server, TOOLS)
        assert server.refused == [], script


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in DISTINCT if name not in NOT_YET])
@pytest.mark.parametrize("script", ["three rounds", "reasoning between"])
def test_a_loop_is_the_same_however_its_replies_are_cut(name: str, script: str):
    *_, wanted = _played(name, script)
    for cut in cuts(name, script, every=397, sizes=(1, 7)):
        server, history = _played(name, script, cut=cut)
        assert history == wanted
        assert (server.refused, server.losses) == ([], [])


def _played(name: str, script: str, **options: Any) -> tuple[StrictServer, list[Any]]:
    server = StrictServer(name, script, **options)
    return server, run_loop(server, TOOLS)[1]
