"""Whether a candidate ends the sentence: what the text around it says before a judge of full stops is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .abbreviations import numbered
from .ahead import FAR, Ahead, MoreNeeded
from .boundary import ELIDED, Judge
from .brackets import Candidate
from .htmltags import LONGEST_TAG, TAG, TAG_SO_FAR
from .linekinds import NEWLINE
from .scripts import CJK, GREEK, STRONG, between_graphemes, is_greek, is_lower, language
from .speech import is_reported, says_so
from .stops import Question, decide

__all__ = ["Ends"]

_STRONG, _WIDE = frozenset(STRONG), re.compile(f"[{CJK}]")
_SPEECH, _ASIDE = frozenset("」』”’\"'»“"), frozenset("）)]］】〕〉")
_INK_BEFORE = re.compile(r"[^\W_]")
_LABEL = re.compile(r"(?:\(\w{1,4}\)|\[\w{1,4}\])[ \u00a0]+")
_LABEL_SO_FAR = re.compile(r"[(\[]\w{0,4}[)\]]?[ \u00a0]*")
_OPENING = re.compile(
    rf"(?:{TAG}[ \u00a0]{{,4}}|[(\[{{\"'“‘„«‹»¿¡*_~<「『（《【]){{,16}}"
    r"(?:[-–—―]{1,16}[ \u00a0]{,16})?[(\[{\"'“‘„«¿¡*_~]{,16}"
)
_TAG_SO_FAR = re.compile(rf"(?:{TAG}[ \u00a0]{{,4}}|[^\w\s]|_){{,16}}{TAG_SO_FAR}")
_TAG = re.compile(TAG)
_ENTITY, _LONGEST_QUESTION = re.compile(r"&#?\w{1,10}\Z"), 200
_CAPITAL = "A-HJ-ZА-ЯΑ-Ω"
_NAME = re.compile(rf"(?:[{_CAPITAL}]|[I{_CAPITAL}]{{1,2}}[-.]?\d{{1,4}}[A-Za-z]?|I(?=[,;:)–-]))(?![^\W_])")
_NAME_SO_FAR, _LONGEST_NAME = re.compile(rf"[I{_CAPITAL}]{{1,2}}(?:[-.]?\d{{0,4}}[A-Za-z]?)?"), 10
_WIDE_NUMBER = re.compile(r"(?:^|[\s（(：:])\d{1,2}\Z")
_SMALL_WORD = re.compile(r"(?:^|\s)[^\W\d_A-Za-z]{4,}\Z")
_CLITICS = frozenset("stknm")
_LISTED = re.compile(r"\d{1,3}|[A-Za-z]|[ivx]{1,6}")
_WORD = re.compile(r"[^\W_](?:\w|['’.-](?=\w))*")
_LONGEST_WORD, _LONGEST_LABEL, _LONGEST_OPENING = 24, 10, 600
_BLANKS = re.compile(r"[^\S ]")  # those that are no space yet


@dataclass(slots=True)
class Ends:
    """``word``: the whole next word is waited for, not only its first character."""

    judge: Judge
    lang: str
    word: bool

    def decide(self, ahead: Ahead, body: int, one: Candidate, spans: list[tuple[int, int]]) -> bool:
        """Whether the sentence that begins at ``body`` ends with ``one``; ``spans`` are code, which is not read."""
        text = ahead.text
        if text[one.mark] == ";" and not self._asks(ahead, body, one):
            return False
        if one.end > one.run and text[one.end - 1] in _SPEECH and is_reported(ahead, one.end):
            return False
        if text[one.run - 1] in _STRONG or self._is_wide_pause(text, body, one):
            return self._strong(ahead, body, one)
        after = ahead.char(one.end)
        if not after:
            return True
        if not after.isspace():
            if after == "<" or (one.end > one.run and text[one.end - 1] == ">"):
                return self._glued(ahead, body, one, spans)
            if after.isupper() and after >= "\u0370" and _SMALL_WORD.search(text[max(body, one.mark - 40) : one.mark]):
                return self._ask(ahead, body, one, one.end, spans)  # scripts that file names and addresses are not in
            wide = one.mark > body and _WIDE.match(text[one.mark - 1]) and _WIDE.match(after)
            return bool(wide) and self._strong(ahead, body, one)
        following = ahead.ink(one.end)
        if following is None or NEWLINE.search(text, one.end, following):
            return True
        if text[one.mark] in ".…" and _INK_BEFORE.search(text, max(body, one.mark - FAR), one.mark) is None:
            return False  # leading dots belong to what follows
        if text[following] == "(" and one.end > one.run and text[one.end - 1] in _SPEECH:
            return False  # the source of a quotation
        return self._ask(ahead, body, one, following, spans)

    def _asks(self, ahead: Ahead, body: int, one: Candidate) -> bool:
        """As `is_question`; among words of another script the next one tells it too."""
        text = ahead.text
        if self.is_question(text, body, one.mark):
            return True
        if GREEK.search(text, max(body, one.mark - _LONGEST_QUESTION), one.mark) is None:
            return False
        following = ahead.ink(one.end)
        return following is not None and GREEK.match(text, following) is not None

    @staticmethod
    def is_question(text: str, body: int, mark: int) -> bool:
        """Whether a semicolon is one of Greek, where it asks: by the letters of the sentence before it."""
        before = text[max(body, mark - _LONGEST_QUESTION) : mark]
        return is_greek(before) and _ENTITY.search(before) is None

    def _glued(self, ahead: Ahead, body: int, one: Candidate, spans: list[tuple[int, int]]) -> bool:
        """Whether the sentence ends where tags stand instead of a space, as in ``One.</p><p>Two.``."""
        text = ahead.text
        if ahead.whole(_TAG_SO_FAR, one.end, _LONGEST_OPENING):
            raise MoreNeeded
        at = one.end
        while found := _TAG.match(text, at, one.end + _LONGEST_OPENING):
            at = found.end()
            if ahead.whole(_TAG_SO_FAR, at, LONGEST_TAG):
                raise MoreNeeded
        after = ahead.char(at)
        if at == one.end and text[at - 1] != ">":
            return False
        if after.isspace() or not after:
            return True
        begins = after.upper() == after and (after.isalpha() or after in '"“‘«¿¡(')
        return (
            begins
            and one.mark > body
            and (one.end > one.run or text[one.mark - 1].isalpha())
            and self._ask(ahead, body, one, one.end, spans)
        )

    @staticmethod
    def _is_wide_pause(text: str, body: int, one: Candidate) -> bool:
        return text[one.mark] == "…" and one.mark > body and _WIDE.match(text[one.mark - 1]) is not None

    @staticmethod
    def _strong(ahead: Ahead, body: int, one: Candidate) -> bool:
        """Marks that need no space after them."""
        text, after = ahead.text, ahead.char(one.end)
        if after and (after in "，、；：,;:" or not between_graphemes(text, one.end)):
            return False
        numbers = text[one.run - 1] == "．" and one.end == one.run
        if numbers and (after.isdigit() or _WIDE_NUMBER.search(text[max(body, one.mark - 4) : one.mark])):
            return False  # a decimal, or an item of a list
        if after == " " and (following := ahead.ink(one.end)) and is_lower(text[following]):
            return NEWLINE.search(text, one.end, following) is not None  # quoted in the midst of another script
        if one.end == one.run or one.stopped or not after.strip():
            return True
        last = text[one.end - 1]
        if last == "》" or (last in _ASIDE and not one.whole):
            return False  # a title or an aside in mid-sentence
        if last in _SPEECH:
            return not says_so(ahead, one.end)
        return True

    def _ask(self, ahead: Ahead, body: int, one: Candidate, following: int, spans: list[tuple[int, int]]) -> bool:
        text = ahead.text
        if ahead.whole(_LABEL_SO_FAR, following, _LONGEST_LABEL):
            raise MoreNeeded
        label = _LABEL.match(text, following, following + _LONGEST_LABEL)
        begin = label.end() if label else following
        if ahead.whole(_TAG_SO_FAR, begin, _LONGEST_OPENING):
            raise MoreNeeded
        at = ahead.after(_OPENING, begin)
        after, initial = self._next_word(ahead, at)
        before = _readable(text, max(body, one.mark - 1000), one.mark, spans)
        word = before.rpartition(" ")[2].lstrip("([{\"'“‘„«‹¿¡*_`（「")
        dash = any(char in "-–—―" for char in text[begin:at])
        lang = language(word, self.lang)
        quoted = one.end > one.run and text[one.end - 1] in _SPEECH
        asked = Question(before, text[one.mark : one.run], word, after, lang, dash, initial, quoted, one.stopped)
        asked.label = ELIDED.sub("", word.lower()) in numbered(lang) and self._is_label(ahead, at)
        asked.answers = one.answers
        asked.listed = _is_listed(text[one.run : one.end], word, before)
        return decide(asked, self.judge)

    @staticmethod
    def _is_label(ahead: Ahead, at: int) -> bool:
        if ahead.whole(_NAME_SO_FAR, at, _LONGEST_NAME):
            raise MoreNeeded
        return _NAME.match(ahead.text, at, at + _LONGEST_NAME) is not None

    def _next_word(self, ahead: Ahead, at: int) -> tuple[str, bool]:
        """What of the next word may be seen ("" if it is none), and whether it is an initial or a formula."""
        char = ahead.char(at)
        if at and char in _CLITICS and ahead.text[at - 1] in "'’" and ahead.char(at + 1) == " ":
            at += 2  # Dutch "'t Is"
            char = ahead.char(at)
        if char == "`":
            return "X", False
        if char in {"§", "¶"}:
            return char, False
        if not _INK_BEFORE.match(char):
            return "", False
        if not char.isdigit() and char.lower() == char.upper():
            return char, False  # in scripts without case the rest of the word tells nothing
        if not self.word:
            return (char if char != "I" else char + ahead.char(at + 1).strip(" '’")), False
        found = _WORD.match(ahead.text, at, at + _LONGEST_WORD)
        assert found is not None
        if found.end() < at + _LONGEST_WORD:
            ahead.need(found.end())
            if ahead.text[found.end() : found.end() + 1] in {"'", "’", ".", "-"}:
                ahead.need(found.end() + 1)
        stop = ahead.text[found.end() : found.end() + 1]
        return found[0], len(found[0]) == 1 and stop == ("." if char.isupper() else "(")


def _is_listed(closing: str, word: str, before: str) -> bool:
    """Whether it is the number of a list in mid-line, as in "1.) Open it."."""
    return closing[:1] == ")" and _LISTED.fullmatch(word) is not None and before.count("(") <= before.count(")")


def _readable(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> str:
    """The sentence so far as a judge may read it: in one line, code hidden."""
    pieces = []
    for first, last in reversed(spans):
        if last <= start:
            break
        if last <= end:
            code = "" if text[first] == "<" else "x" * (last - max(first, start))
            pieces += [text[last:end], code]
            end = max(first, start)
    pieces.append(text[start:end])
    read = "".join(reversed(pieces))
    return _BLANKS.sub(" ", _TAG.sub("", read) if "<" in read else read).lstrip()
