"""What must not be shown is not shown, whatever is around it and however it is cut."""

from __future__ import annotations

import random
import re

import pytest
import regex
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
        (r"end$", "end\nmore", "end\nmore"),
        ("phone", "+49 30 1234567-now, +44 20 7946 0958x12", f"{MASK}-now, {MASK}x12"),
        ("phone", "+44 20 7946 0958 2024 2025", f"{MASK} 2024 2025"),
        ("phone", "+44\u00a020\u20117946\u202f0958", MASK),
        ("card", "4242 4242 4242 4242 12/27 123", f"{MASK} 12/27 123"),
        ("card", "17 4242\u00a04242\u00a04242\u00a04242", f"17 {MASK}"),
        (
            "card",
            "378282246310005 3.14159265358979 12345678901234567890",
            f"{MASK} 3.14159265358979 12345678901234567890",
        ),
        (("card", lambda found: "…" + found[-4:]), "4242424242424242.", "…4242."),
        ("key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n.", f"{MASK}\n."),
        ((["ab", "abc"], lambda word: None if word == "ab" else "#"), "abcab ab", "#ab ab"),
    ],
)
def test_rules_at_every_split(rule, text, shown):
    for pieces in every_split(text):
        assert redacted(pieces, rule) == shown, pieces


@pytest.mark.parametrize("rule", ["email", "phone", "card", "key", ["secret"], r"\w+"])
def test_what_one_rule_keeps_another_may_hide(rule):
    for pieces in every_split("(mysecret!) secret"):
        assert redacted(pieces, (rule, lambda found: None), ["secret"]) == f"(my{MASK}!) {MASK}"
        assert redacted(pieces, lambda word: None, ["secret"]) == f"(my{MASK}!) {MASK}"


def test_what_a_rule_keeps_is_not_asked_about_in_parts():
    asked = []
    for pieces in every_split("12 345 6"):
        asked.clear()
        assert redacted(pieces, (r"\d+", lambda found: asked.append(found))) == "12 345 6"
        assert asked == ["12", "345", "6"]


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


@st.composite
def cut(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> list[str]:
    """A text in pieces."""
    text, pieces = draw(texts), []
    while text:
        size = draw(st.integers(1, 9))
        pieces.append(text[:size])
        text = text[size:]
    return pieces


TANGLE = st.text("ab", min_size=3, max_size=9)  # words of these overlap, and hold parts of each other
AROUND = st.lists(st.one_of(TANGLE, st.text("abc ", max_size=9), st.text(max_size=5)), max_size=8).map("".join)


@given(st.lists(TANGLE, min_size=1, max_size=5), cut(AROUND), st.data())
def test_literal_secrets_never_leak(secrets, pieces, data):
    """At no moment is there a secret in what was shown, nor the beginning of one that then came whole."""
    text, shown, stage = "".join(pieces), "", Redactor(secrets, mask="#")
    whole = re.compile("|".join(sorted(map(re.escape, secrets), key=len, reverse=True)))
    for piece in pieces:
        shown += "".join(stage.feed(piece))
        assert whole.sub("#", text).startswith(shown)
    shown += "".join(stage.flush())
    assert shown == whole.sub("#", text)
    assert not [secret for secret in secrets if secret in shown]


@given(st.lists(TANGLE, min_size=1, max_size=5), cut(AROUND), st.integers(1, 12), st.sampled_from(["[ab]+!", "a.*c"]))
def test_nor_do_they_when_another_rule_holds_too_much(secrets, pieces, hold, pattern):
    shown = redacted(pieces, (pattern, "#"), secrets, mask="#", hold=hold)
    assert not [secret for secret in secrets if secret in shown]
    assert shown == redacted(["".join(pieces)], (pattern, "#"), secrets, mask="#", hold=hold)


def test_a_secret_longer_than_the_hold_is_held_all_the_same():
    for pieces in every_split("so " + "a very long secret " * 3 + "it is"):
        assert redacted(pieces, ["a very long secret " * 3], hold=8) == f"so {MASK}it is"


@given(st.lists(TANGLE, min_size=1, max_size=5), cut(AROUND))
def test_where_text_was_cut_off_the_beginning_of_a_secret_is_hidden_too(secrets, pieces):
    stage = Redactor(secrets, mask="#")
    shown = "".join([*(out for piece in pieces for out in stage.feed(piece)), *stage.cut()])
    whole = redacted(["".join(pieces)], secrets, mask="#")
    assert not [secret for secret in secrets if secret in shown]
    for secret in secrets:
        for size in range(1, len(secret)):
            assert not shown.endswith(secret[:size]) or shown == whole


def test_text_after_the_end_is_still_looked_at_together_with_what_came_before():
    stage = Redactor(["secret"], "email")
    assert [*stage.feed("a sec"), *stage.flush()] == ["a ", "sec"]
    assert [*stage.feed("ret b@c.d"), *stage.flush(), *stage.feed("e .")] == [f"{MASK} ", "b@c.d", f"{MASK} ."]


PATTERN = st.sampled_from(
    [r"a+b", r"(?:ab)+", r"a(?=b)", r"(?<!a)b+", r"\bab?\b", r"a.{0,3}?b", r"(a)\1", r"a*?b", r"(?m)^a", r"b$",
     r"[^a]b", r"a++b", r"(?>a+)b", r"(?i)AB", r"ab|abab|b", r"a(?!b)", r"\Ba", r"(?<=ab)a", r"(?s)a.b", r"a{2,3}",
     r"\s+b"]
)  # fmt: skip


@given(st.lists(PATTERN, min_size=1, max_size=3), cut(st.text("ab \n", max_size=40)))
def test_patterns_find_what_they_find_in_the_whole(patterns, pieces):
    rules = [(pattern, f"<{number}>") for number, pattern in enumerate(patterns)]
    shown = redacted(pieces, *rules)
    assert shown == redacted(["".join(pieces)], *rules)
    if len(patterns) == 1:
        assert shown == regex.sub(patterns[0], "<0>", "".join(pieces))


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


@pytest.mark.parametrize(
    ("rule", "text", "shown"),
    [
        (r"(?=b)", "abc", "abc"),  # what has no length hides nothing
        (r"(?<=b)", "ab", "ab"),
        (r"\Aab", "xxab", "xxab"),
        (r"\Aab", "abab", f"{MASK}ab"),
        ("phone", "call +1 234567 now", "call +1 234567 now"),  # seven digits are no number
    ],
)
def test_patterns_that_find_nothing_to_hide(rule, text, shown):
    for pieces in every_split(text):
        redactor = Redactor(rule)
        assert "".join([*(part for piece in pieces for part in redactor.feed(piece)), *redactor.flush()]) == shown


def test_a_pattern_over_bytes_is_refused():
    with pytest.raises(TypeError, match="compiled pattern of str"):
        Redactor(re.compile(b"x"))


def test_nothing_can_be_held_without_room():
    with pytest.raises(ValueError, match="hold"):
        Redactor("email", hold=0)


@pytest.mark.parametrize(
    ("rules", "text", "shown"),
    [
        ([["ab", "bcd"]], "abcx", f"{MASK}cx"),  # the second word would begin within the first
        ([["abc"], r"c+d"], "abccdx", f"{MASK}{MASK}x"),  # of the pattern's match only the rest is left
    ],
)
def test_matches_that_begin_within_others(rules, text, shown):
    for pieces in every_split(text):
        redactor = Redactor(*rules)
        assert "".join([*(part for piece in pieces for part in redactor.feed(piece)), *redactor.flush()]) == shown
