"""The exact count of a growing text after each piece, at a cost that does not depend on its length."""

from __future__ import annotations

from collections.abc import Callable
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
        self.settled = self.total = 0
        self._encoding, self._lexer = encoding, lexer
        # A `TokenCounter` gives no halves of characters, which the method of the encoding itself would replace.
        self._encode: Callable[[str], Any] = getattr(encoding, "_core_bpe", encoding).encode_ordinary
        self._tail = self._last = ""
        self._open = 0
        self._unsettled: UnsettledEnd | None = None

    def push(self, text: str) -> None:
        if len(text) > CHUNK:
            for start in range(0, len(text), CHUNK):
                self.push(text[start : start + CHUNK])
            return
        if self._unsettled is not None:
            self._push_unsettled(self._unsettled, text)
        else:
            self._push_tail(text)
        self.total = self.settled + self._open

    def flush(self) -> None:
        """Do nothing, as everything is counted when it is fed."""

    def copy(self) -> Exact:
        twin = object.__new__(Exact)
        twin.__dict__.update(self.__dict__)
        twin._unsettled = self._unsettled and self._unsettled.copy()
        return twin

    def _push_tail(self, text: str) -> None:
        tail, lexer = self._tail, self._lexer
        shape = text.translate(lexer.shapes)
        seen = self._last + shape
        cut = None if seen.isalpha() else lexer.cut.match(seen)
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
            self._last = unsettled.text[-1:].translate(self._lexer.shapes)
