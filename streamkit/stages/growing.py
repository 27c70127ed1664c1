"""Text and tool calls while they grow."""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain

from ..events import ToolCall

__all__ = ["GrowingCall", "GrowingCalls", "joined"]


def joined(pieces: list[str]) -> str:
    """All of them as one; the list is shortened, so that asking often stays cheap. Appending meanwhile does no harm."""
    count = len(pieces)
    text = "".join(pieces[:count])
    if count > 1:
        pieces[:count] = [text]
    return text


class GrowingCall:
    """What is known of one call so far."""

    __slots__ = ("arguments", "id", "name", "number", "whole")

    def __init__(self, number: int) -> None:
        self.number = number
        self.id = self.name = ""
        self.arguments: list[str] = []
        self.whole = False


class GrowingCalls:
    """The calls of one choice. Those that are not whole yet are found by what is known of them, however many there are;
    the innermost dicts keep the order and let their first go at no cost."""

    __slots__ = ("_unfinished", "by_number")

    def __init__(self) -> None:
        self.by_number: dict[int, GrowingCall] = {}
        self._unfinished: dict[tuple[str, str], OrderedDict[int, GrowingCall]] = {}

    def open(self, number: int) -> GrowingCall:
        call = self.by_number[number] = GrowingCall(number)
        self._note(call)
        return call

    def name(self, call: GrowingCall, id: str, name: str) -> None:
        if not call.whole:
            self._forget(call)
        call.id, call.name = id, name
        if not call.whole:
            self._note(call)

    def close(self, call: GrowingCall, event: ToolCall) -> None:
        self._forget(call)
        call.id, call.name, call.whole = event.id, event.name, True
        call.arguments = [event.arguments]

    def unfinished(self, event: ToolCall) -> GrowingCall | None:
        """The one that ``event`` makes whole: what it knows fits, and best if its arguments are the same."""
        keys = dict.fromkeys((id, name) for id in (event.id, "") for name in (event.name, ""))
        found = chain.from_iterable(self._unfinished.get(key, {}).values() for key in keys)
        first = next(found, None)
        if first is None or joined(first.arguments) == event.arguments:
            return first
        return next((call for call in found if joined(call.arguments) == event.arguments), first)

    def _note(self, call: GrowingCall) -> None:
        self._unfinished.setdefault((call.id, call.name), OrderedDict())[call.number] = call

    def _forget(self, call: GrowingCall) -> None:
        alike = self._unfinished[call.id, call.name]
        del alike[call.number]
        if not alike:
            del self._unfinished[call.id, call.name]
