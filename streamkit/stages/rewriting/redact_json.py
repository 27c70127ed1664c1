"""A redactor for growing JSON text, which stays JSON.

The plan: strings, keys included, and numbers are texts of their own, each searched by itself from its beginning to its
end. ``true``, ``false``, ``null``, white space and the marks between values pass, and no rule sees them. A number, and
the end of a string, are certain only when a character follows that may follow them. If a character comes that cannot
stand in JSON, everything that is not certain and everything that follows is one text: it may be anything, and must not
leak text to hide either. Such text ends only before JSON that begins in it, if it stands around documents: readers
accept prose and fences.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from .escapes import quoted
from .json_position import MARKS, JsonPosition, may_begin
from .matching import Find
from .redact import EachWord, Redactor, as_list
from .searched_texts import EscapedText, PlainText

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
    """A `Redactor` over JSON text: every string is searched as its unescaped characters, and replacements are escaped.

    A number in which something is found becomes a string. No match spans two values. Text that is not JSON from its
    first character on, which some tools take too, is searched as it is.
    """

    def _begin(self) -> None:
        super()._begin()
        self._position = JsonPosition()
        self._step: Step = self._between
        self._value: list[str] = []  # a number or literal, or a whole string, that no rule has seen yet
        self._text: PlainText | None = None  # the search of the current text, if that is not in `_value`
        self._is_string = self._is_name = self._escaped = False
        self._finds_for_names = [find for find in self._finds if not isinstance(find, EachWord)]
        self._held: list[str] = []  # marks and white space after it
        self._on_new_line = True  # after blanks at most

    def feed(self, text: str) -> list[str]:
        out: list[str] = []
        at, end = 0, len(text)
        while at < end:
            at = self._step(text, at, out)
        return as_list("".join(out))

    def flush(self) -> list[str]:
        return self._finish(cut=False)

    def cut(self) -> list[str]:
        return self._finish(cut=True)

    # -- steps: each consumes what it can and returns the position -------------------------------------------------

    def _between(self, text: str, at: int, out: list[str]) -> int:
        stop = _end(SPACE, text, at)
        if stop > at:
            self._held.append(text[at:stop])
            if stop == len(text):
                return stop
        char = text[stop]
        if char not in self._position.may:
            self._leave_json(out)
            return stop
        self._confirm(out)
        if char in MARKS:
            self._position.mark(char)
            self._held.append(char)
        elif char == '"':
            out.append(char)
            self._is_string, self._is_name, self._step = True, self._position.is_at_name, self._string
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
                self._text = self._new_text(EscapedText)
            out.append(self._text.feed(text[at:stop] if closed else text[at:]))
        if not closed:
            return len(text)
        self._held.append('"')
        self._position.string()
        self._step = self._between
        return stop + 1

    def _scalar(self, text: str, at: int, out: list[str]) -> int:
        stop = _end(SCALAR, text, at)
        self._value.append(text[at:stop])
        if stop < len(text):
            self._step = self._between
            if _is_scalar("".join(self._value)):
                self._position.scalar()
            else:
                self._leave_json(out)
        elif not DIGITS.fullmatch(text, at) and not _begins_word("".join(self._value)):
            self._leave_json(out)
        return stop

    def _prose(self, text: str, at: int, out: list[str]) -> int:
        """Read text around documents; a bracket in it is held until it is clear whether a document begins there."""
        assert self._text is not None
        if self._held:
            stop = _end(SPACE, text, at)
            self._held.append(text[at:stop])
            if stop == len(text):
                return stop
            if may_begin(self._held[0], text[stop], self._on_new_line):
                out.append(self._text.flush())
                self._text, self._position, self._step = None, JsonPosition(self._held[0]), self._between
            else:
                out.append(self._feed_prose("".join(self._held)))
                self._held.clear()
            return stop
        bracket = BRACKET.search(text, at)
        stop = bracket.start() if bracket else len(text)
        out.append(self._feed_prose(text[at:stop]))
        if bracket:
            self._held.append(bracket.group())
            stop += 1
        return stop

    def _rest(self, text: str, at: int, out: list[str]) -> int:
        assert self._text is not None
        out.append(self._text.feed(text[at:]))
        return len(text)

    # -- parts of steps --------------------------------------------------------------------------------------------

    def _confirm(self, out: list[str]) -> None:
        """Confirm that the text so far is JSON."""
        if self._text is not None:
            out.append(self._text.flush())
            self._text = None
        elif self._value:
            out.append(self._whole(self._take_value()))
        out += self._held
        self._held.clear()

    def _leave_json(self, out: list[str]) -> None:
        """Leave the JSON: everything that is not certain yet, and everything that follows, is one text."""
        outside = self._position.outside and not self._is_string
        self._is_name = False
        self._step = self._prose if outside else self._rest
        if self._text is None:
            self._text = self._new_text(EscapedText if self._position.begun else PlainText)
        out.append(self._feed_prose(self._take_value() + "".join(self._held)))
        self._held.clear()

    def _feed_prose(self, prose: str) -> str:
        assert self._text is not None
        _, line_end, line = prose.rpartition("\n")
        self._on_new_line = (bool(line_end) or self._on_new_line) and not line.strip(BLANK)
        return self._text.feed(prose)

    def _whole(self, value: str) -> str:
        """A complete value, as it is shown."""
        if not self._is_string and value in LITERALS:
            return value
        # Most values are short and have no match: they need no search object.
        if (
            len(value) < self._hold
            and "\\" not in value
            and all(find.find(value, 0, True) is None for find in self._finds_here)
        ):
            return value
        text = self._new_text(EscapedText if self._is_string else PlainText)
        redacted = text.feed(value) + text.flush()
        return redacted if self._is_string or redacted == value else quoted(redacted)

    def _finish(self, *, cut: bool) -> list[str]:
        """The held text. The position is kept, as servers sometimes send more."""
        out: list[str] = []
        if self._step == self._prose:
            out.append(self._feed_prose("".join(self._held)))
            self._held.clear()
        cut_here = cut and self._step != self._between  # else the end of the string has come
        if self._text is not None:
            out.append(self._text.cut() if cut_here else self._text.flush())
        elif self._value:
            out.append(self._finish_string(cut_here) if self._is_string else self._finish_scalar(cut))
        out += self._held
        self._held.clear()
        return as_list("".join(out))

    def _finish_string(self, cut: bool) -> str:
        self._text = self._new_text(EscapedText)
        return self._text.feed(self._take_value()) + (self._text.cut() if cut else self._text.flush())

    def _finish_scalar(self, cut: bool) -> str:
        value = self._take_value()
        if self._step == self._scalar:
            self._step = self._between
            self._position.scalar()
        if value in LITERALS:
            return value
        self._text = self._new_text(PlainText)
        redacted = self._text.feed(value) + (self._text.cut() if cut else self._text.flush())
        is_json = self._position.begun or _is_scalar(value)
        return quoted(redacted) if is_json and redacted != value else redacted

    def _take_value(self) -> str:
        value = "".join(self._value)
        self._value.clear()
        return value

    def _new_text(self, kind: type[PlainText]) -> PlainText:
        return kind(self._finds_here, self._mask, self._hold)

    @property
    def _finds_here(self) -> list[Find]:
        return self._finds_for_names if self._is_name else self._finds


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _is_scalar(text: str) -> bool:
    return text in LITERALS or NUMBER.fullmatch(text) is not None


def _begins_word(text: str) -> bool:
    return any(word.startswith(text) for word in WORDS)
