"""Numbers of payment cards: 13 to 19 digits in the groups in which they are printed, with the right check digit.

Other numbers may stand on both sides, written with the same signs: an amount, a year, the three digits of the back. So
each sequence of groups is tried that could be a card, and whatever such sequences cover is hidden.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from .spans import Span, Spans

__all__ = ["Cards"]

LONGEST = 19  # digits, ISO/IEC 7812-1
FIRST_DIGITS = {13: "4", 14: "3", 15: "123", **dict.fromkeys(range(16, LONGEST + 1), "2345689")}
"""By how many digits there are, as issuers give them out: times in milliseconds and numbers of books are no cards."""
PRINTED = ((4, 6, 5), (4, 6, 4), (4, 3, 3, 3), (6, 13))
"""Groups of unequal size. All others are equal, but the last may be shorter."""
WIDEST_GROUP = 8  # of several equal ones

RUN = re.compile(r"[0-9]+")
RUN_BEFORE = re.compile(r"[0-9]{3,}")
GROUP = re.compile(rf"[0-9]{{1,{LONGEST + 1}}}")
GAP = re.compile(r"[ .\-]{1,3}(?=[0-9])")
OPEN_GAP = re.compile(r"[ .\-]{0,3}\Z")
IN_DECIMAL = re.compile(r"(?<=[0-9]\.)[0-9]")
ACROSS = re.compile(r"(?<=[0-9. \-])[ .\-]{0,3}[0-9]")

SPAN = 4 * LONGEST  # characters: each digit a group, with three signs between
"""The most that a card has; card numbers that overlap are hidden as one up to there."""
DOUBLED = dict(zip("0123456789", (0, 2, 4, 6, 8, 1, 3, 5, 7, 9), strict=True))


class Cards(Spans):
    longest = 2 * SPAN

    def first(self, view: str, at: int, final: bool) -> Span:
        runs = RUN.finditer(view, at)
        if ACROSS.match(view, at):  # digits in which something was found already, or a card that overlaps, may go on
            runs = chain(RUN_BEFORE.finditer(view, max(0, at - SPAN), at), runs)
        for run in runs:
            start = run.start()
            if start and view[start - 1] in DOUBLED:
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
        if run.start() >= end or end - start >= SPAN:
            break
        further, undecided = _longest(view, run.start(), final)
        if undecided:
            return start
        end = max(end, further)
    return start, end


def _longest(view: str, start: int, final: bool) -> tuple[int, bool]:
    """Where the longest card number from ``start`` ends (0: there is none); whether more text could change that."""
    sizes: tuple[int, ...] = ()
    digits, end, place = "", 0, start
    while True:
        group = GROUP.match(view, place)
        assert group  # a run of digits begins there, or a gap has ended before one
        digits += group[0]
        sizes += (len(group[0]),)
        if len(digits) > LONGEST or digits[0] in "07":
            return end, False
        layout = _layout(sizes)
        if group.end() == len(view) and not final:
            return end, layout.may_become_one
        if layout.is_one and _is_card(digits) and not (len(sizes) == 1 and IN_DECIMAL.match(view, start)):
            end = group.end()
        if len(digits) == LONGEST or not layout.may_go_on:
            return end, False
        gap = GAP.match(view, group.end())
        if gap is None:
            return end, not final and OPEN_GAP.match(view, group.end()) is not None
        place = gap.end()


class Layout(NamedTuple):
    """What groups of digits of these sizes may be."""

    is_one: bool
    """A card is printed so."""
    may_go_on: bool
    """A card begins so, and a further group follows."""
    may_become_one: bool
    """A card begins so if the last group has some more digits, or it is one."""


@lru_cache(maxsize=1024)
def _layout(sizes: tuple[int, ...]) -> Layout:
    *before, last = sizes
    single, equal = not before, set(before) == {sizes[0]} and sizes[0] <= WIDEST_GROUP
    return Layout(
        single or (equal and last <= sizes[0]) or sizes in PRINTED,
        (single and last <= WIDEST_GROUP) or (equal and last == sizes[0]) or _begins(sizes, complete=True),
        single or (equal and last <= sizes[0]) or _begins(sizes, complete=False),
    )


def _begins(sizes: tuple[int, ...], *, complete: bool) -> bool:
    """Whether groups of unequal size begin so; unless it is complete, the last one may have more digits in the end."""
    *before, last = sizes
    return any(
        len(card) > len(before) + complete
        and card[: len(before)] == tuple(before)
        and (last == card[len(before)] if complete else last <= card[len(before)])
        for card in PRINTED
    )


def _is_card(digits: str) -> bool:
    """Length, first digit and check digit, ISO/IEC 7812-1 annex B."""
    if digits[0] not in FIRST_DIGITS.get(len(digits), "") or digits == digits[0] * len(digits):
        return False
    return (sum(map(int, digits[-1::-2])) + sum(map(DOUBLED.__getitem__, digits[-2::-2]))) % 10 == 0
