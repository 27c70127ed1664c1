"""What the ready rules share: a look at the folded text that says where something is, or from where on it is open."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

from ..matching import Found, Held
from .folding import fold

__all__ = ["Span", "Spans"]

Span: TypeAlias = "tuple[int, int] | int | None"
"""Start and end; only a start, from which on more text could change the answer; None for nothing at all."""


class Spans(ABC):
    """A `Find` by what `first` sees in the folded view. What ``replace`` gets is the text as it was written; where it
    gives None, that stays and is not looked at in parts."""

    longest: int

    def __init__(self, replace: Callable[[str], str | None]) -> None:
        self._replace = replace

    def find(self, text: str, pos: int, final: bool, last: Held | None = None) -> Found | Held | None:
        view = fold(text)
        while True:
            span = self.first(view, pos, final)
            if span is None:
                return None
            if isinstance(span, int):
                return Held(span)
            start, end = span
            put = self._replace(text[start:end])
            if put is not None:
                return Found(start, end, put)
            pos = end

    @abstractmethod
    def first(self, view: str, at: int, final: bool) -> Span:
        """The first one that begins at ``at`` or after it; with ``final`` nothing follows ``view``. Of what stands before
        ``at`` no more than 128 characters may count: that is less than a `Scan` keeps."""
