"""The forms in which phone numbers are written, with a country code or within one country, and how long they are."""

from __future__ import annotations

import re

from .numbers import END, NO_DATE, NO_TIMES, YEAR

__all__ = ["GROUP", "INTERNATIONAL", "NATIONAL", "NATIONAL_DIGITS", "NUMBERS_OF_A_COUNTRY", "OPEN", "USUAL"]

NATIONAL_DIGITS = {
    "1": (10,), "7": (10,), "20": (10,), "27": (9,), "30": (10,), "31": (9,), "33": (9,), "34": (9,), "39": (10, 9),
    "44": (10,), "45": (8,), "46": (9,), "47": (8,), "48": (9,), "51": (9,), "52": (10,), "55": (11, 10), "57": (10,),
    "60": (10, 9), "61": (9,), "63": (10,), "65": (8,), "66": (9, 8), "81": (10, 9), "82": (10, 9, 8), "84": (9,),
    "86": (11, 10), "90": (10,), "91": (10,), "92": (10,), "98": (10,), "234": (10,), "351": (9,), "380": (9,),
    "420": (9,), "852": (8,), "880": (10,), "886": (9, 8), "966": (9,), "971": (9, 8), "972": (9, 8),
}  # fmt: skip
"""The usual number of digits after a country code, so that a number behind a phone number is not taken for more of it.
Where none of them fits, and for other countries, as many groups are taken as a number may have digits."""
OPEN = ("49", "43", "358", "62", "64", "32", "41", "353", "36", "40", "359", "385", "386", "421", "370", "371", "372")
"""Codes of other countries that are common behind 00, with numbers of many lengths."""

GAP = r"(?: {1,2}|[./\-])"
MORE = rf"(?:{GAP}?[0-9])"
CHINESE = r"(?:[ \-]?[0-9]{4}[ \-]?[0-9]{4}|\.[0-9]{4}\.[0-9]{4}|[ \-]?[0-9]{3}[ \-][0-9]{5})"
NUMBERS_OF_A_COUNTRY = tuple(
    re.compile(form)
    for form in (
        # North America, and other countries that write 3-3-4
        rf"(?:[18](?P<gap>{GAP})(?=[0-9]{{3}}(?P=gap)))?[2-9][0-9]{{2}}{GAP}[0-9]{{3}}{GAP}[0-9]{{4}}(?!\.[0-9])",
        r"0[1-9][0-9]{0,4}\([0-9]{1,5}\)[0-9]{3,5}",  # Japan
        r"0[1-9][0-9]{0,2}\) ?[0-9]{3,4}[ \-][0-9]{4}",  # Korea
        rf"8{GAP}[0-9]{{3}}{GAP}[0-9]{{3}}{GAP}[0-9]{{2}}{GAP}[0-9]{{2}}",  # Russia
        # China, mobile and with its country code
        rf"(?:86[ \-]?)?1[3-9][0-9]{CHINESE}(?!\.[0-9])",
        r"86-[1-9][0-9]{1,2}-[0-9]{7,8}",
        r"0[1-9][0-9]{8,9}(?!\.[0-9])",  # a trunk prefix, in one run
    )
)
AREA = (
    rf"(?:[018]{GAP}?|7 ?(?=\([0-9]{{3,5}}\) ?[0-9]{{1,3}}[ \-][0-9]{{2}}[ \-][0-9]{{2}}{END}))?"
    rf"\((?!{YEAR}\))(?:0 )?[0-9]{{2,5}}\)(?! ?{YEAR}[./\-]){GAP}{{0,2}}|\(0\) ?(?=[1-9])"
)
NO_PART = (
    r"(?:(?<![0-9] )|(?![0-9]{3}(?: [0-9]{3})+(?! ?[0-9])))"  # 1 012 345 678
    r"(?!(?<=[0-9]{4} )[0-9]{4} [0-9]{4}(?![0-9]))"  # of an account or a card: 3704 0044 0532 0130
)
NO_DATE_BEHIND = NO_DATE.replace("mark", "mark2").replace("same", "same2")
TRUNK = (
    rf"{NO_DATE}{NO_TIMES}{NO_PART}"
    rf"0(?:[1-9](?:[0-9]{{0,4}}{GAP}|[0-9]{{1,4}} [/\-] {NO_DATE_BEHIND}{NO_TIMES})"
    rf"|(?<![0-9] 0) [1-9][0-9]{{1,4}}{GAP})"
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
