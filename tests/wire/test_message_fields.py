"""Further fields of messages of chat completions: what of a reply goes back to each server, and how it is read."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit import ops, wire
from streamkit.events import BlockEnd, Citation, File, Origin, Other, Part, Reply, ToolCall
from streamkit.wire import Encoder
from tests.wire.bodies import DONE, delta, finish, read, reply_of, sse, tool, tools

CALL = tools(tool("{}", id="a", name="w"))
ASKED = {"id": "a", "type": "function", "function": {"name": "w", "arguments": "{}"}}
HOSTS = {
    "openai": "api.openai.com", "azure": "x.openai.azure.com", "deepseek": "api.deepseek.com",
    "kimi": "api.moonshot.ai", "qwen": "dashscope-intl.aliyuncs.com", "glm": "api.z.ai", "minimax": "api.minimax.io",
    "xai": "api.x.ai", "mistral": "api.mistral.ai", "openrouter": "openrouter.ai", "groq": "api.groq.com",
    "cerebras": "api.cerebras.ai", "fireworks": "api.fireworks.ai", "google": "generativelanguage.googleapis.com",
    "vertex": "us-east1-aiplatform.googleapis.com", "unknown": "127.0.0.1:8000",
}  # fmt: skip


def turn(*chunks: Any, host: str = "unknown", model: str = "m") -> dict[str, Any]:
    """The message of a reply of one server."""
    events, error = read(sse(*chunks, DONE), origin=Origin("chat", HOSTS[host], model))
    assert error is None
    assert isinstance(events[-1], Reply)
    (message,) = events[-1].messages
    return dict(message)


@pytest.mark.parametrize(
    ("host", "key"),
    [
        *((name, None) for name in ("openai", "azure", "xai", "groq", "google", "vertex")),
        *((name, "reasoning_content") for name in ("deepseek", "kimi", "qwen", "glm", "fireworks", "unknown")),
        *((name, "reasoning") for name in ("cerebras", "openrouter")),
    ],
)
def test_thoughts_beside_a_call_go_back_under_the_key_of_the_server(host: str, key: str | None):
    message = turn(delta(reasoning_content="x"), CALL, finish("tool_calls"), host=host)
    assert message == {"role": "assistant", "content": None, "tool_calls": [ASKED], **({key: "x"} if key else {})}


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content", "reasoning_text", "thinking"])
def test_an_unknown_server_gets_thoughts_under_its_own_key_beside_calls_only(key: str):
    assert turn(delta(**{key: "x"}), CALL, finish("tool_calls"))[key] == "x"
    assert turn(delta(**{key: "x"}), delta(content="t"), finish()) == {"role": "assistant", "content": "t"}


def test_empty_thoughts_where_a_server_misses_the_key():
    assert turn(delta(content="t"), finish(), host="deepseek")["reasoning_content"] == ""
    assert turn(CALL, finish("tool_calls"), host="kimi")["reasoning_content"] == ""
    assert "reasoning_content" not in turn(CALL, finish("tool_calls"), host="groq")


def details(*fragments: dict[str, Any]) -> list[Any]:
    return [delta(reasoning_details=[one]) for one in fragments]


def of(kind: str, index: int | None = 0, **fields: Any) -> dict[str, Any]:
    place = {} if index is None else {"index": index}
    return {"type": f"reasoning.{kind}", **fields, "format": "f", **place}


LISTS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "a text in pieces, its signature last": (
        [of("text", text="Le"), of("text", text="t me"), of("text", signature="S")],
        [of("text", text="Let me", signature="S")],
    ),
    "a text and its encrypted form at one index": (
        [of("text", text="a"), of("encrypted", data="D"), of("text", text="b")],
        [of("text", text="ab"), of("encrypted", data="D")],
    ),
    "encrypted data in pieces": ([of("encrypted", data="D"), of("encrypted", data="E")], [of("encrypted", data="DE")]),
    "two texts": (
        [of("summary", summary="a"), of("summary", 1, summary="b"), of("summary", 1, summary="c")],
        [of("summary", summary="a"), of("summary", 1, summary="bc")],
    ),
    "no index": (
        [of("text", None, text="a"), of("text", None, text="b", signature="S"), of("encrypted", None, data="D")],
        [of("text", None, text="ab", signature="S"), of("encrypted", None, data="D")],
    ),
    "null is no value": (
        [of("text", text="a", signature=None, id=None), of("text", text=None, signature="S", id="r")],
        [of("text", text="a", signature="S", id="r")],
    ),
    "a character in two halves": (
        [of("text", text="a\ud83d"), of("text", text="\ude00b", signature="S")],
        [of("text", text="a😀b", signature="S")],
    ),
    "a signature alone": ([of("text", signature="S")], [of("text", signature="S")]),
}


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("name", LISTS)
def test_details_are_merged(name: str, beside: bool):
    """With the same text under ``reasoning``, or without."""
    fragments, whole = LISTS[name]
    chunks: list[Any] = details(*fragments)
    for chunk, fragment in zip(chunks, fragments, strict=True):
        if beside and (text := fragment.get("text") or fragment.get("summary")):
            chunk["choices"][0]["delta"]["reasoning"] = text
    message = turn(*map(json.dumps, chunks), CALL, finish("tool_calls"), host="openrouter")
    wanted = [json.loads(json.dumps(one)) for one in whole]
    assert message == {
        "role": "assistant",
        "content": None,
        "tool_calls": [ASKED],
        "reasoning_details": wanted,
    }


def test_details_whose_texts_are_mixed_go_back_as_they_were_or_not_at_all():
    fragments = [of("text", text="a"), of("text", 1, text="b"), of("text", text="c")]
    message = turn(*details(*fragments), CALL, finish("tool_calls"), host="openrouter")
    assert "reasoning_details" not in message


def test_blocks_of_a_proxy():
    blocks = [
        {"type": "thinking", "thinking": "I ", "signature": None},
        {"type": "thinking", "thinking": "think", "signature": ""},
        {"type": "thinking", "thinking": "", "signature": "S"},
        {"type": "redacted_thinking", "data": "R"},
        {"type": "redacted_thinking", "data": "Q"},
        {"type": "thinking", "thinking": "", "signature": "T"},
    ]
    chunks = [delta(thinking_blocks=[one], reasoning_content=one.get("thinking")) for one in blocks]
    assert turn(*chunks, CALL, finish("tool_calls"))["thinking_blocks"] == [
        {"type": "thinking", "thinking": "I think", "signature": "S"},
        {"type": "redacted_thinking", "data": "R"},
        {"type": "redacted_thinking", "data": "Q"},
        {"type": "thinking", "thinking": "", "signature": "T"},
    ]


def test_thoughts_in_parts_of_the_content():
    def thinking(text: str, **more: Any) -> Any:
        return delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": text}], **more}])

    chunks = [thinking("I ", closed=False), thinking("see", closed=True), delta(content="o"), delta(content="k")]
    part = {"type": "thinking", "thinking": [{"type": "text", "text": "I see"}], "closed": True}
    text = {"type": "text", "text": "ok"}
    assert turn(*chunks, finish(), host="mistral") == {"role": "assistant", "content": [part, text]}
    called = turn(*chunks[:2], CALL, finish("tool_calls"), host="mistral")
    assert called == {"role": "assistant", "content": [part], "tool_calls": [ASKED]}


def test_signatures_stay_at_their_call_and_at_the_message():
    signed = {"google": {"thought_signature": "S"}}
    first = {**tool("{}", id="a", name="w"), "extra_content": signed}
    second = {**tool("{}", id="b", name="w", index=1), "provider_specific_fields": {"thought_signature": "P"}}
    third = {**tool("{}", id="c", name="w", index=2)}
    third["function"] = {**third["function"], "provider_specific_fields": {"x": 1}}
    message = turn(tools(first, second, third), delta(extra_content=signed), finish("tool_calls"), host="google")
    assert message["tool_calls"] == [
        {**ASKED, "extra_content": signed},
        {**ASKED, "id": "b", "provider_specific_fields": {"thought_signature": "P"}},
        {**ASKED, "id": "c", "function": {**ASKED["function"], "provider_specific_fields": {"x": 1}}},
    ]
    assert message["extra_content"] == signed


def test_the_mark_of_a_thought_is_not_one_of_the_whole_message():
    marked = delta(content="<thought>x</thought>", extra_content={"google": {"thought": True}})
    assert turn(marked, delta(content="t"), finish(), host="google") == {
        "role": "assistant",
        "content": "<thought>x</thought>t",
    }


def test_a_reply_of_another_api_as_a_message_of_chat_completions():
    extra = {"type": "function_call", "id": "fc_1", "status": "completed"}
    call = ToolCall("a", "w", "{}", api="responses", extra=extra)
    part = Part("message", "m1", 2, form={"type": "message", "id": "m1", "content": [{"text": {"@text": 2}}]})
    reply = Reply((sk.Choice(text="ok", tool_calls=(call,), parts=(part, Part(call=0))),))
    assert reply.message == {"role": "assistant", "content": "ok", "tool_calls": [ASKED]}


def test_a_call_of_a_custom_tool_and_one_of_the_older_form():
    custom = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "f", "input": "x = 1"}}
    reply = reply_of(tools(custom), finish("tool_calls"))
    assert reply.messages[0]["tool_calls"] == [{"id": "a", "type": "custom", "custom": {"name": "f", "input": "x = 1"}}]
    assert reply.tool_calls[0].result("r") == {"role": "tool", "tool_call_id": "a", "content": "r"}
    older = reply_of(delta(function_call={"name": "f", "arguments": "{}"}), finish("function_call"))
    assert older.messages == [{"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}]
    assert older.tool_calls[0].result("r") == {"role": "function", "name": "f", "content": "r"}


def test_citations_files_and_sound():
    url = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 1, "end_index": 3}}
    flat = {"type": "url_citation", "url": "v", "title": "t", "start_index": 0, "end_index": 1}
    chunks = [
        delta(content="abc", annotations=[url]),
        delta(annotations=[url, flat]),
        delta(images=[{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAA="}}]),
        delta(audio={"id": "au", "data": "x"}),
        delta(audio={"data": "y", "transcript": "hi"}),
        finish(),
    ]
    events, _ = read(sse(*chunks, DONE))
    assert not [event for event in events if type(event) is Other]
    assert [event for event in events if type(event) is Citation] == [
        Citation("url_citation", "u", "t", start=1, end=3, form=url),
        Citation("url_citation", "v", "t", start=0, end=1, form=flat),
    ]
    assert [event for event in events if type(event) is File] == [
        File("image", media_type="image/png", data="AAA="),
        File("audio", "au", data="x", last=False),
        File("audio", data="y", last=False),
        File("audio", "au"),
    ]
    assert reply_of(*chunks).messages == [{"role": "assistant", "content": "abc", "audio": {"id": "au"}}]
    assert reply_of(*chunks[3:]).messages == [{"role": "assistant", "content": None, "audio": {"id": "au"}}]


# -- rewritten, written, cut -------------------------------------------------------------------------------------------

SIGNED = [*details(of("text", text="ann@example.org"), of("text", signature="S")), delta(content="ok"), CALL]


def redacted(chunks: list[Any], host: str) -> Any:
    source = wire.parse([sse(*chunks, finish("tool_calls"), DONE)], origin=Origin("chat", HOSTS[host], "m"))
    *_, reply = sk.stream(source).pipe(ops.redact("email", parts=["reasoning"]))
    return reply.messages[0]


def test_a_changed_thought_does_not_go_back_with_its_signature():
    assert redacted(SIGNED, "openrouter") == {"role": "assistant", "content": "ok", "tool_calls": [ASKED]}
    plain = [delta(reasoning_content="ann@example.org"), CALL]
    assert redacted(plain, "deepseek")["reasoning_content"] == "[redacted]"
    assert redacted(plain, "unknown")["reasoning_content"] == "[redacted]"


EVERY = [
    delta(extra_content={"google": {"thought_signature": "S"}}),
    *details(of("encrypted", data="D")),
    delta(annotations=[{"type": "url_citation", "url_citation": {"url": "u", "title": "t"}}]),
    delta(content="ok"),
    tools({**tool("{}", id="a", name="w"), "extra_content": {"google": {"thought_signature": "S"}}}),
]


def test_the_writer_writes_them():
    events, _ = read(sse(*EVERY, finish("tool_calls"), DONE))
    whole = [event for event in events if type(event).__name__ != "ToolCallDelta"]
    encoder = Encoder("chat")
    again, error = read(b"".join(block for event in whole for block in encoder.feed(event)))
    assert error is None
    assert again[-1].messages == events[-1].messages  # type: ignore[union-attr]
    assert again[-1].choices[0].citations == events[-1].choices[0].citations  # type: ignore[union-attr]
    body = json.dumps(wire.APIS["chat"].whole(events[-1])).encode()  # type: ignore[misc, arg-type]
    *_, reply = wire.Parser("chat").body(body)
    assert reply.messages == events[-1].messages  # type: ignore[union-attr]


def test_the_writer_gives_a_call_the_id_that_it_lacks():
    events, _ = read(sse(tools(tool("{}", name="w")), tools(tool("{}", name="w", index=1)), finish("tool_calls"), DONE))
    encoder = Encoder("chat")
    written = b"".join(block for event in events for block in encoder.feed(event)).decode()
    ids = [
        entry.get("id")
        for line in written.splitlines()
        if line.startswith("data: {")
        for one in json.loads(line[6:])["choices"]
        for entry in one["delta"].get("tool_calls", ())
    ]
    assert list(filter(None, ids)) == ["call_0", "call_1"]


@pytest.mark.parametrize("chunks", [SIGNED, EVERY], ids=["signed", "every"])
def test_where_it_is_cut_does_not_matter(chunks: list[Any]):
    data = sse(*chunks, finish("tool_calls"), DONE)
    whole = read(data)
    assert any(type(event) is BlockEnd for event in whole[0])
    for place in range(0, len(data), 3):
        assert read([data[:place], data[place:]]) == whole
    assert read([data[a:b] for a, b in pairwise(range(len(data) + 1))]) == whole


def test_a_reply_that_came_whole_says_the_same():
    message = {
        "role": "assistant",
        "content": "ok",
        "reasoning": "Let me",
        "reasoning_details": [of("text", text="Let me", signature="S"), of("encrypted", data="D")],
        "tool_calls": [{**ASKED, "extra_content": {"google": {"thought_signature": "S"}}}],
    }
    body = {"id": "c", "object": "chat.completion", "model": "m"}
    body |= {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}  # type: ignore[dict-item]
    *_, reply = wire.Parser("chat").body(json.dumps(body).encode())
    assert reply.messages == [{name: value for name, value in message.items() if name != "reasoning"}]


FRAGMENTS = st.lists(
    st.builds(
        of,
        st.sampled_from(["text", "summary", "encrypted"]),
        st.sampled_from([0, 0, 1, None]),
        text=st.sampled_from(["", "a", "bc", None]),
        signature=st.sampled_from([None, None, "S"]),
    )
    | st.sampled_from([None, 5]),
    max_size=6,
)


@given(FRAGMENTS, st.sampled_from(sorted(HOSTS)))
def test_whatever_details_come_their_texts_are_those_that_were_shown(fragments: list[Any], host: str):
    chunks = [delta(reasoning_details=[one]) for one in fragments]
    events, error = read(sse(*chunks, CALL, finish("tool_calls"), DONE), origin=Origin("chat", HOSTS[host], "m"))
    assert error is None
    assert isinstance(events[-1], Reply)
    (message,) = events[-1].messages
    sent: Any = message.get("reasoning_details")
    assert sent is None or "".join(one.get("text") or "" for one in sent) == events[-1].reasoning
    assert not any(isinstance(event, ToolCall) and event.extra for event in events)
