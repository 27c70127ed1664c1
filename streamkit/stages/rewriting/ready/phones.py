"""Phone numbers as people write them: with a country code, or in one of the forms of `shapes`.

Plain numbers are everywhere, so a number counts only with something that marks it: a plus sign, a trunk prefix,
brackets or the groups of one country. Dates, times, versions and numbers of books are written with the same signs:
see `numbers`.
"""

from __future__ import annotations

import re

from .numbers import AHEAD, book, breaks, left, right, starts_else
from .shapes import GROUP, INTERNATIONAL, NATIONAL, NATIONAL_DIGITS, NUMBERS_OF_A_COUNTRY, OPEN, USUAL
from .spans import Span, Spans

__all__ = ["Phones"]

LONGEST = 64
HELD = LONGEST + AHEAD
SHORTEST_NUMBER, LONGEST_NUMBER = 8, 15  # digits, E.164 section 6
TRUNK_IN_BRACKETS = "(0)"
THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:[ .][0-9]{3})+")
MORE_PAIRS = re.compile(r" [0-9]{2}(?![0-9])")
MONEY = re.compile(r" ?[€$£¥%]")

START = re.compile(r"[0-9+(\\%](?:(?<=[0-9])[0-9]*|(?<=\\)(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})|(?<=%)[0-9A-Fa-f]{2})?")
ENOUGH = re.compile(rf"(?:[ +()./\-]{{0,5}}[0-9]){{{SHORTEST_NUMBER}}}")
ESCAPE = 6
DIGITS = "0123456789"
SIGNS = DIGITS + "+() ./-,:"
WORD_AT_END = re.compile(r"(?<=[0-9])[A-Za-z]+[0-9]*\Z|(?<=[0-9]-)[0-9A-Za-zé]+\Z")  # `right` needs more of it
LONGER = tuple(DIGITS)
FURTHER = re.compile(  # a number with a trunk prefix of its own: 079 123 45 67
    r"(?=(?:[0-9][ ./\-]?){9})0[1-9]"
    r"(?:[0-9]{0,4}(?:[ ./\-][0-9]{2,}){2,}|[0-9]{1,4}[ /\-][0-9]{5,}|[0-9]{8,9})(?![0-9])"
)


class Phones(Spans):
    longest = HELD

    def first(self, view: str, at: int, final: bool) -> Span:
        decided = len(view) if final else _decided_end(view, at)
        for match in START.finditer(view, max(0, at - ESCAPE)):
            start = match.start()
            if start < at or view[start] in "\\%":
                continue  # the rest of a run that is too long, or digits that stand for another character
            if start >= decided:
                return start  # only signs of numbers follow it so far
            if ENOUGH.match(view, start):
                end = _international(view, start) or _national(view, start)
                if end:
                    return start, end
        return None


def _decided_end(view: str, at: int) -> int:
    """The position before which every number that begins is decided, whatever follows."""
    low, end = max(at, len(view) - HELD), len(view)
    if view[-1:].isalnum() and (word := WORD_AT_END.search(view, max(low, end - AHEAD))):
        end = word.start()
    return low + len(view[low:end].rstrip(SIGNS))


def _international(view: str, start: int) -> int:
    """The end of the number that begins with its country code at ``start``; 0 if there is none."""
    if view[start] not in "+(0":
        return 0
    match = INTERNATIONAL.match(view, start, start + LONGEST - 2)  # two more characters are read
    if match is None:
        return 0
    if match["zeros"] and left(view, start) not in ("free", "word", "comma", "slash"):
        return 0
    written = match["number"]
    ends = _ends(view, *match.span("number"))
    number = "".join(GROUP.findall(written))
    sizes = [
        len(code) + national
        for code in (number[:1], number[:2], number[:3])
        for national in _national_digits(code, number[len(code) :])
    ]
    # Where no number of that country ends before what looks like another one, that is a part of this one.
    possible_ends = ends if ends.keys() & set(sizes) else _ends(view, *match.span("number"), whole=True)
    for size in sizes:
        if size in possible_ends:
            return possible_ends[size]
    in_one_run = written.isdigit()
    if match["zeros"] and (match["zeros"][:3] == "011" or (in_one_run and not _open(number))):
        return 0  # a number padded with zeros
    if sizes and (in_one_run or number[0] in "17"):
        return 0
    end = max(ends.values(), default=0)
    if end and THOUSANDS.fullmatch(written) and MONEY.match(view, end):
        return 0
    return end


def _open(number: str) -> bool:
    return number.startswith(OPEN) and len(number) > 9


def _national_digits(code: str, rest: str) -> tuple[int, ...]:
    if code == "86" and rest[:1] in ("1", "2"):
        return (11,) if rest[:2] > "12" and rest[0] == "1" else (10,)
    return NATIONAL_DIGITS.get(code, ())


def _national(view: str, start: int) -> int:
    before = left(view, start)
    if not before or book(view, start):
        return 0
    for form in NUMBERS_OF_A_COUNTRY:
        whole = form.match(view, start)
        if whole and right(view, whole.end(), before == "word") and not _other(whole[0], before):
            return whole.end()
    match = NATIONAL.match(view, start, start + LONGEST)
    if match is None:
        return 0
    begin, end = match.span("number")
    ends = _ends(view, begin, end)
    fitting = [*USUAL, *sorted(ends, key=lambda digits: (digits > 12, -digits))]
    for digits in fitting:
        if digits in ends and _plausible(view, begin, ends[digits], digits, before):
            return ends[digits]
    return 0


def _other(number: str, before: str) -> bool:
    """True for three groups of round numbers, or the rest of a version."""
    groups = GROUP.findall(number)
    if before == "dot" and "." in number:
        return True
    return (
        number[0] != "0" and len(groups) == 3 and len(groups[2]) == 4 and _round(groups[0]) and groups[2][1:] == "000"
    )


def _round(group: str) -> bool:
    return (len(group) > 2 and group[-2:] == "00") or group == "0"


def _plausible(view: str, begin: int, end: int, digits: int, before: str) -> bool:
    number = view[begin:end]
    groups = GROUP.findall(number)
    if "(" in number:
        if all(map(_round, groups[1:])):
            return False
        return digits > SHORTEST_NUMBER or number[number.index("(") + 1] == "0"
    if not right(view, end, before == "word") or (before == "dot" and "." in number):
        return False
    if before == "slash" and digits < USUAL[1] and "/" in number:
        return False
    if number[1] == " ":  # 0 532 123 45 67
        sizes = {len(group) for group in groups[1:]}
        row = "/" not in number and len(sizes) == 1 and max(sizes) < 4  # 0 10 20 30 40, 0 120 240 360
        return not row and (digits in USUAL or "/" in number) and sum(map(_round, groups[1:])) < 2
    gaps = {gap for gap in GROUP.split(number) if gap}
    if all(len(group) == 2 for group in groups):
        if len(groups) == 5 and gaps == {" "}:
            longer = MORE_PAIRS.match(view, end) or re.search(r"[0-9]{2} \Z", view[max(0, begin - 3) : begin])
            return not (longer and _zeros(groups))  # 06 01 02 03 04, but no longer row
        if len(groups) != 5 and len(gaps) == 1:
            return False
    return not _zeros(groups)


def _zeros(groups: list[str]) -> bool:
    """True for numbers padded with zeros, side by side."""
    return all(group[0] == "0" for group in groups) and (len(groups) > 2 or len(groups[0]) == len(groups[1]))


def _ends(view: str, begin: int, end: int, *, whole: bool = False) -> dict[int, int]:
    """The possible ends of a number: for each count of digits the position behind it. Unless ``whole`` is set, digits
    that look like a further number begin another one."""
    ends, digits = {}, 0
    for group in GROUP.finditer(view, begin, end):
        first, last = group.span()
        may_end = digits > SHORTEST_NUMBER and view[first - 1] == " "
        if may_end and (starts_else(view, first) or (not whole and FURTHER.match(view, first, end + AHEAD))):
            break
        if view[first - 1 : last + 1] != TRUNK_IN_BRACKETS or first - 1 == begin:
            digits += len(group[0])
        goes_on = view[last : last + 1] in LONGER or (last < end and view[last] == ")")
        if SHORTEST_NUMBER <= digits <= LONGEST_NUMBER and not goes_on and not breaks(view, first, last):
            ends[digits] = last
    return ends
