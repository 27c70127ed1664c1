"""The judges that decide on full stops which the rules leave open: sentencex, or a list of abbreviations."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Protocol

from . import abbreviations as known

__all__ = ["ACRONYM", "ELIDED", "Judge", "RuleJudge", "SentencexJudge", "best_judge"]

ACRONYM = re.compile(r"(?:[^\W\d_]{1,3}\.)+[^\W\d_]{1,4}$|(?:[\u0900-\u0dff]{1,4}\.)+[\u0900-\u0dff]{1,4}$")
ELIDED = re.compile(r"\w{1,5}['’](?=\w\w)")  # as in "l'av."; a single letter after it is an ending


class Judge(Protocol):
    """Decides whether a sentence ends in ``window`` right before ``place``: after a mark, before the next word."""

    def is_boundary(self, window: str, place: int, lang: str) -> bool: ...


class RuleJudge:
    """The judge without dependencies: known abbreviations, initials and acronyms do not end a sentence."""

    @staticmethod
    def is_boundary(window: str, place: int, lang: str) -> bool:
        before = window[:place].rstrip().removesuffix(".")
        word = before.rpartition(" ")[2].lstrip("([{\"'“‘«¿¡*_`")
        if ACRONYM.match(word):
            return word.lower() in known.DEGREES
        return ELIDED.sub("", word.lower()) not in known.abbreviations(lang)


_BLANKS = (0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
_HARMLESS: dict[int, str | None] = {
    **dict.fromkeys(_BLANKS, " "),
    **dict.fromkeys(range(0xD800, 0xE000), "x"),  # lone surrogates cannot be passed to it
    **dict.fromkeys(map(ord, '"“”„«»‹›‘()[]{}（）「」『』'), None),
}


class SentencexJudge:
    """The judge that calls ``sentencex`` (extra ``text``), which has rules for some thirty languages.

    Its list for Italian has hundreds of common words ("mai", "bar"), so `RuleJudge` decides in that language.
    It panics on some input, with an exception that is not an `Exception`. White space of other scripts, one known
    cause, is replaced first (position by position); brackets and quotes are left to the caller; a panic counts as "no".
    """

    def __init__(self) -> None:
        from sentencex import segment  # type: ignore[import-untyped]  # it has no stubs

        self._segment = segment

    def load(self, lang: str) -> None:
        """Load a language before the stream begins, for its first use costs milliseconds."""
        self._segment(lang, "A b. C d.")

    def is_boundary(self, window: str, place: int, lang: str) -> bool:
        if lang == "it":
            return RuleJudge.is_boundary(window, place, lang)
        head = window[max(0, place - 1000) : place].translate(_HARMLESS)
        try:
            parts: list[str] = self._segment(lang, head + window[place : place + 40].translate(_HARMLESS))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a Rust panic
            return False
        end = 0
        for part in parts:
            end += len(part)
            if end >= len(head):
                return end == len(head)
        return False


@cache
def best_judge() -> Judge:
    """`SentencexJudge` where sentencex is installed, else `RuleJudge`."""
    try:
        judge: Any = SentencexJudge()
    except ImportError:
        judge = RuleJudge()
    return judge  # type: ignore[no-any-return]
