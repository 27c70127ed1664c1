"""Where a reply was cut and goes on: a continuation may begin by saying again what was said last."""

from __future__ import annotations

import re
import unicodedata

from .segments import CJK

__all__ = ["Seam"]

BACK = 2000
"""Characters from the end of what was said in which the beginning of a repetition is looked for."""
LONG = 16
"""Characters after which it is no coincidence that two texts agree, wherever they begin."""
SHORT = 4
"""Characters of a whole word of which the same is true, with the one that follows it."""
AHEAD = 2
"""Characters after a repetition that tell whether its last word goes on: "10" does in "10.5", and not in "10. "."""

UNSPACED = f"{CJK}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # and the scripts of South East Asia
WORD = re.compile(rf"[^\W{UNSPACED}]+|[{UNSPACED}]{{1,3}}")
IS_UNSPACED, IS_CJK = re.compile(f"[{UNSPACED}]"), re.compile(f"[{CJK}]")
BLANKS = " \t"
INNER_MARKS = "'’-."
"""Marks that stand within words and figures."""


class Seam:
    """A stage: the pieces of a text that continues ``kept`` → the same text, without what it repeats of ``kept``.

    Servers that are given the beginning of a reply go on after it, or say once more the word that was cut, the last
    few words, or everything. Its beginning is a repetition if ``kept`` ends with the very same characters, and they are

    - the word or figure that was cut, from its start, and the text goes on with it ("Hello wor", "world"; "costs 10",
      "100 dollars");
    - the last word as a whole, of three letters or more, or of two with a space after it ("the cat", "cat sat"); the
      space may be in ``kept`` too ("It is ", "is late"), but not after a figure, as two in a row are often the same;
    - at least two characters of Chinese or Japanese, which have no spaces;
    - at least 16 characters, or all of ``kept``;
    - and in no case what ``kept`` had said twice by then, what repeats itself ("la la la"), or the whole last lines of
      ``kept`` on lines of their own: rows of a table and lines of code are often the same.

    All else is text: "very", " very good" says very twice, and "bana", "na" is a banana.

    Note: a word whose half begins like the whole ("co", "coa") cannot be told from one that is repeated, nor can a
    figure ("1", "10").

    Text is held while it may be a repetition, looked for from the last 2000 characters on, or from the first one.
    """

    def __init__(self, kept: str) -> None:
        self._kept, end = kept, len(kept)
        self._several = len(WORD.findall(kept[:BACK])) > 1
        starts = set(range(max(0, end - BACK), max(0, end - LONG + 1)))
        starts.update(start for start in range(max(0, end - LONG), end) if self._may_begin(start))
        if self._several:
            starts.add(0)
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
        """The longest repetition counts, so it is waited for, and for the characters after one: they may decide."""
        for start in sorted(self._met):
            said = len(self._kept) - start
            if (self._open and self._open[0] < start) or (self._size < said + AHEAD and not final):
                return ""
            text = self._text()
            if self._repeats(start, text[said : said + AHEAD]):
                return self._shown(text[said:])
            self._met.remove(start)
        return "" if self._open else self._shown(self._text())

    def _text(self) -> str:
        self._held = ["".join(self._held)]
        return self._held[0]

    def _shown(self, text: str) -> str:
        self._open, self._met, self._held = [], [], []
        return text

    def _may_begin(self, start: int) -> bool:
        """Whether less than `LONG` characters, up to the end of ``kept``, may be a repetition."""
        first, before = self._kept[start], self._kept[:start][-1:]
        if first.isspace():
            return False
        if start == 0:
            return True
        if not _ends_with_word(self._kept):
            return False
        if IS_UNSPACED.match(first):
            return True
        in_figure = before in ".," and first.isdecimal() and self._kept[start - 2 : start - 1].isdecimal()
        return not (in_figure or _is_letter(before) or before in "'’")

    def _repeats(self, start: int, follows: str) -> bool:
        """Whether what is said again from ``start`` on, before ``follows``, is more than a coincidence."""
        said = self._kept[start:]
        if _repeats_itself(said) or self._kept.endswith(said, 0, start):
            return False
        if start == 0 and self._several:
            return True
        if start and self._is_lines(start, follows):
            return False
        return len(said) >= LONG or _is_word_again(said, follows)

    def _is_lines(self, start: int, follows: str) -> bool:
        """Whether whole lines are said again, on lines of their own."""
        before, said = self._kept[:start].rstrip(BLANKS), self._kept[start:]
        new = said[0] in "\r\n"
        ended = said.rstrip(BLANKS).endswith("\n") or (new and follows[:1] in ("", "\r", "\n"))
        return ended and (new or before.endswith("\n"))


def _is_word_again(said: str, follows: str) -> bool:
    if IS_CJK.match(said):
        return len(said) > 1
    last, size = said[-1], len(said) + bool(follows)
    if (_is_letter(last) or last in INNER_MARKS) and _goes_on(follows) and not IS_UNSPACED.match(said):
        return True
    return size >= SHORT or (size == SHORT - 1 and follows[:1].isspace() and not last.isdecimal())


def _goes_on(follows: str) -> bool:
    """Whether a word does that was said up to here."""
    return _is_letter(follows[:1]) or (follows[:1] in INNER_MARKS and _is_letter(follows[1:]))


def _ends_with_word(text: str) -> bool:
    """Whether ``text`` ends within or after a word; spaces may follow one, but not a figure."""
    last = text.rstrip(BLANKS)[-1:]
    if text.endswith(tuple(BLANKS)):
        return _is_letter(last) and not last.isdecimal()
    return _is_letter(last) or IS_UNSPACED.match(last) is not None or (last in INNER_MARKS and _is_letter(text[-2:-1]))


def _is_letter(char: str) -> bool:
    """A letter or digit of a script that sets spaces between words."""
    return char == "_" or (char != "" and unicodedata.category(char)[0] in "LMN" and not IS_UNSPACED.match(char))


def _repeats_itself(text: str) -> bool:
    """Whether its letters (or its marks, without any) are the same few again and again, at least twice.

    Figures do that by chance (2020), so it tells nothing about one, unless all its digits are the same.
    """
    seen = [char for char in text.casefold() if not char.isspace()]
    letters = [char for char in seen if char.isalnum()] or seen
    if text.strip(INNER_MARKS).isdecimal() and len(set(letters)) > 1:
        return False
    borders = [0] * len(letters)  # how much of the beginning ends here (Knuth, Morris, Pratt)
    for at in range(1, len(letters)):
        size = borders[at - 1]
        while size and letters[at] != letters[size]:
            size = borders[size - 1]
        borders[at] = size + (letters[at] == letters[size])
    return bool(letters) and 2 * borders[-1] >= len(letters)
