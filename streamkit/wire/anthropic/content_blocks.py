"""The content blocks of a message of Anthropic's Messages API: their indexes, and the call that a piece of input
belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...errors import MalformedError
from ...turns import check_sum
from ..fields import Chunk
from ..fragments import index_of
from ..json_codec import quote_json
from ..partial_call import PartialCall

__all__ = ["ContentBlock", "ContentBlocks", "generated_id"]

NO_ID = re.compile(r"[^A-Za-z0-9_-]+")
WORDS = ("text", "thinking")


def generated_id(message: str, number: int) -> str:
    """An id for a call to which the server gave none: results refer to their calls by id, also in a later request."""
    return f"toolu_{message}_{number}" if message and not NO_ID.search(message) else f"toolu_{number}"


@dataclass(slots=True)
class ContentBlock:
    """A content block.

    Attributes:
        kind: its type, as the server writes it.
        fields: what it began with, except for a text, with what came later.
        call: the call that it is, if it is one of the caller's tools.
        input: the input of a call that came with the beginning; of a tool of the server, the pieces that came later.
        citations: those of a text.
        seal: the check sum of its thinking so far.
        whole: false once a piece of it came that was not understood.
        open: false once the server ended it.
    """

    kind: str = ""
    fields: Chunk = field(default_factory=dict)
    call: PartialCall | None = None
    input: str = ""
    citations: list[Any] = field(default_factory=list)
    seal: int = 0
    whole: bool = True
    open: bool = True

    @property
    def id(self) -> str:
        id = self.fields.get("id")
        return id if isinstance(id, str) else ""

    @property
    def has_words(self) -> bool:
        return self.kind in WORDS

    @property
    def is_server_tool(self) -> bool:
        """True for the call of a tool that the server runs: ``server_tool_use``, ``mcp_tool_use``."""
        return self.kind.endswith("_tool_use")

    def think(self, text: str) -> None:
        """Add a piece of thinking, as it was shown."""
        self.seal = check_sum(text, self.seal)


class ContentBlocks:
    """The blocks by their index. Blocks of words are removed once they are closed."""

    def __init__(self) -> None:
        self._blocks: dict[int, ContentBlock] = {}
        self._last = -1  # the index that a chunk without one means

    def add(self, index: int, block: ContentBlock) -> None:
        self._last, self._blocks[index] = index, block

    def at(self, index: int) -> ContentBlock | None:
        """The block at ``index``, if it is open."""
        block = self._blocks.get(index)
        return block if block is not None and block.open else None

    def open_ones(self) -> Iterator[int]:
        return (index for index, block in list(self._blocks.items()) if block.open)

    def close(self, index: int) -> ContentBlock | None:
        """Close and return the block at ``index``; None if none is open there."""
        block = self.at(index)
        if block is None:
            return None
        block.open = False
        if block.has_words:
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
        if block is not None and not block.has_words and (block.open or block.call is None):
            return block.call
        if not input:
            return None
        calls = [other.call for other in self._blocks.values() if other.open and other.call is not None]
        misplaced = block is None or block.has_words
        if misplaced and len(calls) == 1:
            return calls[0]
        if block is not None and misplaced and not calls:  # no tool can run
            return None
        raise MalformedError(f"input of a call that is not open: {quote_json(input)}")
