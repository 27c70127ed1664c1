"""Patterns over a growing text give what they give over the whole, and cost what they cost there."""

from __future__ import annotations

import importlib.util
import re

import pytest
import regex
from hypothesis import assume, given, settings, strategies as st

from streamkit import StreamkitError
from streamkit.stages import Redactor, StopAt
from streamkit.stages.rewriting import matching
from streamkit.testing import every_split


def redacted(pieces, pattern, **options):
    stage = Redactor(pattern, mask="#", **options)
    return "".join([*(out for piece in pieces for out in stage.feed(piece)), *stage.flush()])


def on_the_whole(pattern, text):
    """Like ``sub``, but what has no length is left alone."""
    return regex.sub(pattern, lambda match: "#" if match.group() else "", text)


# -- generated patterns ------------------------------------------------------------------------------------------------

LETTERS = st.sampled_from(["a", "b", "1", " ", "ab", r"\n"])
CLASSES = st.sampled_from([r"\w", r"\d", r"\s", r"\S", ".", "[ab]", "[^a]", r"(?s:.)", r"\X", r"\R", r"[^\W\d]"])
ASSERTIONS = st.sampled_from([r"\b", r"\B", r"\m", r"\M", "^", "$", r"\A", r"\Z"])
QUANTIFIERS = st.sampled_from(["", "", "", "*", "+", "?", "{1,2}", "{2}", "{0,3}"])
MODES = st.sampled_from(["", "", "?", "+"])
FLAGS = st.sampled_from(["", "", "(?i)", "(?m)", "(?s)", "(?a)", "(?V1)", "(?x) "])


def quantified(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def joined(item: str, quantifier: str, mode: str) -> str:
        return item + quantifier + (mode if quantifier else "")

    return st.builds(joined, items, QUANTIFIERS, MODES)


def sequences(items: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(quantified(items), min_size=1, max_size=most).map("".join)


def alternatives(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(sequences(items), min_size=1, max_size=3).map("|".join)


def groups(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    openings = st.sampled_from(["(", "(", "(?:", "(?>", "(?=", "(?!", "(?i:"])
    around = st.builds(lambda opening, inner: f"{opening}{inner})", openings, alternatives(items))
    seen = st.text("ab 1", min_size=1, max_size=2) | ASSERTIONS
    behind = st.builds("({}{})".format, st.sampled_from(["?<=", "?<!"]), seen)
    return st.one_of(items, around, behind)


ATOMS = st.one_of(LETTERS, LETTERS, CLASSES, ASSERTIONS, st.just(r"\1"))
BEGINNINGS = st.sampled_from(["", "", r"\w+", "[ab]*", "a{2,}", "(?:[ab]+b)+", "(?>a+b)"])
PATTERNS = st.builds("".join, st.tuples(FLAGS, BEGINNINGS, alternatives(groups(groups(ATOMS)))))
TEXTS = st.text("aab1 \nB-", max_size=20)


@pytest.mark.slow
@pytest.mark.parametrize("short", [0, 64])  # characters up to which a quick way is tried first
@given(pattern=PATTERNS, text=TEXTS, sizes=st.lists(st.integers(1, 5), max_size=20))
@settings(max_examples=120)
def test_what_a_pattern_hides_does_not_depend_on_the_cutting(short, pattern, text, sizes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "SHORT", short)
        compare(pattern, text, sizes)


def compare(pattern, text, sizes):
    try:
        regex.compile(pattern)
        Redactor(pattern)
    except (regex.error, ValueError):
        assume(False)
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    wanted, shown, stage = on_the_whole(pattern, text), "", Redactor(pattern, mask="#")
    for piece in (*pieces, *rest):
        shown += "".join(stage.feed(piece))
        assert wanted.startswith(shown)  # at no moment anything that the whole text does not show
    assert shown + "".join(stage.flush()) == wanted


SOUGHT = [r"\w+", r"[ab]+1", r"\W+", r"(?<=a)b", "a.b", r"(a|b)\1", r"\bb?a\b", ["ab", "b1", "1"]]
RULES = st.lists(st.tuples(st.sampled_from(SOUGHT), st.booleans()), min_size=2, max_size=4)


@given(RULES, TEXTS, st.lists(st.integers(1, 5), max_size=20))
def test_rules_that_keep_some_of_what_they_find_are_asked_the_same_at_every_cut(rules, text, sizes):
    def ask(asked, number, keeps):
        return lambda found: asked.append((number, found)) or (None if keeps and len(found) % 2 else f"<{found}>")

    def run(pieces):
        asked = []
        stage = Redactor(*((what, ask(asked, number, keeps)) for number, (what, keeps) in enumerate(rules)))
        return "".join(part for piece in pieces for part in stage.feed(piece)), asked, "".join(stage.flush())

    pieces, rest = [], text + " ."  # behind which nothing is open
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    shown, asked, last = run([*pieces, *rest])
    whole, asked_of_whole, last_of_whole = run(["".join([*pieces, rest])])
    assert shown + last == whole + last_of_whole
    assert asked == asked_of_whole


# -- by hand -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(?:^|\s)\b\d{3}-\d{2}-\d{4}\b", "my 123-45-6789, not 123-45-67890 123-45-6789"),
        (r"key=\b\w+", "key=abc key= abc"),
        (r"foo(?!bar)", "foobar foo foobaz foobar"),
        (r"\bcat\b", "cat concat cats cat"),
        (r"x\B.", "x y xx"),
        (r".(?<=\B)", "bb b"),  # a look-behind that looks ahead
        (r"a(?<!\b)", "ab a"),
        (r"end$", "end\nthe end\n"),
        (r"(?m)end$", "end\nthe end\n"),
        (r"a(?:bc)*", "abcbc abcb"),  # a group that may come again
        (r"a(?:bc)*+(?<!c)d?", "abcbcd ad"),
        (r"(?<=\bno )\d+", "no 12 nono 12"),
        (r"(?P<quote>['\"]).*?(?P=quote)", "say 'it', \"it's\""),
        (r"(?|a(b)|b(a))\1", "abb baa aba"),
        (r"(?(DEFINE)(?P<d>\d{2}))(?&d)-(?&d)", "12-34-56"),
        (r"(a)?(?(1)b|c)", "ab c b"),
        (r"[[:alpha:]]+[]-]", "ab] c- d"),
        (r"(?V1)[\w--[ab]]+", "abcdab"),
        (r"(?x) a  # one letter, then ) and a number" + "\n" + r" \d+ \b", "a12 a1b"),
        (r"a(?#a comment)b", "ab a"),
        (r"\p{Han}+\b", "漢字 かな漢"),
        (re.compile(r"\bÄ+\b", re.ASCII), "aÄ Ä bÄÄb"),
        (re.compile("AB.", re.IGNORECASE | re.DOTALL), "ab\nAbc"),
        (regex.compile("(?<=a)b", regex.V1), "ab abb"),
        (r"e\X", "ee\u0301\u0301e"),
        (r"\R+", "a\r\n\r\nb\r"),
        (r"a*?b|c??d", "aab cd d"),
        (r"(?=b)|b", "abab"),  # at one place nothing, and then something
        (r"(?i)(?-i:[a-z]+)\d{3}", "-" * 70 + "aXb123"),
        (r"(?x)a+ ?b|b.", "bc aab"),  # a blank within a lazy quantifier
        ("(?x)a+ # one\n ?b|b.", "bc aab"),
        (r"(?V1)key #\b\w+\b(?x) [.]", "key #abc."),  # verbose from there on
        (r"(?(DEFINE)(?P<w>[a-z]+))(?&w)(?&w)!", "=" + "a" * 12 + " ab! "),
        (regex.compile(r"\L<words>\b", words=["ab", "abc"]), "ab abc abcd"),
    ],
)
def test_patterns_at_every_split(pattern, text):
    flags = {"V0": 0}.get("", 0)
    wanted = (
        on_the_whole(pattern if isinstance(pattern, (str, regex.Pattern)) else regex_of(pattern), text) + "" * flags
    )
    for pieces in every_split(text):
        assert redacted(pieces, pattern) == wanted, pieces


def regex_of(pattern: re.Pattern[str]) -> regex.Pattern[str]:
    names = ("IGNORECASE", "DOTALL", "ASCII")
    flags = sum(getattr(regex, name) for name in names if pattern.flags & getattr(re, name))
    return regex.compile(pattern.pattern, flags)


def test_a_place_to_stop_at_is_decided_in_the_same_way():
    for pieces in every_split("me\nUsers: a\nUser: b"):
        stage = StopAt(re.compile(r"\n\bUser:"))
        shown = "".join([*(out for piece in pieces for out in stage.feed(piece)), *stage.flush()])
        assert shown == "me\nUsers: a"
        assert stage.done


def test_what_is_decided_is_shown_at_once():
    stage = Redactor(r"ID\d{4}", r"\bno\b(?! way)", mask="#")
    shown = [stage.feed(piece) for piece in ("a ID12", "34", " n", "o", "!", " no", " w", "ell")]
    assert shown == [["a "], ["#"], [" "], [], ["#!"], [" "], [], ["# well"]]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(?<=a+)b", "look-behind may see 256"),
        (r"(?<!\s*x)b", "look-behind may see 256"),
        (r"(?<=(a)\1)b", "look-behind may see 256"),
        (r"(?<=\w{257})b", "look-behind may see 256"),
        (r"(?<=(?<=a.{200}).{200})b", "look-behind may see 256"),
        (r"[^[:]b\b", r"write \\\[:"),
        (r"(?r)ab", "REVERSE"),
        (r"(?p)a|ab", "POSIX"),
        (r"(?b)(?:ab){e}", "BESTMATCH"),
        (r"(?w)\bab", "WORD"),
        (regex.compile("ab", regex.REVERSE), "REVERSE"),
        (r"(?:ab){e<=1}", "fuzzy"),
        (r"(?:ab){i,d}c", "fuzzy"),
        ("(?x)ab{i # c\n <= 2}", "fuzzy"),
        (r"\Gab", "grows"),
        (r"a\Kb", "look-behind"),
        (r"a(*SKIP)(*FAIL)|b", "verbs"),
        (r"\((?R)?\)", "recursion"),
        (r"(?iV1)strasse", "case folding"),
        (r"(?V1)a(?i:ss)", "case folding"),
        (r"a*", "empty"),
        (r"a(", "not a regular expression"),
    ],
)
def test_what_a_growing_text_cannot_decide_is_refused(pattern, message):
    source = pattern if isinstance(pattern, str) else pattern.pattern
    with pytest.raises(ValueError, match=message) as caught:
        Redactor(pattern)
    assert repr(source) in str(caught.value)


SLOW, BAIT = r"(a|aa)+$", "a" * 60 + "!"


def test_a_search_that_takes_too_long_is_an_error_that_names_the_pattern(monkeypatch):
    monkeypatch.setattr(matching, "SECONDS", 0.05)
    for pieces in ([BAIT], [*BAIT], ["x" * 40, BAIT]):
        stage, shown = Redactor(SLOW), ""
        with pytest.raises(StreamkitError, match=re.escape(repr(SLOW))):
            shown += "".join(part for piece in pieces for part in stage.feed(piece))
        assert not shown
        with pytest.raises(StreamkitError, match="takes too long"):
            stage.flush()


@pytest.mark.parametrize("pattern", [r"\w+@\w+", r"(?:[a-z]+\d+)+!", r"(?:\d{1,4}[- ]?){3,8}", lambda word: None])
def test_what_is_quick_on_the_whole_is_quick_while_it_grows(pattern, monkeypatch):
    """A run of 8,000 characters that turns out to be nothing: trying again at each of them takes seconds."""
    monkeypatch.setattr(matching, "SECONDS", 0.2)
    for run in ("a" * 8000, "1" * 8000):
        text = f"{run} and more"
        stage = Redactor(pattern, mask="#")
        shown = "".join([*stage.feed(text), *stage.flush()])
        assert shown == (text if callable(pattern) else on_the_whole(pattern, text))


def test_a_short_piece_of_text_is_no_reason_to_search_for_long(monkeypatch):
    monkeypatch.setattr(matching, "SECONDS", 0.05)
    stage = Redactor(r"(?<=x(?:a|aa){1,120})b")  # looks back over many ways to read one text
    stage.feed("a" * 60)
    with pytest.raises(StreamkitError, match="takes too long"):
        stage.feed("b")


def test_what_a_callable_raises_is_not_taken_for_a_slow_pattern():
    def ask(word):
        raise TimeoutError("no line")

    stage = Redactor(ask)
    with pytest.raises(TimeoutError, match="no line"):
        stage.feed("a ")
    with pytest.raises(TimeoutError, match="no line"):
        stage.flush()


class Counted:
    """Characters that searches were given, which is what they cost if a search is linear."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.looks = 0
        find = matching.Pattern.find

        def counted(pattern, text, pos, final, last=None):
            goes_on = isinstance(last, matching.RuleMatch) and last.decided >= pos
            self.looks += 0 if goes_on else len(text) - pos
            return find(pattern, text, pos, final, last)

        patch.setattr(matching.Pattern, "find", counted)


@pytest.mark.parametrize("text", ["a" * 6000, "ab " * 2000, '"' + "a " * 3000, "a1" * 3000])
@pytest.mark.parametrize("rule", [r"\S+", r"\w+@\w+", '"[^"]*"', lambda word: None])
@pytest.mark.parametrize("size", [1, 4, 6000])
def test_what_is_held_is_not_looked_at_again_and_again(rule, text, size, monkeypatch):
    """However long the hold, a character is looked at a hundred times at most, and a few times if it comes at once."""
    counted, stage = Counted(monkeypatch), Redactor(rule)
    for at in range(0, len(text), size):
        stage.feed(text[at : at + size])
    stage.flush()
    assert counted.looks <= len(text) * (120 if size < 6000 else 20)


def test_a_version_of_the_engine_that_works_otherwise_is_refused(monkeypatch):
    class Other:
        def search(self, text, *args, **options):
            return None

    spec = importlib.util.find_spec(matching.__name__)
    again = importlib.util.module_from_spec(spec)  # it has not looked yet
    spec.loader.exec_module(again)
    monkeypatch.setattr(regex, "compile", lambda *args, **options: Other())
    with pytest.raises(RuntimeError, match="cannot search in a text that grows"):
        again.Pattern("a", str)
