"""The count of a growing text with a tokenizer of which nothing is known."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["ReencodedCount"]

SMALL = 1024
"""Characters that are encoded again with each piece."""
GROWTH = 1.5
CUT = re.compile(r".*\S(?=[ \t])", re.DOTALL)


class ReencodedCount:
    """All text is encoded again when it has grown by half, so the cost stays linear. In between, the text since then is
    counted by itself, in lots, and the total is not ``exact``. Up to ``SMALL`` characters it always is.

    With ``space_safe``, the text before the last blank after a word is settled and never encoded again.
    """

    def __init__(self, encoding: Any, *, space_safe: bool = False) -> None:
        self._encoding, self._space_safe = encoding, space_safe
        self.settled = 0
        self._text = ""
        self._encoded_length = 0  # characters of the text that were encoded together
        self._tokens = 0  # tokens of these
        self._since = 0  # tokens of the complete lots after these
        self._lot = 0  # the position at which the last lot begins
        self.total = 0
        self.exact = True

    def push(self, text: str) -> None:
        self._text += text
        if self._space_safe:
            self._settle()
        if len(self._text) <= max(SMALL, self._encoded_length) or len(self._text) >= self._encoded_length * GROWTH:
            self._encode_all()
            return
        lot = self._count(self._text[self._lot :])
        self.total = self.settled + self._tokens + self._since + lot
        self.exact = False
        if len(self._text) - self._lot >= SMALL:
            self._since, self._lot = self._since + lot, len(self._text)

    def flush(self) -> None:
        self._encode_all()

    def copy(self) -> ReencodedCount:
        twin = object.__new__(ReencodedCount)
        twin.__dict__.update(self.__dict__)
        return twin

    def _count(self, text: str) -> int:
        try:
            return len(self._encoding.encode_ordinary(text))
        except BaseException as exc:
            if type(exc).__name__ == "PanicException":  # pyo3's, which `except Exception` does not catch
                raise RuntimeError(f"the tokenizer failed on a text of {len(text)} characters") from exc
            raise

    def _settle(self) -> None:
        cut = CUT.match(self._text, max(0, self._encoded_length - 1))
        if cut is not None:
            self.settled += self._count(self._text[: cut.end()])
            self._text = self._text[cut.end() :]
            self._encoded_length = 0

    def _encode_all(self) -> None:
        self._tokens = self._count(self._text)
        self._since = 0
        self._encoded_length = self._lot = len(self._text)
        self.total = self.settled + self._tokens
        self.exact = True
