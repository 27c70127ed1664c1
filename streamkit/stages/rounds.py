"""What is said in the rounds of a tool loop, shown as one text: a paragraph break stands between two rounds.

The break is in no event, Reply or message. Whatever makes one text out of events asks here for it.
"""

from __future__ import annotations

from typing import Any

from ..events import Restart, RoundEnd, TextDelta

__all__ = ["JoinedRounds", "Pieces", "Transcript"]

BREAK = "\n\n"
LINE_ENDS = "\r\n"


class JoinedRounds:
    """A stage over str: the text of one round after the other, with the break between two that said something.

    Line ends that the model wrote there itself are a part of the break, so it never becomes larger than needed.

    >>> shown = Paragraphs()
    >>> shown.feed("Let me look."), shown.end(), shown.feed("It rains.")
    ('Let me look.', None, '\\n\\nIt rains.')
    """

    def __init__(self) -> None:
        self._break = self._due = ""  # before the text of this round, and what of it is still to come
        self._tail = self._before = ""  # the last characters so far, and those at the end of the round before

    def feed(self, text: str) -> str:
        """``text``, behind the break if it is the first of its round."""
        if self._due:
            rest = text.lstrip(LINE_ENDS)
            lead = text[: len(text) - len(rest)]
            self._due = self._due[lead.count("\n") :]
            if rest:
                text, self._due = lead + self._due + rest, ""
        if text[-1:] in LINE_ENDS:  # also if there is none
            self._tail = (self._tail + text)[-2 * len(BREAK) :]
        else:
            self._tail = text
        return text

    def end(self) -> None:
        """A round is over, and another one follows."""
        lines = self._tail.replace("\r", "")
        self._break = self._due = BREAK[len(lines) - len(lines.rstrip("\n")) :] if lines else ""
        self._before = self._tail

    def again(self) -> None:
        """The text of this round begins anew."""
        self._due, self._tail = self._break, self._before


class Pieces:
    """What each item adds to the text of the first choice: a str itself, a delta of one of ``kinds`` its text with the
    break that may stand before it, anything else nothing."""

    def __init__(self, *kinds: type) -> None:
        self._kinds, self._paragraphs = kinds or (TextDelta,), JoinedRounds()
        self.kept = ""
        """What the last `Restart` kept, behind its break."""

    def feed(self, item: Any) -> str:
        kind = type(item)
        if kind in self._kinds:
            return self._paragraphs.feed(item.text) if not item.index else ""
        if isinstance(item, str):
            return item
        if kind is RoundEnd and not item.last:
            self._paragraphs.end()
        elif kind is Restart:
            self._paragraphs.again()
            self.kept = self._paragraphs.feed(item.kept) if TextDelta in self._kinds else ""
        return ""


class Transcript:
    """The whole text so far: of a `Restart` what it kept, behind the rounds before, which it does not make void."""

    def __init__(self, *kinds: type) -> None:
        self._pieces = Pieces(*kinds)
        self._before = ""  # the rounds before
        self._round: list[str] = []

    def feed(self, item: Any) -> str:
        """What ``item`` adds. After a `Restart` look at ``text``, for that takes something away as well."""
        piece = self._pieces.feed(item)
        if type(item) is Restart:
            self._round = [self._pieces.kept]
        elif type(item) is RoundEnd and not item.last:
            self._before, self._round = self.text, []
        elif piece:
            self._round.append(piece)
        return piece

    @property
    def text(self) -> str:
        self._round[:] = ["".join(self._round)]
        return self._before + self._round[0]
