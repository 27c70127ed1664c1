"""Numbers of payment cards: 13 to 19 digits in the groups in which they are printed, with the right check digit.

Other numbers may stand on both sides, written with the same signs: an amount, a year, the three digits of the back. So
each sequence of groups that could be a card is tried, and everything that such sequences cover is hidden.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from ..matching import Replace
from .spans import Span, Spans

__all__ = ["Cards"]

LONGEST = 19  # digits, ISO/IEC 7812-1
ISSUERS = (
    (("1", "2131"), (15,)),  # UATP (not in groups of fewer than four digits: lists and tables begin with 1), JCB
    (("220",), (16, 17, 18, 19)),  # Mir
    (tuple(map(str, range(2221, 2721))), (16,)),  # Mastercard
    (("30", "36", "38", "39"), (14, 16)),  # Diners Club
    (("34", "37"), (15,)),  # American Express
    (("35",), (16,)),  # JCB
    (("4",), (13, 16, 19)),  # Visa
    (("51", "52", "53", "54", "55"), (16,)),  # Mastercard
    (("50", "56", "57", "58", "6", "81"), (16, 17, 18, 19)),  # Maestro, Discover, UnionPay
    (("80", "82", "83", "84", "85", "86", "87", "88", "89", "9"), (16,)),  # RuPay, Uzcard, Troy, Humo
)
"""The numbers of digits by the first digits, so that times in milliseconds and numbers of books do not count as
cards."""
LENGTHS = {beginning: lengths for beginnings, lengths in ISSUERS for beginning in beginnings}
BEGINNINGS = frozenset(beginning[:size] for beginning in LENGTHS for size in range(1, len(beginning)))
MOST_FIRST_DIGITS = max(map(len, LENGTHS))
PRINTED = ((4, 6, 5), (4, 5, 6), (4, 6, 4), (4, 3, 3, 3), (6, 13))
"""Groups of unequal size. All others are equal, but the last may be shorter."""
WIDEST_GROUP = 8  # of several equal ones

SIGN = r"[ .\-·・･]"
OPEN_GAP = re.compile(rf"{SIGN}{{0,3}}\Z")
START = re.compile(  # first digits of an issuer, followed by digits for a card, now or perhaps later
    rf"(?<![0-9])(?=(?:[0-9]{SIGN}{{0,3}}){{1,12}}+(?:[0-9]|\Z))"
    rf"(?=[4689]|1(?:[0-9]{{3}}|[0-9]{{0,2}}\Z)|2{SIGN}{{0,3}}(?:[1-7]|\Z)|3{SIGN}{{0,3}}(?:[04-9]|\Z)|5{SIGN}{{0,3}}(?:[0-8]|\Z))[0-9]"
)
RUN = re.compile("[0-9]+")
GROUPS = re.compile(  # by the size of the first group, all groups that are read
    "|".join(
        rf"[0-9]{{{size}}}(?![0-9])(?:{SIGN}{{1,3}}[0-9]{{1,{LONGEST}}}){{0,{-(-LONGEST // size) - 1}}}"
        for size in range(1, WIDEST_GROUP + 1)
    )
    + rf"|[0-9]{{1,{LONGEST + 1}}}"
)
CHAIN = re.compile(f"(?:{GROUPS.pattern}).{{0,4}}", re.DOTALL)  # with the characters that decide whether it goes on
ACROSS = re.compile(rf"(?<=[0-9]|{SIGN}){SIGN}{{0,3}}[0-9]")

SPAN = 4 * LONGEST  # characters: each digit a group, with three signs between
"""The most characters of a card; overlapping card numbers are hidden as one up to this length."""
REACH = SPAN + 2  # two characters before it decide whether it is part of a decimal
DOUBLED = dict(zip("0123456789", (0, 2, 4, 6, 8, 1, 3, 5, 7, 9), strict=True))


class Cards(Spans):
    longest = 2 * SPAN

    def __init__(self, replace: Replace) -> None:
        super().__init__(replace)
        self._decided_text = DecidedText(0, "", 0, 0)

    def first(self, view: str, at: int, final: bool) -> Span:
        begin, decided = at, self._decided_text  # read once: other texts, perhaps in other threads, use the same rule
        if ACROSS.match(view, at):  # digits of an earlier match, or a card that overlaps, may go on
            begin = decided.end if decided.holds(view, at) else max(0, at - REACH)
        for match in START.finditer(view, begin):
            start = match.start()
            end, undecided = _at(view, start, final)
            if undecided or end > at:
                if not final:
                    self._decided_text = DecidedText(max(0, at - REACH), view[max(0, at - REACH) :], at, start)
                return max(start, at) if undecided else _with_overlapping(view, start, max(start, at), end, final)
        return None


class DecidedText(NamedTuple):
    """The decided part of a growing text, so that it is not computed again for each piece.

    If ``text`` stands at ``begin``, all numbers that begin before ``end`` are decided, whatever follows, and no card
    among them extends beyond ``at``.
    """

    begin: int
    text: str
    at: int
    end: int

    def holds(self, view: str, at: int) -> bool:
        return self.at <= at and view.startswith(self.text, self.begin)


def _with_overlapping(view: str, first: int, start: int, end: int, final: bool) -> Span:
    """The span of a card number and of those that begin within it and extend further."""
    for match in START.finditer(view, first + 1):
        if match.start() >= end or end - start >= SPAN:
            break
        further, undecided = _at(view, match.start(), final)
        if undecided:
            return start
        end = max(end, further)
    return start, end


def _at(view: str, start: int, final: bool) -> tuple[int, bool]:
    """The end of the longest card number from ``start`` (0 if there is none); True if more text could change that."""
    chain = CHAIN.match(view, start)
    assert chain  # there is a digit
    in_decimal = start > 1 and view[start - 1] == "." and view[start - 2] in DOUBLED
    size, undecided = _longest(chain[0], in_decimal, final or chain.end() < len(view))
    return start + size if size else 0, undecided


@lru_cache(maxsize=1024)  # called again for a growing text, and for cards that overlap
def _longest(text: str, in_decimal: bool, final: bool) -> tuple[int, bool]:
    """The size of the longest card number that ``text`` begins with, or 0; True if more text could change that."""
    chain = GROUPS.match(text)
    assert chain  # there is a digit
    groups = RUN.findall(chain[0])
    digits = "".join(groups)
    lengths = _lengths(digits)
    if not lengths:
        return 0, False
    layout = _layout(tuple(map(len, groups)))
    grows = not final and chain.end() == len(text)  # the last group does
    undecided = len(digits) <= lengths[-1] and (
        layout.may_become_one
        if grows
        else not final and layout.may_go_on and OPEN_GAP.match(text, chain.end()) is not None
    )
    for count, size in layout.cards:
        whole = size in lengths and not (count == 1 and in_decimal) and not (grows and count == len(groups))
        if whole and _is_card(digits[:size]):
            return _end(text, count), undecided
    return 0, undecided


def _end(text: str, count: int) -> int:
    """The end of the group with the number ``count``."""
    return next(islice(RUN.finditer(text), count - 1, None)).end()


def _lengths(digits: str) -> tuple[int, ...]:
    """The numbers of digits of cards that begin like ``digits``; empty if there are no such cards."""
    for size in range(1, min(len(digits), MOST_FIRST_DIGITS) + 1):
        if digits[:size] in LENGTHS:
            return LENGTHS[digits[:size]]
    return (LONGEST,) if digits in BEGINNINGS else ()


class Layout(NamedTuple):
    """The ways to read groups of digits of certain sizes."""

    cards: tuple[tuple[int, int], ...]
    """The numbers of first groups that are printed like this on a card, with the number of their digits. Longest
    first."""
    may_go_on: bool
    """True if a card begins like this, and a further group follows."""
    may_become_one: bool
    """True if a card begins like this with more digits in the last group, or it is one."""


@lru_cache(maxsize=1024)
def _layout(sizes: tuple[int, ...]) -> Layout:
    counts = range(len(sizes), 0, -1)
    *before, last = sizes
    begun = not before or _are_equal(sizes)
    return Layout(
        tuple((count, sum(sizes[:count])) for count in counts if _is_printed(sizes[:count])),
        (last == sizes[0] <= WIDEST_GROUP and begun) or _begins(sizes, complete=True),
        begun or _begins(sizes, complete=False),
    )


def _is_printed(sizes: tuple[int, ...]) -> bool:
    return sum(sizes) <= LONGEST and (len(sizes) == 1 or _are_equal(sizes) or sizes in PRINTED)


def _are_equal(sizes: tuple[int, ...]) -> bool:
    """True for groups of the same size; the last may be shorter."""
    *before, last = sizes
    return set(before) == {sizes[0]} and last <= sizes[0] <= WIDEST_GROUP


def _begins(sizes: tuple[int, ...], *, complete: bool) -> bool:
    """True if groups of unequal size begin like this; unless ``complete``, the last one may still get more digits."""
    *before, last = sizes
    return any(
        len(card) > len(before) + complete
        and card[: len(before)] == tuple(before)
        and (last == card[len(before)] if complete else last <= card[len(before)])
        for card in PRINTED
    )


def _is_card(digits: str) -> bool:
    """True if the check digit is right, ISO/IEC 7812-1 annex B."""
    if digits == digits[0] * len(digits):
        return False
    return (sum(map(int, digits[-1::-2])) + sum(map(DOUBLED.__getitem__, digits[-2::-2]))) % 10 == 0
