"""The arguments of a tool call while they grow: which part of them may be emitted, and when they are complete.

The plan: white space at the start passes. Then the first characters decide. An empty value is held back, because some
servers send one before the real arguments; if an object follows, the empty value is dropped. An object or array is
followed up to its end, and everything after that is dropped, because some servers send the arguments again, as they
were or as a JSON string. Anything else is free text, which passes as it is and has no end of its own.
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["EMPTY", "Arguments", "JsonEnd"]

EMPTY = re.compile(r'\{\s{0,64}\}|\[\s{0,64}\]|""|null')
MAY_BE_EMPTY = re.compile(r'(\{\s{0,64}|\[\s{0,64}|"|n|nu|nul)?')
"""The number of blanks is limited, so that a model that writes nothing else is not held back for ever."""
BLANKS = re.compile(r"\s*")
MOST_BLANKS = 64
"""The number of blanks after an empty value that are kept, in case text follows."""


class JsonEnd:
    """Finds the end of the object or array in a growing JSON text, in linear time; other values never have an end."""

    __slots__ = ("_depth", "_escaped", "_quoted", "closed")

    OUTSIDE = re.compile(r'["{}\[\]]')
    INSIDE = re.compile(r'["\\]')

    def __init__(self) -> None:
        self.closed = False
        self._depth = 0
        self._quoted = False
        self._escaped = False

    def feed(self, text: str) -> int:
        """The number of characters of ``text`` that belong to the value: less than all if something follows its end."""
        at = 0
        while not self.closed:
            if self._escaped and at < len(text):
                self._escaped = False
                at += 1
            match = (self.INSIDE if self._quoted else self.OUTSIDE).search(text, at)
            if match is None:
                return len(text)
            at = match.end()
            self._mark(match.group())
        return at

    def _mark(self, mark: str) -> None:
        if mark == '"':
            self._quoted = not self._quoted
        elif mark == "\\":
            self._escaped = True
        elif mark in "{[":
            self._depth += 1
        elif self._depth:
            self._depth -= 1
            self.closed = not self._depth


class Arguments:
    """A stage over the text of one call's arguments. ``free`` may be set before the first text, for custom tools, whose
    arguments are free text."""

    __slots__ = ("_end", "_held", "_state", "free", "pieces", "size")

    def __init__(self) -> None:
        self.free = False
        self.pieces: list[str] = []
        """The text emitted so far; ``size`` is its length."""
        self.size = 0
        self._state: Literal["start", "json", "free", "over"] = "start"
        self._held = ""  # at the start: an empty value, or the beginning of one
        self._end = JsonEnd()

    @property
    def closed(self) -> bool:
        """True if an object or array is closed and was emitted."""
        return self._end.closed

    @property
    def whole(self) -> bool:
        """True if an object or array is closed, including an empty one that is held back."""
        return self.closed or self._held.rstrip().endswith(("}", "]"))

    @property
    def blank(self) -> bool:
        """True if nothing but white space came so far."""
        return self._state == "start" and not self._held

    @property
    def void(self) -> bool:
        """True if nothing came, or only an empty value that further arguments would replace."""
        return self.blank or EMPTY.fullmatch(self._held.rstrip()) is not None

    def feed(self, text: str) -> None:
        """Add ``text``, and emit all that may be emitted by now."""
        if self._state == "over" or not text:
            return
        if self._state == "start" and self.free:
            self._state = "free"
        elif self._state == "start":
            text = self._begin(text)
        if self._state == "json":
            text = text[: self._end.feed(text)]
            self._state = "over" if self.closed else "json"
        self._emit(text)

    def flush(self) -> None:
        """Emit the text that was held back, now that nothing follows."""
        text, self._held = self._held.rstrip(), ""
        if text:
            self._end.feed(text)
            self._state = "over" if self.closed else "json"
            self._emit(text)

    def _emit(self, text: str) -> None:
        if text:
            self.pieces.append(text)
            self.size += len(text)

    def _begin(self, text: str) -> str:
        """The part of ``text`` that may be emitted at the start; sets the state if it decides what the arguments
        are."""
        blanks = ""
        if not self._held:
            blanks = text[: BLANKS.match(text).end()]  # type: ignore[union-attr]  # it always matches
        text, at = self._held + text[len(blanks) :], 0
        while (empty := EMPTY.match(text, at)) is not None:
            next = BLANKS.match(text, empty.end()).end()  # type: ignore[union-attr]  # as above
            if not text.startswith("{", next):
                return blanks + self._behind_empty(empty.group(), text[empty.end() :])
            at = next
        text, self._held = text[at:], ""
        if MAY_BE_EMPTY.fullmatch(text):
            self._held = text
            return blanks
        self._state = "json" if text[0] in "{[" else "free"
        return blanks + text

    def _behind_empty(self, empty: str, rest: str) -> str:
        """The text that may be emitted if no object follows an empty value: nothing, or free text that begins like an
        empty value."""
        self._held = empty + rest[:MOST_BLANKS]
        if not rest.strip():
            return ""
        if empty[0] in "{[":
            self._state = "over"
            return ""
        self._held, self._state = "", "free"
        return empty + rest
