"""Who is asked about full stops: sentencex where it is installed, rules where not; and what they get to read."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from streamkit.stages import Segments
from streamkit.stages.segments import boundary
from streamkit.stages.segments.boundary import RuleJudge, SentencexJudge
from tests.stages.segmenting import JUDGES, segments, texts


class Counting(RuleJudge):
    """Counts what a judge is given to read."""

    def __init__(self) -> None:
        self.chars = 0

    def is_boundary(self, window: str, place: int, lang: str) -> bool:
        self.chars += len(window)
        return super().is_boundary(window, place, lang)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["Word ", "Sentence one. ", "A. ", "(a. ", "“a. ", "Dr. X. ", "- a\n", "| a ", ". ", "**b. "]
)
def test_the_judge_reads_little_and_no_more_of_longer_texts(unit: str):
    def read(size: int) -> float:
        judge = Counting()
        segments((unit * size)[:size], judge=judge)
        return judge.chars / size

    assert read(12_000) <= 1.5 * read(3_000) + 0.1
    assert read(12_000) < 400  # a window of 1,000 characters for each mark, with every third character one


def test_without_the_engine_rules_judge(monkeypatch: pytest.MonkeyPatch):
    boundary.best_judge.cache_clear()
    monkeypatch.setitem(sys.modules, "sentencex", None)
    try:
        assert isinstance(boundary.best_judge(), RuleJudge)
        assert texts("Dr. Who left. He ran.") == ["Dr. Who left.", "He ran."]
    finally:
        boundary.best_judge.cache_clear()


class Panic(BaseException):
    """What a panic in Rust arrives as."""


def engine(segment: Any) -> SentencexJudge:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sentencex", SimpleNamespace(segment=segment))
        return SentencexJudge()


def test_a_panic_of_the_engine_is_no_boundary_and_ctrl_c_is_no_panic():
    def panic(lang: str, text: str) -> list[str]:
        raise Panic

    def interrupt(lang: str, text: str) -> list[str]:
        raise KeyboardInterrupt

    assert engine(panic).is_boundary("Abc. Def", 5, "en") is False
    with pytest.raises(KeyboardInterrupt):
        engine(interrupt).is_boundary("Abc. Def", 5, "en")


def test_the_engine_gets_short_windows_without_what_it_panics_on():
    asked: list[tuple[str, str]] = []

    def segment(lang: str, text: str) -> list[str]:
        asked.append((lang, text))
        return [text]

    judge = engine(segment)
    judge.load("fr")
    window = "A\u3000“é.\u00a0\ud83d" * 2000 + "Abc. "
    assert judge.is_boundary(window + "D", len(window), "en") is False
    assert asked[0][0] == "fr"
    assert len(asked[1][1]) <= 2000
    assert {char for char in asked[1][1] if char.isspace()} == {" "}
    asked[1][1].encode()


def test_an_engine_that_loses_text_knows_no_boundary():
    assert engine(lambda lang, text: ["A"]).is_boundary("Abc. Def", 5, "en") is False


@pytest.mark.skipif(len(JUDGES) == 1, reason="sentencex is not installed")
def test_the_engine_is_loaded_at_construction(monkeypatch: pytest.MonkeyPatch):
    loaded: list[str] = []
    judge = JUDGES[0]
    monkeypatch.setattr(SentencexJudge, "load", lambda self, lang: loaded.append(lang))
    Segments("pt-BR", judge=judge)
    Segments(judge=judge)
    assert loaded == ["pt", "en"]
