"""A growing text cut at what is looked for, each part let out as soon as nothing that follows can change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from .matching import Find, Found, Held

__all__ = ["HOLD", "Overflow", "Part", "Scan"]

HOLD = 8192
CONTEXT = 256
"""Characters before the place at hand that a pattern may look back at."""


class Overflow:
    """Text of which too much would have had to be held back to decide."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


Part: TypeAlias = "str | Found | Overflow"


class Scan:
    """A stage, text in and parts out: text as it is, what was found, and what could not be decided within bounds.

    The leftmost find counts, at one place that of the first in ``finds``. Some ``hold`` characters are held at most.
    """

    def __init__(self, finds: Sequence[Find], hold: int = HOLD) -> None:
        if hold < 1:
            raise ValueError("hold must be positive")
        self._finds, self._hold = finds, hold
        self._text = ""
        self._pos = 0  # in `_text`: before it is context that was let out already
        self._seen = 0  # characters fed so far

    def feed(self, text: str) -> list[Part]:
        out: list[Part] = []
        while text:
            # Whether too much is held is asked at fixed places of the text, not wherever a piece happens to end.
            room = self._hold - self._seen % self._hold
            piece, text = text[:room], text[room:]
            self._seen += len(piece)
            self._text += piece
            self._decide(out, final=False)
            if self._seen % self._hold == 0 and len(self._text) - self._pos >= self._hold:
                out.append(Overflow(self._text[self._pos :]))
                self._pos = len(self._text)
        self._forget()
        return out

    def flush(self) -> list[Part]:
        out: list[Part] = []
        self._decide(out, final=True)
        self._forget()
        return out

    def _decide(self, out: list[Part], *, final: bool) -> None:
        text, pos = self._text, self._pos
        while pos < len(text):
            first = self._first(text, pos, final)
            end = len(text) if first is None else first.start
            if end > pos:
                out.append(text[pos:end])
                pos = end
            if not isinstance(first, Found):
                break
            out.append(first)
            pos = first.end
        self._pos = pos

    def _first(self, text: str, pos: int, final: bool) -> Held | None:
        best: Held | None = None
        for looked_for in self._finds:
            found = looked_for.find(text, pos, final)
            if found is not None and (best is None or found.start < best.start):
                best = found
        return best

    def _forget(self) -> None:
        cut = max(0, self._pos - CONTEXT)
        self._text, self._pos = self._text[cut:], self._pos - cut
