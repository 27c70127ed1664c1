"""The items of a response that are neither messages nor reasoning nor calls: tools that the server runs, pictures, and
items of kinds that are not known.

Each is found by its id, else by its position. An event is made of it whenever something new is known.
"""

from __future__ import annotations

import re
from typing import Any

from ...events import BlockEnd, BlockStart, Event, File, Other, ServerTool
from ..fields import Chunk, text_or_empty
from .item_forms import whole_form

__all__ = ["PARTIAL_IMAGE", "WHOLE_INPUT", "HostedItems", "is_progress", "is_tool"]

PROGRESS = re.compile(r"response\.(?!function_|custom_)(\w+_call|mcp_list_tools)\.(?!delta|added|done)(\w+)")
"""Names of events that say how far an item is: ``response.web_search_call.searching``."""
WHOLE_INPUT = {
    "response.code_interpreter_call_code.done": ("code_interpreter_call", "code"),
    "response.mcp_call_arguments.done": ("mcp_call", "arguments"),
}
PARTIAL_IMAGE = "response.image_generation_call.partial_image"
TOOLS = frozenset({"mcp_list_tools", "mcp_approval_request", "program", "program_output", "tool_search_output"})
"""Kinds of items of tools, besides those whose names end in ``_call`` and ``_call_output``."""
BLOCKS = frozenset({"compaction"})
"""Kinds of items that say nothing but to the model itself."""
INPUTS = ("action", "actions", "queries", "code", "arguments", "operation", "revised_prompt", "input")
OUTPUTS = ("results", "outputs", "output", "error", "result", "tools")
IMAGE = "image_generation_call"


def is_progress(kind: str) -> bool:
    """True for the name of an event about an item of a tool."""
    return kind in WHOLE_INPUT or PROGRESS.fullmatch(kind) is not None


class HostedItems:
    """The items of one response."""

    def __init__(self) -> None:
        self._by_name: dict[tuple[str, str], _HostedItem] = {}
        self._by_place: dict[tuple[str, int | None], _HostedItem] = {}

    def progress(self, kind: str, chunk: Chunk) -> list[Event]:
        """The events of a chunk for which `is_progress` is true."""
        item_kind, name = WHOLE_INPUT.get(kind, ("", ""))
        match = PROGRESS.fullmatch(kind)
        if match is not None:
            item_kind = match.group(1)
        item = self._find(item_kind, chunk.get("item_id"), chunk.get("output_index"))
        if kind == PARTIAL_IMAGE:
            return item.partial_image(chunk)
        known = {name: chunk.get(name)} if name else {"status": match.group(2) if match is not None else ""}
        return item.learn(known, chunk)

    def announce(self, form: Chunk, chunk: Chunk) -> list[Event]:
        """The events for an item that begins."""
        kind = text_or_empty(form, "type")
        return self._item(form, chunk).learn(form, chunk) if is_tool(kind) else []

    def end(self, form: Chunk, chunk: Chunk, *, goes_back: bool = True) -> list[Event]:
        """The events for a whole item; none if it came whole before."""
        item = self._item(form, chunk)
        return [] if item.whole else item.end(form, chunk, goes_back)

    def _item(self, form: Chunk, chunk: Chunk) -> _HostedItem:
        return self._find(text_or_empty(form, "type"), form.get("id") or form.get("call_id"), chunk.get("output_index"))

    def _find(self, kind: str, id: Any, position: Any) -> _HostedItem:
        name, place = id if isinstance(id, str) else "", position if type(position) is int else None
        item = self._by_name.get((kind, name)) if name else None
        if item is None:
            at = self._by_place.get((kind, place))
            item = at if at is not None and at.may_be(name, place) else _HostedItem(kind, name)
        self._by_place[kind, place] = self._by_name[kind, name] = item
        return item


class _HostedItem:
    """One item, with all that is known of it."""

    def __init__(self, kind: str, id: str) -> None:
        self.kind, self.id = kind, id
        self.whole = False
        self._name = self._status = ""
        self._input: Any = None
        self._output: Any = None
        self._last: ServerTool | None = None

    def may_be(self, name: str, place: int | None) -> bool:
        """True if an event with this name may be about it, as it is the item at its ``place``. Without one only the
        name says which item is meant."""
        return not self.whole and (place is not None or not (name and self.id))

    def learn(self, form: Chunk, chunk: Chunk) -> list[Event]:
        """The event for what ``form`` says, if that is new."""
        events = self._news(form, chunk, None, self._last)
        self._last = events[0] if events else self._last
        return [*events]

    def end(self, form: Chunk, chunk: Chunk, goes_back: bool) -> list[Event]:
        self.whole = True
        last, self._last = self._last, None  # it is not needed any more, and may be large
        back = whole_form(form) if goes_back else None
        if self.kind == IMAGE and isinstance(form.get("result"), str) and form["result"]:
            return [*self._news(form, chunk, None, last), _image(self.id, form["result"], form, chunk, back)]
        if is_tool(self.kind):
            return [*self._news(form, chunk, back, last)]
        events: list[Event] = [] if self.kind in BLOCKS else [Other(self.kind, raw=chunk)]
        start = BlockStart(self.kind, self.id, raw=chunk)
        return [start, *events, BlockEnd(self.kind, self.id, form=back, raw=chunk)]

    def partial_image(self, chunk: Chunk) -> list[Event]:
        data = chunk.get("partial_image_b64")
        if not isinstance(data, str) or not data:
            return self.learn({"status": "generating"}, chunk)
        return [_image(self.id, data, chunk, chunk, None, last=False)]

    def _news(self, form: Chunk, chunk: Chunk, back: Chunk | None, last: ServerTool | None) -> list[ServerTool]:
        """The event for what is known with ``form``, if it differs from the ``last`` one."""
        status = form.get("status")
        self._status = status if isinstance(status, str) and status else self._status
        name = form.get("name") or form.get("server_label")
        self._name = self._name or (name if isinstance(name, str) else "")
        given, result = _first(form, INPUTS), _first(form, OUTPUTS)
        self._input = self._input if given is None else given
        self._output = self._output if result is None or self.kind == IMAGE else result
        known = self._name, self._status, self._input, self._output
        tool = ServerTool(self.kind, self.id, *known, form=back, raw=chunk)
        return [] if tool == last else [tool]


def _image(id: str, data: str, form: Chunk, chunk: Chunk, back: Chunk | None, *, last: bool = True) -> File:
    media = form.get("output_format")
    media_type = f"image/{media}" if isinstance(media, str) and media else "image/png"  # which is the API's default
    return File("image", id, media_type, data, last=last, form=back, raw=chunk)


def is_tool(kind: str) -> bool:
    return kind.endswith(("_call", "_call_output")) or kind in TOOLS


def _first(form: Chunk, names: tuple[str, ...]) -> Any:
    return next((form[name] for name in names if form.get(name) is not None), None)
