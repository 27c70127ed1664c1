"""The text of a reply of several messages as one text: a paragraph break stands between two rounds of a tool loop, and
between two messages of one response.

The break is in no event, Reply or message. All code that makes one text out of events gets it from here.
"""

from __future__ import annotations

from typing import Any

from ..events import BlockStart, Restart, RoundEnd, TextDelta

__all__ = ["MESSAGE", "JoinedRounds", "Pieces", "Transcript", "begins_message"]

BREAK = "\n\n"
LINE_ENDS = "\r\n"
MESSAGE = "message"
"""The kind of the blocks that are messages of their own. Blocks of text of other kinds are parts of one text."""


def begins_message(item: Any) -> bool:
    """True if another message of the same response begins, or its first one."""
    return type(item) is BlockStart and item.kind == MESSAGE and not item.index


class JoinedRounds:
    """A stage over str: the text of one round after the other, with the break between two rounds that have text.

    Line ends that the model wrote there itself count as a part of the break, so it never becomes larger than needed.

    >>> text = JoinedRounds()
    >>> text.feed("Let me look."), text.end(), text.feed("It rains.")
    ('Let me look.', None, '\\n\\nIt rains.')
    """

    def __init__(self) -> None:
        self._break = self._due = ""  # the break before this round, and its part that is still to come
        self._tail = self._before = ""  # the last characters so far, and those at the end of the round before

    def feed(self, text: str) -> str:
        """Return ``text``, after the break if it is the first of its round."""
        if self._due:
            rest = text.lstrip(LINE_ENDS)
            lead = text[: len(text) - len(rest)]
            self._due = self._due[lead.count("\n") :]
            if rest:
                text, self._due = lead + self._due + rest, ""
        if text[-1:] in LINE_ENDS:  # also if it is empty
            self._tail = (self._tail + text)[-2 * len(BREAK) :]
        else:
            self._tail = text
        return text

    def end(self) -> None:
        """End a round; another one follows."""
        self.next_message()
        self._break, self._before = self._due, self._tail

    def next_message(self) -> None:
        """Begin another message of the same round."""
        lines = self._tail.replace("\r", "")
        self._due = BREAK[len(lines) - len(lines.rstrip("\n")) :] if lines else ""

    def again(self) -> None:
        """Begin the text of this round again."""
        self._due, self._tail = self._break, self._before


class Pieces:
    """The text that each item adds to the first choice: for a str itself, for a delta of one of ``kinds`` its text with
    the break that may stand before it, for anything else nothing."""

    def __init__(self, *kinds: type) -> None:
        self._kinds, self._paragraphs = kinds or (TextDelta,), JoinedRounds()
        self.kept = ""
        """The text that the last `Restart` kept, after its break."""

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
        elif begins_message(item):
            self._paragraphs.next_message()
        return ""


class Transcript:
    """The whole text so far. A `Restart` keeps the rounds before, and of its own round the text that it kept."""

    def __init__(self, *kinds: type) -> None:
        self._pieces = Pieces(*kinds)
        self._before = ""  # the rounds before
        self._round: list[str] = []

    def feed(self, item: Any) -> str:
        """The text that ``item`` adds. After a `Restart` read ``text``, as that removes text as well."""
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
