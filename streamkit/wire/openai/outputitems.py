"""Which item of a response an event belongs to.

An item has a position and an id, and servers get both wrong: the id changes with every event, or all items share one
position, or an item is closed under the position of the next one, or one of the two is left out. So an event belongs
to the item that has its id; else to the one at its position; else, if nothing forbids it, to the one that is open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..arguments import EMPTY
from ..jsoncodec import canonical
from ..partialcall import PartialCall
from .itemtext import ItemText

__all__ = ["ItemRef", "OutputItem", "OutputItems"]

NOTHING = re.compile(rf"\s*((?:{EMPTY.pattern})\s*)?")
"""No arguments, or an empty value that some servers put where they are still to come."""


class ItemRef(NamedTuple):
    """Where an event says that it belongs."""

    kind: str  # message, reasoning or call
    position: int | None = None
    id: str = ""
    call_id: str = ""


class OutputItem:
    """An item as it grows.

    Attributes:
        announced: it began with an event of its own, not with a piece.
        closed: it was told whole, so that no more of it is expected.
        call: what grows, if it is a call; ``whole`` if its arguments were told whole.
        offered: arguments that came with its announcement.
        source, family: of reasoning: its summary or its text, and the events its pieces come in.
    """

    __slots__ = (
        "_texts",
        "announced",
        "announced_arguments",
        "call",
        "call_id",
        "closed",
        "family",
        "ids",
        "kind",
        "source",
        "whole",
    )  # fmt: skip

    def __init__(self, kind: str, announced: bool) -> None:
        self.kind = kind
        self.announced = announced
        self.closed = self.whole = False
        self.ids: set[str] = set()
        self.call_id = ""
        self.call: PartialCall | None = None
        self.announced_arguments = self.source = self.family = ""
        self._texts: dict[str, ItemText] = {}

    def text(self, word: str) -> ItemText:
        said = self._texts.get(word)
        if said is None:
            said = self._texts[word] = ItemText()
        return said

    def has_text(self, text: str) -> bool:
        """Whether ``text`` stands in one of its texts, or is its arguments in another spelling."""
        text = text.strip()
        if any(text in said.text for said in self._texts.values()):
            return True
        return self.kind == "call" and canonical(text) == canonical(self.text("arguments").text)

    @property
    def empty(self) -> bool:
        return not any(said.pieces for said in self._texts.values())

    @property
    def full(self) -> bool:
        """Whether it is a call whose arguments are complete."""
        return self.whole or (self.call is not None and self.call.arguments.whole)

    def takes(self, source: str, family: str = "") -> bool:
        """Whether reasoning from there belongs to what was said of it: the same is often told from two sources."""
        return self.source in ("", source) and (not family or self.family in ("", family))

    def may_be_call(self, name: str, whole: str) -> bool:
        """Whether it may be a call of that name with ``whole`` as its arguments."""
        if name and self.name not in ("", name):
            return False
        return not whole or self.lacks_arguments or canonical(self.text("arguments").text) == canonical(whole)

    def missing_arguments(self, whole: str) -> str:
        """What is left to say of the arguments."""
        return whole if self.lacks_arguments and not NOTHING.fullmatch(whole) else self.text("arguments").missing(whole)

    @property
    def name(self) -> str:
        return self.call.name if self.call is not None else ""

    @property
    def lacks_arguments(self) -> bool:
        """Whether no arguments came so far, or what stands for those to come."""
        return not self.whole and NOTHING.fullmatch(self.text("arguments").text) is not None


class OutputItems:
    """The items of one response, in the order in which they began."""

    def __init__(self) -> None:
        self.all: list[OutputItem] = []
        self._by_id: dict[tuple[str, str], OutputItem] = {}
        self._by_position: dict[tuple[str, int], OutputItem] = {}
        self._last: dict[str, OutputItem] = {}
        self._positions: set[int] = set()  # at which items began
        self._shared_position = False  # several items at one position: ids decide
        self.ids_recur = False  # an id came again: ids tell something
        self._ids_vary = False  # several ids for one item, none of which came again: they tell nothing

    def announced(self, spot: ItemRef) -> OutputItem:
        """The item that an event opens: a new one, unless it says again what is known."""
        at = self._at(spot)
        item = self._by_id.get((spot.kind, spot.id)) if spot.id else at
        if item is None or item.closed or _other_call(item, spot) or not (spot.id or item.empty):
            return self._open(spot, announced=True)
        return item if item is at or spot.position is None else self._open(spot, announced=True)

    def of_piece(self, spot: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem:
        """The item that a piece belongs to; ``fits`` may refuse one that is known by nothing but its place."""
        return self._note(self._known(spot) or self._piece_at(spot, fits), spot)

    def of_whole(self, spot: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem:
        """The item that something whole is told of; ``fits`` tells whether it is what an item has said."""
        item = self._known(spot)
        if item is not None and item.closed and item is not self._at(spot) and not fits(item):
            item = None
        return self._note(item or self._whole_at(spot, fits), spot)

    def near(self, spot: ItemRef) -> Iterator[OutputItem]:
        """The items that something at ``spot`` may have told of."""
        yield from filter(None, (self._known(spot), self._at(spot), self._last.get(spot.kind)))

    def _known(self, spot: ItemRef) -> OutputItem | None:
        at = self._at(spot)
        if at is not None and (spot.id in at.ids or (spot.call_id and spot.call_id == at.call_id)):
            return at
        named = self._by_id.get((spot.kind, spot.call_id)) if spot.call_id else None
        return named or (self._by_id.get((spot.kind, spot.id)) if spot.id else None)

    def _at(self, spot: ItemRef) -> OutputItem | None:
        return None if spot.position is None else self._by_position.get((spot.kind, spot.position))

    def _piece_at(self, spot: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem | None:
        item, strange = self._at(spot), bool(spot.id) and not self._ids_vary
        if item is None:
            return self._last_open(spot, strange, fits)
        if item.closed or (strange and not fits(item)):
            return None
        another = spot.kind == "call" and strange and (item.full or (self._shared_position and not item.empty))
        return None if another else item

    def _last_open(self, spot: ItemRef, strange: bool, fits: Callable[[OutputItem], bool]) -> OutputItem | None:
        """The last item, if a piece at a place where there is none may belong to it: where items are announced, no
        other has begun; elsewhere one begins where both its id and its position are new, a call where one of them is.
        """
        last = self._last.get(spot.kind)
        if last is None or last.closed or not fits(last):
            return None
        news = strange + (spot.position is not None)
        if last.announced:
            return None if spot.kind == "call" and strange and last.full else last
        return last if news < (1 if spot.kind == "call" else 2) else None

    def _whole_at(self, spot: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem | None:
        item = self._at(spot)
        if item is None:
            return self._last_for_whole(spot, fits)
        if item.closed:
            return item if fits(item) and (self._ids_vary or not spot.id) else None
        decide = self._shared_position and bool(spot.id) and not self._ids_vary
        return None if (decide or _other_call(item, spot)) and not fits(item) else item

    def _last_for_whole(self, spot: ItemRef, fits: Callable[[OutputItem], bool]) -> OutputItem | None:
        """The last item, if that can be what is told whole at a place where there is none."""
        last = self._last.get(spot.kind)
        if last is None or (_other_call(last, spot) and (last.closed or not last.announced)):
            return None
        if spot.position is None and not spot.id and not last.closed:
            return last
        return last if (last.announced or not last.closed) and fits(last) else None

    def _open(self, spot: ItemRef, *, announced: bool = False) -> OutputItem:
        item = OutputItem(spot.kind, announced)
        self.all.append(item)
        self._last[spot.kind] = item
        if spot.position is not None:
            self._shared_position = self._shared_position or spot.position in self._positions
            self._positions.add(spot.position)
            self._by_position[spot.kind, spot.position] = item
        return self._note_ids(item, spot)

    def _note(self, item: OutputItem | None, spot: ItemRef) -> OutputItem:
        """``item``, or a new one, with what ``spot`` tells of it."""
        if item is None:
            return self._open(spot)
        if spot.position is not None:
            at = self._at(spot)
            if at is None or at.closed:
                self._by_position[spot.kind, spot.position] = item
        if spot.id and spot.id in item.ids:
            self.ids_recur = True
        elif spot.id and item.ids and spot.id != item.call_id:
            if self._ids_vary:
                return item  # an id that will never come again
            self._ids_vary = not self.ids_recur
        return self._note_ids(item, spot)

    def _note_ids(self, item: OutputItem, spot: ItemRef) -> OutputItem:
        item.call_id = item.call_id or spot.call_id
        if spot.id:
            item.ids.add(spot.id)
            self._by_id[spot.kind, spot.id] = item
        if spot.call_id:
            self._by_id[spot.kind, spot.call_id] = item
        return item


def _other_call(item: OutputItem, spot: ItemRef) -> bool:
    return bool(item.call_id and spot.call_id and item.call_id != spot.call_id)
