"""A growing text cut at matches; each part is emitted as soon as nothing that follows can change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from .matching import Find, Held, RuleMatch
from .syntax import REACH

__all__ = ["HOLD", "Overflow", "Part", "Replaced", "Scan"]

HOLD = 8192
CONTEXT = 2 * REACH
"""Characters before the current position that are kept for patterns that look back."""
STEP = 512
"""The most characters searched in one step: rules that match again and again search the rest anew each time."""
PATIENCE = 32
"""Held text is searched again when it has grown by one part in so many: else the cost of long holds would be their
square."""


class Replaced:
    """The replacement of a match, and how many characters of the match were not emitted before."""

    __slots__ = ("size", "text")

    def __init__(self, text: str, size: int) -> None:
        self.text, self.size = text, size


class Overflow:
    """Text that could not be decided, as it is too long or was cut off in the middle."""

    __slots__ = ("size", "text")

    def __init__(self, text: str) -> None:
        self.text, self.size = text, len(text)


Part: TypeAlias = "str | Replaced | Overflow"


class Scan:
    """A stage, text in and parts out: text as it is, replacements of matches, and text that was too long to decide.

    The leftmost match counts, at one position that of the first in ``finds``. A match that one of ``finds`` keeps stays
    in the text and is done for this one, so each is called once for each of its matches. Some ``hold`` characters are
    held at most (more if one of ``finds`` is longer by itself). Text already emitted as undecided, or by `flush` if
    more text follows all the same, is still searched: a match that begins in it is reported with the part not yet
    emitted. After an error of one of ``finds`` every call raises this error again.
    """

    def __init__(self, finds: Sequence[Find], hold: int = HOLD) -> None:
        if hold < 1:
            raise ValueError("hold must be positive")
        self._finds = finds
        self._hold = max([hold, *(find.longest for find in finds)])
        self._firsts: list[Held | None] = []  # the first match of each of `finds`
        self._kept_until = [0] * len(finds)  # in `_text`: the end of the last match that each has kept
        self._text = ""
        self._position = 0  # in `_text`: the search begins here; before it is context
        self._emitted = 0  # in `_text`: the end of the text already emitted
        self._fed = 0  # characters fed so far
        self._patience = 0
        self._error: Exception | None = None

    def feed(self, text: str) -> list[Part]:
        out: list[Part] = []
        while text:
            # The amount of held text is checked at fixed positions of the text, not where a piece happens to end.
            until_check = self._hold - self._fed % self._hold
            size = min(until_check, STEP, len(text))
            piece, text = text[:size], text[size:]
            self._fed += size
            self._text += piece
            self._patience -= size
            at_check = size == until_check
            if at_check or self._patience <= 0:
                self._decide(out, final=False)
                self._patience = (len(self._text) - self._position) // PATIENCE
            if at_check and len(self._text) - self._position >= self._hold:
                self._give_up(out, len(self._text))
                self._position = len(self._text) - self._hold + 1  # a match that begins before cannot be that long
            if self._position > 2 * CONTEXT:
                self._forget()
        return out

    def flush(self) -> list[Part]:
        out: list[Part] = []
        self._decide(out, final=False)
        state = self._position, [*self._kept_until]
        self._decide(out, final=True)
        self._position, self._kept_until = state
        self._forget()
        return out

    def cut(self) -> list[Part]:
        """Like `flush`, for text that was cut off: the possible beginning of a match is undecided."""
        out: list[Part] = []
        self._decide(out, final=False)
        state = self._position, [*self._kept_until]
        while self._position < len(self._text):
            self._firsts = []
            match = self._first(final=True)
            if not isinstance(match, RuleMatch) or match.start > self._position:
                end = len(self._text) if match is None else match.start
                self._give_up(out, end)
                self._position = end
            else:
                self._emit(out, match)
            self._decide(out, final=False)
        self._position, self._kept_until = state
        self._forget()
        return out

    def _decide(self, out: list[Part], *, final: bool) -> None:
        self._firsts = []
        while self._position < len(self._text):
            first = self._first(final)
            end = len(self._text) if first is None else first.start
            if end > self._emitted:
                out.append(self._text[self._emitted : end])
                self._emitted = end
            if isinstance(first, RuleMatch):
                self._emit(out, first)
                continue
            self._position = end
            break

    def _emit(self, out: list[Part], match: RuleMatch) -> None:
        if match.end > self._emitted:
            out.append(Replaced(match.text, match.end - self._emitted))
            self._emitted = match.end
        self._position = match.end

    def _give_up(self, out: list[Part], end: int) -> None:
        if end > self._emitted:
            out.append(Overflow(self._text[self._emitted : end]))
            self._emitted = end

    def _first(self, final: bool) -> Held | None:
        """The first match that is replaced, or the first undecided position."""
        if self._error is not None:
            raise self._error
        try:
            while True:
                number, first = self._leftmost(final)
                if not isinstance(first, RuleMatch):
                    return first
                text = self._finds[number].replace(self._text[first.start : first.end])
                if text is not None:
                    first.text = text
                    return first
                self._kept_until[number] = first.end
                self._firsts[number] = self._find(number, final, first)
        except Exception as exc:
            self._error = exc
            raise

    def _leftmost(self, final: bool) -> tuple[int, Held | None]:
        firsts, position = self._firsts, self._position
        if not firsts:
            text = self._text
            for find, kept in zip(self._finds, self._kept_until, strict=True):
                firsts.append(find.find(text, max(position, kept), final))
        best, best_number = None, 0
        for number, match in enumerate(firsts):
            if match is None:
                continue
            if match.start < position:  # it overlaps a match before it
                match = firsts[number] = self._find(number, final, match)
            if match is not None and (best is None or match.start < best.start):
                best, best_number = match, number
        return best_number, best

    def _find(self, number: int, final: bool, last: Held) -> Held | None:
        return self._finds[number].find(self._text, max(self._position, self._kept_until[number]), final, last)

    def _forget(self) -> None:
        cut = max(0, min(self._position, self._emitted) - CONTEXT)
        if cut > CONTEXT:  # not each time
            self._text, self._position, self._emitted = self._text[cut:], self._position - cut, self._emitted - cut
            self._kept_until = [end - cut for end in self._kept_until]
