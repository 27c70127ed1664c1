"""Every text that a server sends is in the reply, or in the chunk of an event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings, strategies as st

from tests.wire.bodies import DONE, choice, chunk, finish, read, sse, tool
from tests.wire.test_silence import ev

MARKS = st.sampled_from(["", "<1>", "<2>", "<3>", "<4>", "<5>"])
"""Few, so that the same is said again and again."""
CONTENT = st.recursive(
    MARKS | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
        st.sampled_from(["text", "content", "summary", "thinking", "data", "url", "refusal"]), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
CALL = st.builds(tool, MARKS, index=st.integers(0, 1), id=st.sampled_from(["a", "b"]), name=st.just("f"))
PLAIN = ("content", "refusal", "reasoning_content", "x")
DELTA = st.fixed_dictionaries({}, optional={
    **dict.fromkeys(PLAIN, MARKS), "reasoning_details": CONTENT, "annotations": CONTENT, "audio": CONTENT,
    "tool_calls": st.lists(CALL, max_size=2),
})  # fmt: skip
CHAT = st.builds(
    lambda place, inner, aside, name: {**chunk(choice({}) | {place: inner}), name: aside},
    st.sampled_from(["delta", "message"]), DELTA, CONTENT, st.sampled_from(["x", "citations"]),
)  # fmt: skip
PARTS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["output_text", "summary_text", "reasoning_text", "output_audio"]), "text": MARKS},
        optional={"annotations": CONTENT, "data": CONTENT},
    ),
    max_size=2,
)
ITEMS = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call", "web_search_call"])},
    optional={"content": PARTS, "summary": PARTS, "arguments": MARKS, "encrypted_content": MARKS, "x": CONTENT},
)
FIELD = {"delta": "delta", "done": "arguments"}
FIELDS = {
    "delta": MARKS, "text": MARKS, "refusal": MARKS, "arguments": MARKS, "item": ITEMS, "annotation": CONTENT,
    "part": PARTS.map(lambda parts: parts[0] if parts else {}), "x": CONTENT,
}  # fmt: skip
RESPONSES = st.builds(
    lambda kind, at, fields: ev(kind, **fields, output_index=at),
    st.sampled_from([
        "output_text.delta", "output_text.done", "reasoning_text.delta", "reasoning_summary_text.done", "new.delta",
        "content_part.added", "content_part.done", "output_item.added", "output_item.done", "refusal.done",
        "output_text.annotation.added",
    ]),
    st.integers(0, 1),
    st.fixed_dictionaries({}, optional=FIELDS),
) | st.builds(
    lambda at, name, text: ev(f"function_call_arguments.{name}", output_index=at, **{FIELD[name]: text}),
    st.integers(0, 1), st.sampled_from(["delta", "done"]), MARKS,
)  # fmt: skip
"""A piece of a call that has no name yet is held back, and what else its chunk holds is not told: it has nothing."""


def marks(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (mark for mark in ("<1>", "<2>", "<3>", "<4>", "<5>") if mark in value)
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from marks(inner)


SAID = st.fixed_dictionaries({}, optional={
    "text": MARKS, "thinking": MARKS, "partial_json": MARKS, "signature": MARKS, "stop_sequence": MARKS, "x": CONTENT,
})  # fmt: skip
MESSAGES = st.builds(
    lambda kind, place, index, said, block, aside: {
        "type": kind, "index": index, place: {**said, "type": block, "name": "f"}, "x": aside},
    st.sampled_from(["message_start", "content_block_start", "content_block_delta", "content_block_stop",
                     "message_delta", "ping", "new"]),
    st.sampled_from(["message", "content_block", "delta", "usage"]), st.integers(0, 2), SAID,
    st.sampled_from(["text", "thinking", "tool_use", "web_search", "server_tool_use", "redacted_thinking", "compaction",
                     "text_delta", "thinking_delta", "input_json_delta", "signature_delta", "compaction_delta"]),
    CONTENT,
)  # fmt: skip
RATING = st.fixed_dictionaries({"category": st.just("c"), "blocked": st.booleans()}, optional={"x": MARKS})
PART = st.fixed_dictionaries(
    {},
    optional={
        "text": MARKS,
        "thought": st.booleans(),
        "inlineData": CONTENT,
        "x": MARKS,
        "toolCall": CONTENT,
        "thoughtSignature": MARKS,
    },
)
CANDIDATE = st.fixed_dictionaries({}, optional={
    "content": st.fixed_dictionaries({}, optional={"parts": st.lists(PART, max_size=2), "audio": CONTENT}),
    "safetyRatings": st.lists(RATING, max_size=2), "citationMetadata": CONTENT, "finishMessage": MARKS, "x": CONTENT,
    "finishReason": st.sampled_from(["STOP", "MAX_TOKENS"]),
})  # fmt: skip
GEMINI = st.fixed_dictionaries({"responseId": st.just("r")}, optional={
    "candidates": st.lists(CANDIDATE, max_size=1), "modelStatus": CONTENT, "x": CONTENT,
    "promptFeedback": st.fixed_dictionaries({}, optional={"blockReasonMessage": MARKS, "x": CONTENT}),
    "usageMetadata": st.fixed_dictionaries({}, optional={"promptTokenCount": st.integers(0, 2), "x": CONTENT}),
})  # fmt: skip
MESSAGE = st.fixed_dictionaries({}, optional={
    **dict.fromkeys(("content", "thinking", "tool_name", "x"), MARKS), "images": CONTENT,
    "tool_calls": st.lists(CALL, max_size=2),
})  # fmt: skip
OLLAMA = st.fixed_dictionaries({"done": st.just(False)}, optional={
    "message": MESSAGE, "context": CONTENT, "logprobs": CONTENT, "done_reason": MARKS, "x": CONTENT,
})  # fmt: skip
DRAWN = {"chat": CHAT, "responses": RESPONSES, "anthropic": MESSAGES, "gemini": GEMINI, "ollama": OLLAMA}
CASE = st.sampled_from([*DRAWN]).flatmap(lambda api: st.tuples(st.just(api), st.lists(DRAWN[api], max_size=6)))
FRAMES: dict[str, tuple[list[Any], list[Any]]] = {
    "chat": ([], [finish(), DONE]),
    "responses": ([], [ev("completed", response={"status": "completed"})]),
    "anthropic": (
        [{"type": "message_start", "message": {"id": "m"}}],
        [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}],
    ),
    "gemini": (
        [{"candidates": [{}], "usageMetadata": {"promptTokenCount": 1}}], [{"candidates": [{"finishReason": "STOP"}]}]
    ),
    "ollama": ([{"model": "m", "done": False}], [{"done": True}]),
}  # fmt: skip
"""What stands before what is drawn, so that it is not told as the chunk that begins a reply, and what ends it."""


@settings(max_examples=40)
@given(CASE)
def test_whatever_is_sent_is_in_the_reply_or_in_an_event(case: tuple[str, list[dict[str, Any]]]):
    check(*case)


@pytest.mark.slow
@settings(max_examples=250)
@given(CASE)
def test_so_it_is_in_many_more_cases(case: tuple[str, list[dict[str, Any]]]):
    check(*case)


def body(api: str, chunks: list[Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in chunks) if api == "ollama" else sse(*chunks)


def check(api: str, chunks: list[dict[str, Any]]) -> None:
    begin, end = FRAMES[api]
    events, error = read(body(api, [*begin, *chunks, *end]), api)
    assume(error is None)
    whole = json.dumps([[event.raw, getattr(event, "form", None)] for event in events])
    whole += repr(events[-1].choices)  # type: ignore[union-attr]
    assert not [mark for mark in marks(chunks) if mark not in whole]
