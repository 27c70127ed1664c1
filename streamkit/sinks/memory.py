"""A sink that keeps every item in a list."""

from __future__ import annotations

from typing import Any

from ..events import Reply
from ..stages import Transcript

__all__ = ["Memory", "memory"]


class Memory:
    """Keeps every item, the error if there was one, and the reply; see `memory`."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.reply: Reply | None = None
        """The (partial) reply, once the branch has ended."""
        self.error: Exception | None = None
        """The error that broke the stream, None if none did."""

    @property
    def text(self) -> str:
        """The text of the first choice so far, that of all rounds of a tool loop; of a branch of str, all of them
        joined."""
        transcript = Transcript()
        for item in self.items:
            transcript.feed(item)
        return transcript.text

    def write(self, item: Any) -> None:
        self.items.append(item)

    def fail(self, error: Exception) -> None:
        self.error = error

    def close(self, reply: Reply) -> None:
        self.reply = reply

    def __repr__(self) -> str:
        state = "open" if self.reply is None else self.reply.outcome
        return f"<Memory {state}: {len(self.items)} items>"


def memory() -> Memory:
    """A sink that keeps the items it gets in ``items``; also ``text``, ``reply`` and ``error``. Its size is the
    stream's.

    Used for several runs, it goes on: ``reply`` and ``error`` are those of the last one.
    """
    return Memory()
