"""A table of open tool calls, which matches a whole call to the pieces that came before."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeAlias

from ..events import ToolCall, ToolCallDelta

__all__ = ["OpenCalls"]

CallKey: TypeAlias = tuple[int, int]
"""The number of a choice, and the number of a call in it."""


class OpenCalls:
    """The calls of which pieces came and that are not whole yet.

    The number of a `ToolCall` says which pieces belong to it. One without a number, made by hand or written by an
    earlier version, ends the oldest open call whose id and name are the same.
    """

    __slots__ = ("_alike", "_names")

    def __init__(self) -> None:
        self._names: dict[CallKey, tuple[str, str]] = {}  # id and name of each open call
        # Keyed by choice, id and name. Removing the first entry of an OrderedDict is cheap, however many there are.
        self._alike: dict[tuple[int, str, str], OrderedDict[CallKey, None]] = {}

    def begins(self, event: ToolCallDelta | ToolCall) -> bool:
        """Take a piece or a whole call; True if it is the first of its call."""
        if isinstance(event, ToolCall):
            return self.close(event) is None
        is_first = (event.index, event.call) not in self._names
        self.feed(event)
        return is_first

    def feed(self, piece: ToolCallDelta) -> None:
        """Take a piece, which opens its call if it is the first."""
        key = (piece.index, piece.call)
        names = self._names.get(key)
        if names is None:
            self._add(key, piece.id or "", piece.name or "")
        elif piece.id or piece.name:
            self._remove(key)
            self._add(key, names[0] or piece.id or "", names[1] or piece.name or "")

    def close(self, call: ToolCall) -> int | None:
        """The number of the pieces that ``call`` makes whole; None if none came."""
        key = self._key(call)
        if key is None:
            return None
        self._remove(key)
        return key[1]

    def _key(self, call: ToolCall) -> CallKey | None:
        if call.call is not None:
            key = (call.index, call.call)
            return key if key in self._names else None
        candidates = dict.fromkeys((call.index, id, name) for id in (call.id, "") for name in (call.name, ""))
        return next((key for candidate in candidates for key in self._alike.get(candidate, ())), None)

    def _add(self, key: CallKey, id: str, name: str) -> None:
        self._names[key] = id, name
        self._alike.setdefault((key[0], id, name), OrderedDict())[key] = None

    def _remove(self, key: CallKey) -> None:
        attributes = (key[0], *self._names.pop(key))
        alike = self._alike[attributes]
        del alike[key]
        if not alike:
            del self._alike[attributes]
