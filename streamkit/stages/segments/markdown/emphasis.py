"""Pairs of the marks ``*``, ``_`` and ``~~``, by the delimiter algorithm of CommonMark 0.31 (section 6.2 and its
appendix), with strike-through as GFM has it.

It differs from CommonMark where no space distinguishes a mark before or after a word from one within it. Between
punctuation and a Chinese, Japanese or Korean letter, and beside full-width punctuation, a mark may open and close
emphasis (``**注意：**请``, ``**注意：**API``). Between two numbers or single letters ``*`` and ``**`` are operators
(``2**3``, ``x*y*z``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..scripts import CJK
from .edits import Edit

__all__ = ["DelimiterRun", "EmphasisRuns", "pair"]

_WIDE = re.compile(f"[{CJK}\uac00-\ud7af\u1100-\u11ff]")
_RUN = re.compile(r"\*+|_+|~~+")
_LONGEST_NUMBER = 20
_OPERAND = re.compile(rf"(?:[0-9]{{1,{_LONGEST_NUMBER}}}+|[A-Za-z])(?![^\W_])")
_SPACES = frozenset("\t\n\v\f\r")


@dataclass(slots=True)
class DelimiterRun:
    """A run of the same mark at ``at``; the part from ``start`` to ``end`` has no partner yet."""

    at: int
    char: str
    size: int  # of the whole run; 0 where the rule of three does not hold
    start: int
    end: int
    opens: bool
    closes: bool

    def __len__(self) -> int:
        return self.end - self.start

    @classmethod
    def between(cls, before: str, text: str, at: int, end: int, after: str) -> DelimiterRun:
        """The run ``text[at:end]`` between the characters ``before`` and ``after``."""
        space_before, space_after = _is_space(before), _is_space(after)
        mark_before, mark_after = _is_mark(before), _is_mark(after)
        is_wide = _is_wide(before) or _is_wide(after)
        left = not space_after and (not mark_after or space_before or mark_before or is_wide)
        right = not space_before and (not mark_before or space_after or mark_after or is_wide)
        char, size = text[at], end - at
        if char == "~":
            return cls(at, char, 0, at + size % 2, end, left, right)
        if char == "_":  # not within a word
            within = left and right and not mark_before and not mark_after
            left, right = left and not within, right and not within
        return cls(at, char, size, at, end, left, right)


class EmphasisRuns:
    """The runs in a text that may be marks of emphasis, in order; ``opened`` are from earlier text."""

    def __init__(self, opened: Sequence[DelimiterRun]) -> None:
        self._runs = [replace(run, at=at, start=-len(run), end=0) for at, run in enumerate(opened, start=-len(opened))]
        self._operator_end = -1  # of the last run that is an operator
        self._opening: set[str] = set()  # the runs that may open emphasis

    def __len__(self) -> int:
        return len(self._runs)

    def add(self, before: str, text: str, at: int, end: int, after: str) -> None:
        """Add the run ``text[at:end]``, unless it is an operator or a single ``~``."""
        if _is_operator(text, at, end, self._operator_end):
            self._operator_end = end
        elif text[at] != "~" or end - at > 1:
            run = DelimiterRun.between(before, text, at, end, after)
            self._runs.append(run)
            if run.opens:
                self._opening.add(text[at:end])

    def take(self, since: int) -> list[DelimiterRun]:
        """Remove and return the runs from number ``since`` on."""
        runs = self._runs[since:]
        del self._runs[since:]
        return runs

    def separated(self, text: str, start: int, end: int) -> bool:
        """True if a mark within ``text[start:end]`` has its partner outside."""
        within = set[str]()
        for match in _RUN.finditer(text, start, end):
            run = DelimiterRun.between(text[match.start() - 1], text, *match.span(), text[match.end()])
            if run.opens and not run.closes:
                within.add(match[0])
            elif run.closes and not run.opens:
                if match[0] not in within and match[0] in self._opening:
                    return True
                within.discard(match[0])
        following = _RUN.match(text, end)
        return following is not None and following[0] in within


def _is_operator(text: str, at: int, end: int, last: int) -> bool:
    """True if the run ``text[at:end]`` of ``*`` stands between two numbers or single letters.

    ``last`` is the end of the operator before it: a character after any other mark is not an operand (``**B**6``).
    """
    if text[at] != "*" or end - at > 2 or not _OPERAND.match(text, end):
        return False
    first = at
    while first > max(0, at - _LONGEST_NUMBER - 1) and text[first - 1].isalnum():
        first -= 1
    before = text[first - 1 : first]
    return _OPERAND.fullmatch(text, first, at) is not None and (before != "*" or first == last)


def pair(runs: list[DelimiterRun]) -> tuple[list[Edit], list[tuple[int, int]], list[DelimiterRun]]:
    """The edits that remove paired marks, the positions of the pairs, and the runs that may still open emphasis."""
    edits: list[Edit] = []
    pairs: list[tuple[int, int]] = []
    openers: list[DelimiterRun] = []
    bottom: dict[tuple[str, bool, int], int] = {}  # no opener before that position matches such a closer
    for run in runs:
        while run.closes and run:
            kind = (run.char, run.opens, run.size % 3)
            level = _opener(openers, run, bottom.get(kind))
            if level is None:
                bottom[kind] = run.at
                break
            opener = openers[level]
            size = min(len(opener), len(run))
            edits += [Edit(opener.end - size, opener.end), Edit(run.start, run.start + size)]
            pairs.append((opener.at, run.at))
            opener.end -= size
            run.start += size
            del openers[level + bool(opener) :]
        if run.opens and run:
            openers.append(run)
    return edits, pairs, openers


def _opener(openers: list[DelimiterRun], closer: DelimiterRun, bottom: int | None) -> int | None:
    level = len(openers) - 1
    while level >= 0 and (bottom is None or openers[level].at >= bottom):
        if _fit(openers[level], closer):
            return level
        level -= 1
    return None


def _fit(opener: DelimiterRun, closer: DelimiterRun) -> bool:
    """True if both have the same character and the rule of three allows the pair."""
    if opener.char != closer.char:
        return False
    sizes = opener.size, closer.size
    return not (opener.closes or closer.opens) or sum(sizes) % 3 != 0 or (sizes[0] % 3 == 0 and sizes[1] % 3 == 0)


def _is_wide(char: str) -> bool:
    """True for a letter that needs no space before it, or a full-width punctuation mark."""
    return _WIDE.match(char) is not None or (_is_mark(char) and unicodedata.east_asian_width(char) in "WF")


def _is_space(char: str) -> bool:
    return char in _SPACES or unicodedata.category(char) == "Zs"


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] in "PS"
