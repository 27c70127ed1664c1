"""Reasoning in the Responses API: the many names of its events, its two sources, and what is no reasoning."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.events import Other
from tests.wire.bodies import error_of, read, reply_of, sse

API = "responses"
END = {"type": "response.completed", "response": {"status": "completed"}}


def ev(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{name}", "output_index": 0, **fields}


def reasoning_of(*chunks: Any) -> str:
    return reply_of(*chunks, END, api=API).reasoning


NAMES = [
    "reasoning", "reasoning_text", "reasoning_content", "reasoning_raw_content", "reasoning_summary",
    "reasoning_summary_text", "output_reasoning", "output_reasoning.text", "thinking", "thinking_text",
    "output_thinking", "inner_thought", "reflection",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_reasoning_has_many_names(name: str):
    pieces = [ev(f"{name}.delta", delta="I "), ev(f"{name}.delta", delta="see")]
    whole = ev(f"{name}.done", text="I see")
    for chunks in ([*pieces, whole, whole], pieces, [whole]):
        assert reasoning_of(*chunks) == "I see"
        named = b"".join(sse({**chunk, "type": None}, event=chunk["type"]) for chunk in (*chunks, END))
        assert read(named, API)[0][-1].reasoning == "I see"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fields",
    [
        {"delta": {"text": "hm"}}, {"delta": {"type": "x", "content": "hm", "text": None}}, {"text": "hm"},
        {"delta": [{"text": "h"}, "x", {"text": "m"}]}, {"delta": "", "summary": "hm"}, {"reasoning": "hm"},
        {"summary": [{"type": "summary_text", "text": "hm"}]}, {"part": {"type": "reasoning_text", "text": "hm"}},
    ],
)  # fmt: skip
def test_a_text_may_lie_in_an_object(fields: dict[str, Any]):
    assert reasoning_of(ev("reasoning.delta", **fields)) == "hm"
    if "delta" not in fields:
        assert reasoning_of(ev("reasoning.done", **fields)) == "hm"


def test_a_text_of_another_kind_is_malformed():
    assert "delta is not a text" in str(error_of(sse(ev("reasoning.delta", delta=5)), API))


@pytest.mark.parametrize("name", ["reasoning_summary_part", "reasoning_part", "content_part"])
def test_a_part_may_be_told_whole_and_nothing_else(name: str):
    type = "summary_text" if "summary" in name else "reasoning_text"
    parts = [ev(f"{name}.done", part={"type": type, "text": text}, content_index=at) for at, text in enumerate("ab")]
    announced = [ev(f"{name}.added", part={"type": type, "text": ""}, content_index=at) for at in range(2)]
    assert reasoning_of(*parts) == "ab"
    assert reasoning_of(announced[0], parts[0], announced[1], parts[1]) == "ab"


@pytest.mark.parametrize(
    "name",
    ["reasoning.started", "reasoning.search_queries", "reasoning_encrypted.delta", "thinking.signature.delta",
     "text.delta", "reasoning_part.added"],
)  # fmt: skip
def test_what_tells_no_text_of_reasoning_is_kept_as_it_is(name: str):
    events, error = read(sse(ev(name, delta="x"), END), API)
    assert error is None
    assert Other(f"response.{name}") in events
    assert events[-1].reasoning == ""  # type: ignore[union-attr]


def test_the_same_reasoning_is_told_from_one_source():
    summary, text = ev("reasoning_summary.delta", delta="short"), ev("reasoning.delta", delta="long")
    added = ev("reasoning_summary_part.added", part={"type": "summary_text", "text": ""})
    done = ev("output_item.done", item={"type": "reasoning", "summary": [{"text": "short"}], "content": "long"})
    assert reasoning_of(summary, text, done) == "short"
    assert reasoning_of(text, added, summary, ev("reasoning_summary.done", text="short"), done) == "long"
    final = {**END["response"], "output": [done["item"]]}  # type: ignore[dict-item]
    assert reasoning_of(text, summary, {**END, "response": final}) == "long"


def test_the_same_piece_under_two_names_is_told_once():
    pieces = [ev(f"{name}.delta", delta=text) for text in "ab" for name in ("reasoning", "reasoning_text")]
    assert reasoning_of(*pieces, ev("reasoning.done", text="ab"), ev("reasoning_text.done", text="ab")) == "ab"


def test_each_item_has_its_own_source():
    first = ev("reasoning_text.delta", delta="a", output_index=0)
    second = ev("reasoning_summary_text.delta", delta="b", output_index=1)
    assert reasoning_of(first, second) == "ab"
    whole = ev("output_item.done", output_index=1, item={"type": "reasoning", "summary": [{"text": "b"}]})
    assert reasoning_of(first, whole) == "ab"


def test_reasoning_in_a_message_is_no_text():
    content = [{"type": "reasoning_text", "text": "hm"}, {"type": "output_text", "text": "Hi"}]
    done = ev("output_item.done", output_index=1, item={"type": "message", "content": content})
    assert reply_of(ev("content_part.done", part=content[0]), done, END, api=API).text == "Hi"
