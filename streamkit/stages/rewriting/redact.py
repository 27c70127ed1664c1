"""A stage that replaces text that must not be shown while it is written: no character of it gets out, at any split."""

from __future__ import annotations

from collections.abc import Callable, Collection
from copy import copy
from typing import Any, Self, TypeAlias

from ...awaitables import is_async
from ...checks import check_text, check_whole, quote
from ...protocols import StageBase
from .literals import LiteralWords
from .matching import Find, Pattern, Replace
from .ready import READY, ArmouredKeys, Cards, Emails, Keys, Phones, check_name
from .scan import HOLD
from .searched_texts import PlainText

__all__ = ["READY", "EachWord", "Redactor", "Rule"]

Rule: TypeAlias = (
    "str | Any | Collection[str] | tuple[Any, str | Callable[[str], str | None]] | Callable[[str], str | None]"
)
"""A ready name, a pattern (text or compiled), pattern and replacement, a list or set of literal words, or a callable
that gets each word (a run without white space) and returns its replacement, None to keep it."""

MASK = "[redacted]"
RULES: dict[str, tuple[Callable[[Replace], Find], ...]] = {
    "email": (Emails,), "phone": (Phones,), "card": (Cards,), "key": (Keys, ArmouredKeys),
}  # fmt: skip


class Redactor(StageBase):
    """A stage over text: ``feed(str) -> list[str]``, ``flush()``; the joined output does not depend on the cutting.

    The leftmost match counts, at one position that of the first rule. Text is held back only while a match could still
    begin in it, and at most some ``hold`` characters: if a rule has not decided by then, all the text that it holds is
    replaced by the mask, as it might be text to hide. `cut` does the same; it is called instead of ``flush`` where the
    text was cut off.
    """

    def __init__(self, *rules: Rule, mask: str = MASK, hold: int = HOLD) -> None:
        check_text("mask", mask)
        hold = check_whole("hold", hold, infinite=True)
        if not rules:
            raise ValueError("no rules: " + ", ".join(READY) + ", a pattern, a list of words or a callable")
        self._finds = [find for rule in rules for find in _rules_of(rule, mask)]
        self._mask, self._hold = mask, hold
        self._begin()

    def _begin(self) -> None:
        self._searched = PlainText(self._finds, self._mask, self._hold)

    def fresh(self) -> Self:
        """Another one with the same rules, which are not compiled again, for another text."""
        copied = copy(self)
        copied._begin()
        return copied

    def feed(self, text: str) -> list[str]:
        return _as_list(self._searched.feed(text))

    def flush(self) -> list[str]:
        return _as_list(self._searched.flush())

    def cut(self) -> list[str]:
        return _as_list(self._searched.cut())


def _as_list(text: str) -> list[str]:
    return [text] if text else []


class EachWord(Pattern):
    """Every run without white space, for a callable that judges words. It does not get the names in JSON."""

    def __init__(self, replace: Replace) -> None:
        super().__init__(r"\S+", replace)


def _rules_of(rule: Any, mask: str) -> list[Find]:
    match rule:
        case (pattern, replacement) if not isinstance(rule, (str, list)):
            return _replacing(pattern, replacement if callable(replacement) else lambda match: replacement)
        case _ if is_async(rule):
            raise TypeError(f"{quote(rule)} is async: a rule gives at once what stands in place of a word")
        case _ if callable(rule) and not hasattr(rule, "pattern"):
            return [EachWord(rule)]
    return _replacing(rule, lambda match: mask)


def _replacing(pattern: Any, replace: Replace) -> list[Find]:
    if isinstance(pattern, (list, set, frozenset)):
        return [LiteralWords(pattern, replace)]
    if isinstance(pattern, str):
        check_name(pattern)
        if pattern in RULES:
            return [make(replace) for make in RULES[pattern]]
    return [Pattern(pattern, replace)]
