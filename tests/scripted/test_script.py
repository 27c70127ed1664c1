"""A script in bytes and time: what it says parses to what it was told, and its faults are the ones asked for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit import testing
from streamkit.scripted.script import Script, as_tokens
from streamkit.wire import parse

APIS = ("chat", "completions", "responses")
TEXTS = st.lists(st.text(min_size=1, max_size=8), max_size=6)


def reply(script: Script, api: str = "chat", **body) -> sk.Reply:
    *_, last = parse([write.data for write in script.writes(api, body)], api)
    return last


@pytest.mark.slow
@given(TEXTS, st.sampled_from(APIS), st.one_of(st.none(), st.integers(1, 9)))
def test_the_text_is_what_was_told_in_every_api_however_it_is_split(pieces, api, split):
    script = Script(pieces, split=split)
    assert reply(script, api).text == "".join(pieces)
    whole = b"".join(write.data for write in Script(pieces).writes(api))
    assert b"".join(write.data for write in script.writes(api)) == whole
    if split:
        assert all(len(write.data) <= split for write in script.writes(api))


@given(st.text())
def test_a_text_is_cut_into_pieces_like_tokens_and_nothing_is_lost(text):
    assert "".join(as_tokens(text)) == text
    assert all(as_tokens(text))


def test_pieces_like_tokens_are_words_with_their_space_and_single_ideographs():
    assert as_tokens("Wait a bit:\n 你好!") == ["Wait", " a", " bit:", "\n 你", "好", "!"]


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_reasoning_refusal_and_tools_have_their_places(api):
    script = Script(
        ["Let me see."],
        reasoning="Think first.",
        refusal=["No."],
        tool_calls=[("add", {"a": 1, "b": "zwölf"}), sk.ToolCall("id-2", "noop", "")],
    )
    got = reply(script, api)
    assert (got.reasoning, got.text, got.refusal) == ("Think first.", "Let me see.", "No.")
    assert [call.name for call in got.tool_calls] == ["add", "noop"]
    assert got.tool_calls[0].args() == {"a": 1, "b": "zwölf"}
    assert got.tool_calls[1].id == "id-2"
    assert got.finish_reason == "tool_calls"


def test_pieces_may_be_events_of_any_choice():
    script = Script([sk.TextDelta("a"), sk.TextDelta("b", 1), "c", sk.Finish("length", 1), sk.TextDelta("d", 1)])
    events = list(parse(write.data for write in script.writes()))
    assert [(choice.text, choice.finish_reason) for choice in events[-1].choices] == [("ac", "stop"), ("bd", "length")]
    assert b"".join(write.data for write in script.writes()).count(b'"finish_reason":"') == 2


def test_usage_is_sent_when_it_is_asked_for():
    asked = {"stream_options": {"include_usage": True}, "messages": [{"role": "user", "content": "How are you"}]}
    assert reply(Script("a b c")).usage is None
    assert reply(Script("a b c"), **asked).usage == sk.Usage(3, 3, 6)
    assert reply(Script("a b c", usage=sk.Usage(7, 8, 15)), **asked).usage == sk.Usage(7, 8, 15)
    assert reply(Script("a b c"), "responses", input="How are you").usage == sk.Usage(3, 3, 6)
    assert reply(Script("a b c"), stream_options=5, messages=[1]).usage is None


def test_made_up_usage_counts_the_words_of_all_that_was_asked_in_any_api():
    parts = [{"type": "text", "text": "one two"}, {"type": "image_url", "image_url": {"url": "x"}}]
    turns = [{"role": "user", "content": parts}, {"role": "assistant", "content": "three"}]
    result = {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": "four five"}]}]}
    for api, body, words in (
        ("chat", {"messages": [{"role": "system", "content": "be brief"}, *turns]}, 5),
        ("completions", {"prompt": ["one two", "three"]}, 3),
        ("responses", {"instructions": "be brief", "input": [{"role": "user", "content": parts}]}, 4),
        ("anthropic", {"system": "be brief", "messages": [*turns, result]}, 7),
        ("anthropic", {"system": [{"type": "text", "text": "be brief"}], "messages": turns}, 5),
        ("ollama", {"messages": [{"role": "user", "content": "one two"}]}, 2),
    ):
        writes = Script("a b").writes(api, body, figures=True)
        *_, told = parse([write.data for write in writes], api)
        assert told.usage.prompt_tokens == words, (api, body)
    for strange in ({}, {"messages": 5}, {"messages": [5, None]}, {"messages": [{"content": 1}]}):
        assert reply(Script("a b"), "chat", stream_options={"include_usage": True}, **strange).usage.prompt_tokens == 0


def test_the_model_is_the_one_that_was_asked_for_or_the_scripts_own():
    assert reply(Script("a"), model="small").model == "small"
    assert reply(Script("a", model="own"), model="small").model == "own"


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [({"finish": ""}, "complete"), ({"done": False}, "complete"), ({"finish": "length"}, "length")],
)
def test_other_ways_to_end(ending, outcome):
    assert reply(Script("a", **ending)).outcome == outcome


def test_neither_a_finish_reason_nor_a_mark_of_the_end_is_a_cut_reply():
    with pytest.raises(sk.BrokenError):
        reply(Script("a", finish="", done=False))


# -- time ----------------------------------------------------------------------------------------------------------


def test_the_first_piece_and_those_after_it_have_their_delays():
    delays = [write.delay for write in Script(["a", "b", "c"], first=2.0, every=0.5).writes() if write.delay]
    assert delays == [2.0, 0.5, 0.5]


def test_jitter_varies_the_pace_within_bounds_and_repeats_with_its_seed():
    script = Script(["x"] * 200, every=1.0, jitter=0.5, seed=7)
    delays = [write.delay for write in script.writes() if write.delay]
    assert delays == [write.delay for write in script.writes() if write.delay]
    assert 0.5 <= min(delays) < 0.6
    assert 1.4 < max(delays) <= 1.5
    assert delays != [
        write.delay for write in Script(["x"] * 200, every=1.0, jitter=0.5, seed=8).writes() if write.delay
    ]


def test_more_jitter_than_pace_never_runs_backwards():
    assert all(write.delay >= 0 for write in Script(["x"] * 200, every=1.0, jitter=3.0).writes())


def test_comments_fill_long_waits_without_moving_anything():
    plain, kept = (Script(["a", "b"], first=5.0, every=2.5, keepalive=pause) for pause in (None, 1.0))
    assert next(w for w in kept.writes() if w.data.startswith(b":")).delay == 1.0
    assert sum(w.data.startswith(b":") for w in kept.writes()) == 4 + 2
    assert sum(w.delay for w in kept.writes()) == sum(w.delay for w in plain.writes())
    assert reply(kept).text == "ab"


def test_comments_go_on_for_ever_in_a_stall():
    writes = Script(["a", "b"], stall_after=1, keepalive=1.0).writes()
    tail = [write for _, write in zip(range(50), writes, strict=False)][-40:]
    assert all(write.data.startswith(b":") and write.then == "on" for write in tail)


@pytest.mark.parametrize(
    "wrong", [{"first": -1}, {"every": -0.1}, {"jitter": -1}, {"head_after": -1}, {"keepalive": 0}, {"split": 0}]
)
def test_delays_and_sizes_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match=r"script|keepalive"):
        Script("a", **wrong)


# -- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "text"), [(0, ""), (1, "a"), (2, "ab"), (3, "abc")])
@pytest.mark.parametrize("then", ["drop", "stall"])
def test_a_cut_or_a_stall_comes_after_so_many_pieces(count, text, then):
    *before, last = Script(["a", "b", "c"], **{f"{then}_after": count}).writes()
    assert last.then == then
    assert all(write.then == "on" for write in before)
    with pytest.raises(sk.BrokenError) as caught:
        list(parse([write.data for write in (*before, last)]))
    assert caught.value.partial.text == text


def test_a_fault_beyond_the_end_never_comes():
    assert reply(Script(["a", "b", "c"], drop_after=4)).text == "abc"


def test_a_split_write_is_cut_only_at_its_end():
    *before, last = Script("a", drop_after=1, split=3).writes()
    assert (last.then, {write.then for write in before}) == ("drop", {"on"})


@pytest.mark.parametrize("api", APIS)
def test_bad_json_is_at_its_piece(api):
    with pytest.raises(sk.MalformedError) as caught:
        reply(Script(["a", "b", "c"], bad_json_at=1), api)
    assert caught.value.partial.text == "a"


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "fail",
    [
        sk.ApiError("too busy", code="busy", error_type="server_error"),
        {"message": "too busy", "code": "busy"},
        "too busy",
    ],
    ids=["error", "mapping", "text"],
)
def test_an_error_is_reported_after_the_pieces(api, fail):
    with pytest.raises(sk.ApiError, match="too busy") as caught:
        reply(Script(["a", "b"], fail=fail), api)
    assert caught.value.partial.text == "ab"
    assert caught.value.code == (None if isinstance(fail, str) else "busy")


ACTED = [
    sk.ApiError("x"),
    sk.BrokenError("x"),
    sk.MalformedError("x"),
    sk.StalledError("x"),
    sk.ConnectError("x"),
    sk.StatusError("x", status=503),
]


@pytest.mark.parametrize("error", ACTED, ids=lambda error: error.kind)
def test_any_error_is_acted_out_so_that_a_client_sees_its_kind(error):
    client = testing.client(Script("so far", fail=error), retry=sk.Retry(attempts=0))
    recorded = testing.clock().run(client.chat("hi"))
    assert recorded.error.kind == error.kind
    assert recorded.error.status == error.status
    early = isinstance(error, (sk.ConnectError, sk.StatusError))
    assert recorded.error.partial.text == ("" if early else "so far")


@pytest.mark.parametrize("error", ACTED, ids=lambda error: error.kind)
def test_a_bare_script_ends_with_the_same_kind(error):
    if isinstance(error, sk.StalledError):  # nobody keeps a clock there
        with pytest.raises(testing.DeadlockError):
            testing.clock().run(testing.script("so far", fail=error))
        return
    recorded = testing.clock().run(testing.script("so far", fail=error))
    assert recorded.error.kind == error.kind


# -- answers -------------------------------------------------------------------------------------------------------


def test_a_status_has_an_error_body_its_headers_and_no_stream():
    answer = Script("unused", status=429, headers={"Retry-After": "2"}).answer("chat", {"stream": True})
    assert answer.status == 429
    assert dict(answer.headers)["retry-after"] == "2"
    (write,) = answer.body
    assert "scripted status 429" in json.loads(write.data)["error"]["message"]


@pytest.mark.parametrize(
    ("body", "kind", "data"),
    [
        ("<html>", "text/html; charset=utf-8", b"<html>"),
        (b"", "text/plain; charset=utf-8", b""),
        ({"a": "ä"}, "application/json", '{"a": "ä"}'.encode()),
        (b'{"a": 1}', "application/json", b'{"a": 1}'),
    ],
)
def test_a_body_replaces_the_reply(body, kind, data):
    answer = Script("unused", body=body).answer("chat", {"stream": True})
    assert answer.status == 200
    assert dict(answer.headers) == {"content-type": kind, "content-length": str(len(data))}
    assert b"".join(write.data for write in answer.body) == data


def test_a_status_error_brings_its_own_retry_after():
    fail = sk.StatusError("slow down", status=429, retry_after=1.5)
    answer = Script(fail=fail).answer("chat", {})
    assert (answer.status, dict(answer.headers)["retry-after"]) == (429, "1.5")
