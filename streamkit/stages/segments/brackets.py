"""Open brackets and quotes, and the ends of sentences they hold back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ahead import Ahead
from .scripts import CLOSER_OF

__all__ = ["CLOSERS", "OPENERS", "Brackets", "Candidate"]

OPENERS = "".join(CLOSER_OF)
CLOSERS = "".join(sorted(set("".join(CLOSER_OF.values()))))

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
        if self.expects(char):
            self.close(char)
        elif char in OPENERS and _opens(char, before, following):
            self.open.append((CLOSER_OF[char], at))
        elif char in "»›" and before.isspace() and following.strip():
            self.open.append(("«" if char == "»" else "‹", at))  # German books turn them round

    def hold(self, one: Candidate) -> None:
        one.depth = len(self.open)
        self.held.append(one)

    def drop_outermost(self) -> None:
        del self.open[:1]
        for one in self.held:
            one.depth -= 1


def _opens(char: str, before: str, following: str) -> bool:
    if char == '"':  # else inches, or the second half of a pair that was cut
        return not before.isalnum() and bool(following.strip())
    if char == "‘":
        return not before.isalnum()
    return char != "(" or before not in ":;="  # a face
