"""The short cut for items that change nothing: the same segments at the same item as without it, from any text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from streamkit.stages import Segments
from streamkit.stages.segments.cutter import Cutter
from streamkit.stages.segments.sentences import SentenceCutter

FRAGMENTS = (
    "word", " word", "The", " ", "  ", "\n", "\n\n", "\r", ". ", ".", "? ", "…", "(", ")", "[", "]", '"', "'", "“", "”",
    "`", "``", "```\n", "$", "\\(", "\\)", "<b", ">", "- ", "1. ", "# ", "> ", "| a |", "**", "_", ",", ";",
    "水壶", "，", "。", "「", "」", "😀", "❤️", "é", "\u0301", "\u200d", "Dr", "3.50", "a" * 50,
)  # fmt: skip
OPTIONS: tuple[dict[str, Any], ...] = (
    {}, {"max_chars": 20}, {"max_chars": 1}, {"max_chars": None}, {"hold": 0}, {"hold": 10}, {"first_fast": True},
    {"lookahead": "char", "strip": False}, {"markdown": "plain", "hold": 10}, {"code": "lines"}, {"max_wait": 1.0},
)  # fmt: skip


def cut(items: list[str], options: dict[str, Any], expire_at: int) -> list[Any]:
    """What the stage gives for each item, and when it is next due; after one of them the time runs out."""
    stage, out = Segments(**options), []
    for number, item in enumerate(items):
        out += [stage.feed(item), stage.due]
        out += [stage.expire()] if number == expire_at else []
    return [*out, stage.flush()]


@given(
    items=st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), max_size=40),
    options=st.sampled_from(OPTIONS),
    expire_at=st.integers(0, 40),
)
@example(["The", " word", "word. ", "word", " The"], {"max_chars": 9}, 1)
def test_the_short_cut_changes_nothing(items: list[str], options: dict[str, Any], expire_at: int):
    short = cut(items, options, expire_at)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SentenceCutter, "passes", Cutter.passes)
        assert cut(items, options, expire_at) == short
