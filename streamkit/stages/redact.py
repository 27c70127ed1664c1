"""What must not be shown, replaced while it is written: never a character too much gets out, at any split."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeAlias

from .matching import Find, Found, Pattern, Words
from .scan import HOLD, Overflow, Scan

__all__ = ["READY", "Redactor", "Rule"]

Rule: TypeAlias = (
    "str | Any | Collection[str] | tuple[Any, str | Callable[[str], str | None]] | Callable[[str], str | None]"
)
"""A ready name, a pattern (text or compiled), pattern and replacement, a list or set of literal words, or a callable
that gets each word (a run without white space) and gives what stands in its place, None to keep it."""

MASK = "[redacted]"


def _luhn(digits: str) -> bool:
    """The check digit of card numbers, ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def _card(match: str) -> bool:
    digits = "".join(char for char in match if char.isdigit())
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and _luhn(digits)


def _phone(match: str) -> bool:
    return 8 <= sum(char.isdigit() for char in match) <= 15  # ITU-T E.164: 15 at most


READY: dict[str, tuple[str, Callable[[str], bool] | None]] = {
    "email": (r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}", None),
    "phone": (
        r"(?<![\w.+/-])(?:"
        r"\+[1-9](?:[ ./-]?(?:\(\d{1,4}\)|\d)){6,14}"  # international
        r"|\(\d{2,5}\)(?:[ ./-]{0,2}\d){5,10}"  # an area code in brackets
        r"|0\d{1,4}[ ./-](?:[ ./-]?\d){5,9}"  # a trunk prefix
        r"|\d{3}[ .-]\d{3}[ .-]\d{4}"  # North America
        r")(?![\w-])",
        _phone,
    ),
    "card": (r"(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d)", _card),
    "key": (
        r"(?<![A-Za-z0-9])(?:"
        r"(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,200}"  # OpenAI, Anthropic, Stripe
        r"|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}"
        r"|glpat-[A-Za-z0-9_-]{20,64}|xox[abeprs]-[A-Za-z0-9-]{10,200}|hf_[A-Za-z0-9]{20,64}|gsk_[A-Za-z0-9]{20,64}"
        r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}"
        r"|eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000}"  # JSON Web Tokens
        r")",
        None,
    ),
}
"""Ready rules: a pattern and what else must hold of a match. All are bounded, so what they hold back is too."""


class Redactor:
    """A stage over text: ``feed(str) -> list[str]``, ``flush()``; the joined output does not depend on the cutting.

    The leftmost match counts, at one place that of the first rule. Text is held back only while a match could still
    begin in it, and at most some ``hold`` characters: where a rule has not decided by then, the whole of what it holds
    is replaced by the mask, as it might be what must not be shown.
    """

    def __init__(self, *rules: Rule, mask: str = MASK, hold: int = HOLD) -> None:
        if not rules:
            raise ValueError("no rules: " + ", ".join(READY) + ", a pattern, a list of words or a callable")
        self._scan = Scan([_find(rule, mask) for rule in rules], hold)
        self._mask = mask

    def feed(self, text: str) -> list[str]:
        return self._shown(self._scan.feed(text))

    def flush(self) -> list[str]:
        return self._shown(self._scan.flush())

    def _shown(self, pieces: Iterable[str | Found | Overflow]) -> list[str]:
        shown = "".join(
            piece if isinstance(piece, str) else piece.text if isinstance(piece, Found) else self._mask
            for piece in pieces
        )
        return [shown] if shown else []


def _find(rule: Any, mask: str) -> Find:
    match rule:
        case str() if rule in READY:
            pattern, holds = READY[rule]
            return Pattern(pattern, lambda found: mask if holds is None or holds(found.group()) else None)
        case (list() | set() | frozenset()) as words:
            return Words(words, lambda word: mask)
        case (pattern, replacement):
            put = replacement if callable(replacement) else (lambda found: replacement)
            if isinstance(pattern, (list, set, frozenset)):
                return Words(pattern, lambda word: put(word) or "")
            if isinstance(pattern, str) and pattern in READY:
                ready, holds = READY[pattern]
                return Pattern(ready, lambda found: put(found.group()) if not holds or holds(found.group()) else None)
            return Pattern(pattern, lambda found: put(found.group()))
        case _ if callable(rule) and not hasattr(rule, "pattern"):
            return Pattern(r"\S+", lambda found: _kept(rule(found.group()), found.group()))
    return Pattern(rule, lambda found: mask)


def _kept(put: str | None, word: str) -> str:
    return word if put is None else put
