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


CASE = st.tuples(st.just("chat"), st.lists(CHAT, max_size=6)) | st.tuples(
    st.just("responses"), st.lists(RESPONSES, max_size=6)
)


@settings(max_examples=40)
@given(CASE)
def test_whatever_is_sent_is_in_the_reply_or_in_an_event(case: tuple[str, list[dict[str, Any]]]):
    check(*case)


@pytest.mark.slow
@settings(max_examples=250)
@given(CASE)
def test_so_it_is_in_many_more_cases(case: tuple[str, list[dict[str, Any]]]):
    check(*case)


def check(api: str, chunks: list[dict[str, Any]]) -> None:
    end = [finish(), DONE] if api == "chat" else [ev("completed", response={"status": "completed"})]
    events, error = read(sse(*chunks, *end), api)
    assume(error is None)
    whole = json.dumps([event.raw for event in events]) + repr(events[-1].choices)  # type: ignore[union-attr]
    assert not [mark for mark in marks(chunks) if mark not in whole]
