"""Literal words in a growing text, thousands at once."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

from .matching import Held, Replace, RuleMatch

__all__ = ["LiteralWords"]

FEW = 8  # first characters: looking for one of so few is quicker than looking at each character


class LiteralWords:
    """Literal words by the automaton of Aho and Corasick (1975): the leftmost word counts, of several the longest.

    A state is the longest end of the current text that begins a word. Cost: linear in the text, however many
    words there are. ValueError for no words and for empty ones.
    """

    def __init__(self, words: Iterable[str], replace: Replace) -> None:
        self._next: list[dict[str, int]] = [{}]  # for each state, the longer state that each character leads to
        self._depth = [0]  # for each state, the length of its text
        self._ends = [0]  # for each state, the length of the longest word that ends there
        self.longest = 0
        for word in words:
            if not isinstance(word, str) or not word:
                raise ValueError(f"a literal word is a str that is not empty, not {word!r}")
            self._add(word)
        if not self.longest:
            raise ValueError("no words")
        self._shorter = self._shorter_states()
        first = "".join(map(re.escape, self._next[0]))
        self._first = re.compile(f"[{first}]") if len(self._next[0]) <= FEW else None
        self.replace = replace

    def find(self, text: str, pos: int, final: bool, last: Held | None = None) -> RuleMatch | Held | None:
        start, end, undecided = self._leftmost(text, pos)
        if undecided is not None and not final:
            return Held(undecided)
        return RuleMatch(start, end) if end else None

    def _leftmost(self, text: str, at: int) -> tuple[int, int, int | None]:
        """Start and end of the word (the end is 0 if there is none), and the position from which more text could change
        them."""
        following, shorter, depth, ends, first = self._next, self._shorter, self._depth, self._ends, self._first
        state = start = end = 0
        size = len(text)
        while at < size:
            if not state and first is not None:
                match = first.search(text, at)
                if match is None:
                    break
                at = match.start()
            char = text[at]
            at += 1
            while char not in following[state] and state:
                state = shorter[state]
            state = following[state].get(char, 0)
            if end and at - depth[state] > start:
                return start, end, None
            if ends[state] and (not end or at - ends[state] <= start):
                start, end = at - ends[state], at
        undecided = size - depth[state] if following[state] and state else None
        if end and undecided is not None and undecided > start:
            undecided = None
        return start, end, undecided

    def _add(self, word: str) -> None:
        state = 0
        for char in word:
            further = self._next[state]
            if char not in further:
                further[char] = len(self._next)
                self._next.append({})
                self._depth.append(self._depth[state] + 1)
                self._ends.append(0)
            state = further[char]
        self._ends[state] = len(word)
        self.longest = max(self.longest, len(word))

    def _shorter_states(self) -> list[int]:
        """For each state the state of the longest shorter text that begins a word."""
        shorter = [0] * len(self._next)
        waiting = deque(self._next[0].values())
        while waiting:
            state = waiting.popleft()
            for char, longer in self._next[state].items():
                back = shorter[state]
                while back and char not in self._next[back]:
                    back = shorter[back]
                shorter[longer] = self._next[back].get(char, 0)
                self._ends[longer] = self._ends[longer] or self._ends[shorter[longer]]
                waiting.append(longer)
        return shorter
