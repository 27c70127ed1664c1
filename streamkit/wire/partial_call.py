"""One tool call while it grows."""

from __future__ import annotations

from typing import Any

from ..errors import MalformedError
from ..events import ToolCall, ToolCallDelta
from .arguments import Arguments
from .json_codec import canonical, load_json

__all__ = ["PartialCall", "value_of"]


class PartialCall:
    """One call as it grows; ``position`` is its position among all calls of its choice, ``number`` its position among
    those of which events were emitted, or None before its first event."""

    __slots__ = (
        *("_emitted", "_patience", "answer_id", "arguments", "ended", "extra", "id", "name", "number", "position"),
        "repeated",
    )

    def __init__(self, position: int, patience: int) -> None:
        self.position = position
        self.id = self.name = ""
        self.answer_id = ""
        """The id by which it is answered, which its events have; empty until it has an id of its own, or ends."""
        self.arguments = Arguments()
        self.extra: dict[str, Any] | None = None
        """The further fields of the server that go back with the call."""
        self.number: int | None = None
        self.repeated = False
        """True if it began with the name of the complete call before it: without arguments it is only a repetition of
        that."""
        self.ended = False
        """True if its `ToolCall` was emitted, or if it turned out not to be a call."""
        self._patience = patience
        self._emitted = ("", "", 0)  # the id, the name and the number of pieces of the arguments

    @property
    def text(self) -> str:
        """The arguments emitted so far."""
        return "".join(self.arguments.pieces)

    @property
    def complete(self) -> bool:
        """True if nothing can be added."""
        return self.ended or self.arguments.whole

    @property
    def waits(self) -> bool:
        """True if no event of it may be emitted yet."""
        if self.number is not None:
            return False
        if self.name:
            return self.repeated and self.arguments.blank
        return self.arguments.size < self._patience

    def repeats(self, text: str) -> bool:
        """True if ``text`` begins like these arguments once more, as they are or as a JSON string."""
        own, text = self.text.strip(), text.strip()
        return own.startswith(text) or text.startswith('"') or canonical(text) == canonical(own)

    def add(self, id: str, name: str, arguments: str) -> None:
        """Add the id, name and arguments of a fragment; nothing is added after the end."""
        if not self.ended:
            self.id, self.name = self.id or id, self.name or name
            self.arguments.feed(arguments)

    def news(self, index: int, raw: Any) -> ToolCallDelta | None:
        """The event for everything not emitted yet; None if there is nothing, or if the call has no ``number`` yet."""
        id, name, pieces = self._emitted
        now = (self.answer_id, self.name, len(self.arguments.pieces))
        if self.number is None or now == self._emitted:
            return None
        self._emitted = now
        text = "".join(self.arguments.pieces[pieces:])
        new_id, new_name = self.answer_id[len(id) :] or None, self.name[len(name) :] or None
        return ToolCallDelta(text, self.number, new_id, new_name, index, raw=raw)

    def end(self, index: int, raw: Any, api: str, spare_id: str) -> list[ToolCallDelta | ToolCall]:
        """The events that end the call as it is now; to be called once. ``spare_id`` is for a call without an id."""
        self.ended = True
        self.arguments.flush()
        delta = self.news(index, raw)
        text = self.text
        self.arguments.pieces[:] = [text]  # in one piece, because later arguments may be compared with it
        self.answer_id = self.answer_id or spare_id
        self._emitted = (self.answer_id, self.name, 1)
        call = ToolCall(self.answer_id, self.name, text, index, self.number, api, self.extra, raw=raw)
        return [call] if delta is None else [delta, call]


def value_of(text: str) -> Any:
    """The value of the JSON ``text``; None if it is not JSON."""
    try:
        return load_json(text)
    except MalformedError:
        return None
