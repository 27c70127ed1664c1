"""Sentences of public test sets, against what their authors expect. The data is kept elsewhere."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.stages.segmenting import JUDGES, pieces_of, segments

GOLDEN = Path(__file__).resolve().parents[2] / ".." / "shared" / "golden" / "sentences.jsonl"
CASES: list[dict[str, Any]] = (
    [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()] if GOLDEN.exists() else []
)
pytestmark = pytest.mark.skipif(not CASES, reason="the sentences are kept elsewhere")


def words(sentences: list[str]) -> list[str]:
    return [" ".join(one.split()) for one in sentences if one.split()]


@pytest.mark.slow
@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: type(judge).__name__)
def test_nearly_all_are_exact_and_none_depends_on_the_cuts(judge: Any):
    right = total = 0
    for case in CASES:
        text, dice = case["text"], random.Random(case["text"])
        found = segments(text, lang=case["lang"], judge=judge)
        assert segments(pieces_of(text, dice, 20), lang=case["lang"], judge=judge) == found
        if not case["contested"]:
            total += 1
            right += words([one.text for one in found]) == words(case["sentences"])
    assert right / total >= 0.95
