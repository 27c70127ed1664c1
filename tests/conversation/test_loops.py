"""Conversations of the package with every strict server: no request is refused, and nothing of a reply is lost."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import streamkit as sk
from streamkit.turns import FromModel

from .cases import CASES, Case
from .parts import CUT, SCRIPTS, Call, Raw, Text, Thought, any_rounds
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
FEW = ("nothing", "silent reasoning", "reasoning between", "three rounds")
CUT_SCRIPTS = [name for name, script in SCRIPTS.items() if any(map(cut_of, script))]


def w(city: str = "", days: list[int] | None = None) -> str:
    return "r"


def as_json(reply: sk.Reply) -> Any:
    return sk.from_json(sk.to_json(reply))


def as_pickle(reply: sk.Reply) -> Any:
    return pickle.loads(pickle.dumps(reply))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.partition(":")[0])
def test_the_next_request_of_a_case_is_exact(case: Case):
    body = next_request(case)
    assert {field: body.get(field) for field in case.wanted} == case.wanted


@EACH
def test_a_loop_and_what_follows_it_lose_nothing(name: str):
    for script in [one for one in SCRIPTS if one not in CUT_SCRIPTS] if name in DISTINCT else FEW:
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


@EACH_FORM
@pytest.mark.parametrize("through", [copy.deepcopy, as_json, as_pickle])
def test_a_loop_of_two_servers_goes_on_with_both_after_it_was_stored(name: str, through: Callable[[sk.Reply], Any]):
    other = "responses" if name == "anthropic" else "anthropic"
    first = [Thought("One.", "S1"), Call("a", signature="G1"), Call("b")]
    servers = (
        StrictServer(name, [first, [Text("More.")]]),
        StrictServer(other, [[Thought("Two.", "S2"), Text("Done.")]]),
    )
    with servers[0].client() as one, servers[1].client() as two:
        asks = [ask_of(one, servers[0]), ask_of(two, servers[1])]
        each = iter(asks)
        reply = sk.run(sk.tool_loop(lambda messages: next(each)(messages, tools=[w]), "q", [w]))
        messages = through(reply).messages
        assert messages == reply.messages
        assert list(map(written_by, messages)) == list(map(written_by, reply.messages))
        for ask in asks:
            sk.run(ask([sk.user("q"), *messages, sk.user("more")]))
    assert [server.refused for server in servers] == [[], []]


@EACH_FORM
def test_a_guard_leaves_the_parts_of_a_reply_where_they_are(name: str):
    if name == "anthropic":
        scripts = ("three rounds", "reasoning between")
    else:
        scripts = ("three rounds", "reasoning between", "text before calls", "commentary")
    for script in scripts:
        server = StrictServer(name, script)
        with server.client() as client:
            ask = ask_of(client, server, tools=[w])
            loop = sk.tool_loop(lambda messages, ask=ask: ask(messages).pipe(sk.ops.guard(lambda text: True)), "q", [w])
            reply = sk.run(loop)
            sk.run(ask([sk.user("q"), *reply.messages, sk.user("more")]))
        assert (server.refused, server.losses) == ([], []), script


def written_by(message: Any) -> Any:
    return isinstance(message, FromModel) and (message.origin, message.reply, message.request)


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
    for cut in cuts(name, script, every=797, sizes=(1,)):
        server, history = _played(name, script, cut=cut)
        assert history == wanted
        assert (server.refused, server.losses) == ([], [])


def _played(name: str, script: str, **options: Any) -> tuple[StrictServer, list[Any]]:
    server = StrictServer(name, script, **options)
    return server, run_loop(server, [w])[1]
