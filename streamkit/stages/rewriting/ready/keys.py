"""Keys and tokens that vendors give out, by the table in `vendors`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from .spans import Span, Spans
from .vendors import SECRETS, CharRun

__all__ = ["Keys"]

SHORTEST, LONGEST = 15, 7100  # characters, of all keys that the table allows
SIGN = "[A-Za-z0-9_.:=+/%-]"  # every character that a key may have
TOKEN = re.compile(f"{SIGN}{{{SHORTEST},}}")
LAST = re.compile(f"{SIGN}*")  # over reversed text
WORDS = r"(?:[a-z]{1,15}[0-9]{0,4}|[0-9]{1,4})"
NO_WORDS = (  # sk-learn-like-names-of-things, with some numbers
    rf"(?!(?!(?:[a-z_-]*[0-9]){{9}})(?:[a-z]{{1,15}}[_-]{{1,3}})(?:{WORDS}[_-]{{1,3}}){{0,40}}{WORDS}(?![A-Za-z0-9_-]|/ALTAK))"
)
COLOUR = "".join(rf"|(?<=\[[0-9;]{{{size}}}m)" for size in range(12))  # ESC [32m of a terminal
LEFT = (  # no letter or digit, unless it ends an escape
    r"(?:(?<![A-Za-z0-9])|(?<=\\[abfnrtv0])|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2})"
    rf"{COLOUR})"
)
EDGE = re.compile(f"{LEFT}[A-Za-z0-9]")


class Keys(Spans):
    longest = LONGEST

    def first(self, view: str, at: int, final: bool) -> Span:
        patterns, size = _patterns(), len(view)
        for token in TOKEN.finditer(view, at):
            key = patterns.whole.search(view, *token.span())
            if key is not None:
                growing = (
                    None if final or token.end() < size else _growing_at(patterns, view, token.start(), key.start())
                )
                return key.span() if growing is None else growing
        if final:
            return None
        last = LAST.match(view[max(at, size - LONGEST) :][::-1])
        return _growing_at(patterns, view, size - (last.end() if last else 0), size)


class Patterns(NamedTuple):
    whole: re.Pattern[str]
    growing: re.Pattern[str]
    """A key from its beginning to the end of the text, if it is not complete or may become longer."""
    beginnings: frozenset[str]
    """Prefixes of the literal beginnings."""


def _growing_at(patterns: Patterns, view: str, begin: int, end: int) -> int | None:
    """The first position from ``begin`` to ``end`` where a key may begin that more text could change."""
    for edge in EDGE.finditer(view, begin, min(end + 1, len(view))):
        start = edge.start()
        if view[start : start + 32] in patterns.beginnings or patterns.growing.match(view, start):
            return start
    return None


@lru_cache(maxsize=1)
def _patterns() -> Patterns:
    rows = [(beginnings.split(" "), parts) for beginnings, *parts in SECRETS]
    heads = ["|".join(map(re.escape, beginnings)) for beginnings, _ in rows]
    whole = [f"(?:{head}){_whole(parts)}" for head, (_, parts) in zip(heads, rows, strict=True)]
    named = [pattern for head, pattern in zip(heads, whole, strict=True) if head]
    by_form = [pattern for head, pattern in zip(heads, whole, strict=True) if not head]
    growing = (f"(?:{head}){_growing(parts)}" for head, (_, parts) in zip(heads, rows, strict=True))
    literals = [literal for beginnings, _ in rows for literal in beginnings]
    return Patterns(
        re.compile(
            f"(?=[A-Za-z0-9]){LEFT}(?:(?=(?:{'|'.join(filter(None, heads))})){NO_WORDS}(?:{'|'.join(named)})"
            f"|{'|'.join(by_form)})"
        ),
        re.compile("|".join(growing)),
        frozenset(literal[:size] for literal in literals for size in range(1, len(literal))),
    )


def _whole(parts: Sequence[str | CharRun]) -> str:
    return "".join(re.escape(part) if isinstance(part, str) else f"{part[0]}{{{part[1]},{part[2]}}}+" for part in parts)


def _growing(parts: Sequence[str | CharRun]) -> str:
    if not parts:
        return r"\Z"
    part, *further = parts
    behind = _growing(further)
    if isinstance(part, str):
        for char in reversed(part):
            behind = rf"{re.escape(char)}(?:\Z|{behind})"
        return behind
    kind, least, most = part
    return rf"(?:{kind}{{0,{most}}}+\Z|{kind}{{{least},{most}}}+{behind})"
