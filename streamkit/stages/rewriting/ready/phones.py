"""Phone numbers as people write them: with a country code, or in one of the national forms listed here.

Plain numbers are everywhere, so a number counts only with something that marks it: a plus sign, a trunk prefix,
brackets or the groups of one country. Dates, times, versions and numbers of books are written with the same signs;
what they look like is said here too.
"""

from __future__ import annotations

import re

from .folding import LATIN
from .spans import Span, Spans

__all__ = ["Phones"]

LONGEST = 64
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

GAP = r"[ ./\-]"
LATIN_LETTER = rf"A-Za-z{LATIN[0]}"
MORE = rf"(?:{GAP}?[0-9])"

# What a national number may not stand against: digits, identifiers, the rest of a decimal, a date, a version or a UUID.
LEFT = (
    rf"(?<![0-9{LATIN_LETTER}])(?:(?<![0-9][.,:/\-])|(?<=[0-9]{{5}}/))"  # `030-901820/030-901821` are two numbers
    r"(?<![0-9A-Fa-f]{4}-)"
)
RIGHT = re.compile(rf"(?![0-9{LATIN_LETTER}]|-[0-9{LATIN_LETTER}])")
END = re.compile(r"(?![0-9])")

DAY, YEAR = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:19|20)[0-9]{2}"
NO_DATE = (
    rf"(?!{DAY}(?P<mark>[./\-]){DAY}(?P=mark)(?:{YEAR}|[0-9]{{2}})(?!(?P=mark)?[0-9])"  # 01.02.2024, 05/06/24
    rf"|{DAY} {DAY} {YEAR}(?! ?[0-9])"
    rf"|{YEAR}[./\-]{DAY}[./\-]{DAY}{END.pattern}"
    rf"|[0-9]{{2}}(?P<same>{GAP})(?:[0-9]{{2}}(?P=same)){{2}}[0-9]{{2}}(?!(?P=same)?[0-9])"  # 01-02-03-04
    rf"|[0-9]{{3}}(?:\.[0-9]{{3}}){{3}}{END.pattern})"  # an IP address
)
NO_DATE_BEHIND = NO_DATE.replace("mark", "mark2").replace("same", "same2")
TIME = r"(?:[01][0-9]|2[0-4])\.?[0-5][0-9]"
NO_TIMES = rf"(?!{TIME}[ \-/]{TIME}{END.pattern})"  # 08.30-17.00
NO_BOOK = "".join(  # ISBN 0306406152, ISSN 0317-8471
    rf"(?<!{word}{mark})"
    for word in ("I[Ss][BbSs][Nn]", "isbn", "issn", "I[Ss][Bb][Nn]-10")
    for mark in ("", " ", ":", ": ")
)
NUMBERS_OF_A_COUNTRY = (
    # North America
    rf"(?:[18](?P<gap>{GAP})(?=[0-9]{{3}}(?P=gap)))?[0-9]{{3}}{GAP}[0-9]{{3}}{GAP}[0-9]{{4}}(?!\.[0-9])",
    r"0[1-9][0-9]{0,4}\([0-9]{1,5}\)[0-9]{3,5}",  # Japan
    rf"8{GAP}[0-9]{{3}}{GAP}[0-9]{{3}}{GAP}[0-9]{{2}}{GAP}[0-9]{{2}}",  # Russia
    r"1[3-9][0-9](?:[0-9]{8}|[ \-][0-9]{4}[ \-][0-9]{4})(?![.,][0-9])",  # China, mobile
    rf"{NO_BOOK}0[1-9][0-9]{{8,9}}(?![.,][0-9])",  # a trunk prefix, in one run
)
WHOLE = re.compile(f"{LEFT}(?:{'|'.join(NUMBERS_OF_A_COUNTRY)}){RIGHT.pattern}")
AREA = rf"(?:[18]{GAP}?)?\((?!{YEAR}\))[0-9]{{2,5}}\)(?! ?{YEAR}[./\-]){GAP}{{0,2}}"
NO_PART = (
    r"(?:(?<![0-9] )|(?![0-9]{3}(?: [0-9]{3})+(?![0-9])))"  # 1 012 345 678
    r"(?!(?<=[0-9]{4} )[0-9]{4} [0-9]{4}(?![0-9]))"  # of an account or a card: 3704 0044 0532 0130
)
TRUNK = (
    rf"{NO_BOOK}{NO_DATE}{NO_TIMES}{NO_PART}"
    rf"0[1-9](?:[0-9]{{0,4}}{GAP}|[0-9]{{1,4}} [/\-] {NO_DATE_BEHIND}{NO_TIMES})"
)
NATIONAL = re.compile(rf"{LEFT}(?P<number>(?:{AREA}|{TRUNK})[0-9]{MORE}{{3,14}})")
USUAL = (11, 10)
"""Digits of a national number with its area code, if groups end there. Else it has 12 at most, or all there are."""
UNIT = rf"(?:{MORE}|{GAP}?\([0-9]{{1,5}}\)(?={GAP}{{0,3}}[0-9]){GAP}?)"
INTERNATIONAL = re.compile(
    rf"(?:(?<![0-9])\+|{LEFT}{NO_PART}00 ?|(?<![0-9])(?:\(\+|\(00|\+\()(?=[0-9]{{1,3}}\)))"
    rf"(?P<number>[1-9](?:[0-9]{{0,2}}\)(?={GAP}?[0-9]){GAP}?)?{UNIT}{{0,5}}(?: ?[/\-] (?=[0-9]))?{UNIT}{{1,24}})"
)
GROUP = re.compile(r"[0-9]+")
TRUNK_IN_BRACKETS = "(0)"

START = re.compile(r"[0-9]+|[+(]")
DIGITS = "0123456789"
SIGNS = DIGITS + "+() ./-"


class Phones(Spans):
    longest = LONGEST

    def first(self, view: str, at: int, final: bool) -> Span:
        size = len(view)
        closed = size if final else max(at, size - LONGEST)
        closed += len(view[closed:].rstrip(SIGNS))
        for place in START.finditer(view, at):
            start = place.start()
            if start == at > 0 and place[0] not in "+(" and view[start - 1] in DIGITS:
                continue  # the rest of a run that is too long
            if start >= closed:
                return start  # nothing but signs of numbers follows it so far
            end = _international(view, start) or _national(view, start)
            if end:
                return start, end
        return None


def _international(view: str, start: int) -> int:
    """Where the number ends that begins with its country code at ``start``; 0 if none does."""
    found = INTERNATIONAL.match(view, start, start + LONGEST - 2)  # two characters more are looked at
    if found is None:
        return 0
    ends = _ends(view, *found.span("number"))
    number = "".join(GROUP.findall(found["number"]))
    for code in (number[:1], number[:2], number[:3]):
        for national in NATIONAL_DIGITS.get(code, ()):
            if len(code) + national in ends:
                return ends[len(code) + national]
    return max(ends.values(), default=0)


def _national(view: str, start: int) -> int:
    whole = WHOLE.match(view, start)
    if whole:
        return whole.end()
    found = NATIONAL.match(view, start)
    if found is None:
        return 0
    ends = _ends(view, *found.span("number"))
    if found["number"][0] == "0":
        ends = {digits: end for digits, end in ends.items() if RIGHT.match(view, end)}
    fitting = [
        digits for digits in (*USUAL, *sorted(ends, key=lambda digits: (digits > 12, -digits))) if digits in ends
    ]
    return ends[fitting[0]] if fitting else 0


def _ends(view: str, begin: int, end: int) -> dict[int, int]:
    """For each number of digits with which a number could end here, the place behind it."""
    ends, digits = {}, 0
    for group in GROUP.finditer(view, begin, end):
        if view[group.start() - 1 : group.end() + 1] != TRUNK_IN_BRACKETS:
            digits += len(group[0])
        in_brackets = group.end() < end and view[group.end()] == ")"
        if SHORTEST_NUMBER <= digits <= LONGEST_NUMBER and not in_brackets and END.match(view, group.end()):
            ends[digits] = group.end()
    return ends
