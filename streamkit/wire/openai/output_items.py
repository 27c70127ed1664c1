"""The items of a response, and the search for the item that an event belongs to.

An item has a position and an id, and servers get both wrong: the id changes with every event, or all items share one
position, or an item is closed under the position of the next one, or one of the two is left out. So an event belongs
to the item that has its id; else to the one at its position; else, if nothing contradicts it, to the one that is open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..arguments import EMPTY
from ..json_codec import canonical
from ..partial_call import PartialCall
from .item_text import ItemText

__all__ = ["ItemRef", "OutputItem", "OutputItems"]

NO_ARGUMENTS = re.compile(rf"\s*((?:{EMPTY.pattern})\s*)?")
"""No arguments, or an empty value that some servers send in place of arguments which are still to come."""


class ItemRef(NamedTuple):
    """The reference to an item in an event."""

    kind: str  # message, reasoning or call
    position: int | None = None
    id: str = ""
    call_id: str = ""


class OutputItem:
    """An item as it grows.

    Attributes:
        announced: it began with an event of its own, not with a piece.
        closed: it came whole, so that no more of it is expected.
        call: the call that grows, if the item is a call; ``whole`` if its arguments came whole.
        announced_arguments: arguments that came with its announcement.
        source, family: of reasoning: ``summary`` or ``text``, and the family of the events that its pieces come in.
        first_id, block_id: the id that it had first, and that of its block.
        begun, ended: its block has begun, and has ended.
        mixed: text of another item came in its block, or its own in that of another.
        annotations: those of its text that were emitted, as JSON, with the positions of their events.
    """

    __slots__ = (
        "_texts",
        "annotations",
        "announced",
        "announced_arguments",
        "begun",
        "block_id",
        "call",
        "call_id",
        "closed",
        "ended",
        "family",
        "first_id",
        "ids",
        "kind",
        "mixed",
        "source",
        "whole",
    )  # fmt: skip

    def __init__(self, kind: str, announced: bool) -> None:
        self.kind = kind
        self.announced = announced
        self.closed = self.whole = self.begun = self.ended = self.mixed = False
        self.ids: set[str] = set()
        self.call_id = ""
        self.call: PartialCall | None = None
        self.announced_arguments = self.source = self.family = self.first_id = self.block_id = ""
        self.annotations: dict[str, list[Any]] = {}
        self._texts: dict[str, ItemText] = {}

    def text(self, text_kind: str) -> ItemText:
        item_text = self._texts.get(text_kind)
        if item_text is None:
            item_text = self._texts[text_kind] = ItemText()
        return item_text

    def has_text(self, text: str) -> bool:
        """True if ``text`` is part of one of its texts, or is its arguments in another spelling."""
        text = text.strip()
        if any(text in item_text.text for item_text in self._texts.values()):
            return True
        return self.kind == "call" and canonical(text) == canonical(self.text("arguments").text)

    @property
    def empty(self) -> bool:
        return not any(item_text.pieces for item_text in self._texts.values())

    @property
    def known(self) -> bool:
        """True if an event of it was emitted."""
        return self.begun or self.call is not None

    @property
    def full(self) -> bool:
        """True if it is a call whose arguments are complete."""
        return self.whole or (self.call is not None and self.call.arguments.whole)

    def takes(self, source: str, family: str = "") -> bool:
        """True if reasoning from this source may be added to it: servers often send the same reasoning from two
        sources."""
        return self.source in ("", source) and (not family or self.family in ("", family))

    def may_be_call(self, name: str, whole: str) -> bool:
        """True if it may be a call of that name with ``whole`` as its arguments."""
        if name and self.name not in ("", name):
            return False
        return not whole or self.lacks_arguments or canonical(self.text("arguments").text) == canonical(whole)

    def missing_arguments(self, whole: str) -> str:
        """The arguments that were not emitted yet."""
        return (
            whole
            if self.lacks_arguments and not NO_ARGUMENTS.fullmatch(whole)
            else self.text("arguments").missing(whole)
        )

    @property
    def name(self) -> str:
        return self.call.name if self.call is not None else ""

    @property
    def lacks_arguments(self) -> bool:
        """True if no arguments came so far, or only an empty value in their place."""
        return not self.whole and NO_ARGUMENTS.fullmatch(self.text("arguments").text) is not None


class OutputItems:
    """The items of one response, in the order in which they began."""

    def __init__(self) -> None:
        self.all: list[OutputItem] = []
        self._by_id: dict[tuple[str, str], OutputItem] = {}
        self._by_position: dict[tuple[str, int], OutputItem] = {}
        self._last: dict[str, OutputItem] = {}
        self._positions: set[int] = set()  # the positions at which items began
        self._shared_position = False  # true if several items have one position: ids decide
        self.ids_recur = False  # true if an id came again: ids are reliable
        self._ids_vary = False  # true if one item had several ids, none of which came again: ids are unreliable

    def announce(self, ref: ItemRef) -> OutputItem:
        """The item that an event announces: a new one, unless the event repeats a known announcement."""
        at = self._at_position(ref)
        item = self._by_id.get((ref.kind, ref.id)) if ref.id else at
        if item is None or item.closed or _other_call(item, ref) or not (ref.id or item.empty):
            return self._open(ref, announced=True)
        return item if item is at or ref.position is None else self._open(ref, announced=True)

    def of_piece(self, ref: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem:
        """The item that a piece belongs to; ``fits`` may refuse an item that only its position identifies."""
        return self._note(self._find_by_id(ref) or self._find_for_piece(ref, fits), ref)

    def of_whole(self, ref: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem:
        """The item that a whole text or form belongs to; ``fits`` is true if that may be the content of an item."""
        item = self._find_by_id(ref)
        if item is not None and item.closed and item is not self._at_position(ref) and not fits(item):
            item = None
        return self._note(item or self._find_for_whole(ref, fits), ref)

    def near(self, ref: ItemRef) -> Iterator[OutputItem]:
        """The items that an event with ``ref`` may belong to."""
        yield from filter(None, (self._find_by_id(ref), self._at_position(ref), self._last.get(ref.kind)))

    def _find_by_id(self, ref: ItemRef) -> OutputItem | None:
        at = self._at_position(ref)
        if at is not None and (ref.id in at.ids or (ref.call_id and ref.call_id == at.call_id)):
            return at
        named = self._by_id.get((ref.kind, ref.call_id)) if ref.call_id else None
        return named or (self._by_id.get((ref.kind, ref.id)) if ref.id else None)

    def _at_position(self, ref: ItemRef) -> OutputItem | None:
        return None if ref.position is None else self._by_position.get((ref.kind, ref.position))

    def _find_for_piece(self, ref: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem | None:
        item, strange = self._at_position(ref), bool(ref.id) and not self._ids_vary
        if item is None:
            return self._last_for_piece(ref, strange, fits)
        if item.closed or (strange and not fits(item)):
            return None
        another = ref.kind == "call" and strange and (item.full or (self._shared_position and not item.empty))
        return None if another else item

    def _last_for_piece(self, ref: ItemRef, strange: bool, fits: Callable[[OutputItem], bool]) -> OutputItem | None:
        """The last item, if a piece at a position without an item may belong to it. If items are announced, no other
        item has begun; else an item begins when both its id and its position are new, a call when one of them is.
        """
        last = self._last.get(ref.kind)
        if last is None or last.closed or not fits(last):
            return None
        new_marks = strange + (ref.position is not None)
        if last.announced:
            return None if ref.kind == "call" and strange and last.full else last
        return last if new_marks < (1 if ref.kind == "call" else 2) else None

    def _find_for_whole(self, ref: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem | None:
        item = self._at_position(ref)
        if item is None:
            return self._last_for_whole(ref, fits)
        if item.closed:
            return item if fits(item) and (self._ids_vary or not ref.id) else None
        decide = self._shared_position and bool(ref.id) and not self._ids_vary
        return None if (decide or _other_call(item, ref)) and not fits(item) else item

    def _last_for_whole(self, ref: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem | None:
        """The last item, if a whole text or form at a position without an item may belong to it."""
        last = self._last.get(ref.kind)
        if last is None or (_other_call(last, ref) and (last.closed or not last.announced)):
            return None
        if ref.position is None and not ref.id and not last.closed:
            return last
        return last if (last.announced or not last.closed) and fits(last) else None

    def _open(self, ref: ItemRef, *, announced: bool = False) -> OutputItem:
        item = OutputItem(ref.kind, announced)
        item.first_id = ref.id
        self.all.append(item)
        self._last[ref.kind] = item
        if ref.position is not None:
            self._shared_position = self._shared_position or ref.position in self._positions
            self._positions.add(ref.position)
            self._by_position[ref.kind, ref.position] = item
        return self._note_ids(item, ref)

    def _note(self, item: OutputItem | None, ref: ItemRef) -> OutputItem:
        """``item``, or a new one, with the position and the ids of ``ref`` noted."""
        if item is None:
            return self._open(ref)
        if ref.position is not None:
            at = self._at_position(ref)
            if at is None or at.closed:
                self._by_position[ref.kind, ref.position] = item
        if ref.id and ref.id in item.ids:
            self.ids_recur = True
        elif ref.id and item.ids and ref.id != item.call_id:
            if self._ids_vary:
                return item  # an id that will not come again
            self._ids_vary = not self.ids_recur
        return self._note_ids(item, ref)

    def _note_ids(self, item: OutputItem, ref: ItemRef) -> OutputItem:
        item.call_id = item.call_id or ref.call_id
        if ref.id:
            item.ids.add(ref.id)
            self._by_id[ref.kind, ref.id] = item
        if ref.call_id:
            self._by_id[ref.kind, ref.call_id] = item
        return item


def _other_call(item: OutputItem, ref: ItemRef) -> bool:
    return bool(item.call_id and ref.call_id and item.call_id != ref.call_id)
