"""What must not be shown, replaced in JSON text that grows, which stays JSON.

The plan: strings, keys among them, and numbers are texts of their own, each looked at by itself from its beginning to
its end. ``true``, ``false``, ``null``, white space and the marks between values pass, and no rule sees them. A number,
and the end of a string, are certain only when a character follows that may follow them. Where one comes that cannot
stand in JSON, all that is not certain and all that follows is one text: it may be anything, and must not tell either.
Such text ends only before JSON that begins in it, if it stands around documents: readers put up with prose and fences.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from .escapes import quoted
from .jsonplace import MARKS, JsonPlace, may_begin
from .matching import Find
from .redact import EachWord, Redactor
from .searchedtexts import EscapedText, PlainText

__all__ = ["JsonRedactor"]

Step: TypeAlias = Callable[[str, int, list[str]], int]

SPACE = re.compile(r"[ \t\n\r]*")
STRING = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
SCALAR = re.compile(r'[^ \t\n\r{}\[\],:"]*')
DIGITS = re.compile(r"[-+.eE0-9]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|NaN|-?Infinity")
BRACKET = re.compile(r"[{\[]")
LITERALS = ("true", "false", "null")
BLANK = " \t\r\ufeff"
WORDS = (*LITERALS, "NaN", "Infinity", "-Infinity")


class JsonRedactor(Redactor):
    """A `Redactor` over JSON text: every string is searched as what it means, and what is put there is escaped.

    A number in which something is found becomes a string. No match spans two values. Text that is no JSON from its
    first character on, as tools may take that too, is searched as it is.
    """

    def _begin(self) -> None:
        super()._begin()
        self._place = JsonPlace()
        self._step: Step = self._between
        self._value: list[str] = []  # a number or literal, or a whole string, that no rule has seen yet
        self._text: PlainText | None = None  # what looks at the text at hand, if that is not in `_value`
        self._is_string = self._is_name = self._escaped = False
        self._of_names = [find for find in self._finds if not isinstance(find, EachWord)]
        self._held: list[str] = []  # marks and white space behind it
        self._on_new_line = True  # with blanks at most

    def feed(self, text: str) -> list[str]:
        out: list[str] = []
        at, end = 0, len(text)
        while at < end:
            at = self._step(text, at, out)
        return _joined(out)

    def flush(self) -> list[str]:
        return self._ended(cut=False)

    def cut(self) -> list[str]:
        return self._ended(cut=True)

    # -- steps: each consumes what it can and says how far it came -------------------------------------------------

    def _between(self, text: str, at: int, out: list[str]) -> int:
        stop = _end(SPACE, text, at)
        if stop > at:
            self._held.append(text[at:stop])
            if stop == len(text):
                return stop
        char = text[stop]
        if char not in self._place.may:
            self._break(out)
            return stop
        self._settle(out)
        if char in MARKS:
            self._place.mark(char)
            self._held.append(char)
        elif char == '"':
            out.append(char)
            self._is_string, self._is_name, self._step = True, self._place.is_at_name, self._string
        else:
            self._is_string, self._is_name, self._step = False, False, self._scalar
            return stop
        return stop + 1

    def _string(self, text: str, at: int, out: list[str]) -> int:
        stop = _end(STRING, text, at + self._escaped)
        closed = text.startswith('"', stop)
        self._escaped = stop < len(text) and not closed
        if self._text is None and (closed or self._is_name):
            self._value.append(text[at:stop] if closed else text[at:])
        else:
            if self._text is None:
                self._text = self._looking(EscapedText)
            out.append(self._text.feed(text[at:stop] if closed else text[at:]))
        if not closed:
            return len(text)
        self._held.append('"')
        self._place.string()
        self._step = self._between
        return stop + 1

    def _scalar(self, text: str, at: int, out: list[str]) -> int:
        stop = _end(SCALAR, text, at)
        self._value.append(text[at:stop])
        if stop < len(text):
            self._step = self._between
            if _is_scalar("".join(self._value)):
                self._place.scalar()
            else:
                self._break(out)
        elif not DIGITS.fullmatch(text, at) and not _begins_word("".join(self._value)):
            self._break(out)
        return stop

    def _prose(self, text: str, at: int, out: list[str]) -> int:
        """Text around documents; a bracket in it is held until it shows whether one begins there."""
        assert self._text is not None
        if self._held:
            stop = _end(SPACE, text, at)
            self._held.append(text[at:stop])
            if stop == len(text):
                return stop
            if may_begin(self._held[0], text[stop], self._on_new_line):
                out.append(self._text.flush())
                self._text, self._place, self._step = None, JsonPlace(self._held[0]), self._between
            else:
                out.append(self._looked_at("".join(self._held)))
                self._held.clear()
            return stop
        bracket = BRACKET.search(text, at)
        stop = bracket.start() if bracket else len(text)
        out.append(self._looked_at(text[at:stop]))
        if bracket:
            self._held.append(bracket.group())
            stop += 1
        return stop

    def _rest(self, text: str, at: int, out: list[str]) -> int:
        assert self._text is not None
        out.append(self._text.feed(text[at:]))
        return len(text)

    # -- parts of steps --------------------------------------------------------------------------------------------

    def _settle(self, out: list[str]) -> None:
        """What came so far is JSON."""
        if self._text is not None:
            out.append(self._text.flush())
            self._text = None
        elif self._value:
            out.append(self._whole(self._taken()))
        out += self._held
        self._held.clear()

    def _break(self, out: list[str]) -> None:
        """It is not: what is not certain yet, and all that follows, is one text."""
        outside = self._place.outside and not self._is_string
        self._is_name = False
        self._step = self._prose if outside else self._rest
        if self._text is None:
            self._text = self._looking(EscapedText if self._place.begun else PlainText)
        out.append(self._looked_at(self._taken() + "".join(self._held)))
        self._held.clear()

    def _looked_at(self, prose: str) -> str:
        assert self._text is not None
        _, line_end, line = prose.rpartition("\n")
        self._on_new_line = (bool(line_end) or self._on_new_line) and not line.strip(BLANK)
        return self._text.feed(prose)

    def _whole(self, value: str) -> str:
        """A value that is over, as it is shown."""
        if not self._is_string and value in LITERALS:
            return value
        # Most values are short and hold nothing: they need no machinery.
        if (
            len(value) < self._hold
            and "\\" not in value
            and all(find.find(value, 0, True) is None for find in self._finds_here)
        ):
            return value
        text = self._looking(EscapedText if self._is_string else PlainText)
        shown = text.feed(value) + text.flush()
        return shown if self._is_string or shown == value else quoted(shown)

    def _ended(self, *, cut: bool) -> list[str]:
        """What is held, with the place kept: servers have more to say now and then."""
        out: list[str] = []
        if self._step == self._prose:
            out.append(self._looked_at("".join(self._held)))
            self._held.clear()
        cut_here = cut and self._step != self._between  # else the end of the string was there
        if self._text is not None:
            out.append(self._text.cut() if cut_here else self._text.flush())
        elif self._value:
            out.append(self._ended_string(cut_here) if self._is_string else self._ended_scalar(cut))
        out += self._held
        self._held.clear()
        return _joined(out)

    def _ended_string(self, cut: bool) -> str:
        self._text = self._looking(EscapedText)
        return self._text.feed(self._taken()) + (self._text.cut() if cut else self._text.flush())

    def _ended_scalar(self, cut: bool) -> str:
        value = self._taken()
        if self._step == self._scalar:
            self._step = self._between
            self._place.scalar()
        if value in LITERALS:
            return value
        self._text = self._looking(PlainText)
        shown = self._text.feed(value) + (self._text.cut() if cut else self._text.flush())
        is_json = self._place.begun or _is_scalar(value)
        return quoted(shown) if is_json and shown != value else shown

    def _taken(self) -> str:
        value = "".join(self._value)
        self._value.clear()
        return value

    def _looking(self, kind: type[PlainText]) -> PlainText:
        return kind(self._finds_here, self._mask, self._hold)

    @property
    def _finds_here(self) -> list[Find]:
        return self._of_names if self._is_name else self._finds


def _joined(out: list[str]) -> list[str]:
    shown = "".join(out)
    return [shown] if shown else []


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _is_scalar(text: str) -> bool:
    return text in LITERALS or NUMBER.fullmatch(text) is not None


def _begins_word(text: str) -> bool:
    return any(word.startswith(text) for word in WORDS)
