"""Phone numbers as people write them: with a country code, or in one of the national forms listed here.

Plain numbers are everywhere, so a number counts only with something that marks it: a plus sign, a trunk prefix,
brackets or the groups of one country. Dates, times, versions and numbers of books are written with the same signs;
what they look like is said here too.
"""

from __future__ import annotations

import re

from .numbers import AHEAD, END, NO_DATE, NO_TIMES, YEAR, book, breaks, left, right, starts_else
from .spans import Span, Spans

__all__ = ["Phones"]

LONGEST = 64
HELD = LONGEST + AHEAD
SHORTEST_NUMBER, LONGEST_NUMBER = 8, 15  # digits, E.164 section 6
NATIONAL_DIGITS = {
    "1": (10,), "7": (10,), "20": (10,), "27": (9,), "30": (10,), "31": (9,), "33": (9,), "34": (9,), "39": (10, 9),
    "44": (10,), "45": (8,), "46": (9,), "47": (8,), "48": (9,), "51": (9,), "52": (10,), "55": (11, 10), "57": (10,),
    "60": (10, 9), "61": (9,), "63": (10,), "65": (8,), "66": (9, 8), "81": (10, 9), "82": (10, 9, 8), "84": (9,),
    "86": (11, 10), "90": (10,), "91": (10,), "92": (10,), "98": (10,), "234": (10,), "351": (9,), "380": (9,),
    "420": (9,), "852": (8,), "880": (10,), "886": (9, 8), "966": (9,), "971": (9, 8), "972": (9, 8),
}  # fmt: skip
"""How many digits follow a country code as a rule, so that a number behind a phone number is not taken for more of it.
Where none of them fits, and for other countries, as many groups are taken as a number may have digits."""
OPEN = ("49", "43", "358", "62", "64", "32", "41", "353", "36", "40", "359", "385", "386", "421", "370", "371", "372")
"""Codes of other countries that are common behind 00, with numbers of many lengths."""

GAP = r"(?: {1,2}|[./\-])"
MORE = rf"(?:{GAP}?[0-9])"
NUMBERS_OF_A_COUNTRY = tuple(
    re.compile(form)
    for form in (
        # North America, and what else is written 3-3-4
        rf"(?:[18](?P<gap>{GAP})(?=[0-9]{{3}}(?P=gap)))?[2-9][0-9]{{2}}{GAP}[0-9]{{3}}{GAP}[0-9]{{4}}(?!\.[0-9])",
        r"0[1-9][0-9]{0,4}\([0-9]{1,5}\)[0-9]{3,5}",  # Japan
        r"0[1-9][0-9]{0,2}\) ?[0-9]{3,4}[ \-][0-9]{4}",  # Korea
        rf"8{GAP}[0-9]{{3}}{GAP}[0-9]{{3}}{GAP}[0-9]{{2}}{GAP}[0-9]{{2}}",  # Russia
        # China, mobile and with its country code
        r"(?:86[ \-]?)?1[3-9][0-9](?:[ \-]?[0-9]{4}[ \-]?[0-9]{4}|\.[0-9]{4}\.[0-9]{4}|[ \-]?[0-9]{3}[ \-][0-9]{5})"
        r"(?!\.[0-9])",
        r"86-[1-9][0-9]{1,2}-[0-9]{7,8}",
        r"0[1-9][0-9]{8,9}(?!\.[0-9])",  # a trunk prefix, in one run
    )
)
AREA = (
    rf"(?:[018]{GAP}?|7 ?(?=\([0-9]{{3,5}}\) ?[0-9]{{1,3}}[ \-][0-9]{{2}}[ \-][0-9]{{2}}{END}))?"
    rf"\((?!{YEAR}\))(?:0 )?[0-9]{{2,5}}\)(?! ?{YEAR}[./\-]){GAP}{{0,2}}|\(0\) ?(?=[1-9])"
)
NO_PART = (
    r"(?:(?<![0-9] )|(?![0-9]{3}(?: [0-9]{3})+(?![0-9])))"  # 1 012 345 678
    r"(?!(?<=[0-9]{4} )[0-9]{4} [0-9]{4}(?![0-9]))"  # of an account or a card: 3704 0044 0532 0130
)
NO_DATE_BEHIND = NO_DATE.replace("mark", "mark2").replace("same", "same2")
TRUNK = (
    rf"{NO_DATE}{NO_TIMES}{NO_PART}"
    rf"0(?:[1-9](?:[0-9]{{0,4}}{GAP}|[0-9]{{1,4}} [/\-] {NO_DATE_BEHIND}{NO_TIMES})|(?<![0-9] 0) [1-9][0-9]{{1,4}}{GAP})"
)
NATIONAL = re.compile(rf"(?P<number>(?:{AREA}|{TRUNK})[0-9]{MORE}{{3,14}})")
USUAL = (11, 10)
"""Digits of a national number with its area code, if groups end there. Else it has 12 at most, or all there are."""
UNIT = rf"(?:{MORE}|{GAP}?\([0-9]{{1,5}}\)(?={GAP}{{0,3}}[0-9]){GAP}?)"
INTERNATIONAL = re.compile(
    r"(?:(?<![0-9])(?:\+|(?<![0-9A-Za-z)\]] )\+ )|"
    rf"{NO_PART}(?P<zeros>00[ \-]?|011[ \-])"
    r"|(?<![0-9])(?:\(\+|\(00|\+\()(?=[0-9]{1,3}\)))"
    rf"(?P<number>[1-9](?:[0-9]{{0,2}}\)(?={GAP}?\(?[0-9]){GAP}?)?{UNIT}{{0,5}}(?: ?[/\-] (?=[0-9]))?{UNIT}{{1,24}})"
)
GROUP = re.compile(r"[0-9]+")
TRUNK_IN_BRACKETS = "(0)"
THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:[ .][0-9]{3})+")
MONEY = re.compile(r" ?[€$£¥%]")

START = re.compile(r"\\u[0-9A-Fa-f]{4}|(?:\\x|%)[0-9A-Fa-f]{2}|[0-9]+|[+(]")
ESCAPE = 6
DIGITS = "0123456789"
SIGNS = DIGITS + "+() ./-,:"
WORD_AT_END = re.compile(r"(?<=[0-9])[A-Za-z]+[0-9]*\Z|(?<=[0-9]-)[0-9A-Za-zé]+\Z")  # `right` wants more of it
LONGER = tuple(DIGITS)


class Phones(Spans):
    longest = HELD

    def first(self, view: str, at: int, final: bool) -> Span:
        closed = len(view) if final else _closed(view, at)
        for place in START.finditer(view, max(0, at - ESCAPE)):
            start = place.start()
            if start < at or place[0][0] in "\\%":
                if place.end() > closed and place[0][0] in "\\%" and start >= at:
                    return start
                continue  # the rest of a run that is too long, or digits that mean some other character
            if start >= closed:
                return start  # nothing but signs of numbers follows it so far
            end = _international(view, start) or _national(view, start)
            if end:
                return start, end
        return None


def _closed(view: str, at: int) -> int:
    """What begins before this place is decided, whatever follows."""
    low = max(at, len(view) - HELD)
    word = WORD_AT_END.search(view, max(low, len(view) - AHEAD))
    end = word.start() if word else len(view)
    return low + len(view[low:end].rstrip(SIGNS))


def _international(view: str, start: int) -> int:
    """Where the number ends that begins with its country code at ``start``; 0 if none does."""
    found = INTERNATIONAL.match(view, start, start + LONGEST - 2)  # two characters more are looked at
    if found is None:
        return 0
    if found["zeros"] and left(view, start) not in ("free", "word", "comma", "slash"):
        return 0
    written = found["number"]
    ends = _ends(view, *found.span("number"))
    number = "".join(GROUP.findall(written))
    known = False
    for code in (number[:1], number[:2], number[:3]):
        for national in _national_digits(code, number[len(code) :]):
            known = True
            if len(code) + national in ends:
                return ends[len(code) + national]
    in_one_run = written.isdigit()
    if found["zeros"] and (found["zeros"][:3] == "011" or (in_one_run and not _open(number))):
        return 0  # a number padded with zeros
    if known and (in_one_run or number[0] in "17"):
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
    against = left(view, start)
    if not against or book(view, start):
        return 0
    for form in NUMBERS_OF_A_COUNTRY:
        whole = form.match(view, start)
        if whole and right(view, whole.end(), against == "word") and not _other(whole[0], against):
            return whole.end()
    found = NATIONAL.match(view, start, start + LONGEST)
    if found is None:
        return 0
    begin, end = found.span("number")
    ends = _ends(view, begin, end)
    fitting = [*USUAL, *sorted(ends, key=lambda digits: (digits > 12, -digits))]
    for digits in fitting:
        if digits in ends and _plausible(view, begin, ends[digits], digits, against):
            return ends[digits]
    return 0


def _other(number: str, against: str) -> bool:
    """Three groups of round numbers, or the rest of a version."""
    groups = GROUP.findall(number)
    if against == "dot" and "." in number:
        return True
    return number[0] != "0" and len(groups) == 3 and len(groups[2]) == 4 and _round(groups[0]) and groups[2][1:] == "000"


def _round(group: str) -> bool:
    return len(group) > 2 and group[-2:] == "00" or group == "0"


def _plausible(view: str, begin: int, end: int, digits: int, against: str) -> bool:
    number = view[begin:end]
    groups = GROUP.findall(number)
    if "(" in number:
        if all(map(_round, groups[1:])):
            return False
        return digits > SHORTEST_NUMBER or number[number.index("(") + 1] == "0"
    if not right(view, end, against == "word") or (against == "dot" and "." in number):
        return False
    if against == "slash" and digits < USUAL[1] and "/" in number:
        return False
    if number[1] == " ":  # 0 532 123 45 67
        return (digits in USUAL or "/" in number) and sum(map(_round, groups[1:])) < 2
    gaps = {gap for gap in GROUP.split(number) if gap}
    if all(len(group) == 2 for group in groups):
        return len(groups) == 5 and (gaps == {" "} or not _zeros(groups)) or len(gaps) > 1 and not _zeros(groups)
    return not _zeros(groups)


def _zeros(groups: list[str]) -> bool:
    """Numbers padded with zeros, side by side."""
    return all(group[0] == "0" for group in groups) and (len(groups) > 2 or len(groups[0]) == len(groups[1]))


def _ends(view: str, begin: int, end: int) -> dict[int, int]:
    """For each number of digits with which a number could end here, the place behind it."""
    ends, digits = {}, 0
    for group in GROUP.finditer(view, begin, end):
        first, last = group.span()
        if digits > SHORTEST_NUMBER and view[first - 1] == " " and starts_else(view, first):
            break
        if view[first - 1 : last + 1] != TRUNK_IN_BRACKETS or first - 1 == begin:
            digits += len(group[0])
        in_brackets = last < end and view[last] == ")"
        if SHORTEST_NUMBER <= digits <= LONGEST_NUMBER and not in_brackets and view[last : last + 1] not in LONGER:
            if not breaks(view, first, last):
                ends[digits] = last
    return ends
