"""Surrogate pairs that were cut in two.

JSON escapes write a character beyond U+FFFF as two halves (surrogates), and some servers cut between them: the first
half waits for the second.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from ..events import Event
from .partial_call import PartialCall

__all__ = ["Field", "SurrogateHalves"]

Field: TypeAlias = "tuple[type[Any], int, PartialCall | None]"
"""The key of a text that grows: the type of its events, the index of its choice, and the call if it is of a call."""


class SurrogateHalves:
    """The first halves that wait for their second, at most one in each field."""

    def __init__(self) -> None:
        self._waiting: dict[int, dict[Field, str]] = {}  # by choice, so that the end of one does not search the others

    def join(self, field: Field, text: str) -> str:
        """``text``, which is not empty, with the half that waited and without the half at its end, which waits now."""
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
        """Remove and return the half that waits, if there is one: its second half never came."""
        return self._waiting.get(field[1], {}).pop(field, "")

    def take_text(self, index: int | None = None) -> list[Event]:
        """Remove all halves that wait in texts, of one choice or of all, and return them as events. Halves in a call
        come with the end of the call."""
        choices = tuple(self._waiting) if index is None else (index,)
        fields = [field for choice in choices for field in self._waiting.get(choice, ()) if field[2] is None]
        return [field[0](self.take(field), field[1]) for field in fields]
