"""The seam between a reply that was cut and its continuation, which may begin by repeating the end of the reply."""

from __future__ import annotations

import re
import unicodedata

from .segments import CJK

__all__ = ["Seam"]

BACK = 2000
"""Characters at the end of the text so far in which the beginning of a repetition is looked for."""
LONG = 16
"""Characters from which on two texts do not agree by coincidence, wherever they begin."""
SHORT = 4
"""Characters of a whole word, with the one that follows it, of which the same is true."""
AHEAD = 2
"""Characters after a repetition that show whether its last word goes on: "10" does in "10.5", and not in "10. "."""

UNSPACED = f"{CJK}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # and the scripts of South East Asia
WORD = re.compile(rf"[^\W{UNSPACED}]+|[{UNSPACED}]{{1,3}}")
IS_UNSPACED, IS_CJK = re.compile(f"[{UNSPACED}]"), re.compile(f"[{CJK}]")
BLANKS = " \t"
INNER_MARKS = "'’-."
"""Marks that stand within words and figures."""


class Seam:
    """A stage: the pieces of a text that continues ``kept`` → the same text, without what it repeats of ``kept``.

    Servers that are sent the beginning of a reply go on after it, or repeat the word that was cut, the last few words,
    or everything. Its beginning is a repetition if ``kept`` ends with the very same characters, and they are

    - the word or figure that was cut, from its start, and the text goes on with it ("Hello wor", "world"; "costs 10",
      "100 dollars");
    - the last word as a whole, of three letters or more, or of two with a space after it ("the cat", "cat sat"); the
      space may be in ``kept`` too ("It is ", "is late"), but not after a figure, as two in a row are often the same;
    - at least two characters of Chinese or Japanese, which have no spaces;
    - at least 16 characters, or all of ``kept``;
    - and in no case text that ``kept`` already had twice, text that repeats itself ("la la la"), or whole last lines of
      ``kept`` on lines of their own: rows of a table and lines of code are often the same.

    Everything else is text: "very", " very good" becomes "very very good", and "bana", "na" is a banana.

    Note: a word whose half begins like the whole ("co", "coa") cannot be distinguished from one that is repeated, nor
    can a figure ("1", "10").

    Text is held while it may be a repetition, looked for from the last 2000 characters on, or from the first one.
    """

    def __init__(self, kept: str) -> None:
        self._kept, end = kept, len(kept)
        self._several = len(WORD.findall(kept[:BACK])) > 1
        starts = set(range(max(0, end - BACK), max(0, end - LONG + 1)))
        starts.update(start for start in range(max(0, end - LONG), end) if self._may_begin(start))
        if self._several:
            starts.add(0)
        self._open_starts = sorted(starts)  # positions in `kept` from which it may be repeated
        self._complete_starts: list[int] = []  # those of them from which all was repeated
        self._held: list[str] = []
        self._size = 0

    @property
    def over(self) -> bool:
        """True if nothing is held, and nothing will be left out any more."""
        return not self._open_starts and not self._complete_starts

    def feed(self, text: str) -> str:
        """Take text and return what may be shown by now."""
        if self.over:
            return text
        open_starts: list[int] = []
        for start in self._open_starts:
            at = start + self._size
            if text.startswith(self._kept[at : at + len(text)]):
                (open_starts if at + len(text) < len(self._kept) else self._complete_starts).append(start)
        self._open_starts = open_starts
        self._held.append(text)
        self._size += len(text)
        return self._decide(final=False)

    def flush(self) -> str:
        """Return the rest: the continuation has ended, or something other than text follows."""
        self._open_starts = []
        return self._decide(final=True)

    def _decide(self, *, final: bool) -> str:
        """The text to show. The longest repetition counts, so it waits for that, and for the characters after it."""
        for start in sorted(self._complete_starts):
            length = len(self._kept) - start
            if (self._open_starts and self._open_starts[0] < start) or (self._size < length + AHEAD and not final):
                return ""
            text = self._text()
            if self._repeats(start, text[length : length + AHEAD]):
                return self._finish(text[length:])
            self._complete_starts.remove(start)
        return "" if self._open_starts else self._finish(self._text())

    def _text(self) -> str:
        self._held = ["".join(self._held)]
        return self._held[0]

    def _finish(self, text: str) -> str:
        self._open_starts, self._complete_starts, self._held = [], [], []
        return text

    def _may_begin(self, start: int) -> bool:
        """True if fewer than `LONG` characters, up to the end of ``kept``, may be a repetition."""
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
        """True if the repetition from ``start`` on, before ``follows``, is more than a coincidence."""
        repetition = self._kept[start:]
        if _repeats_itself(repetition) or self._kept.endswith(repetition, 0, start):
            return False
        if start == 0 and self._several:
            return True
        if start and self._is_lines(start, follows):
            return False
        return len(repetition) >= LONG or _is_word_again(repetition, follows)

    def _is_lines(self, start: int, follows: str) -> bool:
        """True if whole lines are repeated, on lines of their own."""
        previous, repetition = self._kept[:start].rstrip(BLANKS), self._kept[start:]
        starts_line = repetition[0] in "\r\n"
        ends_line = repetition.rstrip(BLANKS).endswith("\n") or (starts_line and follows[:1] in ("", "\r", "\n"))
        return ends_line and (starts_line or previous.endswith("\n"))


def _is_word_again(repetition: str, follows: str) -> bool:
    if IS_CJK.match(repetition):
        return len(repetition) > 1
    last, size = repetition[-1], len(repetition) + bool(follows)
    if (_is_letter(last) or last in INNER_MARKS) and _word_continues(follows) and not IS_UNSPACED.match(repetition):
        return True
    return size >= SHORT or (size == SHORT - 1 and follows[:1].isspace() and not last.isdecimal())


def _word_continues(follows: str) -> bool:
    """True if a word that ends here goes on in ``follows``."""
    return _is_letter(follows[:1]) or (follows[:1] in INNER_MARKS and _is_letter(follows[1:]))


def _ends_with_word(text: str) -> bool:
    """True if ``text`` ends within or after a word; spaces may follow a word, but not a figure."""
    last = text.rstrip(BLANKS)[-1:]
    if text.endswith(tuple(BLANKS)):
        return _is_letter(last) and not last.isdecimal()
    return _is_letter(last) or IS_UNSPACED.match(last) is not None or (last in INNER_MARKS and _is_letter(text[-2:-1]))


def _is_letter(char: str) -> bool:
    """True for a letter or digit of a script that sets spaces between words."""
    return char == "_" or (char != "" and unicodedata.category(char)[0] in "LMN" and not IS_UNSPACED.match(char))


def _repeats_itself(text: str) -> bool:
    """True if its letters (or its marks, if it has none) are the same few again and again, at least twice.

    Figures repeat by chance (2020), so a figure counts only if all its digits are the same.
    """
    visible = [char for char in text.casefold() if not char.isspace()]
    letters = [char for char in visible if char.isalnum()] or visible
    if text.strip(INNER_MARKS).isdecimal() and len(set(letters)) > 1:
        return False
    borders = [0] * len(letters)  # how much of the beginning ends at each letter (Knuth, Morris, Pratt)
    for at in range(1, len(letters)):
        size = borders[at - 1]
        while size and letters[at] != letters[size]:
            size = borders[size - 1]
        borders[at] = size + (letters[at] == letters[size])
    return bool(letters) and 2 * borders[-1] >= len(letters)
