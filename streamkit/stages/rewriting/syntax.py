r"""What a regular expression looks at, read from its source.

A search in a growing text may only decide what no further character can change, so it must be seen where an expression
reads the character after the last one. The ``regex`` package sees it where a character is to be matched, but takes
``\b``, ``$`` and the like at the end of the text as decided. `watchful` puts a look-ahead before each of those, which
asks for that character. The reader here knows just enough of the syntax for that: where such an assertion stands, and
how far a look-behind reaches.
"""

from __future__ import annotations

import re
from math import inf
from typing import NamedTuple

__all__ = ["REACH", "watchful"]

REACH = 256
"""The most characters that a look-behind may see: so much of the text before the place at hand is always kept."""
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
IGNORECASE, VERBOSE, VERSION1, FULLCASE = 2, 64, 256, 16384  # flags of the ``regex`` package
QUANTIFIER = re.compile(r"(?:[*+?]|\{[ ]*(\d*)[ ]*(,?)[ ]*(\d*)[ ]*\})[?+]?")
FUZZY = re.compile(r"\{\s*(?:\d+\s*<=?\s*)?\d*[dies]\s*[,}:<+]")
ESCAPE = re.compile(
    r"\\(?:[pPNLg](?:\{[^}]*\}|<[^>]*>)|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[1-9]\d?|.)", re.DOTALL
)
UNREPEATABLE = re.compile(r"\(\?(?:#|(?:V[01]|[a-zA-Z-])*\))")  # a comment, or flags
OPENING = re.compile(
    r"\((?:\?(?:(?P<behind><[=!])|(?P<ahead>[=!])|(?P<comment>\#)|P?<\w+>|P?'\w+'|[:>|]|\((?P<test>\w+)\)"
    r"|(?P<call>(?:P=|P>|&)\w+|[+-]?\d+)|(?P<if>(?=\())|(?P<flags>[a-zA-Z0-9]*(?:-[a-zA-Z]+)?)(?P<scoped>:)?))?"
)


class Watchful(NamedTuple):
    """An expression whose every assertion about the next character reads it.

    ``run`` is what it begins with any number of, if its fate depends on the end of these only: where it finds nothing
    at one of them, it finds nothing at the others that follow at once.
    """

    source: str
    may_be_empty: bool
    run: str


def watchful(pattern: str, flags: int) -> Watchful:
    """``pattern``, which ``regex`` accepts with ``flags``; ValueError for what no growing text can decide."""
    reader = _Reader(pattern, flags)
    width = reader.whole()
    return Watchful("".join(reader.out), not width.least, "" if reader.refers else reader.run)


class Width(NamedTuple):
    """How many characters something can match."""

    least: float
    most: float


NOTHING, ONE, ANYTHING = Width(0, 0), Width(1, 1), Width(0, inf)
WIDTHS = {**dict.fromkeys((*ASSERTIONS, r"\A"), NOTHING), r"\R": Width(1, 2), r"\X": Width(1, inf)}


class _Reader:
    """Goes through the source once; a method that reads something returns how many characters that can match."""

    def __init__(self, source: str, flags: int) -> None:
        self._source, self._at = source, 0
        self._verbose, self._sets = bool(flags & VERBOSE), bool(flags & VERSION1)
        self._folds, self._any_case = bool(flags & (FULLCASE | VERSION1)), bool(flags & IGNORECASE)
        self._check_case()
        self._leading = True  # nothing was read yet but flags and the opening of groups
        self.out: list[str] = []
        self.run, self.refers = "", False

    def whole(self) -> Width:
        width = self.alternatives()
        if self._at < len(self._source):
            raise ValueError(f"cannot read {self._source[self._at : self._at + 8]!r}")
        return width

    def alternatives(self) -> Width:
        """Up to the closing bracket, which stays, or the end; flags that are set here end there."""
        verbose, leading, widths = self._verbose, self._leading, [self._sequence()]
        while self._source.startswith("|", self._at):
            self._copy(1)
            self._leading, self.run = False, "" if leading else self.run
            widths.append(self._sequence())
        self._verbose = verbose
        return Width(min(width.least for width in widths), max(width.most for width in widths))

    def _sequence(self) -> Width:
        least = most = 0.0
        while self._skip_blanks() and self._source[self._at] not in "|)":
            width = self._repeated()
            least, most = least + width.least, most + width.most
        return Width(least, most)

    def _repeated(self) -> Width:
        begin, at, char, leading = len(self.out), self._at, self._source[self._at], self._leading
        width = self._item()
        item = self._source[at : self._at]
        while self._skip_blanks():
            if FUZZY.match(self._source, self._at):
                raise ValueError("fuzzy matching is not supported")
            found = QUANTIFIER.match(self._source, self._at)
            if found is None or found.group() == "{}":
                break
            if UNREPEATABLE.match(item):
                raise ValueError("a comment or flags and then a quantifier cannot be read")
            if char == "(" or width != ONE:  # at the end no search asks whether a group would match once more
                self.out[begin:] = "(?:", *self.out[begin:], PEEK, ")"
            self._copy(len(found.group()))
            least, most = _times(found)
            if leading and char == "(":
                self.run = self.run if least else ""
            elif leading and width == ONE and most == inf and found.group()[-1:] != "?":
                self.run = item
            width = Width(width.least * least, width.most * most if width.most else 0)
        self._leading = leading and UNREPEATABLE.match(item) is not None
        return width

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
        found = ESCAPE.match(self._source, self._at)
        text = found.group() if found else self._source[self._at :]
        if text in REFUSED:
            raise ValueError(REFUSED[text])
        if text in ASSERTIONS:
            return self._assertion(text)
        self._copy(len(text))
        if text == r"\X":
            self.out[-1] = f"(?:\\X{NEXT})"  # the next character may be a mark that belongs to it
        if text[1:2] in "gL" or (text[1:2].isdigit() and text[1] != "0"):
            self.refers = True
            return ANYTHING  # what a group matched, or one of a list
        return WIDTHS.get(text, ONE)

    def _assertion(self, text: str) -> Width:
        self._at += len(text)
        self.out.append(f"(?:{ASSERTIONS[text]}{text})" if text in ASSERTIONS else text)
        return NOTHING

    def _set(self) -> Width:
        """A set of characters in brackets, which holds others if ``regex`` is asked for its version 1."""
        source, at, depth = self._source, self._at, 0
        while at < len(source):
            named = source.find(":]", at) if depth and source.startswith("[:", at) else -1
            if named > 0:
                at = named + 1
            elif source[at] == "\\":
                at += 1
            elif source[at] == "[" and (self._sets or not depth):
                depth += 1
                at += source.startswith("^", at + 1)
                at += source.startswith("]", at + 1)  # the first one is meant literally
            elif source[at] == "]":
                depth -= 1
            at += 1
            if not depth:
                break
        return self._copy(at - self._at)

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
        self._copy(len(opening.group()))
        before = self._verbose
        if opening["flags"] is not None:
            self._set_flags(opening["flags"])
            if not opening["scoped"]:
                self._copy(1)
                return NOTHING
        self.refers = self.refers or bool(opening["call"])
        self._leading = self._leading and not (
            opening["behind"] or opening["ahead"] or opening["test"] or opening["if"]
        )
        width = self.alternatives()
        self._copy(1)
        self._verbose = before
        return self._meant(opening, width)

    def _meant(self, opening: re.Match[str], width: Width) -> Width:
        """What a group counts for whose content has ``width``."""
        if opening["behind"] and width.most > REACH:
            raise ValueError(f"a look-behind may see {REACH} characters at most, and this one has no such bound")
        if opening["behind"] or opening["ahead"]:
            return NOTHING
        if opening["call"]:
            return ANYTHING
        return Width(0, width.most) if opening["test"] or opening["if"] else width

    def _set_flags(self, flags: str) -> None:
        on, _, off = flags.partition("-")
        self._verbose = ("x" in on or self._verbose) and "x" not in off
        self._sets = self._sets or "V1" in on
        self._folds = self._folds or "f" in on or "V1" in on
        self._any_case = self._any_case or "i" in on
        self._check_case()

    def _check_case(self) -> None:
        if self._folds and self._any_case:
            raise ValueError("full case folding (ss for ß), which version 1 brings along, is not supported")

    def _skip_blanks(self) -> bool:
        """Past white space and comments, which mean nothing in verbose mode; False at the end of the source."""
        source = self._source
        while self._verbose and self._at < len(source) and (source[self._at] == "#" or source[self._at].isspace()):
            if source[self._at] == "#":
                end = source.find("\n", self._at)
                self._at = len(source) if end < 0 else end
            else:
                self._copy(1)
        return self._at < len(source)

    def _copy(self, size: int) -> Width:
        self.out.append(self._source[self._at : self._at + size])
        self._at += size
        return ONE


def _times(quantifier: re.Match[str]) -> tuple[float, float]:
    """How often at least and at most."""
    sign = quantifier.group()[0]
    if sign != "{":
        return (1 if sign == "+" else 0), (1 if sign == "?" else inf)
    low, comma, high = quantifier.groups()
    return float(low or 0), float(high or (inf if comma else low or 0))
