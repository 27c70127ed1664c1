"""Open brackets and quotes, and the ends of sentences they hold back.

A character that may well not be an opening one holds back nothing: an apostrophe, the bracket of an index, a call, an
interval or a smiley. It still pairs with its closing character, but a sentence may end within it: a part of a sentence
that comes too early costs less than one that comes late.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ahead import Ahead, MoreNeeded
from .scripts import CJK, CLOSER_OF

__all__ = ["CLOSERS", "OPENERS", "EndCandidate", "OpenBrackets"]

OPENERS = "".join(CLOSER_OF)
CLOSERS = "".join(sorted(set("".join(CLOSER_OF.values()))))

_POINT = re.compile(r"[.,;:!?)\]]|\Z")
_SAYS = "says?|said|writes?|wrote|replie[sd]|shout(?:s|ed)?|whisper(?:s|ed)?|yell(?:s|ed)?|cried|adds|added|thought"
_ASKS = "ask(?:s|ed|ing)?|answer(?:s|ed|ing)?|call(?:s|ed)?|told|reads?|mutter(?:s|ed)?|saying|writing|adding|thinking"
_BEFORE_QUOTE = re.compile(rf"(?:[:(\[\"“„«]\s?|\b(?:{_SAYS}),?\s|\b(?:{_ASKS}),\s)\Z", re.IGNORECASE)
_REACH = 16
_INDEXED = re.compile(rf"[^\W{CJK}]|[)\]:;=$#%]")
_COUNTS = re.compile(r"[\d\s+−-]|\Z")
_INTERVAL = re.compile(r"[^\s,;]{1,20}\s?[,;]\s?[^\s,;]{1,20}")
_LONGEST_INTERVAL = 48
_SHORT = re.compile(r"[^\W\d_]{1,6}(?![^\W_])|[^\W\d_]{1,5}\Z")
_ELISIONS = frozenset(
    {"tis", "twas", "em", "cause", "til", "till", "bout", "round", "cuz", "n", "neath", "s", "t", "k", "m", "d"}
)
_LETTER = re.compile(r"[^\W_]")


@dataclass(slots=True)
class OpenBracket:
    """An open bracket or quote at ``position``; no sentence ends within one that ``holds``."""

    closers: str
    position: int
    holds: bool = True


@dataclass(slots=True)
class EndCandidate:
    """A possible end of a sentence: its marks are ``text[mark:run]``, what closes with them extends to ``end``."""

    mark: int
    run: int
    end: int
    stopped: bool = False  # another mark follows the closing bracket or quote
    whole: bool = False  # the bracket that closes here opened the segment
    depth: int = 0
    after_question: bool = False  # the sentence before was a question


class OpenBrackets:
    """The brackets and quotes that are open in the segment that begins at ``start``, outermost first."""

    __slots__ = ("held_ends", "open", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.open: list[OpenBracket] = []
        self.held_ends: list[EndCandidate] = []

    def shift(self, by: int) -> None:
        self.start -= by
        for level in self.open:
            level.position -= by
        for candidate in self.held_ends:
            candidate.mark, candidate.run, candidate.end = candidate.mark - by, candidate.run - by, candidate.end - by

    def expects(self, char: str) -> bool:
        return any(char in level.closers for level in self.open)

    def close(self, char: str) -> None:
        """Remove the innermost bracket that ``char`` closes, all that is open within it, and the ends it held back."""
        depth = self.depth_after(char)
        if depth < len(self.open):
            del self.open[depth:]
            self.held_ends = [candidate for candidate in self.held_ends if candidate.depth <= depth]

    def depth_after(self, chars: str) -> int:
        depth = len(self.open)
        for char in chars:
            for level in range(depth - 1, -1, -1):
                if char in self.open[level].closers:
                    depth = level
                    break
        return depth

    def holding(self, chars: str = "") -> int:
        """The number of levels that are open, after ``chars``, up to the innermost that holds; 0 if none does."""
        depth = self.depth_after(chars)
        while depth and not self.open[depth - 1].holds:
            depth -= 1
        return depth

    def update(self, ahead: Ahead, at: int) -> None:
        """Open or close the bracket or quote at ``at``."""
        char, following = ahead.text[at], ahead.char(at + 1)
        before = ahead.text[at - 1] if at > self.start else " "
        if char == "’" and _LETTER.match(following):
            return  # an apostrophe
        if char == "'":
            self._update_single(ahead, at, before, following)
        elif char in ")]" and self._closes_interval(ahead.text, at):
            self.close(self.open[-1].closers)
        elif self.expects(char):
            self.close(char)
        elif char == "‘" and _LETTER.match(following) and _is_elided(ahead, at + 1):
            return
        elif char in OPENERS and _opens(char, before, following):
            self.open.append(OpenBracket(CLOSER_OF[char], at, not _is_weak(char, before, following)))
        elif char in "»›" and before.isspace() and following.strip():
            self.open.append(OpenBracket("«" if char == "»" else "‹", at))  # German books use these the other way round

    def _update_single(self, ahead: Ahead, at: int, before: str, following: str) -> None:
        """Open or close a straight single quote, unless it is an apostrophe; after an "s" it may mark a possessive."""
        if self.expects("'"):
            ends = before in "sS" and not _POINT.match(following)
            if not ends and not _LETTER.match(following) and not before.isspace():
                self.close("'")
        elif _LETTER.match(following) and self._is_introduced(ahead.text, at) and not _is_elided(ahead, at + 1):
            self.open.append(OpenBracket("'", at))

    def _is_introduced(self, text: str, at: int) -> bool:
        """True if a quote may begin here; else the character is most often an apostrophe.

        A verb of saying, a colon or another opening character precedes a quote, or a comma where the sentence began
        with a quote.
        """
        before = text[max(self.start, at - _REACH) : at]
        if before.endswith(", ") and text[self.start] == "'":
            return True
        return text[at + 1].isupper() and _BEFORE_QUOTE.search(before) is not None

    def _closes_interval(self, text: str, at: int) -> bool:
        """True at the end of a half-open interval: ``[0, 1)``."""
        if not self.open or text[self.open[-1].position] not in "([" or at - self.open[-1].position > _LONGEST_INTERVAL:
            return False
        return _INTERVAL.fullmatch(text, self.open[-1].position + 1, at) is not None

    def hold(self, candidate: EndCandidate) -> None:
        candidate.depth = self.holding()
        self.held_ends.append(candidate)

    def drop_outermost(self) -> None:
        del self.open[:1]
        for candidate in self.held_ends:
            candidate.depth -= 1


def _is_elided(ahead: Ahead, at: int) -> bool:
    """True if the beginning of the word at ``at`` is left out: "'tis", "'90s", Dutch "'s avonds"."""
    if ahead.text[at].isdigit():
        return True
    if ahead.may_continue(_SHORT, at, 6):
        raise MoreNeeded
    word = _SHORT.match(ahead.text, at)
    return word is not None and word[0].lower() in _ELISIONS


def _opens(char: str, before: str, following: str) -> bool:
    if char == '"':  # else it means inches, or is the second half of a pair that was cut
        return not before.isalnum() and bool(following.strip())
    if char == "‘":
        return not before.isalnum()
    return char != "(" or before not in ":;="  # a smiley


def _is_weak(char: str, before: str, following: str) -> bool:
    """True for the bracket of an index, a call, a smiley, a number or a gap."""
    if char in "({":
        return before != "]" and _INDEXED.match(before) is not None  # after "]" comes the target of a link
    return char == "[" and (_INDEXED.match(before) is not None or _COUNTS.match(following) is not None)
