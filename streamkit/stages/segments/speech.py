"""Who says what was quoted: words behind a closing quote that go on with the sentence of it."""

from __future__ import annotations

import re

from .ahead import Ahead, MoreNeeded

__all__ = ["is_reported", "says_so"]

_SAY = "说說问問喊叫答叹嘆嚷吼骂罵"
_SAID = re.compile(f"[^。！？，、；：…\\s]{{0,3}}(?:[{_SAY}]|(?<!知)道(?![路理]))(?!道?[：:])")  # else a new speech
_SAID_SO_FAR = re.compile(f"[^。！？，、；：…\\s{_SAY}]{{0,3}}(?:[^。！？，、；：…\\s]道?)?")
_SAYS = re.compile("[とっはをがの]")

_LONGEST = 32
_CASELESS = re.compile("\\s[\u0590-\u06ff\u0900-\u097f\uac00-\ud7af]")
_SO_FAR = re.compile(r"\s(?:[^\W\d_]|[\u0300-\u0fff\u200c])*(?:\s(?:[^\W\d_]|[\u0300-\u0fff\u200c])*){0,2}")
_VERBS = (
    "قال|قالت|قلت|سأل|سألت|أجاب|أجابت|صاح|صاحت|هتف|هتفت|صرخ|صرخت|همس|همست|رد|ردت|أضاف|أضافت|گفت|گفتم|گفتند|پرسید|پرسیدم"
    "|کہا|پوچھا|אמר|אמרה|אמרתי|שאל|שאלה|שאלתי|ענה|ענתה|צעק|צעקה|לחש|לחשה|קרא|קראה|הוסיף|הוסיפה|השיב|השיבה"
    "|कहा|पूछा|बोला|बोली|चिल्लाया|चिल्लाई|(?:물었|물으|말했|대답했|외쳤|속삭였)\\w*"
)
_VERB = re.compile(rf"\s(?:\S+\s){{0,2}}(?:{_VERBS})(?![^\W_])")


def says_so(ahead: Ahead, at: int) -> bool:
    """Whether Chinese or Japanese goes on behind the quote that ends at ``at``."""
    if ahead.whole(_SAID_SO_FAR, at, 6):
        raise MoreNeeded
    return _SAYS.match(ahead.char(at)) is not None or _SAID.match(ahead.text, at) is not None


def is_reported(ahead: Ahead, at: int) -> bool:
    """Whether one of the next three words says that something is said, in scripts where no small letter shows it."""
    ahead.need(at)
    ahead.need(at + 1)
    if _CASELESS.match(ahead.text, at) is None:
        return False
    if ahead.whole(_SO_FAR, at, _LONGEST):
        raise MoreNeeded
    found = _SO_FAR.match(ahead.text, at, at + _LONGEST)
    return found is not None and _VERB.match(ahead.text, at, found.end()) is not None
