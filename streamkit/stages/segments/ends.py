"""The decision whether a candidate ends its sentence, by the text around it, before a judge of full stops is called."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .abbreviations import before_numbers
from .ahead import FAR, Ahead, MoreNeeded
from .boundary import Judge
from .brackets import EndCandidate
from .end_marks import EndMark
from .html_tags import LONGEST_TAG, TAG, TAG_SO_FAR
from .line_kinds import NEWLINE
from .scripts import CJK, GREEK, STRONG, between_graphemes, is_greek, is_lower, language
from .speech import has_reporting_clause, is_reported
from .stops import decide

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
_BLANKS = re.compile(r"[^\S ]")  # white space other than a space


@dataclass(slots=True)
class Ends:
    """Decides whether sentences end; ``word``: the whole next word is waited for, not only its first character."""

    judge: Judge
    lang: str
    word: bool

    def decide(self, ahead: Ahead, body: int, candidate: EndCandidate, spans: list[tuple[int, int]]) -> bool:
        """True if the sentence that begins at ``body`` ends at ``candidate``; ``spans`` are code, which is not read."""
        text = ahead.text
        if text[candidate.mark] == ";" and not self._is_greek_question(ahead, body, candidate):
            return False
        if candidate.end > candidate.run and text[candidate.end - 1] in _SPEECH and is_reported(ahead, candidate.end):
            return False
        if text[candidate.run - 1] in _STRONG or self._is_wide_pause(text, body, candidate):
            return self._is_strong_end(ahead, body, candidate)
        after = ahead.char(candidate.end)
        if not after:
            return True
        if not after.isspace():
            return self._is_end_without_space(ahead, body, candidate, spans)
        following = ahead.ink(candidate.end)
        if following is None or NEWLINE.search(text, candidate.end, following):
            return True
        if (
            text[candidate.mark] in ".…"
            and _INK_BEFORE.search(text, max(body, candidate.mark - FAR), candidate.mark) is None
        ):
            return False  # leading dots belong to what follows
        if text[following] == "(" and candidate.end > candidate.run and text[candidate.end - 1] in _SPEECH:
            return False  # the source of a quotation
        return self._decide_mark(ahead, body, candidate, following, spans)

    def _is_end_without_space(
        self, ahead: Ahead, body: int, candidate: EndCandidate, spans: list[tuple[int, int]]
    ) -> bool:
        text, after = ahead.text, ahead.char(candidate.end)
        if after == "<" or (candidate.end > candidate.run and text[candidate.end - 1] == ">"):
            return self._is_end_at_tag(ahead, body, candidate, spans)
        no_address = after.isupper() and after >= "\u0370"  # these scripts do not occur in file names and addresses
        if no_address and _SMALL_WORD.search(text[max(body, candidate.mark - 40) : candidate.mark]):
            return self._decide_mark(ahead, body, candidate, candidate.end, spans)
        wide = candidate.mark > body and _WIDE.match(text[candidate.mark - 1]) and _WIDE.match(after)
        return bool(wide) and self._is_strong_end(ahead, body, candidate)

    def _is_greek_question(self, ahead: Ahead, body: int, candidate: EndCandidate) -> bool:
        """True as in `is_question`, or after words of several scripts if a Greek word follows."""
        text = ahead.text
        if self.is_question(text, body, candidate.mark):
            return True
        if GREEK.search(text, max(body, candidate.mark - _LONGEST_QUESTION), candidate.mark) is None:
            return False
        following = ahead.ink(candidate.end)
        return following is not None and GREEK.match(text, following) is not None

    @staticmethod
    def is_question(text: str, body: int, mark: int) -> bool:
        """True if a semicolon is the Greek question mark, by the letters of the sentence before it."""
        before = text[max(body, mark - _LONGEST_QUESTION) : mark]
        return is_greek(before) and _ENTITY.search(before) is None

    def _is_end_at_tag(self, ahead: Ahead, body: int, candidate: EndCandidate, spans: list[tuple[int, int]]) -> bool:
        """True if the sentence ends at tags that stand instead of a space, as in ``One.</p><p>Two.``."""
        text = ahead.text
        if ahead.may_continue(_TAG_SO_FAR, candidate.end, _LONGEST_OPENING):
            raise MoreNeeded
        at = candidate.end
        while match := _TAG.match(text, at, candidate.end + _LONGEST_OPENING):
            at = match.end()
            if ahead.may_continue(_TAG_SO_FAR, at, LONGEST_TAG):
                raise MoreNeeded
        after = ahead.char(at)
        if at == candidate.end and text[at - 1] != ">":
            return False
        if after.isspace() or not after:
            return True
        begins = after.upper() == after and (after.isalpha() or after in '"“‘«¿¡(')
        return (
            begins
            and candidate.mark > body
            and (candidate.end > candidate.run or text[candidate.mark - 1].isalpha())
            and self._decide_mark(ahead, body, candidate, candidate.end, spans)
        )

    @staticmethod
    def _is_wide_pause(text: str, body: int, candidate: EndCandidate) -> bool:
        return (
            text[candidate.mark] == "…" and candidate.mark > body and _WIDE.match(text[candidate.mark - 1]) is not None
        )

    @staticmethod
    def _is_strong_end(ahead: Ahead, body: int, candidate: EndCandidate) -> bool:
        """True if the sentence ends at a mark that needs no space after it."""
        text, after = ahead.text, ahead.char(candidate.end)
        if after and (after in "，、；：,;:" or not between_graphemes(text, candidate.end)):
            return False
        is_point = text[candidate.run - 1] == "．" and candidate.end == candidate.run
        if is_point and (after.isdigit() or _WIDE_NUMBER.search(text[max(body, candidate.mark - 4) : candidate.mark])):
            return False  # a decimal, or an item of a list
        if after == " " and (following := ahead.ink(candidate.end)) and is_lower(text[following]):
            # within a line it is a quotation in a sentence of another script
            return NEWLINE.search(text, candidate.end, following) is not None
        if candidate.end == candidate.run or candidate.stopped or not after.strip():
            return True
        last = text[candidate.end - 1]
        if last == "》" or (last in _ASIDE and not candidate.whole):
            return False  # a title or an aside in mid-sentence
        if last in _SPEECH:
            return not has_reporting_clause(ahead, candidate.end)
        return True

    def _decide_mark(
        self, ahead: Ahead, body: int, candidate: EndCandidate, following: int, spans: list[tuple[int, int]]
    ) -> bool:
        text = ahead.text
        if ahead.may_continue(_LABEL_SO_FAR, following, _LONGEST_LABEL):
            raise MoreNeeded
        label = _LABEL.match(text, following, following + _LONGEST_LABEL)
        begin = label.end() if label else following
        if ahead.may_continue(_TAG_SO_FAR, begin, _LONGEST_OPENING):
            raise MoreNeeded
        at = ahead.after(_OPENING, begin)
        after, initial = self._next_word(ahead, at)
        before = _readable(text, max(body, candidate.mark - 1000), candidate.mark, spans)
        word = before.rpartition(" ")[2].lstrip("([{\"'“‘„«‹¿¡*_`（「")
        dash = any(char in "-–—―" for char in text[begin:at])
        lang = language(word, self.lang)
        quoted = candidate.end > candidate.run and text[candidate.end - 1] in _SPEECH
        end_mark = EndMark(
            before, text[candidate.mark : candidate.run], word, after, lang, dash, initial, quoted, candidate.stopped
        )
        end_mark.label = end_mark.entry in before_numbers(lang) and self._is_label(ahead, at)
        end_mark.after_question = candidate.after_question
        end_mark.listed = _is_listed(text[candidate.run : candidate.end], word, before)
        return decide(end_mark, self.judge)

    @staticmethod
    def _is_label(ahead: Ahead, at: int) -> bool:
        if ahead.may_continue(_NAME_SO_FAR, at, _LONGEST_NAME):
            raise MoreNeeded
        return _NAME.match(ahead.text, at, at + _LONGEST_NAME) is not None

    def _next_word(self, ahead: Ahead, at: int) -> tuple[str, bool]:
        """The next word as far as it is read ("" if it is not a word), and True if it is an initial or a formula."""
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
            return char, False  # in scripts without case the rest of the word does not matter
        if not self.word:
            return (char if char != "I" else char + ahead.char(at + 1).strip(" '’")), False
        match = _WORD.match(ahead.text, at, at + _LONGEST_WORD)
        assert match is not None
        if match.end() < at + _LONGEST_WORD:
            ahead.need(match.end())
            if ahead.text[match.end() : match.end() + 1] in {"'", "’", ".", "-"}:
                ahead.need(match.end() + 1)
        stop = ahead.text[match.end() : match.end() + 1]
        return match[0], len(match[0]) == 1 and stop == ("." if char.isupper() else "(")


def _is_listed(closing: str, word: str, before: str) -> bool:
    """True if the mark belongs to a list number within a line, as in "1.) Open it."."""
    return closing[:1] == ")" and _LISTED.fullmatch(word) is not None and before.count("(") <= before.count(")")


def _readable(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> str:
    """The sentence so far as a judge reads it: in one line, with code masked."""
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
