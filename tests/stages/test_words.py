"""The automaton of literal words, beside a plain search."""

from __future__ import annotations

from hypothesis import given, strategies as st

from streamkit.stages.rewriting.literals import LiteralWords
from streamkit.stages.rewriting.matching import Held, RuleMatch
from tests.costs import steps

WORDS = st.lists(st.text("ab", min_size=1, max_size=6), min_size=1, max_size=8)


def leftmost(words: list[str], text: str) -> tuple[int, int] | None:
    places = [(text.find(word), -len(word)) for word in words if word in text]
    return (min(places)[0], min(places)[0] - min(places)[1]) if places else None


@given(WORDS, st.text("abc", max_size=20))
def test_it_finds_the_leftmost_word_and_of_those_the_longest(words, text):
    found = LiteralWords(words, str).find(text, 0, True)
    assert (found and (found.start, found.end)) == leftmost(words, text)  # type: ignore[union-attr]


@given(WORDS, st.text("abc", max_size=20))
def test_it_is_undecided_exactly_while_more_text_can_change_what_it_finds(words, text):
    found = LiteralWords(words, str).find(text, 0, False)
    whole = leftmost(words, text)
    first = whole[0] if whole else len(text)
    places = [at for at in range(len(text)) if any(len(w) > len(text) - at and w.startswith(text[at:]) for w in words)]
    if places and places[0] <= first:
        assert isinstance(found, Held)
        assert not isinstance(found, RuleMatch)
        assert found.start == places[0]
    else:
        assert (found and (found.start, found.end)) == whole  # type: ignore[union-attr,attr-defined]


def test_work_is_linear_however_long_the_words_are():
    words = LiteralWords(["a" * 500 + "b", "ca"], str)
    assert steps(lambda: words.find("a" * 10_000, 0, True)) < 2.2 * steps(lambda: words.find("a" * 5_000, 0, True))
    assert steps(lambda: words.find("a" * 5_000, 0, True)) < 100_000
