"""One candidate of a reply while it is read: its calls, its end, and the order of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ...events import BlockEnd, BlockStart
from ..api import Form
from ..calls import Calls
from .citations import Citations

__all__ = ["CALL", "TEXT", "THOUGHT", "Candidate"]

THOUGHT: Final = "thought"
TEXT: Final = "text"
CALL: Final = "functionCall"
RANKS = {THOUGHT: 0, TEXT: 1, CALL: 2}
"""The order of what is not in blocks: in a Reply without blocks thoughts stand before the text, and calls after it."""


class Candidate:
    """The state of one candidate.

    Fragments of text that have nothing of their own are one part, however they were cut, and need no block. Where they
    stand out of order, as text after a call, they are a block nevertheless, so that they go back in their place.
    """

    __slots__ = ("_has_block", "_kind", "_rank", "calls", "citations", "end", "index", "reason", "tools")

    def __init__(self, index: int) -> None:
        self.index = index
        self.calls = Calls("gemini")
        self.citations = Citations(index)
        self.reason = ""
        self.end: Form = {}  # the chunk with the reason
        self.tools = 0  # the number of codes that the server ran without an id of their own
        self._kind = ""  # that of the part which goes on
        self._rank = 0
        self._has_block = False

    def go_on(self, kind: str, chunk: Any) -> Iterator[BlockStart | BlockEnd]:
        """The events before a fragment of this kind (thought, text or call): none if it continues the part before."""
        if kind == self._kind and kind != CALL:
            return
        if kind != CALL and RANKS[kind] < self._rank:
            yield from self.begin(kind, chunk)
            self._kind, self._has_block = kind, True
        else:
            yield from self.close(chunk)
            self._kind, self._rank = kind, RANKS[kind]
            if kind == TEXT:
                self.citations.begin_part()

    def begin(self, kind: str, chunk: Any) -> Iterator[BlockStart | BlockEnd]:
        """The events before a block, whose end the caller emits if no part continues it."""
        yield from self.close(chunk)
        if kind == TEXT:
            self.citations.begin_part()
        yield BlockStart(kind, index=self.index, raw=chunk)

    def close(self, chunk: Any) -> Iterator[BlockEnd]:
        """The event that ends the part which goes on, if it is a block."""
        if self._has_block:
            yield BlockEnd(self._kind, index=self.index, raw=chunk)
        self._kind, self._has_block = "", False
