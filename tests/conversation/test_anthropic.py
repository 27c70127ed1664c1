"""Conversations with Anthropic's Messages API: what of a reply goes back, also if it was cut, and loops of tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import streamkit as sk
from streamkit import operators as ops
from streamkit.errors import BrokenError
from streamkit.events import Event, Reply
from streamkit.turns import Origin
from streamkit.wire import APIS, Encoder, Parser, parse, returned

from .cases import CASES, Case, Failed
from .parts import SCRIPTS, Call, Text
from .provider import cut_of, named_event
from .strict import StrictServer, cuts

Json = dict[str, Any]
OWN = [case for case in CASES if case.provider == "anthropic"]
LOOPS = [name for name, script in SCRIPTS.items() if not any(map(cut_of, script))]


def w(city: str = "", days: list[int] | None = None) -> str:
    return "r"


def asked(server: StrictServer, tools: Any = (w,)) -> Reply:
    """The Reply of a loop of tools, after which the server has refused nothing and lost nothing."""
    with server.client() as client:
        reply = sk.run(sk.tool_loop(client.chat, "q", tools))
        sk.run(client.chat([sk.user("q"), *reply.messages, sk.user("more")]))
    assert (server.refused, server.losses) == ([], [])
    return reply


def reply_of(data: bytes, **options: Any) -> Reply:
    try:
        *_, reply = parse([data], "anthropic", **options)
    except BrokenError as cut:
        return cut.partial
    assert isinstance(reply, Reply)
    return reply


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


def request(messages: Any, **params: Any) -> Json:
    """The request for a conversation."""
    body = APIS["anthropic"].body
    assert body is not None
    return body(messages, params)


def joined(messages: list[Any]) -> list[Any]:
    """The messages of the request for a conversation."""
    found: list[Any] = request(messages)["messages"]
    return found


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


# -- forms -------------------------------------------------------------------------------------------------------------

QUERY = {"type": "input_json_delta", "partial_json": '{"query": "x"}'}
HIT = {
    "type": "web_search_result",
    "url": "https://example.org/",
    "title": "E",
    "encrypted_content": "H1",
    "page_age": None,
}
FOUND = {"type": "content_block_start", "index": 2, "content_block": {
    "type": "web_search_tool_result", "tool_use_id": "s1", "caller": None, "content": [HIT]}}  # fmt: skip


def grown(index: int, delta: Json) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def block(index: int, start: Json, *deltas: Json) -> list[Json]:
    begun = {"type": "content_block_start", "index": index, "content_block": start}
    return [begun, *(grown(index, delta) for delta in deltas), {"type": "content_block_stop", "index": index}]


def said(index: int, text: str) -> list[Json]:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": one} for one in text))


def thought(index: int, text: str, signature: str | None) -> list[Json]:
    signed = [] if signature is None else [{"type": "signature_delta", "signature": signature}]
    pieces = ({"type": "thinking_delta", "thinking": one} for one in text)
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *pieces, *signed)


def called(index: int, id: str, **more: Any) -> list[Json]:
    return block(index, {"type": "tool_use", "id": id, "name": "w", "input": {}, **more})


def stream(*events: Json, reason: str | None = "end_turn", model: str = "claude-opus-5", **more: Any) -> bytes:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    delta = {"type": "message_delta", "delta": {"stop_reason": reason, **more}, "usage": {"output_tokens": 5}}
    last = [delta, {"type": "message_stop"}] if reason else []
    return b"".join(map(named_event, [{"type": "message_start", "message": message}, *events, *last]))


def content_of(data: bytes) -> list[Json]:
    (message,) = reply_of(data).messages
    assert message["role"] == "assistant"
    return message["content"]  # type: ignore[return-value]


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


@pytest.mark.parametrize("arguments", ["{", "[1]", '{"x": NaN}', "5"])
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


# -- other models and other APIs ---------------------------------------------------------------------------------------


def test_messages_with_blocks_of_this_api_are_its_own() -> None:
    is_own = APIS["anthropic"].is_own
    assert is_own is not None
    own: list[Json] = [
        {"type": "tool_use", "id": "t1", "name": "w", "input": {}},
        {"type": "tool_result", "tool_use_id": "t1", "content": "r"},
        {"type": "thinking", "thinking": "", "signature": "S"},
        {"type": "redacted_thinking", "data": "D"},
        {"type": "mcp_tool_use", "id": "m1"},
        {"type": "text", "text": "x", "citations": []},
        {"type": "image", "source": {"type": "url", "url": "u"}},
        FOUND["content_block"],
    ]
    assert all(is_own({"role": "user", "content": [{"type": "text", "text": "x"}, block]}) for block in own)
    chat: list[Any] = [
        *("x", None, [], ["x"], [{"type": "text", "text": "x"}], [{"type": "image_url", "image_url": {"url": "u"}}]),
        [{"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}],
        [{"type": "output_text", "text": "x"}],
    ]
    assert not any(is_own({"role": "assistant", "content": content}) for content in chat)
    assert not is_own({"role": "model", "parts": [{"text": "x"}]})


def test_a_history_in_the_form_of_chat_completions() -> None:
    to_chat = APIS["anthropic"].to_chat
    assert to_chat is not None
    data = stream(*thought(0, "Hm", "S"), *said(1, "I "), *said(2, "look."), *called(3, "t1"), *called(4, "t2"))
    torn = {"role": "assistant", "content": [
        {"type": "tool_use", "id": "t3", "name": "w", "input": {"INVALID_JSON": "{"}}]}  # fmt: skip
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    asks = {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t1", "content": "r"},
        {"type": "tool_result", "tool_use_id": "t2", "is_error": True, "content": [
            {"type": "text", "text": "no"}, {"type": "image", "source": {"type": "url", "url": "u"}}]},
        {"type": "text", "text": "and?"},
        {"type": "document", "title": "a.pdf", "source": pdf},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
    ]}  # fmt: skip
    hidden = {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "D"}]}
    messages: list[Any] = [sk.user("q"), *reply_of(data).messages, asks, torn, hidden]
    assert list(to_chat(messages)) == [
        sk.user("q"),
        {"role": "assistant", "content": "I look.", "tool_calls": [
            {"id": id, "type": "function", "function": {"name": "w", "arguments": "{}"}} for id in ("t1", "t2")]},
        {"role": "tool", "tool_call_id": "t1", "content": "r"},
        {"role": "tool", "tool_call_id": "t2", "content": "error: no"},
        {"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "u"}},
            {"type": "text", "text": "and?"},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}},
            {"type": "text", "text": "words"},
        ]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "t3", "type": "function", "function": {"name": "w", "arguments": "{"}}]},
    ]  # fmt: skip


def test_another_server_gets_texts_and_calls_and_another_model_no_thoughts() -> None:
    text = block(3, {"type": "text", "text": "Rain."}, {"type": "citations_delta", "citation": CITED[0]})
    search = block(1, {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}, QUERY)
    events = [*thought(0, "Hm", "S"), *search, FOUND, *text, *called(4, "t1", caller={"type": "direct"})]
    own = Origin("anthropic", "a", "claude-opus-5")
    messages = reply_of(stream(*events, reason="tool_use"), origin=own).messages
    kinds = ["thinking", "server_tool_use", "web_search_tool_result", "text", "tool_use"]
    sent = [sent_to(messages, host, model) for host, model in (("a", "claude-opus-5"), ("a", "other"), ("b", "other"))]
    assert [[one["type"] for one in content] for content in sent] == [kinds, kinds[1:], kinds[3:]]
    assert sent_to(messages, "a", "claude-opus-5-20260101") == sent[0] == messages[0]["content"]
    assert sent[1] == sent[0][1:]
    assert sent[2] == [{"type": "text", "text": "Rain."}, {"type": "tool_use", "id": "t1", "name": "w", "input": {}}]
    alone = reply_of(stream(*search, FOUND, reason="pause_turn"), origin=own).messages
    assert returned(APIS["anthropic"], Origin("anthropic", "b", "other"), alone, {}) == []


def sent_to(messages: Any, host: str, model: str) -> Any:
    (message,) = returned(APIS["anthropic"], Origin("anthropic", host, model), messages, {})
    return message["content"]


@pytest.mark.parametrize("target", ["openai", "deepseek", "groq", "mistral", "ollama"])
@pytest.mark.parametrize("script", ["three rounds", "search", "redacted"])
def test_a_conversation_goes_on_with_another_api_and_comes_back(script: str, target: str) -> None:
    first = StrictServer("anthropic", script)
    history: list[Any] = [sk.user("q"), *asked(first).messages, sk.user("more")]
    second = StrictServer(target, "reasoning before a call")
    with second.client() as client:
        history += sk.run(sk.tool_loop(client.chat, history, [w])).messages
    assert second.refused == []
    third = StrictServer("anthropic", "text")
    third.said = first.said  # the same server, with its signatures
    with third.client() as client:
        sk.run(client.chat([*history, sk.user("and?")]))
    assert third.refused == []


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
CITED = [{"type": "page_location", "cited_text": "x"}]
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
