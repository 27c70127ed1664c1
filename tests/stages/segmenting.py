"""What the tests of segments share: ways to feed, and text that looks for trouble."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from streamkit.stages import Segment, Segments
from streamkit.stages.segments.boundary import Judge, RuleJudge, SentencexJudge

try:
    JUDGES: list[Judge] = [SentencexJudge(), RuleJudge()]
except ImportError:
    JUDGES = [RuleJudge()]

TROUBLE = [
    *"aAzZ09 \n\t\r.,;:!?…\"'`*_~#|>-=()[]{}<>。！？「」『』《》（）“”‘’«»„؟।；",
    *"\x00\x1c\x85\u3000\u00a0\u2028\u200d\u0301\ufe0f\ud83d\ude00\N{GRINNING FACE}",
    *("```", "~~~", "``", "\n\n", "\r\n", "  ", "...", ". . .", "**", "- ", "1. ", "ii. ", "| a |", "[1]", "[a](b.c)"),
    *("](x. y)", " First", " I ", "Dr.", "e.g.", "Inc.", "U.S.", "3.14", "`a. B`", "http://a.b/c?d=e."),
    *("<sup>3</sup>", "<b>", "</b>", " :)", ";-", "¹", "**1.", "__2.__ ", "说道：", "M.J.", "vol."),
    *("<br x='. A'/>", "<p ", "$$", "\\[", "\\]", "\\begin{a}", "\\end{a}", "\n\n    ", "> ```", "\t", "; "),
    *("说", "他", "です", "ครับ", "ა", "İ", "ß", "क्ष", "각", "\N{MAN}\u200d\N{GIRL}", "\U0001f1eb\U0001f1f7"),
]


def segments(pieces: str | Iterable[str], **options: Any) -> list[Segment]:
    """Everything that comes of ``pieces``, one feed each."""
    stage = Segments(**options)
    found = [segment for piece in ([pieces] if isinstance(pieces, str) else pieces) for segment in stage.feed(piece)]
    return found + stage.flush()


def texts(pieces: str | Iterable[str], **options: Any) -> list[str]:
    return [segment.text for segment in segments(pieces, **options)]


def pieces_of(text: str, dice: random.Random, most: int) -> Iterator[str]:
    at = 0
    while at < len(text):
        size = dice.randint(1, most)
        yield text[at : at + size]
        at += size


def troubling(dice: random.Random, most: int = 80) -> str:
    """Random text of what segmenting has to decide about, every other one with long runs of the same."""
    if dice.random() < 0.5:
        return "".join(dice.choices(TROUBLE, k=dice.randint(0, most)))
    runs = ("".join(dice.choices(TROUBLE, k=dice.randint(1, 3))) * dice.choice((1, 2, 7, 35, 130)) for _ in range(5))
    return "".join(runs)[: 20 * most]


def some_options(dice: random.Random) -> dict[str, Any]:
    return {
        "lang": dice.choice(("auto", "en", "de", "zh", "ja", "el", "tr", "hi", "xx")),
        "unit": dice.choice(("sentence", "sentence", "sentence", "word", "line", "paragraph")),
        "lookahead": dice.choice(("word", "char")),
        "first_fast": dice.random() < 0.3,
        "max_chars": dice.choice((None, 2000, 100, 30, 7, 2, 1)),
        "hold": dice.choice((200, 200, 10, 0)),
        "code": dice.choice(("block", "block", "lines", "drop")),
        "markdown": dice.choice(("keep", "keep", "plain")),
        "spoken": dice.random() < 0.2,
        "strip": dice.random() < 0.7,
        "judge": dice.choice(JUDGES),
    }
