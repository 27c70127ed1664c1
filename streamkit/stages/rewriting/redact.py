"""What must not be shown, replaced while it is written: never a character too much gets out, at any split."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from copy import copy
from typing import Any, Self, TypeAlias

from .cards import Cards
from .matching import Find, Pattern
from .scan import HOLD, Overflow, Part, Replaced, Scan
from .words import Words

__all__ = ["READY", "Redactor", "Rule"]

Rule: TypeAlias = (
    "str | Any | Collection[str] | tuple[Any, str | Callable[[str], str | None]] | Callable[[str], str | None]"
)
"""A ready name, a pattern (text or compiled), pattern and replacement, a list or set of literal words, or a callable
that gets each word (a run without white space) and gives what stands in its place, None to keep it."""

MASK = "[redacted]"


def _phone(match: str) -> bool:
    return 8 <= sum(char.isdigit() for char in match) <= 15  # ITU-T E.164: 15 at most


GAP = "[ ./\\-\u00a0\u2009\u2011\u2013\u202f]"
PHONE = (
    r"(?<![\w.+/-])(?:"
    rf"\+[1-9](?:{GAP}?(?:\(\d{{1,4}}\)|\d)){{6,14}}(?!\d)"  # international
    rf"|\(\d{{2,5}}\)(?:{GAP}{{0,2}}\d){{5,10}}(?!\d)"  # an area code in brackets
    rf"|0\d{{1,4}}{GAP}(?:{GAP}?\d){{5,9}}(?![\w-])"  # a trunk prefix
    rf"|\d{{3}}{GAP}\d{{3}}{GAP}\d{{4}}(?![\w-])"  # North America
    r")"
)
KEY = (
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,400}"  # OpenAI, Anthropic, Stripe
    r"|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}"
    r"|glpat-[A-Za-z0-9_-]{20,64}|xox[abeprs]-[A-Za-z0-9-]{10,200}|hf_[A-Za-z0-9]{20,64}|gsk_[A-Za-z0-9]{20,64}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,400}"
    r"|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,400}"
    r"|eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000}"  # JSON Web Tokens
    r")|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]{0,6000}-----END [A-Z ]{0,20}PRIVATE KEY-----"
)
PATTERNS: dict[str, tuple[str, Callable[[str], bool] | None]] = {
    "email": (r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}", None),
    "phone": (PHONE, _phone),
    "key": (KEY, None),
}
"""A pattern and what else must hold of a match. All are bounded, so what they hold back is too."""

READY = (*PATTERNS, "card")
"""Names of ready rules."""


class Redactor:
    """A stage over text: ``feed(str) -> list[str]``, ``flush()``; the joined output does not depend on the cutting.

    The leftmost match counts, at one place that of the first rule. Text is held back only while a match could still
    begin in it, and at most some ``hold`` characters: where a rule has not decided by then, the whole of what it holds
    is replaced by the mask, as it might be what must not be shown. So it is by `cut`, which takes the place of
    ``flush`` where the text was cut off.
    """

    def __init__(self, *rules: Rule, mask: str = MASK, hold: int = HOLD) -> None:
        if not rules:
            raise ValueError("no rules: " + ", ".join(READY) + ", a pattern, a list of words or a callable")
        self._finds = [_find(rule, mask) for rule in rules]
        self._mask, self._hold = mask, hold
        self._begin()

    def _begin(self) -> None:
        self._scan = Scan(self._finds, self._hold)

    def fresh(self) -> Self:
        """Another one with the same rules, which are not worked out again, for another text."""
        twin = copy(self)
        twin._begin()
        return twin

    def feed(self, text: str) -> list[str]:
        return self._shown(self._scan.feed(text))

    def flush(self) -> list[str]:
        return self._shown(self._scan.flush())

    def cut(self) -> list[str]:
        return self._shown(self._scan.cut())

    def _shown(self, parts: Iterable[Part]) -> list[str]:
        shown = "".join(part if isinstance(part, str) else self._put(part) for part in parts)
        return [shown] if shown else []

    def _put(self, part: Replaced | Overflow) -> str:
        return part.text if isinstance(part, Replaced) else self._mask


def _find(rule: Any, mask: str) -> Find:
    match rule:
        case (pattern, replacement) if not isinstance(rule, (str, list)):
            return _replacing(pattern, replacement if callable(replacement) else lambda found: replacement)
        case _ if callable(rule) and not hasattr(rule, "pattern"):
            return Pattern(r"\S+", lambda found: rule(found.group()))
    return _replacing(rule, lambda found: mask)


def _replacing(what: Any, put: Callable[[str], str | None]) -> Find:
    if isinstance(what, (list, set, frozenset)):
        return Words(what, put)
    if what == "card":
        return Cards(put)
    pattern, holds = PATTERNS.get(what, (what, None)) if isinstance(what, str) else (what, None)
    return Pattern(pattern, lambda found: put(found.group()) if holds is None or holds(found.group()) else None)
