"""Assembles fragments of tool calls into whole calls, for every way in which servers number and name them.

Which call a fragment belongs to:

1. A known id names its call. The fragment begins another call if its name is another one, or if the call is whole and
   other arguments come.
2. Else the index decides, and without an index the latest open call is meant. A new id begins a new call if it brings
   a name or the call it points at is whole; a name without an id does so if that call is whole or has another name.
3. A fragment with neither id nor name, at a new index or at that of a whole call, continues an open call: that of the
   index before, else the latest. Some servers count the arguments as an item of their own.

A call without a name waits for it, and no event of it is emitted. One that has no name by the end is a repetition and
is dropped, or holds the arguments of the call before it; else it is emitted without a name.
"""

from __future__ import annotations

from typing import Any

from ..events import ToolCall, ToolCallDelta
from .fragments import Fragment
from .partial_call import PartialCall, value_of

__all__ = ["Calls"]

PATIENCE = 4096
"""The number of characters of arguments up to which a call without a name waits."""
WAITING = 64
"""The number of calls of a choice that may wait; further ones are emitted at once, so that a limit of the reply's size
counts them."""


class Calls:
    """The calls of one choice, in the order in which they began."""

    __slots__ = ("_api", "_borrowed", "_by_id", "_by_index", "_emitted", "_ids", "_open", "_touched", "calls")

    def __init__(self, api: str = "chat") -> None:
        self._api = api
        self._ids: dict[str, int] = {}  # those by which calls are answered; for each the last number that was behind it
        self.calls: list[PartialCall] = []
        self._emitted = 0
        self._open: list[PartialCall] = []  # calls that are not complete, and some that are by now
        self._by_index: dict[int, PartialCall] = {}
        self._by_id: dict[tuple[int | None, str], PartialCall] = {}
        self._borrowed: dict[int, None] = {}  # indexes at which a call of another index continues
        self._touched: dict[PartialCall, None] = {}

    def open(self, *, free: bool = False) -> PartialCall:
        """Open a further call; its arguments are ``free`` text if they are not JSON."""
        position = len(self.calls)
        call = PartialCall(position, PATIENCE if position - self._emitted < WAITING else 0)
        call.arguments.free = free
        self.calls.append(call)
        self._open.append(call)
        return call

    def find(self, fragment: Fragment) -> PartialCall:
        """The call that ``fragment`` belongs to; a new one if there is none."""
        call = self._call_with_id(fragment) or self._call_at(fragment)
        self._note(call, fragment)
        return call

    def news(self, call: PartialCall, index: int, raw: Any) -> ToolCallDelta | None:
        """The event for what is new of ``call``, which gets its number with its first event; None if nothing is new."""
        if not call.waits:
            self._number(call)
            self._give_id(call)
        return call.news(index, raw)

    def end(self, call: PartialCall, index: int, raw: Any) -> list[ToolCallDelta | ToolCall]:
        """The events that end ``call`` as it is now."""
        self._number(call)
        self._give_id(call)
        plain = call.name if (call.extra or {}).get("type") == "function_call" else ""  # it is answered by its name
        spare = "" if call.answer_id else self._unique_id(plain or f"call_{call.number}")
        return call.end(index, raw, self._api, spare)

    def _give_id(self, call: PartialCall) -> None:
        """Note the id of a call for its events, as soon as it has one."""
        if call.id and not call.answer_id:
            call.answer_id = self._unique_id(call.id)

    def _unique_id(self, plain: str) -> str:
        """An id, or one like it if another call has it: each call gets one answer, and servers match the two by id."""
        id, number = plain, self._ids.get(plain, 1)
        while id in self._ids:
            number += 1
            id = f"{plain}_{number}"
        self._ids |= {plain: number, id: 1 if id != plain else number}
        return id

    def take_closed(self) -> list[PartialCall]:
        """Calls whose arguments were closed since the last call of this method."""
        if not self._touched:
            return []
        done = [call for call in self._touched if call.arguments.closed and call.name and not call.ended]
        self._touched = {}
        return done

    def whole(self) -> list[PartialCall]:
        """Calls that are whole and not ended yet: an empty object is all that they got as arguments. No calls while
        some call waits, because its arguments may be those of another one."""
        if any(call.waits and not call.ended for call in self.calls):
            return []
        return [call for call in self.calls if call.name and call.arguments.whole and not call.ended]

    def settle(self) -> list[PartialCall]:
        """Calls that only the end of the reply completes; to be called at that end. Calls that waited in vain become
        part of the one before them, or are dropped."""
        out: list[PartialCall] = []
        before: PartialCall | None = None
        for call in self.calls:
            if not call.ended and call.waits:
                call.arguments.flush()
                _give_up(call, before)
            if not call.ended:
                out.append(call)
            if call.number is not None or not call.ended:
                before = call
        return out

    def _number(self, call: PartialCall) -> None:
        if call.number is None:
            call.number = self._emitted
            self._emitted += 1

    def _call_with_id(self, fragment: Fragment) -> PartialCall | None:
        """The call that has this id already, unless the fragment begins another one nevertheless."""
        index, id, name, arguments = fragment.index, fragment.id, fragment.name, fragment.arguments
        if not id:
            return None
        call = self._by_id.get((index, id))
        if call is None:
            call = self._by_id.get((None, id))
            elsewhere = call is not None and bool(name) and (call.complete or not arguments.strip())
            if elsewhere:  # a server that gives all calls the same id
                return None
        if call is None or _has_other_name(call, name):
            return None
        again = call.complete and bool(name) and arguments.lstrip().startswith("{")
        return None if again and not call.repeats(arguments) else call

    def _call_at(self, fragment: Fragment) -> PartialCall:
        """The call that the index of a fragment points at, or a new one if the fragment begins another call there."""
        old = self._find_by_index(fragment)
        if old is not None and not _is_another(old, fragment):
            return old
        call = self.open(free=fragment.free)
        call.repeated = old is not None and not fragment.id and bool(old.name) and old.name == fragment.name
        return call

    def _find_by_index(self, fragment: Fragment) -> PartialCall | None:
        """The call that the index of a fragment points at."""
        index = fragment.index
        if index is None:
            return self._latest_open() or (self.calls[-1] if self.calls else None)
        if fragment.id or fragment.name:
            if index in self._borrowed:  # it begins a call of its own
                del self._borrowed[index]
                return None
            return self._by_index.get(index)
        call = self._by_index.get(index)
        if call is not None and not (call.complete and self._is_for_a_later(call, fragment.arguments)):
            return call
        before = self._by_index.get(index - 1)
        lender = before if before is not None and not before.complete else self._latest_open()
        if lender is not None:
            self._borrowed[index] = None
        return lender or call

    def _is_for_a_later(self, whole: PartialCall, arguments: str) -> bool:
        """True if a call after ``whole`` still has no arguments, and these are not those of ``whole`` once more."""
        latest = self._latest_open()
        if latest is None or latest.position < whole.position or not latest.arguments.void:
            return False
        return arguments.strip() != whole.text.strip() and not arguments.lstrip().startswith('"')

    def _latest_open(self) -> PartialCall | None:
        while self._open and (self._open[-1].ended or self._open[-1].arguments.closed):
            self._open.pop()
        return self._open[-1] if self._open else None

    def _note(self, call: PartialCall, fragment: Fragment) -> None:
        if fragment.index is not None:
            self._by_index[fragment.index] = call
        if fragment.id and call.id in ("", fragment.id):  # an id that comes only once is of no use
            self._by_id[fragment.index, fragment.id] = call
            self._by_id.setdefault((None, fragment.id), call)
        self._touched[call] = None


def _has_other_name(call: PartialCall, name: str) -> bool:
    return bool(name and call.name and name != call.name)


def _is_another(call: PartialCall, fragment: Fragment) -> bool:
    """True if ``fragment``, which points at ``call`` but is not known to belong to it, starts a call of its own."""
    id, name, arguments = fragment.id, fragment.name, fragment.arguments
    started = not (call.complete or call.arguments.blank)
    if _has_other_name(call, name):
        return fragment.index is None or bool(id) or not started
    if name and not (call.name or call.ended) and not (id and call.id):  # the name that it waits for
        return False
    if id and id == call.id:  # it has the id, and other arguments
        return True
    if id:
        goes_on = started and bool(arguments.strip()) and not arguments.lstrip().startswith("{")
        return call.complete or (bool(name and call.id) and not goes_on)
    again = arguments.lstrip().startswith('"')  # the arguments once more, as a JSON string
    return bool(name) and call.complete and not again


def _give_up(call: PartialCall, before: PartialCall | None) -> None:
    """Decide about a ``call`` that waited in vain. If it is only an id, or the arguments of the call ``before`` once
    more, it is not a call; if that call has no arguments, these become its arguments."""
    text = call.text
    if call.arguments.blank:
        call.ended = True
    elif before is not None and not before.ended and before.arguments.void:
        before.arguments.feed(text)
        call.ended = True
    elif before is not None:
        call.ended = text == before.text or value_of(text) == before.text
