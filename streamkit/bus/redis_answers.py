"""The answers of a server, read from its bytes as they come: RESP, version 2."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

__all__ = ["Answers"]

Reading: TypeAlias = Generator[None, None, Any]
"""Gives an answer in the end; until then it waits for more bytes with each step."""


class Answers:
    """``error`` makes an exception of the text of a refusal, which is an answer, too."""

    def __init__(self, error: Callable[[str], Exception]) -> None:
        self._error = error
        self._data, self._at = bytearray(), 0
        self._reading = self._answer()

    def feed(self, data: bytes) -> list[Any]:
        """The answers that ``data`` completes. ValueError for what is not RESP."""
        self._data += data
        found = []
        while self._at < len(self._data):
            try:
                next(self._reading)
                break
            except StopIteration as exc:
                found.append(exc.value)
                self._reading = self._answer()
        del self._data[: self._at]
        self._at = 0
        return found

    def _answer(self) -> Reading:
        while (end := self._data.find(b"\r\n", self._at)) < 0:
            yield
        kind, line = self._data[self._at], bytes(self._data[self._at + 1 : end])
        self._at = end + 2
        if kind == ord("+"):
            return line
        if kind == ord(":"):
            return int(line)
        if kind == ord("-"):
            return self._error(line.decode(errors="replace"))
        if kind not in b"$*":
            raise ValueError(f"an answer of a server does not begin with {chr(kind)!r}")
        size = int(line)
        if size < 0:
            return None
        return (yield from (self._text(size) if kind == ord("$") else self._array(size)))

    def _text(self, size: int) -> Reading:
        while len(self._data) < self._at + size + 2:
            yield
        text = bytes(self._data[self._at : self._at + size])
        self._at += size + 2
        return text

    def _array(self, size: int) -> Reading:
        found = []
        for _ in range(size):
            found.append((yield from self._answer()))  # noqa: PERF401  # a comprehension cannot yield
        return found
