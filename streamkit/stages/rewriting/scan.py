"""A growing text cut at what is looked for, each part let out as soon as nothing that follows can change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from .matching import Find, Held, RuleMatch
from .syntax import REACH

__all__ = ["HOLD", "Overflow", "Part", "Replaced", "Scan"]

HOLD = 8192
CONTEXT = 2 * REACH
"""Characters before the place at hand that are kept for patterns that look back."""
STEP = 512
"""So many characters are looked at in one go: rules that find something again and again look at the rest anew."""
PATIENCE = 32
"""Text that is held is looked at again when it has grown by one part in so many: else long holds cost their square."""


class Replaced:
    """What stands in the place of something found, and how many characters of that were not let out before."""

    __slots__ = ("size", "text")

    def __init__(self, text: str, size: int) -> None:
        self.text, self.size = text, size


class Overflow:
    """Text that could not be decided: too much of it, or cut off in the middle."""

    __slots__ = ("size", "text")

    def __init__(self, text: str) -> None:
        self.text, self.size = text, len(text)


Part: TypeAlias = "str | Replaced | Overflow"


class Scan:
    """A stage, text in and parts out: text as it is, what replaces what was found, and what was too long to decide.

    The leftmost find counts, at one place that of the first in ``finds``. What one of ``finds`` keeps stays and is over
    for this one, so each is asked once about all that it finds. Some ``hold`` characters are held at most (more if one
    of ``finds`` is longer by itself). What was let out as undecided, or by `flush` if more text follows
    all the same, is still looked at: something found that begins there is told with what of it was not out yet.
    After an error of one of ``finds`` there is nothing but this error.
    """

    def __init__(self, finds: Sequence[Find], hold: int = HOLD) -> None:
        if hold < 1:
            raise ValueError("hold must be positive")
        self._finds = finds
        self._hold = max([hold, *(find.longest for find in finds)])
        self._known: list[Held | None] = []  # what each of `finds` found first
        self._kept = [0] * len(finds)  # in `_text`: the end of what each has kept
        self._text = ""
        self._pos = 0  # in `_text`: where to look from; before it is context
        self._out = 0  # what is let out already
        self._seen = 0  # characters fed so far
        self._patience = 0
        self._error: Exception | None = None

    def feed(self, text: str) -> list[Part]:
        out: list[Part] = []
        while text:
            # Whether too much is held is asked at fixed places of the text, not wherever a piece happens to end.
            room = self._hold - self._seen % self._hold
            piece, text = text[: min(room, STEP)], text[min(room, STEP) :]
            self._seen += len(piece)
            self._text += piece
            self._patience -= len(piece)
            at_fixed_place = len(piece) == room
            if at_fixed_place or self._patience <= 0:
                self._decide(out, final=False)
                self._patience = (len(self._text) - self._pos) // PATIENCE
            if at_fixed_place and len(self._text) - self._pos >= self._hold:
                self._give_up(out, len(self._text))
                self._pos = len(self._text) - self._hold + 1  # what begins before cannot be that long
            self._forget()
        return out

    def flush(self) -> list[Part]:
        out: list[Part] = []
        self._decide(out, final=False)
        undecided = self._pos, [*self._kept]
        self._decide(out, final=True)
        self._pos, self._kept = undecided
        self._forget()
        return out

    def cut(self) -> list[Part]:
        """Like `flush`, for text that was cut off: what might be the beginning of something is undecided."""
        out: list[Part] = []
        self._decide(out, final=False)
        undecided = self._pos, [*self._kept]
        while self._pos < len(self._text):
            self._known = []
            found = self._first(final=True)
            if not isinstance(found, RuleMatch) or found.start > self._pos:
                end = len(self._text) if found is None else found.start
                self._give_up(out, end)
                self._pos = end
            else:
                self._tell(out, found)
            self._decide(out, final=False)
        self._pos, self._kept = undecided
        self._forget()
        return out

    def _decide(self, out: list[Part], *, final: bool) -> None:
        self._known = []
        while self._pos < len(self._text):
            first = self._first(final)
            end = len(self._text) if first is None else first.start
            if end > self._out:
                out.append(self._text[self._out : end])
                self._out = end
            if isinstance(first, RuleMatch):
                self._tell(out, first)
                continue
            self._pos = end
            break

    def _tell(self, out: list[Part], found: RuleMatch) -> None:
        if found.end > self._out:
            out.append(Replaced(found.text, found.end - self._out))
            self._out = found.end
        self._pos = found.end

    def _give_up(self, out: list[Part], end: int) -> None:
        if end > self._out:
            out.append(Overflow(self._text[self._out : end]))
            self._out = end

    def _first(self, final: bool) -> Held | None:
        """The first thing that is found and replaced, or not decided."""
        if self._error is not None:
            raise self._error
        try:
            return self._replaced(final)
        except Exception as exc:
            self._error = exc
            raise

    def _replaced(self, final: bool) -> Held | None:
        known = self._known
        if not known:
            known += [self._look(number, final) for number in range(len(self._finds))]
        while True:
            number, first = self._leftmost(final)
            if not isinstance(first, RuleMatch):
                return first
            text = self._finds[number].replace(self._text[first.start : first.end])
            if text is not None:
                first.text = text
                return first
            self._kept[number] = first.end
            known[number] = self._look(number, final, first)

    def _leftmost(self, final: bool) -> tuple[int, Held | None]:
        best, which = None, 0
        for number, found in enumerate(self._known):
            if found is not None and found.start < self._pos:  # something else was found across it
                found = self._known[number] = self._look(number, final, found)
            if found is not None and (best is None or found.start < best.start):
                best, which = found, number
        return which, best

    def _look(self, number: int, final: bool, last: Held | None = None) -> Held | None:
        return self._finds[number].find(self._text, max(self._pos, self._kept[number]), final, last)

    def _forget(self) -> None:
        cut = max(0, min(self._pos, self._out) - CONTEXT)
        if cut > CONTEXT:  # now and then
            self._text, self._pos, self._out = self._text[cut:], self._pos - cut, self._out - cut
            self._kept = [end - cut for end in self._kept]
