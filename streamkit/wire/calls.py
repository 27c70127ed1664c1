"""Fragments of tool calls to whole calls, for every way in which servers number them.

Which call a fragment belongs to: at an index that is in use a new id opens a new call (some servers send all calls as
index 0), else the index decides; without an index the id decides, else it is the latest call that is still open. Id and
name are set once, arguments are appended.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import MalformedError
from ..events import ToolCall, ToolCallDelta
from .loads import dumps, shown

__all__ = ["Call", "Calls", "JsonEnd", "fragment", "text_of"]


class JsonEnd:
    """Tells when the object or array that a growing JSON text consists of is closed. Linear; other values never are."""

    __slots__ = ("_depth", "_escaped", "_quoted", "closed")

    OUTSIDE = re.compile(r'["{}\[\]]')
    INSIDE = re.compile(r'["\\]')

    def __init__(self) -> None:
        self.closed = False
        self._depth = 0
        self._quoted = False
        self._escaped = False

    def feed(self, text: str) -> None:
        at = 0
        while not self.closed:
            if self._escaped and at < len(text):
                self._escaped = False
                at += 1
            found = (self.INSIDE if self._quoted else self.OUTSIDE).search(text, at)
            if found is None:
                return
            at = found.end()
            self._mark(found.group())

    def _mark(self, mark: str) -> None:
        if mark == '"':
            self._quoted = not self._quoted
        elif mark == "\\":
            self._escaped = True
        elif mark in "{[":
            self._depth += 1
        else:
            self._depth -= 1
            self.closed = self._depth <= 0


class Call:
    """One call as it grows; ``number`` is its place among the calls of its choice."""

    __slots__ = ("announced", "end", "id", "name", "number", "pieces")

    def __init__(self, number: int) -> None:
        self.number = number
        self.id = self.name = ""
        self.pieces: list[str] = []
        self.end = JsonEnd()
        self.announced = False

    def add(self, index: int, id: str, name: str, arguments: str, raw: Any) -> ToolCallDelta | None:
        """The event for a fragment; None when it brings nothing new."""
        new_id, new_name = id if not self.id else "", name if not self.name else ""
        self.id, self.name = self.id or id, self.name or name
        if arguments:
            self.pieces.append(arguments)
            self.end.feed(arguments)
        elif not new_id and not new_name:
            return None
        return ToolCallDelta(arguments, self.number, new_id or None, new_name or None, index, raw=raw)

    def whole(self, index: int, raw: Any) -> ToolCall:
        """The event for the call as it is now; to be asked for once."""
        self.announced = True
        return ToolCall(self.id, self.name, "".join(self.pieces), index, raw=raw)


class Calls:
    """The calls of one choice, in the order in which they began."""

    __slots__ = ("_by_id", "_by_index", "_touched", "calls")

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._by_index: dict[int, Call] = {}
        self._by_id: dict[tuple[int | None, str], Call] = {}
        self._touched: dict[int, Call] = {}

    def open(self) -> Call:
        """A further call."""
        self.calls.append(Call(len(self.calls)))
        return self.calls[-1]

    def find(self, index: int | None, id: str, name: str, arguments: str) -> Call:
        """The call that a fragment belongs to; a new one if there is none."""
        if index is not None:
            call = self._by_index.get(index)
        elif id:
            call = self._by_id.get((None, id))
        else:
            call = self.calls[-1] if self.calls else None
        if call is not None and _is_another(call, id, name, arguments, index is None):
            call = self._by_id.get((index, id)) if id else None
        if call is None:
            call = self.open()
        if index is not None:
            self._by_index[index] = call
        if id:
            self._by_id[index, id] = call
            self._by_id.setdefault((None, id), call)
        self._touched[call.number] = call
        return call

    def closed(self) -> list[Call]:
        """Calls that became complete since this was asked last."""
        done = [call for call in self._touched.values() if call.end.closed and not call.announced]
        self._touched = {}
        return done

    def unannounced(self) -> list[Call]:
        """Calls that nothing but the end can complete."""
        return [call for call in self.calls if not call.announced]


def _is_another(call: Call, id: str, name: str, arguments: str, unnumbered: bool) -> bool:
    """Whether a fragment that points at ``call`` starts a new one all the same."""
    if id and call.id:
        return id != call.id
    other_name = bool(name and call.name and name != call.name)
    if id or unnumbered:  # the first id may come late; a second name never comes to the same call
        return other_name or bool(name and call.end.closed)
    return bool(name and call.end.closed and arguments.strip())


def fragment(entry: Any) -> tuple[int | None, str, str, str]:
    """Index, id, name and arguments of one entry of ``tool_calls``; raises `MalformedError` for other shapes."""
    if not isinstance(entry, dict):
        raise MalformedError("a tool call that is no object")
    function = entry.get("function") or entry.get("custom") or {}
    if not isinstance(function, dict):
        raise MalformedError("the function of a tool call is no object")
    arguments = function.get("arguments", function.get("input"))
    return _index(entry.get("index")), _name(entry.get("id")), _name(function.get("name")), text_of(arguments)


def _index(value: Any) -> int | None:
    """A number however it is written; None for anything else."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_of(arguments: Any) -> str:
    """``arguments`` as JSON text: some servers send the object itself, or null for nothing."""
    if arguments is None:
        return ""
    if isinstance(arguments, str):
        return arguments
    if isinstance(arguments, (dict, list)):
        return dumps(arguments)
    raise MalformedError(f"arguments of a tool call that are neither text nor object: {shown(arguments)}")


def _name(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int):
        return str(value)
    raise MalformedError("an id or name of a tool call that is no text")
