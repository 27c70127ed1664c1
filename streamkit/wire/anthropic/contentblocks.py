"""Content blocks of Anthropic's Messages API: where each stands, and whose a piece of input is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import MalformedError
from ..fields import Chunk
from ..fragments import index_of
from ..jsoncodec import quote_json
from ..partialcall import PartialCall

__all__ = ["ContentBlock", "ContentBlocks", "generated_id"]

NO_ID = re.compile(r"[^A-Za-z0-9_-]+")


def generated_id(message: str, number: int) -> str:
    """The id of a call to which the server gave none: results name their calls by it, also in a later request."""
    return f"toolu_{message}_{number}" if message and not NO_ID.search(message) else f"toolu_{number}"


@dataclass(slots=True)
class ContentBlock:
    """A content block of text or thinking, which has ``words``, or a call with the input that came with its beginning,
    or anything else."""

    words: bool = False
    call: PartialCall | None = None
    input: str = ""
    open: bool = True


class ContentBlocks:
    """The blocks by their index. Those of words are forgotten once they are closed."""

    def __init__(self) -> None:
        self._blocks: dict[int, ContentBlock] = {}
        self._last = -1  # the one that a chunk means which does not say

    def add(self, index: int, block: ContentBlock) -> None:
        self._last, self._blocks[index] = index, block

    def open_ones(self) -> Iterator[int]:
        return (index for index, block in list(self._blocks.items()) if block.open)

    def close(self, index: int) -> ContentBlock | None:
        """The block, unless none is open at ``index``."""
        block = self._blocks.get(index)
        if block is None or not block.open:
            return None
        block.open = False
        if block.words:
            del self._blocks[index]
        return block

    def index_in(self, chunk: Chunk, beyond: int = 0) -> int:
        """The index in ``chunk``, else that of the last block or of one ``beyond`` it. One that is there must be a
        number: by a guess a call could get what is another one's."""
        told = chunk.get("index")
        index = self._last + beyond if told is None else index_of(told)
        if index is None:
            raise MalformedError(f"the index of a block is not a number: {quote_json(told)}")
        return index

    def call_at(self, index: int, input: str) -> PartialCall | None:
        """The call whose ``input`` goes on at ``index``; None for that of a server's tool, which is not ours.

        Input at an index that is no call's is of the only call that is open. `MalformedError` if nobody can tell whose
        it is: a tool must not run without what was meant for it.
        """
        block = self._blocks.get(index)
        if block is not None and not block.words and (block.open or block.call is None):
            return block.call
        if not input:
            return None
        calls = [other.call for other in self._blocks.values() if other.open and other.call is not None]
        misplaced = block is None or block.words
        if misplaced and len(calls) == 1:
            return calls[0]
        if block is not None and misplaced and not calls:  # no tool can run
            return None
        raise MalformedError(f"input of a call that is not open: {quote_json(input)}")
