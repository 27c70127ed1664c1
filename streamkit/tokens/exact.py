"""The exact count of a growing text after each piece, at a cost that does not depend on its length."""

from __future__ import annotations

from typing import Any

from .lexer import Lexer
from .unsettled_end import SHORT, UnsettledEnd

__all__ = ["Exact"]

TAIL = 128
"""Characters without a certain boundary up to which all of them are counted again."""
CHUNK = 1024
"""Characters taken at a time, which bounds every call of the tokenizer (it fails on a million spaces)."""


class Exact:
    """Everything before the last certain boundary is settled; the rest is counted again with each piece."""

    exact = True

    def __init__(self, encoding: Any, lexer: Lexer) -> None:
        self.settled = 0
        self._encoding, self._lexer = encoding, lexer
        self._encode, self._shape_of, self._cut = encoding.encode_ordinary, lexer.shape_of, lexer.cut.match
        self._tail = self._last = ""
        self._open = 0
        self._unsettled: UnsettledEnd | None = None

    @property
    def total(self) -> int:
        return self.settled + self._open

    def push(self, text: str) -> None:
        if len(text) <= CHUNK:
            self._push(text)
            return
        for start in range(0, len(text), CHUNK):
            self._push(text[start : start + CHUNK])

    def flush(self) -> None:
        """Do nothing, as everything is counted when it is fed."""

    def copy(self) -> Exact:
        twin = object.__new__(Exact)
        twin.__dict__.update(self.__dict__)
        twin._unsettled = self._unsettled and self._unsettled.copy()
        return twin

    def _push(self, text: str) -> None:
        if self._unsettled is not None:
            self._push_unsettled(self._unsettled, text)
            return
        tail = self._tail
        shape = self._shape_of(text)
        cut = self._cut(self._last + shape)
        self._last = shape[-1]
        if cut is None:
            tail += text
        elif (end := cut.end() - bool(tail)) == 0:
            self.settled += self._open
            tail = text
        else:
            self.settled += len(self._encode(tail + text[:end]))
            tail = text[end:]
        self._tail = tail
        if len(tail) > TAIL:
            self._unsettled = unsettled = UnsettledEnd(self._encoding, self._lexer, tail)
            self.settled += unsettled.settled
            self._open = unsettled.open
        else:
            self._open = len(self._encode(tail))

    def _push_unsettled(self, unsettled: UnsettledEnd, text: str) -> None:
        self.settled += unsettled.push(text)
        self._open = unsettled.open
        if unsettled.whole and len(unsettled.text) <= SHORT:
            self._tail, self._unsettled = unsettled.text, None
            self._last = self._shape_of(unsettled.text[-1:])
