"""Texts that are searched separately: plain ones, and the inside of JSON strings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .escapes import Escapes, quoted
from .matching import Find
from .scan import Overflow, Part, Replaced, Scan

__all__ = ["EscapedText", "PlainText"]

ESCAPED = re.compile(r"\\.", re.DOTALL)


class PlainText:
    """A plain text, searched and emitted as it is."""

    def __init__(self, finds: Sequence[Find], mask: str, hold: int) -> None:
        self._scan, self._mask = Scan(finds, hold), mask

    def feed(self, text: str) -> str:
        return self._join(self._scan.feed(text))

    def flush(self) -> str:
        return self._join(self._scan.flush())

    def cut(self) -> str:
        return self._join(self._scan.cut())

    def _join(self, parts: list[Part]) -> str:
        return "".join([part if isinstance(part, str) else self._replacement(part) for part in parts])

    def _replacement(self, part: Replaced | Overflow) -> str:
        return part.text if isinstance(part, Replaced) else self._mask


class EscapedText(PlainText):
    """The inside of a JSON string, searched as its unescaped characters.

    An escape that was cut off in the middle is never emitted: no reader of unfinished JSON wants it.
    """

    def __init__(self, finds: Sequence[Find], mask: str, hold: int) -> None:
        super().__init__(finds, mask, hold)
        self._escapes = Escapes()

    def feed(self, text: str) -> str:
        return super().feed(self._escapes.feed(text))

    def flush(self) -> str:
        return super().feed(self._escapes.flush()) + super().flush()

    def _join(self, parts: list[Part]) -> str:
        return "".join(
            [self._escapes.take(len(part))[1] if isinstance(part, str) else self._written(part) for part in parts]
        )

    def _written(self, part: Replaced | Overflow) -> str:
        replacement = self._replacement(part)
        characters, source = self._escapes.take(part.size)
        if replacement == characters:
            return source
        inside = quoted(replacement)[1:-1]
        # Text with a bare quote is not a string but text after broken JSON: its quotes stay bare.
        return inside.replace('\\"', '"') if '"' in ESCAPED.sub("", source) else inside
