"""Segments: the same at every cut of the text, nothing lost, in time, and at a linear cost."""

from __future__ import annotations

import random
import sys
from inspect import signature
from typing import Any, get_type_hints

import pytest
import regex

from streamkit import testing
from streamkit.stages import Segment, Segments
from streamkit.stages.segments.boundary import RuleJudge
from streamkit.stages.segments.scripts import between_graphemes
from streamkit.stages.segments.segment import Segmenting
from tests.costs import memory
from tests.stages.segmenting import JUDGES, pieces_of, segments, some_options, texts, troubling

MIXED = (
    "Dr. Smith paid 3.50 € (see fig. 2). Why?\n\n# A title\n- One. Two `a. B` and [c. D](http://e.f/g. \"H. I\").\n"
    "```py\nx = 1. Y\n```\n| a. B |\n天空。他说：“好。”就走了。👩‍👩‍👧 Done… 「はい。」 Na ja"
)  # fmt: skip


def check(text: str, found: list[Segment], options: dict[str, Any]) -> None:
    """In order, exact and complete: what lies between two segments is white space."""
    assert [segment.index for segment in found] == list(range(len(found)))
    assert all(0 <= segment.start < segment.end <= len(text) and segment.text.strip() for segment in found)
    if options.get("markdown") != "plain":
        assert [segment.text for segment in found] == [text[one.start : one.end] for one in found]
    end, complete = (
        0,
        options.get("code") != "drop" and options.get("markdown") != "plain" and not options.get("spoken"),
    )
    for segment in found:
        assert segment.start >= end
        if complete:
            assert not text[end : segment.start].strip()
            assert options.get("strip", True) or segment.start == end
        end = segment.end
    if complete:
        assert not text[end:].strip()


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: type(judge).__name__)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lookahead": "char", "first_fast": True},
        {"max_chars": 20, "strip": False},
        {"code": "lines", "markdown": "plain"},
        {"code": "drop", "hold": 10},
        {"unit": "word"},
        {"unit": "line"},
        {"unit": "paragraph"},
    ],
    ids=repr,
)
def test_no_cut_of_the_text_matters(options: dict[str, Any], judge: Any):
    expected = segments(MIXED, judge=judge, **options)
    check(MIXED, expected, options)
    for pieces in testing.every_split(MIXED):
        assert segments(pieces, judge=judge, **options) == expected


def hunt(seeds: range) -> None:
    for seed in seeds:
        dice = random.Random(seed)
        text, options = troubling(dice), some_options(dice)
        expected = segments(text, **options)
        check(text, expected, options)
        for pieces in (text, pieces_of(text, dice, 20), pieces_of(text, dice, 200)):
            assert segments(pieces, **options) == expected, (seed, options, text)
        if options["max_chars"] and options["strip"]:
            assert all(len(text[one.start : one.end]) <= options["max_chars"] for one in expected if one.kind != "code")


@pytest.mark.slow
def test_no_text_raises_or_loses_anything_at_any_cut():
    hunt(range(60))


@pytest.mark.slow
@pytest.mark.parametrize("start", range(10_000, 14_000, 250))
def test_no_text_raises_or_loses_anything_at_any_cut_for_long(start: int):
    hunt(range(start, start + 250))


@pytest.mark.slow
def test_what_was_given_is_never_withdrawn():
    """Longer texts begin with the segments that were certain before, but for the last, which the end had cut."""
    dice = random.Random(1)
    for _ in range(100):
        text, options = troubling(dice), {**some_options(dice), "unit": "sentence"}
        stage = Segments(**options)
        certain: list[Segment] = []
        for piece in pieces_of(text, dice, 20):
            certain += stage.feed(piece)
        for more in ("", " And", "\n\n", "。"):
            assert segments(text + more, **options)[: len(certain)] == certain


@pytest.mark.parametrize(
    ("text", "lookahead", "seen"),
    [
        ("It rains. And", "char", "It rains. A"),
        ("It rains. And so on", "word", "It rains. And "),
        ("It rains!\nAnd", "word", "It rains!\nA"),
        ("It rains. 3", "char", "It rains. 3"),
        ("下雨了。我", "word", "下雨了。我"),
        ("雨だ。」と", "word", "雨だ。」と"),
        ("雨だ。雪だ", "char", "雨だ。雪"),
        ("बारिश है। ठंड", "word", "बारिश है। ठ"),
        ("Is it? Yes, it", "word", "Is it? Yes,"),
        ("# It rains\nand", "word", "# It rains\n"),
        ("```\ncode\n```\n", "word", "```\ncode\n```\n"),
        ("It rains\n\nAnd", "word", "It rains\n"),
    ],
)
def test_a_segment_is_there_with_the_first_character_that_makes_it_certain(text: str, lookahead: Any, seen: str):
    stage = Segments(lookahead=lookahead)
    for count, char in enumerate(text, 1):
        if stage.feed(char):
            assert text[:count] == seen
            return
    assert text == seen, "it did not come"


RUNS = [
    *"a .!(“`*_~#>|[。「，\n\r<1\x00ก\u3000\u0301\u200d\ud83d",
    *(". ", "a. (", "a`", "a. **", "- ", "a.](b", "a, ", "1. ", "\N{GRINNING FACE}", "\U0001f1eb"),
    *("<", "<a ", "<a b=' ", "<b>", "a.<b> ", "$$", "$$ a ", "\\[", "\\begin{a}", "'a. ", "α; ", "> "),
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["sentence", "word", "line", "paragraph"])
@pytest.mark.parametrize("run", [*RUNS, "\n\n    a"])
def test_the_steps_grow_with_the_text_and_no_more(unit: Any, run: str):
    """Runs of anything, four characters a feed. Calls are counted; what one call reads is bounded by the next test."""

    def steps(size: int) -> float:
        text, stage, calls = ("x " + run * size)[:size], Segments(unit=unit, max_chars=300, judge=RuleJudge()), 0

        def count(frame: Any, event: str, arg: Any) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            for at in range(0, size, 4):
                stage.feed(text[at : at + 4])
        finally:
            sys.setprofile(None)
        return calls / size

    assert steps(3000) <= 1.5 * steps(750) + 1


@pytest.mark.parametrize("run", RUNS)
def test_the_text_that_is_held_has_a_bound(run: str):
    """So what is read again with every feed has one too. Code is held to its end."""
    stage, text, held = Segments(), ("x " + run * 6000)[:6000], 0
    for at in range(0, len(text), 4):
        held += _written(text[at : at + 4]) - sum(_written(segment.text) for segment in stage.feed(text[at : at + 4]))
        assert held <= 2000 + 500


def _written(text: str) -> int:
    return sum(not char.isspace() for char in text)


@pytest.mark.parametrize("blank", [" ", "\n", "\r", "\u3000"])
def test_so_have_blanks(blank: str):
    stage = Segments()
    stage.feed("x ")
    assert memory(lambda: [stage.feed(blank * 40) for _ in range(1000)])[1] < 20_000


@pytest.mark.parametrize(
    "whole",
    [
        "```\nOne. Two.\n\nThree! 四。\n```",
        "~~~~ text\n```\nOne. Two.\n```\n~~~~",
        "`one. Two! 三。`",
        "``a ` b. C``",
        "https://a.example/b.c?d=e!f",
        "3.14",
        "1,234.5",
        "1．5",
        "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}",
        "e\u0301",
        "\U0001f1eb\U0001f1f7",
        "각",
        "क्षि",
        "👍🏽",
        "5️⃣",
    ],
)
def test_nothing_is_cut_within(whole: str):
    for text in (f"{whole} is it", f"Here. {whole} is it. So", f"天空。{whole}。好", f"See {whole}. Next", whole):
        if whole.startswith(("```", "~~~")):
            text = f"Code.\n{whole}\nNext. One"
        first = text.index(whole)
        for options in ({}, {"lookahead": "char"}, {"first_fast": True}, {"unit": "paragraph"}):
            for one in segments(list(text), **options):
                assert not first < one.start < first + len(whole), (text, options)
                assert not first < one.end < first + len(whole), (text, options)


def test_a_forced_cut_parts_no_two_characters_that_a_reader_sees_as_one():
    dice = random.Random(7)
    clusters = [
        "é",
        "e\u0301\u0323",
        "👩‍👩‍👧",
        "🇫🇷",
        "👍🏽",
        "5️⃣",
        "각",
        "한",
        "क्षि",
        "น้ำ",
        "ｶﾞ",
        "ab",
        "語",
        "\U0001f600",
    ]
    for _ in range(200):
        text = "".join(dice.choices(clusters, k=60))
        edges = {found.start() for found in regex.finditer(r"\X", text)} | {len(text)}
        for options in ({"max_chars": 12}, {"unit": "word", "max_chars": 12}, {"unit": "line", "max_chars": 15}):
            for one in segments(text, **options):
                assert {one.start, one.end} <= edges, (text, one)


def test_max_chars_cuts_at_the_last_clause_else_the_last_word_and_says_so():
    found = segments("one, two three four. Five", max_chars=12)
    assert [(one.text, one.forced) for one in found] == [
        ("one,", True), ("two three", True), ("four.", False), ("Five", False),
    ]  # fmt: skip
    assert texts("abcdefghij", max_chars=4) == ["abcd", "efgh", "ij"]
    assert texts("use `a b c d` x", max_chars=10) == ["use", "`a b c d`", "x"]


def test_a_timer_cuts_at_good_places_only():
    def forced(*pieces: str, **options: Any) -> list[str]:
        stage = Segments(max_wait=1, **options)
        given = [one for piece in pieces for one in stage.feed(piece)]
        assert given == []
        made = stage.expire()
        assert all(one.forced for one in made)
        assert stage.due is None
        return [one.text for one in made]

    assert forced("The sky, which is bl") == ["The sky,"]
    assert forced("The sky is bl") == ["The sky is"]
    assert forced("The sky is blue ") == ["The sky is blue"]
    assert forced("Really?") == ["Really?"]
    assert forced("(Really.)") == ["(Really.)"]
    assert forced("因为天空是蓝") == ["因为天空是蓝"]
    assert forced("It costs 3.") == ["It costs"]
    assert forced("See https://a.") == ["See"]
    assert forced("Use `a. b") == ["Use"]
    for undecided in ("Hel", "", "   ", "``", "```\ncode. More", "# A tit", "| a", "- ", "- It", "1. "):
        assert forced(undecided) == []


def test_a_timer_cuts_lines_and_paragraphs_at_good_places_too():
    for unit, given in (("line", ["one two"]), ("paragraph", ["one two"]), ("word", [])):
        stage = Segments(unit=unit, max_wait=1)
        stage.feed("one two thr" if unit != "word" else "thr")
        assert [one.text for one in stage.expire()] == given


@pytest.mark.slow
def test_a_timer_at_any_moment_loses_nothing_and_leaves_code_whole():
    for seed in range(100):
        dice = random.Random(seed)
        text, options = troubling(dice, 40), some_options(dice)
        stage, found = Segments(**options, max_wait=1), []
        for piece in pieces_of(text, dice, 20):
            found += stage.feed(piece)
            found += stage.expire() if dice.random() < 0.5 else []
        found += stage.flush()
        check(text, found, options)
    stage, found = Segments(max_wait=1), []
    for char in MIXED:
        found += [*stage.feed(char), *stage.expire()]
    assert [one.code for one in found + stage.flush() if one.kind == "code"] == ["x = 1. Y\n"]


@pytest.mark.slow
def test_text_behind_a_flush_goes_on_with_a_segment_of_its_own_wherever_it_is_cut():
    for seed in range(150):
        dice = random.Random(seed)
        parts, options = [troubling(dice, 20) for _ in range(3)], some_options(dice)
        found: list[list[Segment]] = []
        for most in (10_000, 1, 6):
            stage, made = Segments(**options), []
            for part in parts:
                for piece in pieces_of(part, random.Random(seed), most):
                    made += stage.feed(piece)
                made += stage.flush()
            found.append(made)
        check("".join(parts), found[0], {**options, "strip": True})
        assert found[0] == found[1] == found[2]


def test_a_timer_runs_only_while_there_is_something_to_cut():
    stage = Segments(max_wait=2.5)
    assert stage.due is None
    stage.feed("It rains")
    assert stage.due == 2.5
    assert [one.text for one in stage.expire()] == ["It"]
    assert stage.due is None
    stage.feed(" cats")
    assert stage.due == 2.5
    stage.flush()
    assert stage.due is None
    assert Segments().due is None


def test_the_first_segment_for_a_voice_is_short_and_never_cuts_numbers_bold_or_code():
    text = "In the very beginning of all, there was 1,000,000 of **bold, and long** text. Then, more came, and more."
    assert texts(text, first_fast=True) == [
        "In the very beginning of all,",
        "there was 1,000,000 of **bold, and long** text.",
        "Then, more came, and more.",
    ]
    assert texts("这是第一句话的开头，后面还有。好，了。", first_fast=True)[0] == "这是第一句话的开头，"
    long = "a bcd " * 30
    assert 60 <= len(texts(long, first_fast=True)[0]) <= 66
    assert len(texts(f"**{long}** x. Y", first_fast=True)) == 2


def test_code_has_its_language_and_its_body_or_is_left_out():
    text = "Look.\n\n  ```python title='a'\n  if x:\n      y()\n  ```\nSo."
    block = segments(text)[1]
    assert (block.kind, block.lang, block.code, block.forced) == ("code", "python", "if x:\n    y()\n", False)
    assert texts(text, code="drop") == ["Look.", "So."]
    assert texts(text, code="lines") == ["Look.", "```python title='a'", "  if x:", "      y()", "  ```", "So."]
    unclosed = segments("```\nx = 1\n")[0]
    assert (unclosed.lang, unclosed.code, unclosed.forced) == ("", "x = 1", True)


@pytest.mark.parametrize("unit", ["sentence", "paragraph"])
def test_code_behind_the_marker_of_a_list(unit: Any):
    text = "Do\n1. ```sh\n   a. B\n     c\n   ```\n- ~~~\n  d\n  ~~~\nEnd"
    for pieces in testing.every_split(text):
        found = segments(pieces, unit=unit)
        assert [one.text for one in found if one.kind != "code"] == ["Do", "1.", "-", "End"]
        assert [(one.lang, one.code) for one in found if one.kind == "code"] == [("sh", "a. B\n  c\n"), ("", "d\n")]
    assert texts(text, unit=unit, code="drop", markdown="plain") == ["Do", "1.", "End"]


def test_plain_text_for_a_voice_still_tells_where_it_stood():
    text = "## *The* title\n- **One** [link](http://a.b). `x`\n---\n| a | **b** |\n"
    found = segments(text, markdown="plain")
    assert [(one.text, text[one.start : one.end]) for one in found] == [
        ("The title", "## *The* title"),
        ("One link.", "- **One** [link](http://a.b)."),
        ("x", "`x`"),
        ("a, b", "| a | **b** |"),
    ]


def test_kinds_of_lines():
    kinds = [(one.kind, one.text) for one in segments("# A\n\nGo. See\n* d\n1. e\n---\n| f |\n> g\n")]
    assert kinds == [
        ("heading", "# A"), ("sentence", "Go."), ("sentence", "See"), ("list_item", "* d"), ("list_item", "1. e"),
        ("rule", "---"), ("table_row", "| f |"), ("sentence", "> g"),
    ]  # fmt: skip


def test_words_lines_and_paragraphs():
    assert texts("It's 天空。 a-b\n「はい」", unit="word") == ["It's", "天", "空。", "a-b", "「は", "い」"]
    assert texts("a\r\n\r\n  b\rc", unit="line") == ["a", "  b", "c"]
    text = "a\nb\n\n```\nc\n\nd\n```\ne\n \nf"
    assert texts(text, unit="paragraph") == ["a\nb", "```\nc\n\nd\n```", "e", "f"]


def test_white_space_may_come_with_the_segments():
    text = "  One. Two.\n\n\n```\nx\n```\n Three"
    assert "".join(texts(list(text), strip=False)) == text
    assert [one.text for one in segments("One. **Two**", strip=False, markdown="plain")] == ["One.", " Two"]


@pytest.mark.parametrize(
    "options",
    [
        {"unit": "verse"},
        {"lookahead": "line"},
        {"code": "x"},
        {"markdown": "html"},
        {"max_chars": 0},
        {"max_wait": 0},
        {"hold": -1},
        {"lang": "German"},
        {"lang": ""},
        {"lang": "e"},
    ],
    ids=repr,
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(options))):
        Segments(**options)


def test_every_option_may_be_given_to_the_operators():
    assert {*get_type_hints(Segmenting)} == {*signature(Segments).parameters} - {"unit"}


def test_code_long_ago_in_a_sentence_is_out_of_sight():
    assert len(texts("Use `a.b` " + "and so on, " * 150 + "to the end. Then stop.", max_chars=None)) == 2


@pytest.mark.parametrize(
    ("text", "place", "between"),
    [
        ("ab", 0, True),
        ("ab", 1, True),
        ("ab", 2, True),
        ("\r\n", 1, False),
        ("\ud83d\ude00", 1, False),
        ("e\u0301", 1, False),
        ("\u200da", 1, False),
        ("a\u1161", 1, True),
        ("\u1100\u1161", 1, False),
        ("\U0001f1eb\U0001f1f7\U0001f1e9", 1, False),
        ("\U0001f1eb\U0001f1f7\U0001f1e9", 2, True),
        ("a\U0001f1e9", 1, True),
        ("क्ष", 2, False),
        ("می\u200cآیی", 2, False),
        ("می\u200cآیی", 3, True),
    ],
)
def test_between_graphemes(text: str, place: int, between: bool):
    assert between_graphemes(text, place) is between
