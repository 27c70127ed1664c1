"""Which pieces a whole tool call is made of."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeAlias

from ..events import ToolCall, ToolCallDelta

__all__ = ["OpenCalls"]

CallKey: TypeAlias = tuple[int, int]
"""A choice, and the number of a call in it."""


class OpenCalls:
    """The calls of which pieces came and that are not whole yet.

    A `ToolCall` says by its number which pieces are its own. One without a number, made by hand or written by an
    earlier version, ends the oldest open call whose id and name are the same.
    """

    __slots__ = ("_alike", "_names")

    def __init__(self) -> None:
        self._names: dict[CallKey, tuple[str, str]] = {}  # id and name of each
        # By what is known of them: an OrderedDict lets its first go at no cost, however many there are.
        self._alike: dict[tuple[int, str, str], OrderedDict[CallKey, None]] = {}

    def begins(self, event: ToolCallDelta | ToolCall) -> bool:
        """Take a piece or a whole call; whether it is the first of its call."""
        if isinstance(event, ToolCall):
            return self.close(event) is None
        is_first = (event.index, event.call) not in self._names
        self.feed(event)
        return is_first

    def feed(self, piece: ToolCallDelta) -> None:
        """Take a piece, which opens its call if it is the first."""
        place = (piece.index, piece.call)
        known = self._names.get(place)
        if known is None:
            self._note(place, piece.id or "", piece.name or "")
        elif piece.id or piece.name:
            self._forget(place)
            self._note(place, known[0] or piece.id or "", known[1] or piece.name or "")

    def close(self, call: ToolCall) -> int | None:
        """The number of the pieces that ``call`` makes whole; None if none came."""
        place = self._place(call)
        if place is None:
            return None
        self._forget(place)
        return place[1]

    def _place(self, call: ToolCall) -> CallKey | None:
        if call.call is not None:
            place = (call.index, call.call)
            return place if place in self._names else None
        keys = dict.fromkeys((call.index, id, name) for id in (call.id, "") for name in (call.name, ""))
        return next((place for key in keys for place in self._alike.get(key, ())), None)

    def _note(self, place: CallKey, id: str, name: str) -> None:
        self._names[place] = id, name
        self._alike.setdefault((place[0], id, name), OrderedDict())[place] = None

    def _forget(self, place: CallKey) -> None:
        key = (place[0], *self._names.pop(place))
        alike = self._alike[key]
        del alike[place]
        if not alike:
            del self._alike[key]
