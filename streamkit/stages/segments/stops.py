"""Whether a mark that white space follows ends a sentence: rules that hold whatever the judge."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from . import abbreviations as known
from .boundary import ACRONYM, ELIDED, Judge
from .scripts import CJK, is_lower

__all__ = ["Question", "decide"]


@dataclass(slots=True)
class Question:
    """One mark in its surroundings.

    ``before`` is the sentence up to its ``mark`` (without code and list marker), ``word`` the last word of it;
    ``after`` is what may be seen of the next word, "" if none follows.
    """

    before: str
    mark: str
    word: str
    after: str
    lang: str
    dash: bool = False  # a dash stands before the next word
    initial: bool = False  # the next word is an initial, or the name of a function in a formula
    quoted: bool = False  # a closing quote follows the mark
    stopped: bool = False  # the mark is inside a bracket or quote that another mark follows
    label: bool = False  # the next word is a letter, or begins so and ends in digits: "A", "S1"
    answers: bool = False  # the sentence before was a question
    listed: bool = False  # a bracket that nothing opened follows the mark, as in "2.)"

    @property
    def is_first(self) -> bool:
        """The word before the mark is the first of its sentence."""
        return " " not in self.before

    @property
    def previous(self) -> str:
        """The word before the word."""
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


def decide(asked: Question, judge: Judge) -> bool:
    """Whether a mark followed by white space ends the sentence."""
    if is_lower(asked.after[:1]) and not asked.initial and not _has_inner_capital(asked.after):
        return _small_after(asked)
    if asked.mark != ".":
        return _other_mark(asked)
    if asked.listed:
        return False
    if asked.stopped or asked.word[-1:] in _CLOSED:
        return True  # an abbreviation has its stop right behind it
    answer = _stop(asked, asked.word.lower())
    if answer is not None:
        return answer
    return (_starts(asked) and len(asked.word) > 1) or _ask(asked, judge)


def _small_after(asked: Question) -> bool:
    """A small letter goes on with the sentence, unless its writer begins sentences with small ones."""
    if not is_lower(asked.before[:1]) or asked.quoted or asked.dash or _PAUSE.match(asked.mark):
        return False
    if asked.mark != ".":
        return True
    word = asked.word.lower()
    if asked.lang in known.ORDINAL and _NUMBER.match(word):
        return False
    return (
        (len(word) > 2 or word in known.SHORT)
        and "." not in word
        and word not in known.abbreviations(asked.lang) | known.UNITS
    )


def _has_inner_capital(word: str) -> bool:
    """As names like a phone's: not the small first letter of a word in mid-sentence."""
    return "." not in word and any(char.isupper() for char in word[1:4])


def _other_mark(asked: Question) -> bool:
    if asked.quoted and asked.dash:
        return False  # an answer, or who asked
    if asked.quoted and _PAUSE.match(asked.mark) and asked.after:
        return _starts(asked)  # else a name, of who says so
    if (asked.quoted or _PAUSE.match(asked.mark)) and asked.lang == "en" and _I.match(asked.after):
        return False  # written large anywhere, so no sign of a new sentence after a pause or a quoted question
    return asked.word.lower() not in known.SHOUTED or _starts(asked)


def _starts(asked: Question) -> bool:
    """The next word is one that is written large only where a sentence begins."""
    whole = asked.after.replace("’", "'")
    word = whole.partition("'")[0]
    if word.islower() or (word.isupper() and len(word) > 1):
        return False
    return not known.starters(asked.lang).isdisjoint((whole.lower(), word.lower()))


def _stop(asked: Question, word: str) -> bool | None:
    after, lang = asked.after, asked.lang
    if not word:
        return True
    if _NUMBER.match(word):
        return _after_number(asked)
    if asked.previous.endswith(".") and f"{asked.previous.lower()}{word}" in known.FINAL:
        return True  # written with a space, as "u. s. w."
    if _ADDRESS.search(word):
        return True
    word = ELIDED.sub("", word)
    if after in {"§", "¶"} and (word in known.CITED or word in known.abbreviations(lang)):
        return False
    if lang in known.DOUBLING and asked.word.isupper() and _PLURAL.match(word):
        return _starts(asked)
    if _is_capitals(asked, word):
        return True
    if word in known.never(lang) or (len(word) > 4 and word.rpartition("-")[2] in known.TITLES):
        return word in known.AGAINST and _starts(asked) and after.lower() not in known.ARTICLES
    if lang in known.ORDINAL and _ROMAN.match(asked.word) and not asked.is_first:
        return _starts(asked)
    if after[:1].isdigit() and (word in known.numbered(lang) or word in known.UNITS or _NO_VOWEL.match(word)):
        return False
    if len(after) > 1 and _ROMAN.match(after) and word in known.numbered(lang):
        return False
    if asked.label and _is_labelled(asked, word):
        return False
    if _is_measure(asked, word):
        return True
    if after.lower() in known.COMPANIES and word in known.COMPANIES:
        return False
    if word in known.FINAL and ("." in word or not asked.is_first):
        return True
    if asked.initial and word in known.LEGAL and asked.word[:1].isupper():
        return False
    if _DOUBLE.match(asked.word):
        return _starts(asked)
    if ACRONYM.match(asked.word):
        return _after_acronym(asked, word)
    if asked.word.islower() and len(word) == 1 and word in known.may_end(lang):
        return _starts(asked)  # no initial, for those are large
    if _is_letter(word, lang):
        return _after_letter(asked)
    if word in known.may_end(lang):
        return _starts(asked)
    if lang not in known.ORDINAL and len(word) > 1 and _ROMAN.match(asked.word) and not asked.is_first:
        return True
    if _is_ordinary(asked, word) and not after[:1].isdigit():
        return True
    return None


def _is_capitals(asked: Question, word: str) -> bool:
    """Capitals in a text with small letters are an acronym, not the abbreviation of a word: "CF" is not "cf"."""
    if len(word) < 2 or not asked.word.isupper() or not word.isalpha() or asked.lang in known.LARGE_ABBREVIATIONS:
        return False
    if asked.after[:1].isdigit() or _ROMAN.match(asked.word) or not any(map(is_lower, asked.before)):
        return False
    return word not in known.LARGE_TITLES


def _is_measure(asked: Question, word: str) -> bool:
    """A number with its unit, behind which a capital letter is rare; German writes nouns so, and units without stop."""
    if word not in known.UNITS or word in known.QUANTIFIERS or not asked.after or asked.after[:1].isdigit():
        return False
    before = asked.previous.rstrip(".").lower()
    if asked.lang in known.LARGE_NOUNS or asked.initial:
        return False
    return before[-1:].isdigit() or before in known.MULTIPLES


def _is_ordinary(asked: Question, word: str) -> bool:
    return word in known.ORDINARY or (asked.word.islower() and word in known.common(asked.lang))


def _is_labelled(asked: Question, word: str) -> bool:
    """The letter that follows names a figure, a section: not behind words that may end a sentence as well."""
    if word not in known.numbered(asked.lang) or word in known.CALENDAR:
        return False
    if asked.word[:1].isupper() or word not in known.ORDINARY or asked.lang != "en":
        return True
    return asked.previous.lower().lstrip("([") in known.POINTING


def _is_letter(word: str, lang: str) -> bool:
    if lang in known.SYLLABLE_INITIALS:
        word = "".join(char for char in word if unicodedata.category(char) == "Lo")
    return len(word) == 1 and word.isalpha() and not _UNSPACED.match(word)


def _after_number(asked: Question) -> bool | None:
    """In many languages a number with a stop is an ordinal; only German writes nouns behind it large."""
    short = len(asked.word) <= 2
    if asked.is_first and short and not asked.answers:
        return False  # of a list within a line
    if short and asked.word == "1" and asked.previous.endswith(":"):
        return False  # where such a list begins
    if asked.lang not in known.ORDINAL:
        return True
    if asked.after[:1].isdigit():
        return not _is_date(asked)
    if asked.after in {"§", "¶"}:
        return False
    if not short:
        return _starts(asked) or not _is_ordinal(asked)
    if asked.after.lower() in known.MONTHS:
        return False
    before = asked.previous.lower()
    if before.endswith(".") and before[:-1] in known.numbered(asked.lang) and asked.lang not in known.ORDINAL_ARTICLES:
        return True
    if asked.lang in known.LARGE_NOUNS:
        return _starts(asked) or before in known.CARDINAL
    return None if not _starts(asked) else True


def _is_ordinal(asked: Question) -> bool:
    """Whether a long number counts a place: by the article or genitive before it, or by what is counted."""
    before = asked.previous
    if before.lower() in known.articles(asked.lang) or asked.after.lower() in known.ORDINAL_NOUNS:
        return True
    return asked.lang in known.LARGE_NOUNS and before[:1].isupper() and before.endswith("s") and len(before) > 3


def _is_date(asked: Question) -> bool:
    """Day or month in front of month or year: "3. 5. 2020"."""
    if len(asked.word) > 2 or int(asked.word) > 31:
        return False
    return len(asked.after) <= 2 or (len(asked.after) == 4 and asked.previous.endswith("."))


def _after_acronym(asked: Question, word: str) -> bool | None:
    if asked.dash or word in known.PREFIXED or asked.lang in known.DANDA:
        return False
    if asked.after[:1].isdigit():
        return word in {"a.m", "p.m"} and not _fronted(asked)
    if _starts(asked):
        return not (word in known.TIMES and _fronted(asked))
    if word in known.DOSES:
        return True
    if word in known.TIMES:
        return not (_fronted(asked) or asked.after.lower() in known.AFTER_TIMES)
    if asked.lang != "en" and asked.word.isupper() and _INITIALS.match(asked.word):
        return asked.previous.lower() in known.ARTICLED  # else of a name: few other acronyms have stops there
    return None


def _after_letter(asked: Question) -> bool | None:
    """An initial, unless the next word can only begin a sentence (as after "plan B.", "Jane B.")."""
    if asked.dash or asked.initial or asked.is_first:
        return False
    before = asked.previous
    if before.endswith("."):
        is_name = len(before) > 2 and before[:-1].lower() in known.numbered(asked.lang)  # "Fig. A."
        return is_name and not asked.after[:1].isdigit()
    if before[-1:].isdigit() and asked.word in known.UNIT_LETTERS:
        return not asked.after[:1].isdigit()
    if before.lower() in known.LETTERED:
        return True
    if asked.previous[:1].isupper() and (asked.lang != "en" or asked.after.lower() in known.SURNAMES):
        return False  # a name
    return _starts(asked)


_FRONTED = re.compile(
    r"(?:about|after|around|at|before|between|by|circa|during|for|from|in|near|on|since|till|until)\b", re.IGNORECASE
)


def _fronted(asked: Question) -> bool:
    """The sentence so far is but an adverbial ("At 5 a.m."), which its subject must follow."""
    clause = re.split(r"[:;] ", asked.before)[-1].lstrip()
    return _FRONTED.match(clause) is not None and len(clause.split()) <= 9


def _ask(asked: Question, judge: Judge) -> bool:
    window = f"{asked.before}{asked.mark} "
    return judge.is_boundary(window + (asked.after or "X"), len(window), asked.lang)
