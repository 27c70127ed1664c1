"""Open brackets and quotes, and the ends of sentences they hold back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ahead import Ahead, MoreNeeded
from .scripts import CLOSER_OF

__all__ = ["CLOSERS", "OPENERS", "Brackets", "Candidate"]

OPENERS = "".join(CLOSER_OF)
CLOSERS = "".join(sorted(set("".join(CLOSER_OF.values()))))

_POINT = re.compile(r"[.,;:!?)\]]|\Z")
_BEFORE_QUOTE = re.compile(r"[\s(\[\"“„«—–-]")
_SHORT = re.compile(r"[^\W\d_]{1,6}(?![^\W_])|[^\W\d_]{1,5}\Z")
_ELISIONS = frozenset(
    {"tis", "twas", "em", "cause", "til", "till", "bout", "round", "cuz", "n", "neath", "s", "t", "k", "m", "d"}
)
_LETTER = re.compile(r"[^\W_]")


@dataclass(slots=True)
class Candidate:
    """A possible end: its marks are ``text[mark:run]``, what closes with it goes on to ``end``."""

    mark: int
    run: int
    end: int
    stopped: bool = False  # another mark stands behind what closes
    whole: bool = False  # the bracket that closes with it opened the segment
    depth: int = 0
    answers: bool = False  # the sentence before was a question


class Brackets:
    """What is open in the segment that begins at ``start``, outermost first, as (closers, place)."""

    __slots__ = ("held", "open", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.open: list[tuple[str, int]] = []
        self.held: list[Candidate] = []

    def shift(self, by: int) -> None:
        self.start -= by
        self.open = [(closers, place - by) for closers, place in self.open]
        for one in self.held:
            one.mark, one.run, one.end = one.mark - by, one.run - by, one.end - by

    def expects(self, char: str) -> bool:
        return any(char in closers for closers, _ in self.open)

    def close(self, char: str) -> None:
        """Forget the innermost bracket that ``char`` closes, what lies in it, and the ends it held."""
        depth = self.depth_after(char)
        if depth < len(self.open):
            del self.open[depth:]
            self.held = [one for one in self.held if one.depth <= depth]

    def depth_after(self, chars: str) -> int:
        depth = len(self.open)
        for char in chars:
            for level in range(depth - 1, -1, -1):
                if char in self.open[level][0]:
                    depth = level
                    break
        return depth

    def see(self, ahead: Ahead, at: int) -> None:
        """Take the bracket or quote at ``at``."""
        char, following = ahead.text[at], ahead.char(at + 1)
        before = ahead.text[at - 1] if at > self.start else " "
        if char == "’" and _LETTER.match(following):
            return  # an apostrophe
        if char == "'":
            self._see_single(ahead, at, before, following)
        elif self.expects(char):
            self.close(char)
        elif char in OPENERS and _opens(char, before, following):
            self.open.append((CLOSER_OF[char], at))
        elif char in "»›" and before.isspace() and following.strip():
            self.open.append(("«" if char == "»" else "‹", at))  # German books turn them round

    def _see_single(self, ahead: Ahead, at: int, before: str, following: str) -> None:
        """A straight single quote, unless it is an apostrophe; behind an "s" it may be that of many owners."""
        if self.expects("'"):
            ends = before in "sS" and not _POINT.match(following)
            if not ends and not _LETTER.match(following) and not before.isspace():
                self.close("'")
        elif _BEFORE_QUOTE.match(before) and _LETTER.match(following) and not _is_elided(ahead, at + 1):
            self.open.append(("'", at))

    def hold(self, one: Candidate) -> None:
        one.depth = len(self.open)
        self.held.append(one)

    def drop_outermost(self) -> None:
        del self.open[:1]
        for one in self.held:
            one.depth -= 1


def _is_elided(ahead: Ahead, at: int) -> bool:
    """Whether the word at ``at`` lost its beginning: "'tis", "'90s", Dutch "'s avonds"."""
    if ahead.text[at].isdigit():
        return True
    if ahead.whole(_SHORT, at, 6):
        raise MoreNeeded
    word = _SHORT.match(ahead.text, at)
    return word is not None and word[0].lower() in _ELISIONS


def _opens(char: str, before: str, following: str) -> bool:
    if char == '"':  # else inches, or the second half of a pair that was cut
        return not before.isalnum() and bool(following.strip())
    if char == "‘":
        return not before.isalnum()
    return char != "(" or before not in ":;="  # a face
