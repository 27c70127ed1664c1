"""The blocks of a reply that consists of items: messages and reasoning, with the citations in them.

What goes back of a block is taken from the first event in which its item is whole, never from its announcement:
encrypted thoughts are not whole there (openai/openai-python: types of reasoning items). The two later events hold
different ciphertexts of the same item, so the first one is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...events import BlockEnd, BlockStart, Event
from ..dialect import Dialect
from ..fields import Chunk
from .citations import citation
from .extras import ItemExtras, compared
from .hosted_items import HostedItems
from .item_forms import message_form, reasoning_form
from .output_items import OutputItem, OutputItems
from .response_forms import part_of, ref_of

__all__ = ["ItemBlocks"]


class ItemBlocks(Dialect):
    """The beginning and the end of the blocks. All events belong to choice 0."""

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._items = OutputItems()
        self._hosted = HostedItems()
        self._extras = ItemExtras()
        self._stored = True  # unless the server says that the response is not
        self._block: OutputItem | None = None  # the item whose block began last
        self._block_ids: dict[tuple[str, str], int] = {}  # each with the number of blocks that have it

    def _ensure_started(self, chunk: Chunk, out: list[Event]) -> None:
        if not self.started:
            self._begin({}, chunk, out, content=True)

    def _begin_block(self, item: OutputItem, chunk: Chunk, out: list[Event]) -> None:
        """Begin the block of an item, if it is one and has not begun."""
        if item.kind != "call" and not item.begun:
            item.begun, item.block_id = True, self._block_id(item)
            self._start_block(item, chunk, out)

    def _begin_text(self, item: OutputItem, chunk: Chunk, out: list[Event], *, is_first: bool) -> None:
        """Begin the block of an item that gets a text: once more if it is the first one and another block began
        meanwhile, because text belongs to the block that began last. Its place is not that of the item then."""
        self._begin_block(item, chunk, out)
        if item.begun and self._block is not item:
            item.mixed = True
            if is_first and not item.ended:
                self._start_block(item, chunk, out)
            elif self._block is not None:  # the text of two items in turn
                self._block.mixed = True

    def _start_block(self, item: OutputItem, chunk: Chunk, out: list[Event]) -> None:
        self._ensure_started(chunk, out)
        self._block = item
        out.append(BlockStart(item.kind, item.block_id, raw=chunk))

    def _block_id(self, item: OutputItem) -> str:
        """The id of an item, or one like it if another item has the same."""
        id = item.first_id
        number = self._block_ids[item.kind, id] = self._block_ids.get((item.kind, id), 0) + 1
        return id if number == 1 else f"{id or item.kind}_{number}"

    def _end_block(self, item: OutputItem, form: Chunk, chunk: Chunk, out: list[Event], *, is_late: bool) -> None:
        """End the block of an item that came whole. Reasoning that came too late has an empty form: its place, before
        what it led to, is not known."""
        if item.ended:
            return
        self._extras.note(chunk.get("output_index"), form)
        self._begin_block(item, chunk, out)
        out += self._release()
        item.ended = True
        self._block = None if self._block is item else self._block
        back: dict[str, Any] | None = {}
        if item.mixed:
            back = None
        elif item.kind == "message":
            back = message_form(form, item.text("text").text, item.text("refusal").text)
        elif not is_late:
            back = reasoning_form(form, item.text("reasoning").text, stored=self._stored)
        out.append(BlockEnd(item.kind, item.block_id, form=back, raw=chunk))

    def _cite(self, item: OutputItem, annotation: Chunk, start: int, chunk: Chunk, out: list[Event]) -> None:
        """Emit an annotation of a part that begins at ``start`` in the text of its item, unless it came before."""
        known, place = compared(annotation), chunk.get("output_index")
        places = item.annotations.setdefault(known, []) if known is not None else []
        if places and (type(place) is not int or place in places):
            return
        places.append(place)
        for other in self._items.all[: self._items.all.index(item)]:
            start += len(other.text("text").text) if other.kind == "message" else 0
        self._ensure_started(chunk, out)
        out.append(citation(annotation, start, chunk))

    def _annotation(self, chunk: Chunk, out: list[Event]) -> None:
        self._cite_part([chunk.get("annotation")], chunk, out)

    def _cite_part(self, annotations: Iterable[Any], chunk: Chunk, out: list[Event]) -> None:
        """Emit annotations of the part that an event is about."""
        item = next(self._items.near(ref_of(chunk, "message")), None)
        for annotation in annotations:
            if item is not None and isinstance(annotation, dict) and annotation:
                self._extras.is_repeated(chunk.get("output_index"), "annotations", annotation)
                self._cite(item, annotation, item.text("text").start_of(part_of(chunk)), chunk, out)

    def _note_storage(self, response: Chunk) -> None:
        """Note that the server does not store the response, if it says so: its items cannot be referred to by id."""
        self._stored = self._stored and response.get("store") is not False
