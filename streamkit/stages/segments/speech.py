"""Reporting clauses ("he said"): words after a closing quote that continue the sentence of the quotation."""

from __future__ import annotations

import re

from .ahead import Ahead, MoreNeeded

__all__ = ["has_reporting_clause", "is_reported"]

_SAY = "说說问問喊叫答叹嘆嚷吼骂罵"
# A verb of saying with a colon after it introduces the next quotation.
_SAID = re.compile(f"[^。！？，、；：…\\s]{{0,3}}(?:[{_SAY}]|(?<!知)道(?![路理]))(?!道?[：:])")
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


def has_reporting_clause(ahead: Ahead, at: int) -> bool:
    """True if a Chinese or Japanese sentence continues after the quotation that ends at ``at``."""
    if ahead.may_continue(_SAID_SO_FAR, at, 6):
        raise MoreNeeded
    return _SAYS.match(ahead.char(at)) is not None or _SAID.match(ahead.text, at) is not None


def is_reported(ahead: Ahead, at: int) -> bool:
    """True if one of the next three words is a verb of saying, in scripts without small letters to show it."""
    ahead.need(at)
    ahead.need(at + 1)
    if _CASELESS.match(ahead.text, at) is None:
        return False
    if ahead.may_continue(_SO_FAR, at, _LONGEST):
        raise MoreNeeded
    match = _SO_FAR.match(ahead.text, at, at + _LONGEST)
    return match is not None and _VERB.match(ahead.text, at, match.end()) is not None
