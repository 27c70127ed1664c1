"""The tokens of one piece that grows at its end, at a cost that does not depend on its length.

Byte pair merges are decided by neighbours: a list of tokens is *the* encoding of its bytes exactly if each two that
are next to each other are the encoding of their own bytes. So only the last tokens are encoded again, and the one pair
at the seam is checked; if it would merge differently, the seam moves further back.
"""

from __future__ import annotations

from array import array
from typing import Any

__all__ = ["GrowingPiece"]

BACK = 1
"""Tokens that are encoded again at first."""


class GrowingPiece:
    """``count`` is the number of tokens; `append` and `cut` change the end."""

    __slots__ = ("_bytes_of", "_encode", "_tokens")

    def __init__(self, encoding: Any, data: bytes) -> None:
        self._encode = encoding._encode_single_piece
        self._bytes_of = encoding.decode_single_token_bytes
        self._tokens = array("I", self._encode(data) if data else ())  # 4 octets a token: an endless piece has millions

    @property
    def count(self) -> int:
        return len(self._tokens)

    def append(self, data: bytes) -> None:
        if not data:
            return
        tokens, back = self._tokens, BACK
        while True:
            keep = max(0, len(tokens) - back)
            new = self._encode(b"".join(map(self._bytes_of, tokens[keep:])) + data)
            if not keep or self._is_final(tokens[keep - 1], new[0]):
                tokens[keep:] = array("I", new)
                return
            back *= 2

    def cut(self, size: int) -> None:
        """Take ``size`` bytes off the end."""
        rest = b""
        while size > 0:
            rest = self._bytes_of(self._tokens.pop())
            size -= len(rest)
        self.append(rest[:-size] if size else b"")

    def copy(self) -> GrowingPiece:
        twin = object.__new__(GrowingPiece)
        twin._encode, twin._bytes_of, twin._tokens = self._encode, self._bytes_of, self._tokens[:]
        return twin

    def _is_final(self, first: int, second: int) -> bool:
        """True if the two tokens are the encoding of their own bytes."""
        return bool(self._encode(self._bytes_of(first) + self._bytes_of(second)) == [first, second])
