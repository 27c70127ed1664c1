"""The text that may stand around a phone number, and other digits in groups: dates, times, prices, books.

Each function looks only a few characters to either side, so a number is decided soon after its last sign.
"""

from __future__ import annotations

import re

from .folding import LATIN

__all__ = ["AHEAD", "DAY", "END", "NO_DATE", "NO_TIMES", "YEAR", "book", "breaks", "left", "right", "starts_else"]

AHEAD = 14
"""The most characters behind a number that `right` looks at."""
BEHIND = 20
LATIN_LETTER = rf"A-Za-z{LATIN[0]}"
END = r"(?![0-9])"

DAY, YEAR = r"(?:0?[1-9]|[12][0-9]|3[01])", r"(?:19|20)[0-9]{2}"
GAP = r"[ ./\-]"
NO_DATE = (
    rf"(?!{DAY}(?P<mark>[./\-]){DAY}(?P=mark)(?:{YEAR}|[0-9]{{2}})(?!(?P=mark)?[0-9])"  # 01.02.2024, 05/06/24
    rf"|{DAY} {DAY} {YEAR}(?! ?[0-9])"
    rf"|0?[1-9]{GAP}{YEAR}{END}"  # 02/2024
    rf"|{YEAR}[./\-]{DAY}[./\-]{DAY}{END}"
    rf"|[0-9]{{2}}(?P<same>{GAP})(?:[0-9]{{2}}(?P=same)){{2}}[0-9]{{2}}(?!(?P=same)?[0-9])"  # 01-02-03-04
    rf"|[0-9]{{3}}(?:\.[0-9]{{3}}){{3}}{END})"  # an IP address
)
TIME = r"(?:[01][0-9]|2[0-4])\.?[0-5][0-9]"
NO_TIMES = rf"(?!{TIME}(?:[\-/]{TIME}{END}| {TIME}(?! ?[0-9])))"  # 08.30-17.00, 0830 1700

ESCAPE = r"(?:\\[nrtbfv]|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}|\x1b\[[0-9;]{0,8}m)"
AGAINST = re.compile(rf"{ESCAPE}\Z")
WORDED = re.compile(
    r"(?:(?<![A-Za-z])|(?<=\\[nrt]))"
    r"(?:tele?|fax|phone|telephone|telefone?|telefax|mobil|mobile|cell|call|fon|handy|whatsapp)[.:]?-?\Z",
    re.IGNORECASE,
)
LIST_NUMBER = re.compile(r"(?:\A|[^0-9.,])[1-9][0-9]?\.\Z")
BOOK = re.compile(r"is[bs]ns?\W{0,4}(?:1[03]|no|number)?\W{0,4}\Z", re.IGNORECASE)
DASHED = re.compile(r"-[0-9A-Za-zé]{0,12}")
EXTENSION = re.compile(r"(?:x|ext\.?)[0-9]{1,5}(?![0-9A-Za-z])", re.IGNORECASE)

BREAK = re.compile(r"[.,:/][0-9]{1,2}(?![0-9]|[ \-/(]{1,2}[0-9])")
ELSE = re.compile(
    rf"{DAY}(?P<mark>[./\-]){DAY}(?P=mark)(?:{YEAR}|[0-9]{{2}}){END}|{YEAR}[./\-]{DAY}[./\-]{DAY}{END}"
    rf"|{DAY}\.{DAY}\.{END}|[0-9]{{1,2}}:[0-9]{{2}}|[0-9]{{1,2}}/[0-9]{{1,2}}(?![0-9/\-])"
    rf"|[0-9]{{1,4}}[.,][0-9]{{2}}(?![0-9./\-]| [0-9])"
)


def left(view: str, start: int) -> str:
    """The kind of text before a national number at ``start``: "free", a "word" for phones, a "dot", "comma" or "slash"
    behind digits; "" for text that may not come before it: digits, identifiers, the rest of a decimal or of a date."""
    last = view[start - 1 : start]
    if not last or last in " \n":
        return "free"
    before = view[max(0, start - BEHIND) : start]
    if AGAINST.search(before):
        return "free"
    if WORDED.search(before):
        return "word"
    if (last.isascii() and last.isalnum()) or last == LATIN[0]:
        return ""
    if last == "-":
        return "" if re.search(rf"[0-9{LATIN_LETTER}]-\Z", before) else "free"
    if last in ".,/" and before[-2:-1].isdigit():
        if last == ".":
            return "dot" if LIST_NUMBER.search(before) else ""
        if last == "/":
            return "slash"
        return "" if re.search(r"(?:\A|[^0-9])0,\Z", before) else "comma"
    return "free"


def right(view: str, end: int, worded: bool = False) -> bool:
    """True if a number may end here: not before digits, Latin letters (unless a word for phones stood before it), or a
    dash and more of an identifier."""
    behind = view[end : end + 1]
    if not behind:
        return True
    if behind in "0123456789":
        return False
    if behind == "-":
        token = DASHED.match(view, end)[0][1:]  # type: ignore[index]  # there is a dash
        return not (any(char in "0123456789" for char in token) or (len(token) in (1, 2) and token.isupper()))
    if behind == LATIN[0] or (behind.isascii() and behind.isalpha()):
        return worded or EXTENSION.match(view, end) is not None
    return True


def book(view: str, start: int) -> bool:
    """True for the number of a book or journal: ISBN 0306406152, ISSN 0317-8471."""
    return BOOK.search(view, max(0, start - BEHIND), start) is not None


def breaks(view: str, group: int, end: int) -> bool:
    """True if the last digits would be the beginning of a price, time or decimal: 12.50, 9:00, 24/7."""
    return end - group <= 4 and BREAK.match(view, end) is not None and (end - group <= 2 or view[end] in ".,")


def starts_else(view: str, at: int) -> bool:
    """True if a date, time or price begins here, and not a group of a number."""
    return ELSE.match(view, at) is not None
