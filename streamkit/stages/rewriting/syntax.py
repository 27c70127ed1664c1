r"""A reader of the source of regular expressions, which finds the characters that they look at.

A search in a growing text may only decide what no further character can change, so it must notice where an expression
reads the character after the last one. The ``regex`` package notices it where a character is to be matched, but takes
``\b``, ``$`` and the like at the end of the text as decided. `watchful` puts a look-ahead before each of those, which
asks for that character. The reader here knows just enough of the syntax for that: the positions of such assertions,
and the reach of look-behinds.
"""

from __future__ import annotations

import re
from math import inf
from typing import NamedTuple

from .pattern_state import Flags, Groups

__all__ = ["REACH", "watchful"]

REACH = 256
"""The most characters that a look-behind may see: so many are always kept before the current position."""
NEXT = "(?=(?s:.))"  # asks for the next character
PEEK = "(?=(?s:.)|)"  # the same, and goes on without one
ASSERTIONS = {
    **dict.fromkeys((r"\b", r"\B", r"\m", r"\M", r"\Z", r"\z"), NEXT),
    "$": r"(?=\n?(?s:.))",  # also holds before a line end that is the last character
}
REFUSED = {
    r"\G": r"\G (where the last search began) has no meaning in a text that grows",
    r"\K": r"\K (keep what came before) is not supported: use a look-behind, (?<=...)",
    "(*": "verbs such as (*SKIP) are not supported",
    "(?R": "recursion of the whole pattern is not supported: name a group and call that",
    "(?0": "recursion of the whole pattern is not supported: name a group and call that",
}
QUANTIFIER = re.compile(r"[*+?]|\{[ ]*(\d*)[ ]*(,?)[ ]*(\d*)[ ]*\}")
FUZZY = re.compile(r"\{\s*(?:\d+\s*<=?\s*)?\d*[dies]\s*[,}:<+]")
ESCAPE = re.compile(
    r"\\(?:[pPNLg](?:\{[^}]*\}|<[^>]*>)|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[1-9]\d?|.)", re.DOTALL
)
CLASS = re.compile(r"\[:\^?(?:al(?:num|pha)|ascii|blank|cntrl|x?digit|graph|lower|p(?:rint|unct)|space|upper|word):\]")
UNREPEATABLE = re.compile(r"\(\?(?:#|(?:V[01]|[a-zA-Z-])*\))")  # a comment, or flags
OPENING = re.compile(
    r"\((?:\?(?:(?P<behind><[=!])|(?P<ahead>[=!])|(?P<comment>\#)|P?<(?P<name>\w+)>|[:>|]|\((?P<test>\w+)\)"
    r"|(?P<call>(?:P=|P>|&)\w+|[+-]?\d+)|(?P<if>(?=\())|(?P<flags>[a-zA-Z0-9]*(?:-[a-zA-Z]+)?)(?P<scoped>:)?))?"
)


class Watchful(NamedTuple):
    """An expression whose every assertion about the next character reads it.

    ``run`` is an item that it begins with any number of, if only their end decides whether it matches: where it does
    not match at one of them, it does not match at the others that follow at once. ``looks_back``: it has a look-behind.
    """

    source: str
    may_be_empty: bool
    run: str
    looks_back: bool


def watchful(pattern: str, flags: int) -> Watchful:
    """``pattern``, which ``regex`` accepts with ``flags``; ValueError if a growing text cannot decide it."""
    least: dict[str, float] = {}
    for _ in range(2):  # a group may be called before it is read
        reader = _PatternReader(pattern, Flags(flags), Groups(least))
        width = reader.whole()
    return Watchful("".join(reader.out), not width.least, "" if reader.no_run else reader.run, reader.looks_back)


class Width(NamedTuple):
    """The number of characters that something can match."""

    least: float
    most: float


NOTHING, ONE, ANYTHING = Width(0, 0), Width(1, 1), Width(0, inf)
WIDTHS = {**dict.fromkeys((*ASSERTIONS, r"\A"), NOTHING), r"\R": Width(1, 2), r"\X": Width(1, inf)}


class _PatternReader:
    """Goes through the source once; a method that reads something returns how many characters that can match."""

    def __init__(self, source: str, flags: Flags, groups: Groups) -> None:
        self._source, self._at = source, 0
        self._flags, self._groups = flags, groups
        self._leading = True  # only flags and the opening of groups were read so far
        self.out: list[str] = []
        self.run, self.no_run = "", False
        self.looks_back, self._reach = False, 0.0

    def whole(self) -> Width:
        width = self.alternatives()
        if self._at < len(self._source):
            raise ValueError(f"cannot read {self._source[self._at : self._at + 8]!r}")
        return width

    def alternatives(self) -> Width:
        """Read up to the closing bracket, which stays, or to the end; flags that are set here end there."""
        verbose, leading, widths = self._flags.verbose, self._leading, [self._sequence()]
        while self._source.startswith("|", self._at):
            self._copy(1)
            self._leading, self.run = False, "" if leading else self.run
            widths.append(self._sequence())
        self._flags.verbose, self._branches = verbose, len(widths)
        return Width(min(width.least for width in widths), max(width.most for width in widths))

    def _sequence(self) -> Width:
        least = most = 0.0
        while self._skip_blanks() and self._source[self._at] not in "|)":
            width = self._repeated()
            least, most = least + width.least, most + width.most
        return Width(least, most)

    def _repeated(self) -> Width:
        begin, start, char, leading = len(self.out), self._at, self._source[self._at], self._leading
        width = self._item()
        item = self._source[start : self._at]
        while self._skip_blanks():
            quantifier = QUANTIFIER.match(self._source, self._at)
            if FUZZY.match(self._source, self._at) or (
                self._flags.verbose and quantifier is None and self._source[self._at] == "{"
            ):
                raise ValueError("fuzzy matching is not supported")
            if quantifier is None or quantifier.group() == "{}":
                break
            if UNREPEATABLE.match(item):
                raise ValueError("a comment or flags and then a quantifier cannot be read")
            if char == "(" or width != ONE:  # at the end no search tries to match a group once more
                self.out[begin:] = "(?:", *self.out[begin:], PEEK, ")"
            self._copy(len(quantifier.group()))
            is_lazy = self._mode() == "?"
            least, most = _times(quantifier)
            if leading and char == "(":
                self.run = self.run if least else ""
            elif leading and width == ONE and most == inf and not is_lazy:
                self.run = item
            width = Width(width.least * least, width.most * most if width.most else 0)
        self._leading = leading and UNREPEATABLE.match(item) is not None
        return width

    def _mode(self) -> str:
        """The mark of a lazy or possessive quantifier, which may stand behind blanks."""
        mode = self._source[self._at] if self._skip_blanks() else ""
        if mode in ("?", "+"):
            self._copy(1)
        return mode

    def _item(self) -> Width:
        char = self._source[self._at]
        if char == "\\":
            return self._escape()
        if char == "[":
            return self._set()
        if char == "(":
            return self._group()
        if char in "^$":
            return self._assertion(char)
        return self._copy(1)

    def _escape(self) -> Width:
        escape = ESCAPE.match(self._source, self._at)
        text = escape.group() if escape else self._source[self._at :]
        if text in REFUSED:
            raise ValueError(REFUSED[text])
        if text in ASSERTIONS:
            return self._assertion(text)
        self._copy(len(text))
        if text == r"\X":
            self.out[-1] = f"(?:\\X{NEXT})"  # the next character may be a mark that belongs to it
        if text[1:2] in "gL" or (text[1:2].isdigit() and text[1] != "0"):
            self.no_run = True
            return ANYTHING  # the text that a group matched, or a word of a list
        return WIDTHS.get(text, ONE)

    def _assertion(self, text: str) -> Width:
        self._at += len(text)
        ahead = ASSERTIONS.get(text)
        self.out.append(f"(?:{ahead}{text}{ahead})" if ahead else text)  # look-behinds read from right to left
        return NOTHING

    def _set(self) -> Width:
        """Read a set of characters in brackets, which may contain other sets in version 1 of ``regex``."""
        source, at, depth = self._source, self._at, 0
        while at < len(source):
            class_name = CLASS.match(source, at) if depth else None
            if class_name:
                at = class_name.end() - 1
            elif depth and source.startswith("[:", at):
                raise ValueError("[: begins the name of a class, and this is not one: write \\[:")
            elif source[at] == "\\":
                at += 1
            elif source[at] == "[" and (self._flags.sets or not depth):
                depth += 1
                at += source.startswith("^", at + 1)
                at += source.startswith("]", at + 1)  # the first one is meant literally
            elif source[at] == "]":
                depth -= 1
            at += 1
            if not depth:
                return self._copy(at - self._at)
        raise ValueError("the end of a set is not found")

    def _group(self) -> Width:
        for refused in ("(*", "(?R", "(?0"):
            if self._source.startswith(refused, self._at):
                raise ValueError(REFUSED[refused])
        opening = OPENING.match(self._source, self._at)
        if opening is None:
            raise ValueError(f"cannot read {self._source[self._at : self._at + 8]!r}")
        if opening["comment"]:
            self._at = self._source.index(")", self._at) + 1
            return NOTHING
        begin = self._at
        self._copy(len(opening.group()))
        before, reach, self._reach = self._flags.verbose, self._reach, 0
        if opening["flags"] is not None:
            self._flags.change(opening["flags"])
            self.no_run = self.no_run or begin > 0  # its beginning has other flags then
            if not opening["scoped"]:
                self._copy(1)
                return NOTHING
        width = self._inside(opening)
        self._copy(1)
        self._flags.verbose, self._reach = before, max(reach, self._reach)
        return width

    def _inside(self, opening: re.Match[str]) -> Width:
        """The width of a group."""
        has_number = opening.group() == "(" or opening["name"] is not None
        names = self._groups.open(opening["name"]) if has_number else ()
        self._groups.share_numbers = self._groups.share_numbers or opening.group() == "(?|"
        self.no_run = self.no_run or bool(opening["call"])
        self._leading = self._leading and not (
            opening["behind"] or opening["ahead"] or opening["test"] or opening["if"]
        )
        width = self.alternatives()
        self._groups.least.update(dict.fromkeys(names, width.least))
        if opening["behind"]:
            self.looks_back, self._reach = True, self._reach + width.most
            if self._reach > REACH:
                raise ValueError(f"a look-behind may see {REACH} characters at most, and this one has no such bound")
        if opening["behind"] or opening["ahead"] or opening["test"] == "DEFINE":
            return NOTHING
        if opening["call"]:
            return Width(self._groups.least_of(opening["call"]), inf)
        return Width(0, width.most) if opening["if"] or (opening["test"] and self._branches == 1) else width

    def _skip_blanks(self) -> bool:
        """Skip white space and comments, which mean nothing in verbose mode; False at the end of the source."""
        source = self._source
        while self._flags.verbose and self._at < len(source):
            if source[self._at] == "#":
                end = source.find("\n", self._at)
                self._at = len(source) if end < 0 else end
            elif source[self._at].isspace():
                self._copy(1)
            else:
                break
        return self._at < len(source)

    def _copy(self, size: int) -> Width:
        self.out.append(self._source[self._at : self._at + size])
        self._at += size
        return ONE


def _times(quantifier: re.Match[str]) -> tuple[float, float]:
    """The least and the greatest number of repetitions."""
    sign = quantifier.group()[0]
    if sign != "{":
        return (1 if sign == "+" else 0), (1 if sign == "?" else inf)
    low, comma, high = quantifier.groups()
    return float(low or 0), float(high or (inf if comma else low or 0))
