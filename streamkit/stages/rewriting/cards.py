"""Numbers of payment cards in a growing text."""

from __future__ import annotations

import re
from collections.abc import Callable

from .matching import Found, Held

__all__ = ["Cards"]

START = re.compile(r"(?<![\d.])\d")
SEPARATORS = frozenset(" -\u00a0\u2009\u2010\u2011\u2013\u202f")
SHORTEST, LONGEST = 13, 19  # digits


class Cards:
    """13 to 19 digits whose check digit is right, in groups or not, whatever other groups of digits stand beside them.

    A regular expression cannot say that: it takes the year that follows for a part of the number, and then gives up.
    """

    longest = 2 * LONGEST

    def __init__(self, replace: Callable[[str], str | None]) -> None:
        self._replace = replace

    def find(self, text: str, pos: int, final: bool, last: Held | None = None) -> Found | Held | None:
        for start in START.finditer(text, pos):
            end, cut = _end(text, start.start())
            if cut and not final:
                return Held(start.start())
            put = self._replace(text[start.start() : end]) if end else None
            if put is not None:
                return Found(start.start(), end, put)
        return None


def _end(text: str, place: int) -> tuple[int, bool]:
    """Where the longest card number from ``place`` ends (0: there is none); whether the text ran out before that."""
    digits, end, size = "", 0, len(text)
    while len(digits) < LONGEST and place < size and text[place].isdecimal():
        digits += text[place]
        place += 1
        if place == size:
            break
        if len(digits) >= SHORTEST and not text[place].isdecimal() and _is_card(digits):
            end = place
        place += text[place] in SEPARATORS
    else:
        return end, place == size and len(digits) < LONGEST
    return (place if len(digits) >= SHORTEST and _is_card(digits) else end), True


def _is_card(digits: str) -> bool:
    return len(set(digits)) > 1 and _luhn(digits)


def _luhn(digits: str) -> bool:
    """The check digit of card numbers, ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0
