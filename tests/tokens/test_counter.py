"""The count after every piece is that of the whole text so far, encoded anew."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from streamkit.testing import every_split
from streamkit.tokens import TokenCounter
from streamkit.tokens.encodings import load_encoding
from tests.costs import memory
from tests.tokens.texts import FRAGMENTS, cut, hard_text

NAMES = ("o200k_base", "cl100k_base")
CHECKS = int(os.environ.get("STREAMKIT_CHECKS", "100000"))
"""Comparisons of the slow test; a nightly run may set millions."""


def encoded(name: str, text: str) -> int:
    return len(load_encoding(name).encode_ordinary(text))


def check(name: str, pieces: Sequence[str]) -> int:
    """Compare after every piece; the number of comparisons."""
    counter, text = TokenCounter(name), ""
    for piece in pieces:
        text += piece
        total = counter.feed(piece)
        assert total == counter.total == encoded(name, text), (text[-80:], pieces[-5:])
        assert counter.settled <= total
    assert counter.flush() == encoded(name, text)
    assert counter.exact
    return len(pieces)


@pytest.mark.parametrize("name", NAMES)
def test_hard_texts_in_random_pieces(name: str):
    dice, checks = random.Random(name), 0
    while checks < 3_000:
        text = hard_text(dice, dice.randint(1, 30))
        checks += check(name, list(cut(text, dice, dice.choice((1, 4, 20)))))


@pytest.mark.slow
@pytest.mark.timeout(max(60, CHECKS // 1000))
@pytest.mark.parametrize("name", NAMES)
def test_many_hard_texts(name: str):
    dice, checks = random.Random(f"many {name}"), 0
    while checks < CHECKS:
        text = hard_text(dice, dice.randint(1, 60))
        checks += check(name, list(cut(text, dice, dice.choice((1, 1, 4, 20, 300)))))


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=12)), max_size=25), st.sampled_from(NAMES))
def test_any_pieces(pieces: list[str], name: str):
    check(name, pieces)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.sampled_from(FRAGMENTS), st.integers(1, 900), st.sampled_from(FRAGMENTS), st.sampled_from((1, 7, 150)))
def test_long_runs_and_what_follows_them(run: str, times: int, after: str, size: int):
    text = run * min(times, 900 // len(run) + 1) + after + run
    for name in NAMES:
        check(name, [text[at : at + size] for at in range(0, len(text), size)])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text", ["we're 中ABCd \n  it's", "1234567 e\u0301 👨‍👩‍👧", "  \n\t  x\r\n\r\ny", "a\ud83d\ude00b\ud83dc\ude00"]
)
def test_the_count_does_not_depend_on_the_cut(name: str, text: str):
    for pieces in every_split(text):
        assert check(name, pieces) == len(pieces)


def test_half_of_a_character_is_counted_as_it_stands_and_corrected_when_the_other_half_comes():
    counter = TokenCounter("o200k_base")
    assert counter.feed("a\ud83d") == encoded("o200k_base", "a\ufffd")
    assert counter.feed("\ude00") == encoded("o200k_base", "a😀")
    counter.feed("\ud83d")
    assert counter.flush() == encoded("o200k_base", "a😀\ufffd")


def test_what_looks_like_a_special_token_is_text():
    assert TokenCounter("gpt-4o").feed("<|endoftext|>") > 1


@pytest.mark.slow
@pytest.mark.parametrize("char", [" ", "\n", "a", "=", "中", "ก"])
def test_a_run_of_a_million_characters_does_no_harm(char: str):
    counter = TokenCounter("gpt-4o")
    counter.feed(char * 1_000_000)
    total = counter.feed("x")
    assert counter.total == total > 5_000
    if char in " a":  # long enough to be sure, short enough for the tokenizer
        short = TokenCounter("gpt-4o")
        assert short.feed(char * 100_000) == encoded("o200k_base", char * 100_000)


# -- cost ----------------------------------------------------------------------------------------------------------

GROWING = {
    "English": "The quick brown fox jumps over the lazy dog, and it doesn't think about the 1,234 reasons why. ",
    "Chinese": "这是一个关于语言模型的长文本，我们要测试它的计数速度。",
    "code": "def f(x):\n    return [i * 2 for i in range(x) if i % 3 == 0]\n\n",
    "Thai run": "สวัสดีครับผมชื่อสมชายและผมทำงานที่กรุงเทพมหานคร",
    "a run": "a",
    "emoji run": "👨‍👩‍👧❤️",
}


class Weighed:
    """A tiktoken encoding that notes how many bytes it is given."""

    def __init__(self, name: str) -> None:
        self._inner: Any = load_encoding(name)
        self.bytes = 0

    def encode_ordinary(self, text: str) -> list[int]:
        self.bytes += len(text.encode())
        tokens: list[int] = self._inner.encode_ordinary(text)
        return tokens

    def _encode_single_piece(self, data: bytes) -> list[int]:
        self.bytes += len(data)
        tokens: list[int] = self._inner._encode_single_piece(data)
        return tokens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def work_at(text: str, sizes: Sequence[int]) -> list[float]:
    """Bytes encoded for each delta of four characters, around each size in tokens; between them come large deltas."""
    encoding, endless = Weighed("o200k_base"), text * (2_000 // len(text))
    counter, at, found = TokenCounter(encoding), 0, []

    def feed(size: int) -> None:
        nonlocal at
        counter.feed(endless[at % len(text) :][:size])
        at += size

    for size in sizes:
        while counter.total < size:
            feed(1_000)
        before = encoding.bytes
        for _ in range(300):
            feed(4)
        found.append((encoding.bytes - before) / 300)
    return found


@pytest.mark.parametrize("kind", GROWING)
def test_a_piece_costs_no_more_after_200_000_tokens(kind: str):
    early, late = work_at(GROWING[kind], (2_000, 200_000))
    assert late <= 2 * early


# -- other tokenizers ----------------------------------------------------------------------------------------------


class Pairs:
    """Two characters are a token: nothing can be settled early, unless one knows."""

    def __init__(self) -> None:
        self.characters = 0

    def encode_ordinary(self, text: str, /) -> list[int]:
        self.characters += len(text)
        return [0] * ((len(text) + 1) // 2)


def test_an_own_tokenizer_is_exact_at_first_and_at_the_end_and_linear_between():
    encoding = Pairs()
    counter, length, seen = TokenCounter(encoding), 0, Counter[bool]()
    for _ in range(10_000):
        total, length = counter.feed("abc"), length + 3
        seen[counter.exact] += 1
        assert abs(total - length / 2) <= 40
        if counter.exact:
            assert total == (length + 1) // 2
    assert seen[False] > seen[True] > 300
    assert encoding.characters < 10_000 * 700
    assert (counter.flush(), counter.exact) == (15_000, True)


def test_an_own_tokenizer_that_is_known_to_part_at_blanks_is_always_exact():
    class Words:
        def encode_ordinary(self, text: str, /) -> list[str]:
            return text.split()

    counter, text = TokenCounter(Words(), space_safe=True), ""
    for piece in cut("one two  three\nfour " * 500, random.Random(1), 9):
        text += piece
        assert (counter.feed(piece), counter.exact) == (len(text.split()), True)


def test_a_hugging_face_tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"hello": 0, "world": 1, "[UNK]": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    counter = TokenCounter(tokenizer)
    assert [counter.feed(piece) for piece in ("hel", "lo wor", "ld", "!")] == [1, 2, 2, 3]


def test_a_tokenizer_that_panics_is_an_error_one_can_catch():
    class PanicException(BaseException):
        pass

    class Panics:
        def encode_ordinary(self, text: str, /) -> list[int]:
            raise PanicException("in the tokenizer")

    with pytest.raises(RuntimeError, match="failed on a text of 3 characters"):
        TokenCounter(Panics()).feed("abc")


def test_what_is_no_tokenizer_is_told_at_once():
    with pytest.raises(TypeError, match="encode_ordinary"):
        TokenCounter(42)


@pytest.mark.parametrize(
    ("text", "bound"), [("word. ", 0), ("水壶唱歌，", 0), ("水壶唱歌谁在意", 16), ("👨‍👩‍👧❤️😀", 16), ("a", 16)]
)
def test_only_an_end_without_a_boundary_is_kept(text: str, bound: int):
    """``bound`` is in bytes a character; a text with boundaries takes no more when it is longer."""
    counter, size, piece = TokenCounter("o200k_base"), 20_000, text * 10

    def feed() -> None:
        for _ in range(size // len(piece)):
            counter.feed(piece)

    feed()
    _, kept = memory(feed)
    assert kept < bound * size + 5_000
