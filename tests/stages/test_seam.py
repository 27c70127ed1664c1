"""What is said once more where a reply was cut is left out; what is said twice on purpose stays."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, example, given, strategies as some

from streamkit.stages import Seam

STORY = "Long ago, in 1907, a baker's daughter found a map that nobody could read, for 12.50 or 3,000. She kept it."


def joined(kept: str, *pieces: str) -> str:
    seam = Seam(kept)
    return kept + "".join([*map(seam.feed, pieces), seam.flush()])


REPEATED = [
    ("Hello wor", "world", "Hello world"),
    ("Hello w", "world!", "Hello world!"),
    ("Hello wor", "Hello world", "Hello world"),
    ("(see chap", "(see chapter", "(see chapter"),
    ("It was very", "very late", "It was very late"),
    ("Привет, ми", "мир!", "Привет, мир!"),
    ("Once upon ", "Once upon a time", "Once upon a time"),
    ("the cat, the ca", "the cat sat", "the cat, the cat sat"),
    ("She opened the old green door", " the old green door and", "She opened the old green door and"),
    ("很久以前，有一", "很久以前，有一座山", "很久以前，有一座山"),
    ("Well", "Well, yes", "Well, yes"),
    ("Hi", "Hi there", "Hi there"),
    ("Title: ", "Title: Spring", "Title: Spring"),
    ("Dear ", "Dear Ann", "Dear Ann"),
    ("Result:", "Result: none", "Result: none"),
    ("The answer is ", "is yes", "The answer is yes"),
    ("The answer is", "is yes", "The answer is yes"),
    ("a red fox", "fox ran", "a red fox ran"),
    ("won", "won't", "won't"),
    ("he won'", "won't go", "he won't go"),
    ("It", "It's", "It's"),
    ("since 1998", "1998-12-31", "since 1998-12-31"),
    ("since 2020-", "2020-12-31", "since 2020-12-31"),
    ("since 2020", "2020-12-31", "since 2020-12-31"),
    ("It weighs 25", "250 grams", "It weighs 250 grams"),
    ("It weighs 25", "25.5 grams", "It weighs 25.5 grams"),
    ("It weighs 2.", "2.5 grams", "It weighs 2.5 grams"),
    ("使用Pyth", "Python编程", "使用Python编程"),
    ("中文的文", "文字", "中文的文文字"),
    ("这是中文", "中文文字", "这是中文文字"),
    ("新しいカメ", "カメラです", "新しいカメラです"),
    ("यह हिन्", "हिन्दी है", "यह हिन्दी है"),
    ("one line\n", "one line\nanother", "one line\nanother"),
    ("one\nthen a line that was cu", "then a line that was cut", "one\nthen a line that was cut"),
]
SAID_TWICE = [
    ("It was very", " very good"),
    (" very", " very good"),
    ("bana", "na split"),
    ("ha", "ha!"),
    ("pom", "pom"),
    ("la la la la la la ", "la la la la la la la"),
    ("no, no, no, no, no, no, ", "no, no, no, no, no, no, no"),
    ("I ate a", " apple"),
    ("the man", " manages"),
    ("0.3", "3333"),
    ("0,3", "3333"),
    ("in the year 20", "20 as well"),
    ("[10,", "10,20]"),
    ("0, 10, ", "10, 20"),
    ("3 10 ", "10 20"),
    ("天", "天向上"),
    ("哈哈哈哈哈哈", "哈哈哈哈哈哈哈"),
    ("| --- | --- | --- | --- |", "| --- | --- | --- | --- |"),
    ("a row of the table\na row of the table\n", "a row of the table\n"),
    ("[\n [11, 12, 13, 14],\n", " [11, 12, 13, 14],\n [1]]"),
    ("[\n [11, 12, 13, 14],", "\n [11, 12, 13, 14],\n [1]]"),
    ("if wrong:\n    raise SystemExit\n", "    raise SystemExit\n"),
    ("if wrong:\n    raise SystemExit\n    ", "raise SystemExit\n    pass"),
    ("if wrong:\r\n    raise SystemExit\r\n", "    raise SystemExit\r\n"),
    ("first\npass\n", "pass\n"),
    ("", "anything"),
    ("Hello wor", "ld"),
]


@pytest.mark.parametrize(("kept", "more", "whole"), REPEATED)
def test_what_is_repeated_is_left_out_however_it_is_cut(kept: str, more: str, whole: str) -> None:
    assert joined(kept, more) == joined(kept, *more) == whole
    for cut in range(len(more)):
        assert joined(kept, more[:cut], more[cut:]) == whole


@pytest.mark.parametrize(("kept", "more"), SAID_TWICE)
def test_what_is_said_twice_stays(kept: str, more: str) -> None:
    assert joined(kept, more) == joined(kept, *more) == kept + more


def test_a_text_that_goes_on_where_it_was_cut_is_whole() -> None:
    for end in range(len(STORY) + 1):
        assert joined(STORY[:end], STORY[end:]) == STORY


@given(some.integers(1, len(STORY) - 1), some.lists(some.integers(0, 200), max_size=6))
def test_a_text_is_whole_wherever_it_was_cut_and_whatever_is_repeated(end: int, cuts: list[int]) -> None:
    kept = STORY[:end]
    assume(kept[-1].isalnum())  # behind anything else the next part begins anew
    word = kept.rfind(" ") + 1
    begun = {0 if " " in kept else word, *range(end - 15)}
    if STORY[end].isalnum():
        begun.add(word)
    for start in begun:
        more = STORY[start:]
        edges = sorted({0, len(more), *(cut for cut in cuts if cut < len(more))})
        pieces = [more[a:b] for a, b in pairwise(edges)]
        assert joined(kept, *pieces) == STORY, start


@given(some.text("ab ,哈é", max_size=40), some.lists(some.text("ab ,哈é", max_size=8), max_size=8))
@example("wor wor", ["wor", "d"])
def test_only_what_was_kept_already_is_ever_left_out(kept: str, pieces: list[str]) -> None:
    more, whole = "".join(pieces), joined(kept, *pieces)
    left_out = len(kept) + len(more) - len(whole)
    assert whole == kept + more[left_out:]
    assert kept.endswith(more[:left_out])
    assert whole == joined(kept, more)


@given(some.text("ab ", min_size=1, max_size=60), some.lists(some.text("ab ", min_size=1, max_size=5), max_size=12))
def test_nothing_is_held_that_cannot_be_a_repetition(kept: str, pieces: list[str]) -> None:
    seam, given, shown = Seam(kept), "", ""
    for piece in pieces:
        given += piece
        shown += seam.feed(piece)
        if not shown and not seam.over:
            assert given in kept or any(given.startswith(kept[start:]) for start in range(len(kept)))
    assert seam.over or not shown


def test_a_long_text_is_compared_in_linear_time() -> None:
    kept = "Once " + " ".join(f"word{number}" for number in range(40_000)) + " Once"
    pieces = [kept[at : at + 4] for at in range(0, len(kept), 4)]
    assert joined(kept, *pieces, " end") == kept + " end"
