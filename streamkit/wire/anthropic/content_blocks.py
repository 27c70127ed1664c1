"""The content blocks of a message of Anthropic's Messages API: their indexes, and the call that a piece of input
belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import MalformedError
from ..fields import Chunk
from ..fragments import index_of
from ..json_codec import quote_json
from ..partial_call import PartialCall

__all__ = ["ContentBlock", "ContentBlocks", "generated_id"]

NO_ID = re.compile(r"[^A-Za-z0-9_-]+")


def generated_id(message: str, number: int) -> str:
    """An id for a call to which the server gave none: results refer to their calls by id, also in a later request."""
    return f"toolu_{message}_{number}" if message and not NO_ID.search(message) else f"toolu_{number}"


@dataclass(slots=True)
class ContentBlock:
    """A content block: text or thinking (``words``), or a call with the input that came with its beginning, or any
    other block."""

    words: bool = False
    call: PartialCall | None = None
    input: str = ""
    open: bool = True


class ContentBlocks:
    """The blocks by their index. Blocks of words are removed once they are closed."""

    def __init__(self) -> None:
        self._blocks: dict[int, ContentBlock] = {}
        self._last = -1  # the index that a chunk without one means

    def add(self, index: int, block: ContentBlock) -> None:
        self._last, self._blocks[index] = index, block

    def open_ones(self) -> Iterator[int]:
        return (index for index, block in list(self._blocks.items()) if block.open)

    def close(self, index: int) -> ContentBlock | None:
        """Close and return the block at ``index``; None if none is open there."""
        block = self._blocks.get(index)
        if block is None or not block.open:
            return None
        block.open = False
        if block.words:
            del self._blocks[index]
        return block

    def index_in(self, chunk: Chunk, beyond: int = 0) -> int:
        """The index in ``chunk``; if there is none, that of the last block, or of one ``beyond`` it. An index must be a
        number: with a guess a call could get the input of another one."""
        given_index = chunk.get("index")
        index = self._last + beyond if given_index is None else index_of(given_index)
        if index is None:
            raise MalformedError(f"the index of a block is not a number: {quote_json(given_index)}")
        return index

    def call_at(self, index: int, input: str) -> PartialCall | None:
        """The call whose ``input`` continues at ``index``; None for the call of a tool that the server runs.

        Input at an index without a call belongs to the only call that is open. `MalformedError` if it is not clear to
        which call it belongs: a tool must not run without the input meant for it.
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
