"""The blocks of replies of Anthropic's Messages API as they go back, however they came and whatever changed them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import streamkit as sk
from streamkit import operators as ops
from streamkit.events import Event, Reply
from streamkit.turns import Origin
from streamkit.wire import APIS, Encoder, Parser, parse, returned

from .anthropic_streams import (
    CITED,
    FOUND,
    HIT,
    QUERY,
    block,
    called,
    content_of,
    grown,
    joined,
    reply_of,
    request,
    said,
    stream,
    thought,
)

Json = dict[str, Any]


def test_fields_that_only_replies_have_do_not_go_back() -> None:
    place = {"type": "char_location", "cited_text": "x", "document_index": 0, "document_title": None}
    place |= {"start_char_index": 0, "end_char_index": 1}
    cited = {"type": "citations_delta", "citation": {**place, "file_id": None}}
    text = block(3, {"type": "text", "text": "", "citations": None}, cited, {"type": "text_delta", "text": "It rains."})
    search = block(1, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}, "caller": None}, QUERY)
    assert content_of(stream(*search, FOUND, *text, *called(4, "t1", caller=None), reason="tool_use")) == [
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [HIT]},
        {"type": "text", "text": "It rains.", "citations": [place]},
        {"type": "tool_use", "id": "t1", "name": "w", "input": {}},
    ]


def test_a_turn_that_pauses_goes_back_with_its_open_tool() -> None:
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
    paused = reply_of(stream(*thought(0, "Hm", "S"), *block(1, {**search, "input": {}}, QUERY), reason="pause_turn"))
    assert (paused.outcome, paused.finish_reason) == ("complete", "pause_turn")
    assert paused.messages[0]["content"] == [{"type": "thinking", "thinking": "Hm", "signature": "S"}, search]
    goes_on = reply_of(stream(FOUND, *said(3, "Rain.")))
    result = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [HIT]}
    assert goes_on.messages[0]["content"] == [result, {"type": "text", "text": "Rain."}]
    (_, turn) = joined([sk.user("q"), *paused.messages, *goes_on.messages])
    assert [one["type"] for one in turn["content"]] == [
        "thinking", "server_tool_use", "web_search_tool_result", "text"]  # fmt: skip


def test_a_call_that_code_on_the_server_made_goes_back_with_that_code() -> None:
    """Its result comes with the next reply (anthropics/anthropic-sdk-python #1325)."""
    code = {"type": "server_tool_use", "id": "s1", "name": "code_execution", "input": {"code": "w()"}}
    caller = {"type": "code_execution_20250825", "tool_id": "s1"}
    use = {"type": "tool_use", "id": "t1", "name": "w", "input": {}, "caller": caller}
    data = stream(*block(0, code), *called(1, "t1", caller=caller), reason="tool_use")
    assert content_of(data) == [code, use]
    reply = reply_of(data)
    assert reply.tool_calls[0].extra == {"caller": caller}
    (call,) = reply.tool_calls
    cut = sk.Reply(reply.choices, outcome="cancelled", origin=reply.origin, answers=(call.result("r"),))
    assert cut.messages == [*reply.messages, call.result("r")]
    assert sk.Reply(reply.choices, outcome="cancelled", origin=reply.origin).messages == []


def test_the_container_of_code_goes_along_while_its_round_lasts() -> None:
    code = {"type": "server_tool_use", "id": "s1", "name": "code_execution", "input": {"code": "w()"}}
    uses = [*block(0, code), *called(1, "t1", caller={"type": "code_execution_20250825", "tool_id": "s1"})]
    reply = reply_of(stream(*uses, reason="tool_use", container={"id": "c1", "expires_at": "2026-12-01T00:00:00Z"}))
    stored = sk.from_json(sk.to_json(reply))
    assert isinstance(stored, Reply)
    for one in (reply, stored):
        history = [sk.user("q"), *one.messages, one.tool_calls[0].result("r")]
        assert request(history)["container"] == "c1"
        assert request(history, container="mine")["container"] == "mine"
        assert "container" not in request([*history, sk.user("more")])
    assert "container" not in request([sk.user("q")])
    paused = reply_of(stream(*block(0, code), reason="pause_turn", container={"id": "c2"}))
    assert request([sk.user("q"), *paused.messages])["container"] == "c2"


def test_the_container_stays_on_its_server() -> None:
    code = {"type": "server_tool_use", "id": "s1", "name": "code_execution", "input": {"code": "w()"}}
    data, origin = stream(*block(0, code), reason="pause_turn", container={"id": "c1"}), Origin("anthropic", "a", "m")
    messages = reply_of(data, origin=origin).messages
    for host, goes_along in (("a", True), ("b", False)):
        sent = returned(APIS["anthropic"], Origin("anthropic", host, "m"), messages, {})
        assert ("container" in request(sent)) == goes_along


def test_a_block_of_an_unknown_kind_goes_back_if_it_came_whole() -> None:
    whole, grows = {"type": "hologram", "light": [1], "x": None}, {"type": "hologram", "light": []}
    data = stream(*block(0, whole), *block(1, grows, {"type": "hologram_delta", "light": 2}), *said(2, "Hi"))
    assert content_of(data) == [whole, {"type": "text", "text": "Hi"}]


def test_a_compaction_goes_back_with_what_came_later() -> None:
    delta = {"type": "compaction_delta", "content": "So far.", "encrypted_content": "E"}
    data = stream(*block(0, {"type": "compaction", "content": None}, delta), *said(1, "Hi"))
    assert content_of(data)[0] == {"type": "compaction", "content": "So far.", "encrypted_content": "E"}


def test_narration_between_calls_goes_back_with_its_signature() -> None:
    pieces = [{"type": "connector_text_delta", "connector_text": text} for text in ("Now ", "b.")]
    start = {"type": "connector_text", "connector_text": ""}
    data = stream(*called(0, "t1"), *block(1, start, *pieces, {"type": "signature_delta", "signature": "S"}))
    assert content_of(data)[1] == {"type": "connector_text", "connector_text": "Now b.", "signature": "S"}


FALLBACK = {"type": "fallback", "from": {"model": "claude-fable-5"}, "to": {"model": "claude-opus-5"}}


def test_what_a_model_that_declined_thought_and_called_does_not_go_back() -> None:
    search = block(3, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}, QUERY)
    unanswered = block(5, {"type": "server_tool_use", "id": "s2", "name": "web_search", "input": {}}, QUERY)
    before = [*thought(0, "Hm", "S1"), *said(1, "I look."), *called(2, "t1"), *search, FOUND, *unanswered]
    after = [*block(6, FALLBACK), *thought(7, "So", "S2"), *called(8, "t2")]
    reply = reply_of(stream(*before, *after, reason="tool_use"))
    wanted = ["text", "server_tool_use", "web_search_tool_result", "fallback", "thinking", "tool_use"]
    assert [one["type"] for one in reply.messages[0]["content"]] == wanted  # type: ignore[index,union-attr]
    _, turn, results = joined([sk.user("q"), *reply.messages, *(call.result("r") for call in reply.tool_calls)])
    assert [one["tool_use_id"] for one in results["content"]] == ["t2"] == [turn["content"][-1]["id"]]
    only_lost = [*reply_of(stream(*called(0, "t1"), *block(1, FALLBACK), *said(2, "Hi."))).messages]
    orphan = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "r"}]}
    assert joined([sk.user("q"), *only_lost, orphan]) == [sk.user("q"), *only_lost]
    first = stream(*block(0, FALLBACK), *thought(1, "Hm", "S"), *said(2, "Hi."))
    assert [one["type"] for one in content_of(first)] == ["fallback", "thinking", "text"]


def test_a_file_for_the_container_goes_back() -> None:
    data = stream(*block(0, {"type": "container_upload", "file_id": "f1"}), *said(1, "Hi"))
    assert content_of(data)[0] == {"type": "container_upload", "file_id": "f1"}
    assert [file.id for file in reply_of(data).choices[0].files] == ["f1"]


def test_the_explanation_of_a_refusal_is_not_of_the_model() -> None:
    details = {"type": "refusal", "category": "bio", "explanation": "Not this."}
    reply = reply_of(stream(*said(0, "We"), reason="refusal", stop_details=details))
    assert (reply.outcome, reply.refusal) == ("refused", "Not this.")
    assert reply.messages == [{"role": "assistant", "content": [{"type": "text", "text": "We"}]}]
    assert reply_of(stream(reason="refusal", stop_details=details)).messages == []


@pytest.mark.parametrize(("model", "goes_back"), [("claude-opus-5", False), ("MiniMax-M3", True), ("kimi-k3", True)])
def test_thinking_without_a_signature_goes_back_to_models_that_do_not_sign(model: str, goes_back: bool) -> None:
    data = stream(*thought(0, "Hm", None), *called(1, "t1"), model=model, reason="tool_use")
    assert ([one["type"] for one in content_of(data)] == ["thinking", "tool_use"]) == goes_back
    cut = stream(*thought(0, "Hm", None)[:-1], model=model, reason="max_tokens")
    assert reply_of(cut).messages == []


@pytest.mark.parametrize("arguments", ["{", "[1]", '{"x": NaN}', '{"x": 1e999}', "5"])
def test_arguments_that_are_not_an_object_go_back_in_one(arguments: str) -> None:
    pieces = ({"type": "input_json_delta", "partial_json": one} for one in arguments)
    data = stream(*block(0, {"type": "tool_use", "id": "t1", "name": "w", "input": {}}, *pieces), reason="tool_use")
    (use,) = content_of(data)
    assert use["input"] == {"INVALID_JSON": reply_of(data).tool_calls[0].arguments}


def test_input_that_came_with_the_beginning_goes_back() -> None:
    start = {"type": "tool_use", "id": "t1", "name": "w", "input": {"city": "Oslo"}}
    assert content_of(stream(*block(0, start), reason="tool_use")) == [start]


def test_blocks_whose_end_is_missing_end_where_the_next_one_begins() -> None:
    events = [*thought(0, "Hm", "S"), *said(1, "Hi"), *called(2, "t1")]
    gateway = [event for event in events if event["type"] != "content_block_stop"]
    assert content_of(stream(*gateway, reason="tool_use")) == content_of(stream(*events, reason="tool_use"))


def test_text_of_a_block_that_another_one_followed_is_not_lost() -> None:
    (a, *_), (b, *_) = said(0, ""), said(1, "")
    pieces = [grown(index, {"type": "text_delta", "text": text}) for index, text in ((0, "a"), (1, "b"), (0, "c"))]
    assert (
        "".join(one["text"] for one in content_of(stream(a, b, *pieces)))
        == "abc"
        == reply_of(stream(a, b, *pieces)).text
    )


# -- changed texts -----------------------------------------------------------------------------------------------------


def changed(data: bytes, operator: Any) -> Any:
    return sk.run(sk.from_bytes([data], "anthropic").pipe(operator)).messages[0]["content"]


SECRET = stream(*thought(0, "It is hush.", "S"), *said(1, "I know hush."), *called(2, "t1"), reason="tool_use")


def test_a_thought_that_was_changed_is_left_out_and_a_text_goes_back_as_it_is_shown() -> None:
    hidden = changed(SECRET, ops.redact("hush"))
    assert [one["type"] for one in hidden] == ["text", "tool_use"]
    assert "hush" not in json.dumps(hidden)
    assert hidden[0]["text"].startswith("I know ")


def test_a_changed_text_leaves_the_signature_of_a_thought_alone() -> None:
    data = SECRET.replace(b'thinking_delta","thinking":"h"', b'thinking_delta","thinking":"H"')
    thought, text, call = changed(data, ops.redact("hush"))
    assert (thought["signature"], text["text"] == "I know hush.", call["type"]) == ("S", False, "tool_use")


# -- everywhere the same -----------------------------------------------------------------------------------------------

WORDS = st.text("ab é\n😀{", max_size=3)
ONE = st.one_of(
    WORDS.map(lambda text: {"type": "text", "text": text}),
    WORDS.map(lambda text: {"type": "text", "text": text, "citations": CITED}),
    WORDS.map(lambda text: {"type": "thinking", "thinking": text, "signature": f"S{len(text)}"}),
    st.just({"type": "redacted_thinking", "data": "D"}),
    st.just({"type": "tool_use", "name": "w", "input": {"x": [1, 2.5, None]}}),
    st.just({"type": "tool_use", "name": "w", "input": {}, "caller": {"type": "direct"}}),
    st.just({"type": "hologram", "light": {"text": None}}),
)  # fmt: skip
BLOCKS = st.lists(ONE, max_size=6)


def numbered(blocks: list[Json]) -> list[Json]:
    return [{**one, "id": f"t{at}"} if one["type"] == "tool_use" else one for at, one in enumerate(blocks)]


def written(blocks: list[Json]) -> Iterator[Json]:
    """The events of blocks, as the server streams them."""
    for index, one in enumerate(blocks):
        match one["type"]:
            case "text":
                pieces = [{"type": "text_delta", "text": piece} for piece in one["text"]]
                cited = [{"type": "citations_delta", "citation": place} for place in one.get("citations", ())]
                yield from block(index, {"type": "text", "text": ""}, *pieces[:1], *cited, *pieces[1:])
            case "thinking":
                yield from thought(index, one["thinking"], one["signature"])
            case "tool_use":
                text = json.dumps(one["input"]) if one["input"] else ""
                pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *text]]
                yield from block(index, {**one, "input": {}}, *pieces)
            case _:
                yield from block(index, one)


def going_back(blocks: list[Json]) -> list[Json]:
    """The blocks that go back, by the rules: no empty text, no thought that nothing follows."""
    kept = spoken(blocks)
    while kept and kept[-1]["type"] in ("thinking", "redacted_thinking"):
        kept.pop()
    return kept


@settings(max_examples=60)
@given(BLOCKS, st.randoms(use_true_random=False))
def test_all_blocks_go_back_wherever_the_stream_is_cut(blocks: list[Json], rng: Any) -> None:
    blocks = numbered(blocks)
    data = stream(*written([*blocks, {"type": "text", "text": "."}]), reason="tool_use")
    reply, kept = reply_of(data), going_back([*blocks, {"type": "text", "text": "."}])
    assert reply.messages == [{"role": "assistant", "content": kept}]
    cuts = sorted(rng.randrange(len(data)) for _ in range(9))
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    *_, again = parse(pieces, "anthropic")
    assert again.messages == reply.messages  # type: ignore[union-attr]
    assert joined([sk.user("q"), *reply.messages])[1]["content"] == kept


@settings(max_examples=60)
@given(BLOCKS)
def test_whole_documents_stored_replies_and_written_streams_say_the_same(blocks: list[Json]) -> None:
    blocks = numbered([*blocks, {"type": "text", "text": "."}])
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": blocks}
    whole = json.dumps({**message, "stop_reason": "tool_use", "stop_sequence": None}).encode()
    *events, reply = Parser("anthropic").body(whole)
    assert isinstance(reply, Reply)
    expected = [{"role": "assistant", "content": going_back(blocks)}]
    assert reply.messages == expected
    assert sk.from_json(sk.to_json(reply)).messages == expected  # type: ignore[union-attr]
    body = APIS["anthropic"].whole
    assert body is not None
    assert spoken(body(reply)["content"]) == spoken(blocks)
    (again,) = reply_of(encoded(events)).messages
    assert again["content"] == without_callers(going_back(blocks))


def spoken(blocks: list[Json]) -> list[Json]:
    return [one for one in blocks if one["type"] != "text" or one["text"].strip()]


def encoded(events: list[Event]) -> bytes:
    encoder = Encoder("anthropic")
    return b"".join([*(piece for event in events for piece in encoder.feed(event)), *encoder.flush()])


def without_callers(blocks: list[Json]) -> list[Json]:
    """The stream of a call begins before its further fields are known."""
    return [{name: value for name, value in one.items() if name != "caller"} for one in blocks]
