"""The partial reply that a log holds, for the error that ends the reply."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ..errors import MalformedError
from ..events import Reply
from ..stages import Fold
from .entries import decode
from .log import PAGE, START, Log

__all__ = ["written_so_far"]


async def written_so_far(log: Log, reply_id: str, then: Iterable[Any] = ()) -> Reply:
    """The reply that the entries of a log give, and the events ``then``. It is partial: nothing has ended it."""
    fold, last = Fold(), START
    with suppress(MalformedError):  # of another version, perhaps; the reply must end all the same
        while entries := await log.read(reply_id, last, limit=PAGE):
            last = entries[-1].id
            for entry in entries:
                for event in decode(entry.data):
                    fold.feed(event)
    for event in then:
        fold.feed(event)
    return fold.reply("truncated")
