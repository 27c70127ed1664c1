"""Numbers of payment cards: 13 to 19 digits in the groups in which they are printed, with the right check digit.

Other numbers may stand on both sides, written with the same signs: an amount, a year, the three digits of the back. So
each sequence of groups is tried that could be a card, and whatever such sequences cover is hidden.
"""

from __future__ import annotations

import re

from .spans import Span, Spans

__all__ = ["Cards"]

SHORTEST, LONGEST = 13, 19  # digits, ISO/IEC 7812-1
FIRST_DIGITS = {13: "4", 14: "3", 15: "123", **dict.fromkeys(range(16, LONGEST + 1), "2345689")}
"""By how many digits there are, as issuers give them out: times in milliseconds and numbers of books are no cards."""
PRINTED = ((4, 6, 5), (4, 6, 4), (4, 3, 3, 3), (6, 13))
"""Groups of unequal size. All others are equal, but the last may be shorter."""
WIDEST_GROUP = 8  # of several equal ones

RUN = re.compile(r"[0-9]+")
GROUP = re.compile(rf"[0-9]{{1,{LONGEST + 1}}}")
GAP = re.compile(r"[ .\-]{1,3}(?=[0-9])")
OPEN_GAP = re.compile(r"[ .\-]{0,3}\Z")
IN_DECIMAL = re.compile(r"(?<=[0-9]\.)[0-9]")

SPAN = 4 * LONGEST  # characters: each digit a group, with three signs between
LIMIT = 4 * SPAN
"""Characters of card numbers that overlap up to which they are hidden as one."""


class Cards(Spans):
    longest = LIMIT + SPAN

    def first(self, view: str, at: int, final: bool) -> Span:
        for run in RUN.finditer(view, max(0, at - SPAN)):  # what something else was found in may go on here
            start = run.start()
            if start and view[start - 1] in "0123456789":
                continue
            end, undecided = _longest(view, start, final)
            if undecided:
                return max(start, at)
            if end > at:
                return _joined(view, max(start, at), end, run.end(), final)
        return None


def _joined(view: str, start: int, end: int, place: int, final: bool) -> Span:
    """A card number and those that begin within it, from ``place`` on, and reach further."""
    for run in RUN.finditer(view, place):
        if run.start() >= end or end - start >= LIMIT:
            break
        further, undecided = _longest(view, run.start(), final)
        if undecided:
            return start
        end = max(end, further)
    return start, end


def _longest(view: str, start: int, final: bool) -> tuple[int, bool]:
    """Where the longest card number from ``start`` ends (0: there is none); whether more text could change that."""
    digits, sizes, end, place = "", [], 0, start
    while group := GROUP.match(view, place):
        digits += group[0]
        sizes.append(len(group[0]))
        if len(digits) > LONGEST:
            return end, False
        if group.end() == len(view) and not final:
            return end, _may_become_one(sizes)
        if _is_one(sizes, digits) and not (len(sizes) == 1 and IN_DECIMAL.match(view, start)):
            end = group.end()
        if len(digits) == LONGEST or not _may_go_on(sizes):
            return end, False
        gap = GAP.match(view, group.end())
        if gap is None:
            return end, not final and OPEN_GAP.match(view, group.end()) is not None
        place = gap.end()
    return end, False


def _may_go_on(sizes: list[int]) -> bool:
    """Whether a further group may follow these."""
    equal = sizes[0] <= WIDEST_GROUP and sizes.count(sizes[0]) == len(sizes)
    return equal or any(list(card[: len(sizes)]) == sizes for card in PRINTED)


def _may_become_one(sizes: list[int]) -> bool:
    """Whether these may be the groups of a card if the last one grows."""
    *before, last = sizes
    count = len(before)
    if not before or (last <= before[0] <= WIDEST_GROUP and before.count(before[0]) == count):
        return True
    return any(list(card[:count]) == before and last <= card[count] for card in PRINTED if len(card) > count)


def _is_one(sizes: list[int], digits: str) -> bool:
    equal = len(sizes) == 1 or (sizes[-1] <= sizes[0] <= WIDEST_GROUP and set(sizes[:-1]) == {sizes[0]})
    return (equal or tuple(sizes) in PRINTED) and digits[0] in FIRST_DIGITS.get(len(digits), "") and _is_card(digits)


def _is_card(digits: str) -> bool:
    return len(set(digits)) > 1 and _luhn(digits)


def _luhn(digits: str) -> bool:
    """The check digit of card numbers, ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0
