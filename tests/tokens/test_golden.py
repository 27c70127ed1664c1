"""Counts of many texts that three implementations agree on, at checkpoints and in several cuts."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from streamkit.tokens import TokenCounter

GOLDEN = Path(__file__).resolve().parents[2] / ".." / "shared" / "golden" / "tokens.jsonl"
ROWS: list[dict[str, Any]] = (
    [json.loads(line) for line in GOLDEN.read_text("utf-8").split("\n") if line] if GOLDEN.exists() else []
)


def check(row: dict[str, Any], most: int) -> None:
    text, marks = row["text"], {**dict(row.get("checkpoints") or ()), len(row["text"]): row["n_tokens"]}
    dice, counter, at = random.Random(text), TokenCounter(row["encoding"]), 0
    for mark in sorted(marks):
        while at < mark:
            end = min(mark, at + dice.randint(1, most))
            counter.feed(text[at:end])
            at = end
        assert counter.total == marks[mark]
    assert counter.exact


@pytest.mark.skipif(not ROWS, reason="the texts are kept elsewhere")
def test_a_part_of_the_texts():
    assert len(ROWS) > 500
    for row in ROWS[::8]:
        check(row, 20)


@pytest.mark.slow
@pytest.mark.skipif(not ROWS, reason="the texts are kept elsewhere")
@pytest.mark.parametrize("most", [1, 7, 300])
def test_all_of_the_texts(most: int):
    for row in ROWS:
        check(row, most)
