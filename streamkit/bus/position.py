"""Ids of replies, and positions in their logs, as they go over the wire."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..checks import quote
from .log import EntryId

__all__ = ["Position", "check_reply_id"]

POSITION = re.compile(r"(\d{1,19})-(\d{1,19})\.(\d{1,9})", re.ASCII)
REPLY_ID = re.compile(r"[0-9A-Za-z._:-]{1,128}", re.ASCII)


class Position(NamedTuple):
    """The place of an event: the id of its entry, and its number there, from 0. As text ``1796044985264-1.3``."""

    entry: EntryId
    index: int

    @classmethod
    def parse(cls, text: str) -> Position | None:
        """The position in ``text``; None if it is not one."""
        found = POSITION.fullmatch(text)
        if found is None:
            return None
        time, number, index = map(int, found.groups())
        return cls((time, number), index)

    def __str__(self) -> str:
        return f"{self.entry[0]}-{self.entry[1]}.{self.index}"


def check_reply_id(reply_id: object) -> str:
    """``reply_id``, if it may be one: it becomes a part of keys and of headers."""
    if not isinstance(reply_id, str):
        raise TypeError(f"reply_id is a str, not {quote(reply_id)}")
    if not REPLY_ID.fullmatch(reply_id):
        raise ValueError(f"reply_id is 1 to 128 letters, digits and any of ._:- (ASCII), not {quote(reply_id)}")
    return reply_id
