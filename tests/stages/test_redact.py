"""What must not be shown is not shown, whatever is around it and however it is cut."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, strategies as st

from streamkit.stages import Redactor
from streamkit.testing import every_split

MASK = "[redacted]"


def redacted(pieces, *rules, **options):
    stage = Redactor(*rules, **options)
    return "".join([*(out for piece in pieces for out in stage.feed(piece)), *stage.flush()])


@pytest.mark.parametrize(
    ("rule", "text", "shown"),
    [
        ("email", "write to jo.doe+x@mail.example.org, please", f"write to {MASK}, please"),
        ("email", "no@where, a@b, @name, x @ y.com", "no@where, a@b, @name, x @ y.com"),
        ("phone", "call +44 20 7946 0958 now", f"call {MASK} now"),
        ("phone", "call (030) 1234567.", f"call {MASK}."),
        ("phone", "555-010-1234", MASK),
        ("phone", "on 2024-05-06 at 10:30, v1.20.300, 3.14159265", "on 2024-05-06 at 10:30, v1.20.300, 3.14159265"),
        ("card", "4242 4242 4242 4242", MASK),
        ("card", "4242-4242-4242-4241", "4242-4242-4242-4241"),  # the check digit is wrong
        ("card", "id 000000000000000000", "id 000000000000000000"),
        ("key", "OPENAI=sk-proj-abcdEFGH0123456789abcd;", f"OPENAI={MASK};"),
        ("key", "ghp_" + "a1" * 18, MASK),
        ("key", "risk-free sk-short", "risk-free sk-short"),
        (r"\bv\d+\b", "v12 v3x", f"{MASK} v3x"),
        (re.compile("secret", re.IGNORECASE), "SeCrEt", MASK),
        (["art", "artist"], "artistic art", f"{MASK}ic {MASK}"),
        ((r"\d+", "#"), "12 and 345", "# and #"),
        ((r"\d+", lambda found: None if len(found) < 3 else "…"), "12 and 345", "12 and …"),
        (("email", "<mail>"), "a@b.co", "<mail>"),
        (lambda word: "***" if word.isupper() else None, "Keep CALM now", "Keep *** now"),
        (r"(?<=pin )\d{4}", "pin 1234, 5678", f"pin {MASK}, 5678"),
        (r"a(?!bc)", "abd abc", f"{MASK}bd abc"),
        (r"end$", "the end", f"the {MASK}"),
    ],
)
def test_rules_at_every_split(rule, text, shown):
    for pieces in every_split(text):
        assert redacted(pieces, rule) == shown, pieces


def test_the_leftmost_match_counts_and_at_one_place_the_first_rule():
    assert redacted(["abcdef"], ("bcd", "1"), ("abc", "2")) == "2def"
    assert redacted(["abcdef"], ("abc", "1"), ("abcdef", "2")) == "1def"


def test_text_is_held_back_only_while_a_match_could_begin_in_it():
    stage = Redactor(["secret"])
    assert stage.feed("a plain text, se") == ["a plain text, "]
    assert stage.feed("t and s") == ["set and "]
    assert stage.flush() == ["s"]


def test_a_rule_that_cannot_decide_is_masked_at_the_same_place_for_every_cut():
    text = "x" * 10 + "<" + "y" * 100 + " and more"
    shown = {redacted([text[i : i + n] for i in range(0, len(text), n)], "<.*>", hold=32) for n in (1, 3, 32, 33, 999)}
    assert shown == {"x" * 10 + MASK + text[64:]}


SECRET = st.text(st.characters(codec="utf-8", exclude_characters="\\"), min_size=4, max_size=20)


@given(SECRET, st.text(max_size=40), st.text(max_size=40), st.randoms(use_true_random=False))
def test_a_literal_secret_never_leaks(secret, before, after, rng: random.Random):
    text, pieces = before + secret + after, []
    place = 0
    while place < len(text):
        step = rng.randint(1, 7)
        pieces.append(text[place : place + step])
        place += step
    stage, shown = Redactor([secret], mask=""), ""
    for piece in pieces:
        shown += "".join(stage.feed(piece))
        assert text.replace(secret, "").startswith(shown)  # and so no part of the secret ever showed
    shown += "".join(stage.flush())
    assert shown == text.replace(secret, "")


@given(st.text(st.sampled_from("ab1 @.c-+4\ud83d\u3000\x00"), max_size=60), st.integers(1, 9))
def test_the_output_does_not_depend_on_the_cutting(text, size):
    rules = ("email", "phone", "card", "key", ["aa", "ab1"], r"b.?c", r"(?:1a)+")
    assert redacted([text[i : i + size] for i in range(0, len(text), size)], *rules) == redacted([text], *rules)


def test_thousands_of_words_at_once():
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefgh", k=8)) for _ in range(5000)]
    assert redacted([f"zz {words[77]} zz"], words) == f"zz {MASK} zz"


@pytest.mark.parametrize("rule", ["(", "x*", [], [""], ["a", 1]])
def test_a_rule_that_cannot_work_is_refused(rule):
    with pytest.raises(ValueError, match=r"."):
        Redactor(rule)


def test_no_rule_is_refused():
    with pytest.raises(ValueError, match="email"):
        Redactor()
