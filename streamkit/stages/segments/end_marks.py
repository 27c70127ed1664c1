"""An end mark with the text around it, and what can be said of it by that text and the lists of words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from . import abbreviations as known
from .boundary import ELIDED
from .scripts import CJK, is_lower

__all__ = ["ROMAN", "EndMark"]

ROMAN = re.compile("[IVXL]{1,6}$")
_NO_VOWEL = re.compile(r"[b-df-hj-np-tv-xz]{2,4}$", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]$")
_PLURAL = re.compile(r"([^\W\d_ivxlcm])\1$")
_UNSPACED = re.compile(f"[{CJK}\uac00-\ud7af\u1100-\u11ff]")
_FRONTED = re.compile(
    r"(?:about|after|around|at|before|between|by|circa|during|for|from|in|near|on|since|till|until)\b", re.IGNORECASE
)


@dataclass(slots=True)
class EndMark:
    """An end mark, ``chars``, and the text around it.

    ``before`` is the sentence up to the mark (without code and list marker), ``word`` the last word of it, and
    ``entry`` that word as lists have it; ``after`` is the next word as far as it is read, "" if no word follows.
    """

    before: str
    chars: str
    word: str
    after: str
    lang: str
    dash: bool = False  # a dash precedes the next word
    initial: bool = False  # the next word is an initial, or the name of a function in a formula
    quoted: bool = False  # a closing quote follows the mark
    stopped: bool = False  # the mark is inside a bracket or quote that another mark follows
    label: bool = False  # the next word is a letter, or a letter and digits: "A", "S1"
    after_question: bool = False  # the sentence before was a question
    listed: bool = False  # a bracket that has no opening one follows the mark, as in "2.)"
    entry: str = field(init=False)

    def __post_init__(self) -> None:
        self.entry = ELIDED.sub("", self.word.lower())

    @property
    def is_first(self) -> bool:
        """True if ``word`` is the first of its sentence."""
        return " " not in self.before

    @property
    def is_short(self) -> bool:
        return len(self.word) <= 2

    @property
    def previous(self) -> str:
        """The word before ``word``."""
        return self.before[: -len(self.word) or None].rstrip().rpartition(" ")[2]

    # --- the next word

    def before_small_letter(self) -> bool:
        """True if the next word begins with a small letter, unless a capital follows that, as in names of products."""
        if not is_lower(self.after[:1]) or self.initial:
            return False
        return "." in self.after or not any(char.isupper() for char in self.after[1:4])

    def before_digit(self) -> bool:
        return self.after[:1].isdigit()

    def before_start(self) -> bool:
        """True if the next word has a capital that it has only at the beginning of a sentence."""
        full = self.after.replace("’", "'")
        word = full.partition("'")[0]
        if word.islower() or (word.isupper() and len(word) > 1):
            return False
        return not known.starters(self.lang).isdisjoint((full.lower(), word.lower()))

    # --- the word before the mark

    def is_plain(self) -> bool:
        """True for a longer word in small letters, perhaps after a capital, that is in no list: most words."""
        word = self.word
        if len(word) < 5 or not word[1:].islower() or not word.isalpha() or self.stopped or self.listed:
            return False
        return word.lower() not in known.with_rules(self.lang)

    def is_capitals(self) -> bool:
        """True for an acronym: capitals in a text with small letters do not abbreviate a word: "CF" is not "cf"."""
        if len(self.entry) < 2 or not self.word.isupper() or not self.entry.isalpha():
            return False
        if self.before_digit() or ROMAN.match(self.word) or not any(map(is_lower, self.before)):
            return False
        return self.lang not in known.LARGE_ABBREVIATIONS and self.entry not in known.LARGE_TITLES

    def is_title(self) -> bool:
        """True for a word that another must follow, but not for a unit after a number: "40 ms" is not "Ms"."""
        if self.entry in known.never(self.lang):
            return not (self.word in known.UNITS and self.previous[-1:].isdigit())
        return len(self.entry) > 4 and self.entry.rpartition("-")[2] in known.TITLES

    def is_versus(self) -> bool:
        """True for "vs." at the end of a sentence, not before a name ("Kim vs. The Kettle")."""
        if self.entry not in known.AGAINST or self.after.lower() in known.ARTICLES:
            return False
        return self.is_title() and self.before_start()

    def is_doubled(self) -> bool:
        """True for the initials of a plural: "EE. UU."."""
        return self.lang in known.DOUBLING and self.word.isupper() and _PLURAL.match(self.entry) is not None

    def is_roman(self) -> bool:
        return ROMAN.match(self.word) is not None and not self.is_first

    def may_precede_number(self) -> bool:
        if self.entry in known.before_numbers(self.lang) or self.entry in known.UNITS:
            return True
        return _NO_VOWEL.match(self.entry) is not None

    def is_labelled(self) -> bool:
        """True if the next letter names a figure or section; not after words that may also end a sentence."""
        if not self.label or self.entry not in known.before_numbers(self.lang) or self.entry in known.CALENDAR:
            return False
        if self.word[:1].isupper() or self.entry not in known.ORDINARY or self.lang != "en":
            return True
        return self.previous.lower().lstrip("([") in known.POINTING

    def is_measure(self) -> bool:
        """True after a number with a unit, where a capital is rare, except in German: nouns have one, units no stop."""
        if self.entry not in known.UNITS or self.entry in known.QUANTIFIERS or not self.after or self.before_digit():
            return False
        before = self.previous.rstrip(".").lower()
        is_counted = before[-1:].isdigit() or before in known.MULTIPLES
        return is_counted and not self.initial and self.lang not in known.LARGE_NOUNS

    def is_letter(self) -> bool:
        """True for what may be the initial of a name."""
        word = self.entry
        if self.lang in known.SYLLABLE_INITIALS:
            word = "".join(char for char in word if unicodedata.category(char) == "Lo")
        return len(word) == 1 and word.isalpha() and not _UNSPACED.match(word)

    def is_unit_letter(self) -> bool:
        return self.previous[-1:].isdigit() and self.word in known.UNIT_LETTERS

    def is_initials(self) -> bool:
        """True for initials of a name: in languages other than English few acronyms have stops."""
        return self.lang != "en" and self.word.isupper() and _INITIALS.match(self.word) is not None

    def is_ordinary(self) -> bool:
        return self.entry in known.ORDINARY or (self.word.islower() and self.entry in known.common(self.lang))

    # --- numbers

    def is_date(self) -> bool:
        """True for a day or month before a month or year: "3. 5. 2020"."""
        if not self.before_digit() or not self.is_short or int(self.word) > 31:
            return False
        return len(self.after) <= 2 or (len(self.after) == 4 and self.previous.endswith("."))

    def follows_label(self) -> bool:
        """True for the number or letter of a figure: "Fig. 3"."""
        before = self.previous.lower()
        return before.endswith(".") and before[:-1] in known.before_numbers(self.lang)

    def is_ordinal(self) -> bool:
        """True if a long number is an ordinal, by the article or genitive before it or the noun after it."""
        before = self.previous
        if before.lower() in known.articles(self.lang) or self.after.lower() in known.ORDINAL_NOUNS:
            return True
        return self.lang in known.LARGE_NOUNS and before[:1].isupper() and before.endswith("s") and len(before) > 3

    # --- times

    def is_fronted_time(self) -> bool:
        """True if the sentence so far is only an adverbial ("At 5 a.m."), which its subject must follow."""
        if self.entry not in known.TIMES:
            return False
        clause = re.split(r"[:;] ", self.before)[-1].lstrip()
        return _FRONTED.match(clause) is not None and len(clause.split()) <= 9
