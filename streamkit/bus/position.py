"""Positions in the log of a reply, as they go over the wire."""

from __future__ import annotations

import re
from typing import NamedTuple

from .log import EntryId

__all__ = ["Position"]

POSITION = re.compile(r"(\d{1,19})-(\d{1,19})\.(\d{1,9})", re.ASCII)


class Position(NamedTuple):
    """The place of an event: the id of its entry, and its number there, from 0. As text ``1796044985264-1.3``."""

    entry: EntryId
    offset: int

    @classmethod
    def parse(cls, text: str) -> Position | None:
        """The position in ``text``; None if it is not one."""
        found = POSITION.fullmatch(text)
        if found is None:
            return None
        time, number, index = map(int, found.groups())
        return cls((time, number), index)

    def __str__(self) -> str:
        return f"{self.entry[0]}-{self.entry[1]}.{self.offset}"
