"""A count that cannot fail."""

from __future__ import annotations

__all__ = ["Rough"]

BYTES = 4
"""Of a token, on average."""


class Rough:
    """Takes the place of a `TokenCounter` whose tokenizer failed: a quarter of the bytes, on top of ``total``."""

    exact = False

    def __init__(self, total: int) -> None:
        self.total = total
        self._bytes = 0

    def feed(self, text: str) -> int:
        before = self._bytes // BYTES
        self._bytes += len(text.encode("utf-8", "replace"))
        self.total += self._bytes // BYTES - before
        return self.total

    def flush(self) -> int:
        return self.total
