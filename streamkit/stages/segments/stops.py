"""Rules that decide whether a mark before white space ends the sentence; a judge is called where no rule applies."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from . import abbreviations as known
from .boundary import ACRONYM, ELIDED, Judge
from .scripts import CJK, is_lower

__all__ = ["EndMark", "decide"]


@dataclass(slots=True)
class EndMark:
    """An end mark, ``chars``, and the text around it.

    ``before`` is the sentence up to the mark (without code and list marker), ``word`` the last word of it;
    ``after`` is the next word as far as it is read, "" if no word follows.
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

    @property
    def is_first(self) -> bool:
        """True if ``word`` is the first of its sentence."""
        return " " not in self.before

    @property
    def previous(self) -> str:
        """The word before ``word``."""
        return self.before[: -len(self.word) or None].rstrip().rpartition(" ")[2]


_NUMBER = re.compile(r"\d{1,3}(?:[.\u00a0\u202f]\d{3})+$|\d+$")
_NO_VOWEL = re.compile(r"[b-df-hj-np-tv-xz]{2,4}$", re.IGNORECASE)
_ADDRESS = re.compile(r"@|://|^www\.|/[^\W\d_]{1,6}$")
_PAUSE = re.compile(r"\.[\s.]*\.|.*…")
_I = re.compile(r"I(?![^\W_])")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]$")
_DOUBLE = re.compile(r"(?:[^\W\d_]\.-)+[^\W\d_]$")  # initials of a double name
_PLURAL = re.compile(r"([^\W\d_ivxlcm])\1$")  # of initials, as in "EE. UU."
_ROMAN = re.compile("[IVXL]{1,6}$")
_CLOSED = frozenset(")]}»”）】")
_UNSPACED = re.compile(f"[{CJK}\uac00-\ud7af\u1100-\u11ff]")


def decide(mark: EndMark, judge: Judge) -> bool:
    """True if ``mark``, followed by white space, ends the sentence."""
    if is_lower(mark.after[:1]) and not mark.initial and not _has_inner_capital(mark.after):
        return _small_after(mark)
    if mark.chars != ".":
        return _other_mark(mark)
    if mark.listed:
        return False
    if mark.stopped or mark.word[-1:] in _CLOSED:
        return True  # the stop of an abbreviation would come right after it
    answer = _stop(mark, mark.word.lower())
    if answer is not None:
        return answer
    return (_starts(mark) and len(mark.word) > 1) or _ask_judge(mark, judge)


def _small_after(mark: EndMark) -> bool:
    """False before a small letter, unless the writer begins sentences with small letters."""
    if not is_lower(mark.before[:1]) or mark.quoted or mark.dash or _PAUSE.match(mark.chars):
        return False
    if mark.chars != ".":
        return True
    word = mark.word.lower()
    if mark.lang in known.ORDINAL and _NUMBER.match(word):
        return False
    return (
        (len(word) > 2 or word in known.SHORT)
        and "." not in word
        and word not in known.abbreviations(mark.lang) | known.UNITS
    )


def _has_inner_capital(word: str) -> bool:
    """True for a product name like that of a phone, which may begin a sentence in spite of its small first letter."""
    return "." not in word and any(char.isupper() for char in word[1:4])


def _other_mark(mark: EndMark) -> bool:
    if mark.quoted and mark.dash:
        return False  # an answer, or the name of the speaker
    if mark.quoted and _PAUSE.match(mark.chars) and mark.after:
        return _starts(mark)  # else the name of the speaker
    if (mark.quoted or _PAUSE.match(mark.chars)) and mark.lang == "en" and _I.match(mark.after):
        return False  # capital anywhere, so it does not show a new sentence after a pause or a quoted question
    return mark.word.lower() not in known.SHOUTED or _starts(mark)


def _starts(mark: EndMark) -> bool:
    """True if the next word has a capital that it has only at the beginning of a sentence."""
    full = mark.after.replace("’", "'")
    word = full.partition("'")[0]
    if word.islower() or (word.isupper() and len(word) > 1):
        return False
    return not known.starters(mark.lang).isdisjoint((full.lower(), word.lower()))


def _stop(mark: EndMark, word: str) -> bool | None:
    after, lang = mark.after, mark.lang
    if not word:
        return True
    if _NUMBER.match(word):
        return _after_number(mark)
    if mark.previous.endswith(".") and f"{mark.previous.lower()}{word}" in known.FINAL:
        return True  # written with spaces, as "u. s. w."
    if _ADDRESS.search(word):
        return True
    word = ELIDED.sub("", word)
    if after in {"§", "¶"} and (word in known.CITED or word in known.abbreviations(lang)):
        return False
    if lang in known.DOUBLING and mark.word.isupper() and _PLURAL.match(word):
        return _starts(mark)
    if _is_capitals(mark, word):
        return True
    is_title = len(word) > 4 and word.rpartition("-")[2] in known.TITLES
    if is_title or (word in known.never(lang) and not _is_counted(mark)):
        return word in known.AGAINST and _starts(mark) and after.lower() not in known.ARTICLES
    if lang in known.ORDINAL and _ROMAN.match(mark.word) and not mark.is_first:
        return _starts(mark)
    if after[:1].isdigit() and (word in known.before_numbers(lang) or word in known.UNITS or _NO_VOWEL.match(word)):
        return False
    if len(after) > 1 and _ROMAN.match(after) and word in known.before_numbers(lang):
        return False
    if mark.label and _is_labelled(mark, word):
        return False
    if _is_measure(mark, word):
        return True
    if after.lower() in known.COMPANIES and word in known.COMPANIES:
        return False
    if word in known.FINAL and ("." in word or not mark.is_first):
        return True
    if mark.initial and word in known.LEGAL and mark.word[:1].isupper():
        return False
    if _DOUBLE.match(mark.word):
        return _starts(mark)
    if ACRONYM.match(mark.word):
        return _after_acronym(mark, word)
    if mark.word.islower() and len(word) == 1 and word in known.may_end(lang):
        return _starts(mark)  # not an initial, which would be a capital
    if _is_letter(word, lang):
        return _after_letter(mark)
    if word in known.may_end(lang):
        return _starts(mark)
    if lang not in known.ORDINAL and len(word) > 1 and _ROMAN.match(mark.word) and not mark.is_first:
        return True
    if _is_ordinary(mark, word) and not after[:1].isdigit():
        return True
    return None


def _is_capitals(mark: EndMark, word: str) -> bool:
    """True for an acronym: capitals in a text with small letters do not abbreviate a word: "CF" is not "cf"."""
    if len(word) < 2 or not mark.word.isupper() or not word.isalpha() or mark.lang in known.LARGE_ABBREVIATIONS:
        return False
    if mark.after[:1].isdigit() or _ROMAN.match(mark.word) or not any(map(is_lower, mark.before)):
        return False
    return word not in known.LARGE_TITLES


def _is_measure(mark: EndMark, word: str) -> bool:
    """True after a number with a unit, where a capital is rare, except in German: nouns have one, units no stop."""
    if word not in known.UNITS or word in known.QUANTIFIERS or not mark.after or mark.after[:1].isdigit():
        return False
    before = mark.previous.rstrip(".").lower()
    if mark.lang in known.LARGE_NOUNS or mark.initial:
        return False
    return before[-1:].isdigit() or before in known.MULTIPLES


def _is_counted(mark: EndMark) -> bool:
    """True for a unit after a number: "40 ms" is not "Ms"."""
    return mark.word in known.UNITS and mark.previous[-1:].isdigit()


def _is_ordinary(mark: EndMark, word: str) -> bool:
    return word in known.ORDINARY or (mark.word.islower() and word in known.common(mark.lang))


def _is_labelled(mark: EndMark, word: str) -> bool:
    """True if the next letter names a figure or section; not after words that may also end a sentence."""
    if word not in known.before_numbers(mark.lang) or word in known.CALENDAR:
        return False
    if mark.word[:1].isupper() or word not in known.ORDINARY or mark.lang != "en":
        return True
    return mark.previous.lower().lstrip("([") in known.POINTING


def _is_letter(word: str, lang: str) -> bool:
    if lang in known.SYLLABLE_INITIALS:
        word = "".join(char for char in word if unicodedata.category(char) == "Lo")
    return len(word) == 1 and word.isalpha() and not _UNSPACED.match(word)


def _after_number(mark: EndMark) -> bool | None:
    """The answer after a number: in many languages an ordinal; a noun after it has a capital only in German."""
    short = len(mark.word) <= 2
    if mark.is_first and short and not mark.after_question:
        return False  # the number of a list within a line
    if short and mark.word == "1" and mark.previous.endswith(":"):
        return False  # the first number of such a list
    if mark.lang not in known.ORDINAL:
        return True
    if mark.after[:1].isdigit():
        return not _is_date(mark)
    if mark.after in {"§", "¶"}:
        return False
    if not short:
        return _starts(mark) or not _is_ordinal(mark)
    if mark.after.lower() in known.MONTHS:
        return False
    before = mark.previous.lower()
    is_label = before.endswith(".") and before[:-1] in known.before_numbers(mark.lang)
    if is_label and mark.lang not in known.ORDINAL_ARTICLES:
        return True
    if mark.lang in known.LARGE_NOUNS:
        return _starts(mark) or before in known.CARDINAL
    return None if not _starts(mark) else True


def _is_ordinal(mark: EndMark) -> bool:
    """True if a long number is an ordinal, by the article or genitive before it or the noun after it."""
    before = mark.previous
    if before.lower() in known.articles(mark.lang) or mark.after.lower() in known.ORDINAL_NOUNS:
        return True
    return mark.lang in known.LARGE_NOUNS and before[:1].isupper() and before.endswith("s") and len(before) > 3


def _is_date(mark: EndMark) -> bool:
    """True for a day or month before a month or year: "3. 5. 2020"."""
    if len(mark.word) > 2 or int(mark.word) > 31:
        return False
    return len(mark.after) <= 2 or (len(mark.after) == 4 and mark.previous.endswith("."))


def _after_acronym(mark: EndMark, word: str) -> bool | None:
    if mark.dash or word in known.PREFIXED or mark.lang in known.DANDA:
        return False
    if mark.after[:1].isdigit():
        return word in {"a.m", "p.m"} and not _is_fronted(mark)
    if _starts(mark):
        return not (word in known.TIMES and _is_fronted(mark))
    if word in known.DOSES:
        return True
    if word in known.TIMES:
        return not (_is_fronted(mark) or mark.after.lower() in known.AFTER_TIMES)
    if mark.lang != "en" and mark.word.isupper() and _INITIALS.match(mark.word):
        return mark.previous.lower() in known.ARTICLED  # else initials of a name: few other acronyms have stops there
    return None


def _after_letter(mark: EndMark) -> bool | None:
    """The answer after a letter: an initial, unless the next word must begin a sentence ("plan B.", "Jane B.")."""
    if mark.dash or mark.initial or mark.is_first:
        return False
    before = mark.previous
    if before.endswith("."):
        is_name = len(before) > 2 and before[:-1].lower() in known.before_numbers(mark.lang)  # "Fig. A."
        return is_name and not mark.after[:1].isdigit()
    if before[-1:].isdigit() and mark.word in known.UNIT_LETTERS:
        return not mark.after[:1].isdigit()
    if before.lower() in known.LETTERED:
        return True
    if mark.previous[:1].isupper() and (mark.lang != "en" or mark.after.lower() in known.SURNAMES):
        return False  # the initial of a name
    return _starts(mark)


_FRONTED = re.compile(
    r"(?:about|after|around|at|before|between|by|circa|during|for|from|in|near|on|since|till|until)\b", re.IGNORECASE
)


def _is_fronted(mark: EndMark) -> bool:
    """True if the sentence so far is only an adverbial ("At 5 a.m."), which its subject must follow."""
    clause = re.split(r"[:;] ", mark.before)[-1].lstrip()
    return _FRONTED.match(clause) is not None and len(clause.split()) <= 9


def _ask_judge(mark: EndMark, judge: Judge) -> bool:
    window = f"{mark.before}{mark.chars} "
    return judge.is_boundary(window + (mark.after or "X"), len(window), mark.lang)
