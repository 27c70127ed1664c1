"""The exact count of a growing text after each piece, at a cost that does not depend on its length."""

from __future__ import annotations

from typing import Any

from .lexer import Lexer
from .unsettledend import SHORT, UnsettledEnd

__all__ = ["Exact"]

TAIL = 128
"""Characters without a certain boundary that are simply counted again."""
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
        self._run: UnsettledEnd | None = None

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
        """Nothing is left to do."""

    def copy(self) -> Exact:
        twin = object.__new__(Exact)
        twin.__dict__.update(self.__dict__)
        twin._run = self._run and self._run.copy()
        return twin

    def _push(self, text: str) -> None:
        if self._run is not None:
            self._push_run(self._run, text)
            return
        tail = self._tail
        shape = self._shape_of(text)
        cut = self._cut(self._last + shape)
        self._last = shape[-1]
        if cut is None:
            tail += text
        elif (place := cut.end() - bool(tail)) == 0:
            self.settled += self._open
            tail = text
        else:
            self.settled += len(self._encode(tail + text[:place]))
            tail = text[place:]
        self._tail = tail
        if len(tail) > TAIL:
            self._run = run = UnsettledEnd(self._encoding, self._lexer, tail)
            self.settled += run.settled
            self._open = run.open
        else:
            self._open = len(self._encode(tail))

    def _push_run(self, run: UnsettledEnd, text: str) -> None:
        self.settled += run.push(text)
        self._open = run.open
        if run.whole and len(run.text) <= SHORT:
            self._tail, self._run = run.text, None
            self._last = self._shape_of(run.text[-1:])
