"""The base of the ready rules: a search of the folded text for the first span, or for the first undecided position."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeAlias

from ..matching import Held, Replace, RuleMatch
from .folding import fold

__all__ = ["Span", "Spans"]

BACK = 128
"""Characters before the current position that a rule may look back at; a `Scan` keeps more than that."""
STEP = 128

Span: TypeAlias = "tuple[int, int] | int | None"
"""Start and end of a match; or only a start, from which on more text could change the result; or None."""


class Spans(ABC):
    """A `Find` that searches the folded view by `first`."""

    longest: int

    def __init__(self, replace: Replace) -> None:
        self.replace = replace

    def find(self, text: str, pos: int, final: bool, last: Held | None = None) -> RuleMatch | Held | None:
        base, view, at = 0, text, pos
        if not text.isascii():
            base = max(0, pos - BACK) // STEP * STEP  # in steps, so that a growing text keeps the same view for a while
            view, at = fold(text[base:]), pos - base
        span = self.first(view, at, final)
        if span is None:
            return None
        return Held(base + span) if isinstance(span, int) else RuleMatch(base + span[0], base + span[1])

    @abstractmethod
    def first(self, view: str, at: int, final: bool) -> Span:
        """The first span that begins at or after ``at``; with ``final`` nothing follows ``view``."""
