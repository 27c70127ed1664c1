"""Texts that are looked at each by itself: plain ones, and the inside of JSON strings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .escapes import Escapes, quoted
from .matching import Find
from .scan import Overflow, Part, Replaced, Scan

__all__ = ["EscapedText", "PlainText"]

ESCAPED = re.compile(r"\\.", re.DOTALL)


class PlainText:
    """A text that means what it says."""

    def __init__(self, finds: Sequence[Find], mask: str, hold: int) -> None:
        self._scan, self._mask = Scan(finds, hold), mask

    def feed(self, text: str) -> str:
        return self._shown(self._scan.feed(text))

    def flush(self) -> str:
        return self._shown(self._scan.flush())

    def cut(self) -> str:
        return self._shown(self._scan.cut())

    def _shown(self, parts: Iterable[Part]) -> str:
        return "".join(part if isinstance(part, str) else self._put(part) for part in parts)

    def _put(self, part: Replaced | Overflow) -> str:
        return part.text if isinstance(part, Replaced) else self._mask


class EscapedText(PlainText):
    """The inside of a JSON string, looked at as the characters that it means.

    An escape that was cut off in the middle is held for good: no reader of unfinished JSON wants it.
    """

    def __init__(self, finds: Sequence[Find], mask: str, hold: int) -> None:
        super().__init__(finds, mask, hold)
        self._escapes = Escapes()

    def feed(self, text: str) -> str:
        return super().feed(self._escapes.feed(text))

    def flush(self) -> str:
        return super().feed(self._escapes.flush()) + super().flush()

    def _shown(self, parts: Iterable[Part]) -> str:
        return "".join(
            self._escapes.take(len(part))[1] if isinstance(part, str) else self._written(part) for part in parts
        )

    def _written(self, part: Replaced | Overflow) -> str:
        put = self._put(part)
        characters, source = self._escapes.take(part.size)
        if put == characters:
            return source
        inside = quoted(put)[1:-1]
        # Text with a bare quote is no string but what follows broken JSON: its quotes stay bare.
        return inside.replace('\\"', '"') if '"' in ESCAPED.sub("", source) else inside
