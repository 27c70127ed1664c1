"""The parts of scripted replies, without the form of any API, and scripts that are ready to play.

A script is a list of rounds, a round the parts of one reply in their order::

    TWO_CALLS = [[Call("a"), Call("b")], [Text("Done.")]]

Each API writes the parts in its own form; what it cannot say is left out (chat completions of OpenAI have no thoughts).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

__all__ = [
    "CUT",
    "CUT_INSIDE",
    "SCRIPTS",
    "Call",
    "Cut",
    "Part",
    "Raw",
    "Redacted",
    "Refusal",
    "Round",
    "Search",
    "Text",
    "Thought",
    "any_rounds",
    "pieces",
]


@dataclass(frozen=True)
class Text:
    """Text of the answer; ``phase`` is that of a message of the Responses API, ``cites`` a page of a search before."""

    text: str
    phase: str | None = None
    cites: str | None = None
    signature: str = ""
    """Gemini may sign the last part of a reply without calls."""


@dataclass(frozen=True)
class Thought:
    """Thinking. ``signature`` is what proves it: a signature, or the encrypted content of a reasoning item."""

    text: str = ""
    signature: str = ""


@dataclass(frozen=True)
class Redacted:
    """Thinking of which only encrypted ``data`` is shown."""

    data: str


@dataclass(frozen=True)
class Call:
    """A call of a tool; ``signature`` is the thought signature of Gemini."""

    id: str
    name: str = "w"
    arguments: str = "{}"
    signature: str = ""


@dataclass(frozen=True)
class Refusal:
    """The model's refusal, where the API has a form for it; else it is text."""

    text: str


@dataclass(frozen=True)
class Search:
    """A search of the web on the server, with one hit."""

    query: str
    url: str = "https://example.org/"
    title: str = "Example"
    encrypted: str = "H1"


@dataclass(frozen=True)
class Cut:
    """The end of the connection before that of the reply; ``inside``: before the end of the part in front of it."""

    inside: bool = False


CUT, CUT_INSIDE = Cut(), Cut(inside=True)

Part: TypeAlias = "Text | Thought | Redacted | Call | Refusal | Search | Cut"
Round: TypeAlias = "Sequence[Part]"


@dataclass(frozen=True)
class Raw:
    """A reply whose bytes are given: ``form`` is what comes back of it, ``parts`` what is in it, ``id`` its own."""

    data: bytes
    form: list[dict[str, Any]]
    parts: Round
    id: str = ""


ARGUMENTS = '{"city": "Malmö", "days": [1, 2]}'
"""With a character of two bytes, so that a cut can fall into it."""

SCRIPTS: Mapping[str, list[Round]] = {
    "text": [[Text("Hello there, wörld.")], [Text("Again.")]],
    "two texts": [[Text("First.", phase="commentary"), Text("Second.", phase="final_answer")], [Text("Again.")]],
    "nothing": [[], [Text("Again.")]],
    "a blank before calls": [[Text("\n\n"), Call("a", signature="G1"), Call("b")], [Text("Done.")]],
    "signed text": [[Text("Hello there.", signature="G1")], [Text("Again.")]],
    "one call": [[Call("a", arguments=ARGUMENTS, signature="G1")], [Text("Done.")]],
    "no arguments": [[Call("a", arguments="{}", signature="G1")], [Text("Done.")]],
    "two parallel calls": [[Call("a", arguments=ARGUMENTS, signature="G1"), Call("b")], [Text("Done.")]],
    "text before calls": [[Text("I look. "), Call("a", signature="G1"), Call("b")], [Text("Done.")]],
    "reasoning before a call": [[Thought("I need w.", "S1"), Call("a", signature="G1")], [Text("Done.")]],
    "silent reasoning": [[Thought("", "S1"), Call("a", signature="G1")], [Text("Done.")]],
    "reasoning between": [
        [Thought("First a.", "S1"), Call("a", signature="G1"), Thought("Then b.", "S2"), Call("b", signature="G2")],
        [Thought("Both are here.", "S3"), Text("Done.")],
    ],
    "redacted": [[Redacted("R1"), Thought("Hm.", "S1"), Call("a", signature="G1")], [Text("Done.")]],
    "three rounds": [
        [Thought("One.", "S1"), Call("a", arguments=ARGUMENTS, signature="G1"), Call("b")],
        [Thought("Two.", "S2"), Text("More."), Call("c", signature="G2")],
        [Thought("Three.", "S3"), Call("d", signature="G3"), Call("e")],
        [Text("Done.")],
    ],
    "refusal": [[Refusal("No.")], [Text("Because.")]],
    "search": [
        [Search("news"), Text("It rains.", cites="https://example.org/"), Call("a", signature="G1")],
        [Text("Done.")],
    ],
    "commentary": [
        [Text("I look", phase="commentary"), Call("a", signature="G1")],
        [Text("Done.", phase="final_answer")],
    ],
    "cut in a thought": [[Text("Hi"), Thought("I ne", "S1"), CUT_INSIDE], [Text("More.")]],
    "cut after a thought": [[Thought("I need w.", "S1"), CUT], [Text("More.")]],
    "cut in a call": [[Text("Hi"), Call("a", arguments=ARGUMENTS, signature="G1"), CUT_INSIDE], [Text("More.")]],
}
"""Ready scripts by name, for every API. The ids of calls and the signatures are all different within a script."""


def any_rounds(seed: int) -> list[Round]:
    """A script by chance, the same one for each seed: up to five rounds with calls, and two without."""
    dice, count = random.Random(seed), itertools.count(1)
    rounds = [_any_round(dice, count, calls=True) for _ in range(dice.randint(0, 5))]
    return [*rounds, *(_any_round(dice, count, calls=False) for _ in range(2))]


def _any_round(dice: random.Random, count: Iterator[int], *, calls: bool) -> Round:
    kinds = dice.choices(["text", "thought", "redacted", "search", "cited", "blank"], k=dice.randint(0, 4))
    kinds += ["call"] * dice.randint(1, 3) if calls else []
    dice.shuffle(kinds)
    while kinds and kinds[-1] not in ("text", "cited", "call"):
        kinds.pop()  # a model says something after it has thought
    parts = [_any_part(kind, dice, next(count)) for kind in kinds]
    first = next((place for place, part in enumerate(parts) if isinstance(part, Call)), None)
    return [replace(part, signature=f"G{next(count)}") if place == first else part for place, part in enumerate(parts)]


def _any_part(kind: str, dice: random.Random, number: int) -> Part:
    words = dice.choice(["Yes", "wörld 🌍", 'a "quoted" word\n', "</think>", "x" * 40]) + str(number)
    match kind:
        case "text":
            return Text(words, phase=dice.choice([None, "commentary"]))
        case "thought":
            return Thought(dice.choice(["", words]), f"S{number}")
        case "redacted":
            return Redacted(f"R{number}")
        case "search":
            return Search(words, encrypted=f"H{number}")
        case "cited":
            return Text(words, cites="https://example.org/")
        case "blank":
            return Text(" \n")
    return Call(f"call_{number}", arguments=dice.choice(["{}", ARGUMENTS]))


def pieces(text: str, size: int = 4) -> list[str]:
    """``text`` as it is streamed, a few characters at a time; an empty one is streamed as no piece at all."""
    return [text[start : start + size] for start in range(0, len(text), size)]
