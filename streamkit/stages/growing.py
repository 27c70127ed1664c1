"""Text and tool calls while they grow."""

from __future__ import annotations

from typing import Any

from ..events import ToolCall

__all__ = ["GrowingCall", "joined_pieces"]


def joined_pieces(pieces: list[str]) -> str:
    """All pieces as one text. The list is shortened, so that frequent calls stay cheap; appending meanwhile is safe."""
    count = len(pieces)
    text = "".join(pieces[:count])
    if count > 1:
        pieces[:count] = [text]
    return text


class GrowingCall:
    """The state of one call so far. ``number`` is that of its pieces, None if it came without pieces."""

    __slots__ = ("api", "arguments", "extra", "id", "name", "number", "whole")

    def __init__(self, number: int | None) -> None:
        self.number = number
        self.id = self.name = ""
        self.arguments: list[str] = []
        self.whole = False
        self.api = "chat"
        self.extra: dict[str, Any] | None = None

    def close(self, event: ToolCall) -> None:
        self.id, self.name, self.arguments, self.whole = event.id, event.name, [event.arguments], True
        self.api, self.extra = event.api, event.extra

    def snapshot(self, index: int) -> ToolCall:
        return ToolCall(self.id, self.name, joined_pieces(self.arguments), index, self.number, self.api, self.extra)
