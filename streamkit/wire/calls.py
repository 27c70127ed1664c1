"""Fragments of tool calls to whole calls, for every way in which servers number and name them.

Which call a fragment belongs to:

1. An id that is known names its call. A second name never comes to the same call, so a known id with another name
   begins a new one.
2. Else the index decides, and without an index the latest call is meant. A new id begins a new call if it brings a
   name or the call it points at is whole; a name without an id does so if that call is whole or has another name.
3. At a new index a fragment with neither id nor name continues the latest call that is open: some servers count the
   arguments as an item of their own.

A call without a name waits for it, unseen: of its number and its arguments nothing is told before the name is there or
the reply is over. One that gets no name by then is a repetition and void, or holds the arguments of the call before it.
"""

from __future__ import annotations

from typing import Any

from ..errors import MalformedError
from ..events import ToolCall, ToolCallDelta
from .arguments import Arguments
from .fragments import Fragment
from .loads import load

__all__ = ["Call", "Calls"]

PATIENCE = 4096
"""Characters of arguments for which a call without a name waits."""
WAITING = 64
"""Calls of a choice that may wait; further ones are told at once, so that a limit of the reply's size sees them."""


class Call:
    """One call as it grows; ``number`` is its place among the calls of its choice that were shown."""

    __slots__ = ("_patience", "_shown", "_told", "announced", "arguments", "id", "name", "number", "repeated")

    def __init__(self, shown: list[Call], patience: int) -> None:
        self.id = self.name = ""
        self.arguments = Arguments()
        self.number: int | None = None
        self.repeated = False
        """Its name was told before, by a call that is whole: without arguments of its own it is no call."""
        self.announced = False
        self._shown, self._patience = shown, patience
        self._told: tuple[str, str, int] = ("", "", 0)  # id, name, and how many pieces of the arguments

    @property
    def text(self) -> str:
        """The arguments as far as they are shown."""
        return "".join(self.arguments.pieces)

    @property
    def complete(self) -> bool:
        """Whether nothing can be added."""
        return self.announced or self.arguments.whole

    @property
    def waits(self) -> bool:
        """Whether it is not told of yet."""
        if self.number is not None:
            return False
        if self.name:
            return self.repeated and self.arguments.blank
        return self.arguments.size < self._patience

    def add(self, index: int, id: str, name: str, arguments: str, raw: Any) -> ToolCallDelta | None:
        """The event for a fragment; None when it brings nothing new, or nothing that may be told."""
        if self.announced:
            return None
        self.id, self.name = self.id or id, self.name or name
        self.arguments.feed(arguments)
        return None if self.waits else self._delta(index, raw)

    def whole(self, index: int, raw: Any) -> list[ToolCallDelta | ToolCall]:
        """The events that end the call as it is now; to be asked for once."""
        self.announced = True
        self.arguments.flush()
        delta = self._delta(index, raw)
        call = ToolCall(self.id, self.name, self.text, index, self.number, raw=raw)
        return [call] if delta is None else [delta, call]

    def _delta(self, index: int, raw: Any) -> ToolCallDelta | None:
        """What was not told so far."""
        id, name, pieces = self._told
        if (id, name, pieces) == (self.id, self.name, len(self.arguments.pieces)) and self.number is not None:
            return None
        if self.number is None:
            self.number = len(self._shown)
            self._shown.append(self)
        self._told = (self.id, self.name, len(self.arguments.pieces))
        text = "".join(self.arguments.pieces[pieces:])
        return ToolCallDelta(
            text, self.number, self.id[len(id) :] or None, self.name[len(name) :] or None, index, raw=raw
        )


class Calls:
    """The calls of one choice, in the order in which they began."""

    __slots__ = ("_borrowed", "_by_id", "_by_index", "_open", "_shown", "_touched", "calls")

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._shown: list[Call] = []
        self._open: list[Call] = []  # those that are not whole, and some that are by now
        self._by_index: dict[int, Call] = {}
        self._by_id: dict[tuple[int | None, str], Call] = {}
        self._borrowed: set[int] = set()  # indexes at which a call of another index goes on
        self._touched: dict[Call, None] = {}

    def open(self) -> Call:
        """A further call."""
        call = Call(self._shown, PATIENCE if len(self.calls) - len(self._shown) < WAITING else 0)
        self.calls.append(call)
        self._open.append(call)
        return call

    def find(self, fragment: Fragment) -> Call:
        """The call that ``fragment`` belongs to; a new one if there is none."""
        index, id, name, _, free = fragment
        call = self._known(index, id, name)
        if call is None:
            old = self._pointed_at(index, id, name)
            if old is None or _is_another(old, fragment):
                call = self.open()
                call.arguments.free = free
                call.repeated = old is not None and bool(name) and not id and name == old.name
            else:
                call = old
        self._note(call, index, id)
        return call

    def closed(self) -> list[Call]:
        """Calls that became complete since this was asked last."""
        done = [call for call in self._touched if call.arguments.closed and call.name and not call.announced]
        self._touched = {}
        return done

    def unannounced(self) -> list[Call]:
        """Calls that nothing but the end can complete. Those that turn out to be none are void from here on."""
        out: list[Call] = []
        before: Call | None = None
        for call in self.calls:
            if not call.announced and call.waits and _is_void(call, before):
                call.announced = True
                continue
            before = call
            if not call.announced:
                out.append(call)
        return out

    def _known(self, index: int | None, id: str, name: str) -> Call | None:
        """The call that has this id already."""
        call = self._by_id.get((index, id)) if id else None
        if call is None and id and not name:
            call = self._by_id.get((None, id))
        return None if call is not None and _has_other_name(call, name) else call

    def _pointed_at(self, index: int | None, id: str, name: str) -> Call | None:
        """The call that the place of a fragment means."""
        if index is None:
            return self.calls[-1] if self.calls else None
        if index in self._borrowed and (id or name):  # a call of its own
            self._borrowed.discard(index)
            return None
        call = self._by_index.get(index)
        if call is None and not id and not name:
            call = self._latest_open()
            if call is not None:
                self._borrowed.add(index)
        return call

    def _latest_open(self) -> Call | None:
        while self._open and (self._open[-1].announced or self._open[-1].arguments.closed):
            self._open.pop()
        return self._open[-1] if self._open else None

    def _note(self, call: Call, index: int | None, id: str) -> None:
        if index is not None:
            self._by_index[index] = call
        if id:
            self._by_id[index, id] = call
            self._by_id.setdefault((None, id), call)
        self._touched[call] = None


def _has_other_name(call: Call, name: str) -> bool:
    return bool(name and call.name and name != call.name)


def _is_another(call: Call, fragment: Fragment) -> bool:
    """Whether ``fragment``, which points at ``call`` but does not have its id, starts a call of its own."""
    index, id, name, arguments, _ = fragment
    if _has_other_name(call, name):
        return index is None or bool(id) or call.complete or call.arguments.blank
    if name and not (call.name or call.announced) and not (id and call.id):  # the name that it waits for
        return False
    if id and id != call.id:
        return call.complete or bool(name and call.id)
    again = arguments.lstrip().startswith('"')  # the arguments once more, as a JSON string
    return bool(name and not id) and call.complete and not again


def _is_void(call: Call, before: Call | None) -> bool:
    """Whether ``call``, which never got what it waited for, is none: nothing but an id, the arguments of the call
    ``before`` once more, or those that this call never got otherwise."""
    call.arguments.flush()
    if call.arguments.blank or before is None:
        return call.arguments.blank
    if not before.announced and before.arguments.void:
        before.arguments.feed(call.text)
        return True
    try:
        return call.text == before.text or load(call.text) == before.text
    except MalformedError:
        return False
