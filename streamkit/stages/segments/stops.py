"""Rules that decide whether a mark before white space ends the sentence; a judge is called where no rule applies."""

from __future__ import annotations

import re

from . import abbreviations as known
from .boundary import ACRONYM, Judge
from .end_marks import ROMAN, EndMark
from .rules import ENDS, GOES_ON, Rule, Rules, always
from .scripts import is_lower

__all__ = ["TABLES", "decide"]

_NUMBER = re.compile(r"\d{1,3}(?:[.\u00a0\u202f]\d{3})+$|\d+$")
_ADDRESS = re.compile(r"@|://|^www\.|/[^\W\d_]{1,6}$", re.IGNORECASE)
_PAUSE = re.compile(r"\.[\s.]*\.|.*…")
_I = re.compile(r"I(?![^\W_])")
_DOUBLE = re.compile(r"(?:[^\W\d_]\.-)+[^\W\d_]$")
_CLOSED = frozenset(")]}»”）】")
_SECTIONS = frozenset("§¶")


def decide(mark: EndMark, judge: Judge) -> bool:
    """True if ``mark``, followed by white space, ends the sentence."""
    answer = _MARKS(mark)
    if answer is not None:
        return answer
    window = f"{mark.before}{mark.chars} "
    return judge.is_boundary(window + (mark.after or "X"), len(window), mark.lang)


# Before a small letter a sentence goes on, unless it began with one itself: this writer begins sentences so.
_SMALL_LETTERS = Rules(
    Rule("a capital began the sentence", lambda mark: not is_lower(mark.before[:1]),
         GOES_ON, "He asked why? and left."),
    Rule("a quotation", lambda mark: mark.quoted, GOES_ON, "he asked “why?” and left."),
    Rule("a dash", lambda mark: mark.dash, GOES_ON, "is it true? – no."),
    Rule("a pause", lambda mark: _PAUSE.match(mark.chars), GOES_ON, "well... it is so."),
    Rule("a question or exclamation", lambda mark: mark.chars != ".", ENDS, "is it 5 kg?| it is."),
    Rule("an ordinal", lambda mark: mark.lang in known.ORDINAL and _NUMBER.match(mark.word),
         GOES_ON, "de: er kam am 100. tag."),
    Rule("a short word", lambda mark: mark.is_short and mark.word.lower() not in known.SHORT,
         GOES_ON, "he met xy. again."),
    Rule("a stop within the word", lambda mark: "." in mark.word, GOES_ON, "write q.e.d. below."),
    Rule("an abbreviation", lambda mark: mark.word.lower() in known.abbreviations(mark.lang),
         GOES_ON, "they met prof. smith."),
    Rule("a unit", lambda mark: mark.word.lower() in known.UNITS, GOES_ON, "it ran 5 hrs. by car."),
    Rule("another word", always, ENDS, "it is tea.| we like it."),
)  # fmt: skip

_OTHER_MARKS = Rules(
    Rule("an answer to a quoted question, or the name of the speaker", lambda mark: mark.quoted and mark.dash,
         GOES_ON, "“Why?” – Anna left."),
    Rule("a pause at the end of a quotation", lambda mark: mark.quoted and _PAUSE.match(mark.chars) and mark.after,
         EndMark.before_start, "“If only...” Anna began."),
    Rule("I, which has a capital anywhere",
         lambda mark: (mark.quoted or _PAUSE.match(mark.chars)) and mark.lang == "en" and _I.match(mark.after), GOES_ON,
         "“Why?” I asked."),
    Rule("a name with an exclamation mark", lambda mark: mark.word.lower() in known.SHOUTED,
         EndMark.before_start, "Ask Yahoo! Research about it."),
    Rule("another word", always, ENDS, "What?| Anna left."),
)  # fmt: skip

# In many languages a number with a stop is an ordinal; only in German a noun after it has a capital.
_NUMBERS = Rules(
    Rule("the number of a list within a line", lambda mark: mark.is_first and mark.is_short and not mark.after_question,
         GOES_ON, "Go!| 2. The tea."),
    Rule("the first number of such a list", lambda mark: mark.word == "1" and mark.previous.endswith(":"),
         GOES_ON, "Do this: 1. The tea."),
    Rule("a language without ordinals that have a stop", lambda mark: mark.lang not in known.ORDINAL,
         ENDS, "He scored 8.| Anna left."),
    Rule("a date", EndMark.is_date, GOES_ON, "de: Am 3. 5. kam er."),
    Rule("a number before another", EndMark.before_digit, ENDS, "de: Er hielt 40.| 500 waren da."),
    Rule("a section", lambda mark: mark.after in _SECTIONS, GOES_ON, "de: Siehe Art. 5. § 3 gilt."),
    Rule("a month", lambda mark: mark.is_short and mark.after.lower() in known.MONTHS,
         GOES_ON, "de: Siehe Urt. v. 3. Mai."),
    Rule("the number of a label",
         lambda mark: mark.is_short and mark.lang not in known.ORDINAL_ARTICLES and mark.follows_label(), ENDS,
         "de: Siehe Nr. 5.| Peter kam."),
    Rule("the beginning of a sentence", EndMark.before_start, ENDS, "de: Das ist die 8.| Dann ging er."),
    Rule("a long ordinal", lambda mark: not mark.is_short and mark.is_ordinal(), GOES_ON, "de: Zum 100. Jubiläum."),
    Rule("a long number", lambda mark: not mark.is_short, ENDS, "de: Er erzielte 100.| Peter kam."),
    Rule("a German cardinal", lambda mark: mark.lang in known.LARGE_NOUNS and mark.previous.lower() in known.CARDINAL,
         ENDS, "de: Er kommt um 8.| Peter auch."),
    Rule("a German ordinal", lambda mark: mark.lang in known.LARGE_NOUNS, GOES_ON, "de: Der 3. See ist tief."),
)  # fmt: skip

_ACRONYMS = Rules(
    Rule("a dash", lambda mark: mark.dash, GOES_ON, "The U.S. – The border."),
    Rule("the first word of a note", lambda mark: mark.entry in known.PREFIXED, GOES_ON, "P.S. The tea is hot."),
    Rule("a language whose sentences end with other marks", lambda mark: mark.lang in known.DANDA,
         GOES_ON, "hi: वह ए.के. The"),
    Rule("a time before its sentence", EndMark.is_fronted_time, GOES_ON, "At 5 a.m. The sun rose."),
    Rule("a time before a number", lambda mark: mark.entry in {"a.m", "p.m"} and mark.before_digit(),
         ENDS, "The shop opened at 5 p.m.| 20 people came."),
    Rule("a number", EndMark.before_digit, GOES_ON, "See 410 U.S. 113 for it."),
    Rule("the beginning of a sentence", EndMark.before_start, ENDS, "He left the U.S.| She did not."),
    Rule("a dose", lambda mark: mark.entry in known.DOSES, ENDS, "Give it b.i.d.| Rest well."),
    Rule("a time before its zone or day",
         lambda mark: mark.entry in known.TIMES and mark.after.lower() in known.AFTER_TIMES, GOES_ON,
         "We met at 5 p.m. Eastern time."),
    Rule("a time", lambda mark: mark.entry in known.TIMES, ENDS, "We met at 5 p.m.| Anna came."),
    Rule("an organisation", lambda mark: mark.previous.lower() in known.ARTICLED and mark.is_initials(),
         ENDS, "es: Vive en la U.E.| Ana no."),
    Rule("a name", EndMark.is_initials, GOES_ON, "de: Das sagte J.W. Goethe."),
)  # fmt: skip

_LETTERS = Rules(
    Rule("a dash", lambda mark: mark.dash, GOES_ON, "Take plan B. – The tea."),
    Rule("the first of several initials", lambda mark: mark.initial, GOES_ON, "Plan A. S. Roux made it."),
    Rule("the first word", lambda mark: mark.is_first, GOES_ON, "A. The tea."),
    Rule("the letter of a figure",
         lambda mark: mark.follows_label() and len(mark.previous) > 2 and not mark.before_digit(), ENDS,
         "See Fig. A.| Tea is good."),
    Rule("the last of several initials", lambda mark: mark.previous.endswith("."), GOES_ON, "We met J. R. The tea."),
    Rule("a unit before a smaller one", lambda mark: mark.is_unit_letter() and mark.before_digit(),
         GOES_ON, "At 5 h. 30 we go."),
    Rule("a unit", EndMark.is_unit_letter, ENDS, "It ran 24 h.| Anna left."),
    Rule("the letter of a class", lambda mark: mark.previous.lower() in known.LETTERED,
         ENDS, "Take vitamin C.| Milk is good."),
    Rule("an initial in a name",
         lambda mark: mark.previous[:1].isupper() and (mark.lang != "en" or mark.after.lower() in known.SURNAMES),
         GOES_ON, "John B. May came."),
    Rule("another letter", always, EndMark.before_start, "I met Jane B.| She makes tea."),
)  # fmt: skip

_STOPS = Rules(
    Rule("the number of a list, with a bracket", lambda mark: mark.listed, GOES_ON, "Do this: b.) The tea."),
    Rule("a stop in a bracket", lambda mark: mark.stopped, ENDS, "He came (with Mr. A.).| Anna left."),
    Rule("a stop after a bracket", lambda mark: mark.word[-1:] in _CLOSED, ENDS, "He left (in oz).| Anna came."),
    Rule("no word", lambda mark: not mark.word, ENDS, "He waits .| Anna goes."),
    Rule("a number", lambda mark: _NUMBER.match(mark.word), _NUMBERS, "Go!| 2. The tea."),
    Rule("an enumeration with spaces",
         lambda mark: mark.previous.endswith(".") and f"{mark.previous}{mark.word}".lower() in known.FINAL, ENDS,
         "ru: Купил чай, т. д.| Хорошо."),
    Rule("an address", lambda mark: _ADDRESS.search(mark.word), ENDS, "Ask bob@kettle.co.| Anna left."),
    Rule("a section",
         lambda mark: mark.after in _SECTIONS
         and (mark.entry in known.CITED or mark.entry in known.abbreviations(mark.lang)), GOES_ON, "This is id. § 4."),
    Rule("doubled initials", EndMark.is_doubled, EndMark.before_start, "es: Vive en EE. UU. con Ana."),
    Rule("capitals", EndMark.is_capitals, ENDS, "We like the CF.| Every day."),
    Rule("“vs.” at the end", EndMark.is_versus, ENDS, "It is us vs.| They know."),
    Rule("a title", EndMark.is_title, GOES_ON, "Ask Mr. The."),
    Rule("the number of a king", lambda mark: mark.lang in known.ORDINAL and mark.is_roman(),
         EndMark.before_start, "de: Ludwig XIV. Bourbon kam."),
    Rule("a number after its unit or label", lambda mark: mark.before_digit() and mark.may_precede_number(),
         GOES_ON, "See vol. 2."),
    Rule("a Roman number after its label",
         lambda mark: len(mark.after) > 1 and ROMAN.match(mark.after) and mark.entry in known.before_numbers(mark.lang),
         GOES_ON, "See vol. II."),
    Rule("a letter after its label", EndMark.is_labelled, GOES_ON, "See Fig. A for it."),
    Rule("a quantity", EndMark.is_measure, ENDS, "It is 5 ft.| Bend down."),
    Rule("a company", lambda mark: mark.entry in known.COMPANIES and mark.after.lower() in known.COMPANIES,
         GOES_ON, "Bolt Ltd. Co. sells it."),
    Rule("an enumeration", lambda mark: mark.entry in known.FINAL and ("." in mark.entry or not mark.is_first),
         ENDS, "It has tea, etc.| Anna came."),
    Rule("a legal citation", lambda mark: mark.initial and mark.entry in known.LEGAL and mark.word[:1].isupper(),
         GOES_ON, "See Pub. L. No. 5."),
    Rule("initials of a double name", lambda mark: _DOUBLE.match(mark.word), EndMark.before_start, "J.-P. Roux came."),
    Rule("an acronym", lambda mark: ACRONYM.match(mark.word), _ACRONYMS, "See 410 U.S. 113 for it."),
    Rule("a small letter",
         lambda mark: len(mark.entry) == 1 and mark.word.islower() and mark.entry in known.may_end(mark.lang),
         EndMark.before_start, "ru: Это был XX в.| Он умер."),
    Rule("a letter", EndMark.is_letter, _LETTERS, "I met Jane B.| She makes tea."),
    Rule("an abbreviation that may be last", lambda mark: mark.entry in known.may_end(mark.lang),
         EndMark.before_start, "Bolt Inc. NASA left."),
    Rule("a Roman number", lambda mark: len(mark.entry) > 1 and mark.is_roman(), ENDS, "Pedro II.| Kings came."),
    Rule("an ordinary word", lambda mark: mark.is_ordinary() and not mark.before_digit(), ENDS, "Ok.| Anna came."),
    Rule("the beginning of a sentence", lambda mark: len(mark.word) > 1 and mark.before_start(),
         ENDS, "It is tea.| She left."),
)  # fmt: skip

_MARKS = Rules(
    Rule("a small letter follows", EndMark.before_small_letter, _SMALL_LETTERS, "He said it. and left."),
    Rule("another mark than a full stop", lambda mark: mark.chars != ".", _OTHER_MARKS, "What?| Anna left."),
    Rule("a plain word", EndMark.is_plain, lambda mark: mark.before_start() or None, ""),
    Rule("a full stop", always, _STOPS, "Ask Dr. Novak."),
)  # fmt: skip

TABLES = [_MARKS, _SMALL_LETTERS, _OTHER_MARKS, _STOPS, _NUMBERS, _ACRONYMS, _LETTERS]
