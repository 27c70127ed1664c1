"""Tags and places to stop at, at every split."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from streamkit.events import ReasoningDelta
from streamkit.stages import StopAt, ThinkTags
from streamkit.testing import every_split


def told_apart(pieces, *args, **options):
    stage = ThinkTags(*args, **options)
    out = [*(part for piece in pieces for part in stage.feed(piece)), *stage.flush()]
    text = "".join(part for part in out if isinstance(part, str))
    return text, "".join(part[1] for part in out if isinstance(part, tuple) and part[0] is ReasoningDelta)


@pytest.mark.parametrize(
    ("text", "options", "shown"),
    [
        ("<think>why</think>because", {}, ("because", "why")),
        ("a <think>b</think> c <think>d</think> e", {}, ("a  c  e", "bd")),
        ("never <closed> </think> <thin", {}, ("never <closed> </think> <thin", "")),
        ("<think>open to the end </thin", {}, ("", "open to the end </thin")),
        ("<think><think></think></think>", {}, ("</think>", "<think>")),
        ("already</think>said", {"inside": True}, ("said", "already")),
        ("<plan>p</plan><think>t</think>x", {"tags": ("think", "plan")}, ("x", "pt")),
        ("<plan>p</think></plan>x", {"tags": ("think", "plan")}, ("x", "p</think>")),
    ],
)
def test_tags_at_every_split(text, options, shown):
    for pieces in every_split(text):
        assert told_apart(pieces, **options) == shown, pieces


@pytest.mark.parametrize(
    ("patterns", "text", "shown"),
    [
        (("END",), "one ENtwo END three", "one ENtwo "),
        (("END", "two"), "one two END", "one "),
        ((re.compile(r"\n\n+"),), "a\nb\n\nc", "a\nb"),
        (("absent",), "all of it, abs", "all of it, abs"),
    ],
)
def test_stopping_at_every_split(patterns, text, shown):
    for pieces in every_split(text):
        stage = StopAt(*patterns)
        out = "".join([*(part for piece in pieces for part in stage.feed(piece)), *stage.flush()])
        assert (out, stage.done) == (shown, shown != text), pieces


TAGGED = st.lists(
    st.sampled_from(["<think>", "</think>", "<plan>", "</plan>", "<th", "</", ">", "a", " <b> "]), max_size=12
)


@given(TAGGED.map("".join), st.lists(st.integers(1, 5), max_size=40), st.booleans())
def test_the_result_does_not_depend_on_the_cutting_and_nothing_but_tags_goes(text, sizes, inside):
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    tags = ("think", "plan")
    shown = told_apart([*pieces, rest], tags, inside=inside)
    assert shown == told_apart([text], tags, inside=inside) == plainly(text, inside)


def plainly(text: str, inside: bool) -> tuple[str, str]:
    """The same with the whole text at hand."""
    out, until = {True: "", False: ""}, "</think>" if inside else ""
    for part in re.split(r"(</?(?:think|plan)>)", text):
        if until and part == until:
            until = ""
        elif not until and part in ("<think>", "<plan>"):
            until = "</" + part[1:]
        else:
            out[bool(until)] += part
    return out[False], out[True]


@given(
    st.text("ab. \n", max_size=40),
    st.lists(st.integers(1, 5), max_size=40),
    st.lists(
        st.sampled_from(["ab", "aba", "b.", re.compile(r"\n+b"), re.compile(r"a{3,}"), re.compile(r"\.$")]), min_size=1
    ),
)
def test_stopping_shows_what_stands_before_the_first_match(text, sizes, patterns):
    stage, rest, shown = StopAt(*patterns), text, ""
    for size in [*sizes, len(text)]:
        shown += "".join(stage.feed(rest[:size]))
        rest = rest[size:]
        assert text.startswith(shown)
    shown += "".join(stage.flush())
    sources = [re.escape(one) if isinstance(one, str) else one.pattern for one in patterns]
    first = min((found.start() for source in sources if (found := re.search(source, text))), default=None)
    assert (shown, stage.done) == (text[:first], first is not None)


def test_nothing_is_held_that_can_be_no_tag():
    stage = ThinkTags()
    assert stage.feed("a < b and <b>bold</b> <thin") == ["a < b and <b>bold</b> "]
    assert stage.feed("g> x") == ["<thing> x"]
    assert stage.feed("<think>so") == [(ReasoningDelta, "so")]


@pytest.mark.parametrize("make", [lambda: ThinkTags(()), StopAt, lambda: StopAt(""), lambda: StopAt(re.compile("x*"))])
def test_what_cannot_work_is_refused(make):
    with pytest.raises(ValueError, match=r"no tags|no patterns|empty"):
        make()
