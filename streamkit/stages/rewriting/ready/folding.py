"""A view of a text in which a plain character replaces each character of another script or width.

Ready rules search this view, so they are written for a few plain classes, and apply to every script. It has as many
characters as the text, so positions in one are positions in the other.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["LATIN", "OTHER", "fold"]

LATIN = "é\u0301"
"""The characters for any Latin letter outside of ASCII, and for any accent that follows its letter."""
OTHER = "ж字𐐨"
"""The characters for any letter or mark of another script, by its octets in UTF-8: two, three, four."""

PLAIN_FORMS = ("<wide>", "<small>", "<narrow>", "<font>", "<noBreak>")  # how Unicode marks variants of plain characters
DASHES = "\u00ad\u2043\u2212"  # soft hyphen, hyphen bullet, minus: dashes that are not in the category of dashes
BY_PLACE = dict.fromkeys("\u2013\u2014\u2015", "–") | dict.fromkeys("ーｰ", "ー") | dict.fromkeys("・･·", "・")
"""The meaning of these depends on their neighbours: a long dash joins numbers or separates sentences; between digits
the mark of a long vowel serves as a dash, and a middle dot as a dot."""
JOINERS = "\u200c\u200d"  # they stand within words of Arabic and Indic scripts
BLOCK = 32
ACCENTS = range(0x300, 0x370)
EMOJI_MARKS = (*range(0x20D0, 0x2100), *range(0xFE00, 0xFE10))  # marks on symbols, not part of a word

LETTER = rf"A-Za-z{LATIN}{OTHER}ー"
PARTING = re.compile(  # at the end of a text it is not known yet
    rf"–(?:(?<=[{LETTER}]–)(?![\-–]|\Z)|(?<![\-–]–)(?=[{LETTER}]))"
)


class _Table(dict[int, str]):
    """A table for ``str.translate``; an entry is computed when its character first occurs."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = chr(code) if code < 128 or code in EMOJI_MARKS else _plain_equivalent(chr(code))
        return folded


TABLE = _Table()


def fold(text: str) -> str:
    return text if text.isascii() else _fold(text)


@lru_cache(maxsize=4)  # the rules of one redactor pass the same text, one after the other
def _fold(text: str) -> str:
    folded = "".join([_block(text[at : at + BLOCK]) for at in range(0, len(text), BLOCK)])
    if "–" in folded:
        folded = PARTING.sub("—", folded).replace("–", "-")
    if "ー" in folded:
        folded = re.sub(r"(?<=[0-9])ー(?=[0-9]|\Z)", "-", folded).replace("ー", OTHER[1])
    return re.sub(r"(?<=[0-9])・(?=[0-9]|\Z)", ".", folded) if "・" in folded else folded


@lru_cache(maxsize=256)  # a growing text comes again with a few more characters
def _block(text: str) -> str:
    return text if text.isascii() else text.translate(TABLE)


def _plain_equivalent(char: str) -> str:
    if char in BY_PLACE:
        return BY_PLACE[char]
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if unicodedata.decomposition(char).startswith(PLAIN_FORMS):
        plain = unicodedata.normalize("NFKC", char)
        if len(plain) == 1 and plain.isascii():
            return plain
    if category == "Pd" or char in DASHES:
        return "-"
    if char not in JOINERS and category in ("Zs", "Cf"):
        return " "  # also marks of direction, which stand around numbers in Arabic and Hebrew
    if char in JOINERS or category[0] in "LM":
        return _letter(char)
    return char


def _letter(char: str) -> str:
    if ord(char) in ACCENTS:
        return LATIN[1]
    if unicodedata.name(char, "").startswith("LATIN "):
        return LATIN[0]
    return OTHER[len(char.encode()) - 2]
