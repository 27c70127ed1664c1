"""Where a reply was cut and goes on: a continuation may begin by saying again what was said last."""

from __future__ import annotations

import re
import unicodedata

from .segments.scripts import CJK

__all__ = ["Seam"]

BACK = 2000
"""Characters from the end of what was said in which the beginning of a repetition is looked for."""
LONG = 16
"""Characters after which it is no coincidence that two texts agree."""
SHORT = 4
"""Letters of a whole word of which the same is true, if no space stands between it and itself."""

UNSPACED = f"{CJK}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # and the scripts of South East Asia
WORD = re.compile(rf"[^\W{UNSPACED}]+|[{UNSPACED}]{{1,3}}")


class Seam:
    """A stage: the pieces of a text that continues ``kept`` → the same text, without what it repeats of ``kept``.

    Servers that are given the beginning of a reply go on after it, or say once more the word that was cut, the last
    few words, or everything. Its beginning is a repetition if ``kept`` ends with the very same characters, and they are

    - the word that was cut, from its start, and the text goes on with it ("Hello wor", "world"); or a whole word of at
      least four letters, with no space between it and itself ("so it was very", "very late");
    - at least 16 characters, or all of ``kept`` if that is more than one word;
    - and in no case what ``kept`` had said twice by then, or what repeats itself ("la la la").

    All else is text: "very ", "very good" says very twice, and "bana", "na" is a banana.

    Note: a word whose half begins like the whole ("co", "coa") cannot be told from one that is repeated.

    Text is held while it may be a repetition, looked for from the last 2000 characters on, or from the first one.
    """

    def __init__(self, kept: str) -> None:
        self._kept, end = kept, len(kept)
        self._glued = _is_letter(kept[-1:])
        self._several = len(WORD.findall(kept[:BACK])) > 1
        starts = set(range(max(0, end - BACK), max(0, end - LONG + 1)))
        if self._several:
            starts.add(0)
        if self._glued:
            starts.update(start for start in range(max(0, end - LONG), end) if self._begins_word(start))
        self._open = sorted(starts)  # the places from which on it may be said again
        self._met: list[int] = []  # of these, all was said again
        self._held: list[str] = []
        self._size = 0

    @property
    def over(self) -> bool:
        """Nothing is held, and nothing will be left out any more."""
        return not self._open and not self._met

    def feed(self, text: str) -> str:
        """What may be shown by now."""
        if self.over:
            return text
        still: list[int] = []
        for start in self._open:
            at = start + self._size
            if text.startswith(self._kept[at : at + len(text)]):
                (still if at + len(text) < len(self._kept) else self._met).append(start)
        self._open = still
        self._held.append(text)
        self._size += len(text)
        return self._decided(final=False)

    def flush(self) -> str:
        """The continuation is over, or something else than text follows."""
        self._open = []
        return self._decided(final=True)

    def _decided(self, *, final: bool) -> str:
        """The longest repetition counts, so it is waited for, and for the character after one: that may decide."""
        text = "".join(self._held) if self._met or not self._open else ""
        for start in sorted(self._met):
            said = len(self._kept) - start
            if (self._open and self._open[0] < start) or (len(text) == said and not final):
                return ""
            if self._repeats(start, text[said : said + 1]):
                return self._shown(text[said:])
            self._met.remove(start)
        return "" if self._open else self._shown(text)

    def _shown(self, text: str) -> str:
        self._open, self._met, self._held = [], [], []
        return text

    def _repeats(self, start: int, follows: str) -> bool:
        """Whether what is said again from ``start`` on, before ``follows``, is more than a coincidence."""
        said = self._kept[start:]
        if _repeats_itself(said) or self._kept.endswith(said, 0, start):
            return False
        if len(said) >= LONG or (start == 0 and self._several):
            return True
        return len(said) >= SHORT or _is_letter(follows)

    def _begins_word(self, start: int) -> bool:
        before, first = self._kept[:start][-1:], self._kept[start]
        return not (first.isspace() or before.isalnum() or before in {"'", "’", "_"})


def _is_letter(char: str) -> bool:
    """One of a script that sets spaces between words."""
    return char != "" and unicodedata.category(char)[0] in "LM" and not re.match(f"[{UNSPACED}]", char)


def _repeats_itself(text: str) -> bool:
    """Whether its letters (or its marks, without any) are the same few again and again, at least twice."""
    seen = [char for char in text.casefold() if not char.isspace()]
    letters = [char for char in seen if char.isalnum()] or seen
    borders = [0] * len(letters)  # how much of the beginning ends here (Knuth, Morris, Pratt)
    for at in range(1, len(letters)):
        size = borders[at - 1]
        while size and letters[at] != letters[size]:
            size = borders[size - 1]
        borders[at] = size + (letters[at] == letters[size])
    return bool(letters) and 2 * borders[-1] >= len(letters)
