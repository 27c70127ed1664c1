"""Characters that were cut in two.

JSON escapes write a character beyond U+FFFF as two halves, and some servers cut between them: the first half waits for
the second.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from ..events import Event
from .partialcall import PartialCall

__all__ = ["Field", "SurrogateHalves"]

Field: TypeAlias = "tuple[type[Any], int, PartialCall | None]"
"""What grows: a kind of text of a choice, or a call of it."""


class SurrogateHalves:
    """The halves that wait, at most one in each field."""

    def __init__(self) -> None:
        self._waiting: dict[int, dict[Field, str]] = {}  # by choice, so that the end of one looks at no other

    def join(self, field: Field, text: str) -> str:
        """``text``, which is not empty, with the half that waited and without the half that it ends with."""
        halves = self._waiting.setdefault(field[1], {})
        waiting = halves.pop(field, "")
        if waiting:
            text = (waiting + text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        if "\ud800" <= text[-1] <= "\udbff":
            halves[field] = text[-1]
            text = text[:-1]
        return text

    def waits(self, field: Field) -> bool:
        return field in self._waiting.get(field[1], ())

    def take(self, field: Field) -> str:
        """The half that waits, if one does: the other never came."""
        return self._waiting.get(field[1], {}).pop(field, "")

    def take_text(self, index: int | None = None) -> list[Event]:
        """All that wait in texts, of one choice or of all, as events. Those of a call come with its end."""
        choices = tuple(self._waiting) if index is None else (index,)
        fields = [field for choice in choices for field in self._waiting.get(choice, ()) if field[2] is None]
        return [field[0](self.take(field), field[1]) for field in fields]
