"""Tags and places to stop at, at every split."""

from __future__ import annotations

import re

import pytest

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
