"""One tool call while it grows."""

from __future__ import annotations

from typing import Any

from ..errors import MalformedError
from ..events import ToolCall, ToolCallDelta
from .arguments import Arguments
from .jsoncodec import canonical, load

__all__ = ["PartialCall", "value_of"]


class PartialCall:
    """One call as it grows; ``place`` is its place among the calls of its choice, ``number`` that among those that were
    told of, or None before it is."""

    __slots__ = ("_emitted", "_patience", "arguments", "ended", "id", "name", "number", "position", "repeated")

    def __init__(self, place: int, patience: int) -> None:
        self.position = place
        self.id = self.name = ""
        self.arguments = Arguments()
        self.number: int | None = None
        self.repeated = False
        """Whether it began with the name of the whole call before it: without arguments that was just repeated."""
        self.ended = False
        """Whether its `ToolCall` was told, or it turned out to be none."""
        self._patience = patience
        self._emitted = ("", "", 0)  # id, name, and how many pieces of the arguments

    @property
    def text(self) -> str:
        """The arguments as far as they are shown."""
        return "".join(self.arguments.pieces)

    @property
    def complete(self) -> bool:
        """Whether nothing can be added."""
        return self.ended or self.arguments.whole

    @property
    def waits(self) -> bool:
        """Whether nothing may be told of it yet."""
        if self.number is not None:
            return False
        if self.name:
            return self.repeated and self.arguments.blank
        return self.arguments.size < self._patience

    def repeats(self, text: str) -> bool:
        """Whether ``text`` begins like these arguments once more, as they are or as a JSON string."""
        said, text = self.text.strip(), text.strip()
        return said.startswith(text) or text.startswith('"') or canonical(text) == canonical(said)

    def add(self, id: str, name: str, arguments: str) -> None:
        """Take what a fragment brings; nothing is added after the end."""
        if not self.ended:
            self.id, self.name = self.id or id, self.name or name
            self.arguments.feed(arguments)

    def news(self, index: int, raw: Any) -> ToolCallDelta | None:
        """The event for all that was not told yet; None when there is nothing, or ``number`` is not given yet."""
        id, name, pieces = self._emitted
        now = (self.id, self.name, len(self.arguments.pieces))
        if self.number is None or now == self._emitted:
            return None
        self._emitted = now
        text = "".join(self.arguments.pieces[pieces:])
        new_id, new_name = self.id[len(id) :] or None, self.name[len(name) :] or None
        return ToolCallDelta(text, self.number, new_id, new_name, index, raw=raw)

    def end(self, index: int, raw: Any) -> list[ToolCallDelta | ToolCall]:
        """The events that end the call as it is now; to be asked for once."""
        self.ended = True
        self.arguments.flush()
        delta = self.news(index, raw)
        text = self.text
        self.arguments.pieces[:] = [text]  # in one piece, for what comes later may be compared with it
        self._emitted = (self.id, self.name, 1)
        call = ToolCall(self.id, self.name, text, index, self.number, raw=raw)
        return [call] if delta is None else [delta, call]


def value_of(text: str) -> Any:
    """What the JSON ``text`` says; None if it is none."""
    try:
        return load(text)
    except MalformedError:
        return None
