"""The streams of a follower: the events of a reply, and the same with their positions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from functools import partial
from typing import Any, NamedTuple

from ..engine.streams import Reading, Source
from ..errors import StreamkitError
from ..events import Event
from ..stages import Fold
from .feed import Batch, own
from .following import Following
from .position import Position

__all__ = ["Followed", "Placed", "placed_events"]


class Placed(NamedTuple):
    """An event of a reply, and its position: the ``after`` of a follower that has it already.

    A position is a text such as ``1796044985264-0.3``, which grows within a reply and says nothing in another one.
    """

    position: str
    event: Event


class Followed(Source):
    """The source of a reply that is followed."""

    def __init__(self, following: Following) -> None:
        super().__init__(partial(_events, following))


async def _events(following: Following, reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
    """The events of each batch. Raises the error that ended the reply."""
    fold = Fold()
    reading.snapshot = lambda outcome: fold.reply(outcome or "truncated")
    reading.server = "the bus"
    error: StreamkitError | None = None
    try:
        async with aclosing(following.batches()) as batches:
            async for batch in batches:
                found = _new_events(batch, following.after)
                if found and isinstance(found[-1], StreamkitError):
                    error = found.pop()
                for event in found:
                    fold.feed(event)
                yield found
    except StreamkitError as exc:  # of the bus itself: those of replies have a partial reply of their own
        exc.partial = fold.reply("truncated")
        raise
    if error is not None:
        raise own(error)


async def placed_events(following: Following) -> AsyncGenerator[Placed, None]:
    """Each event with its position. Raises the error that ended the reply."""
    after = following.after
    async with aclosing(following.batches()) as batches:
        async for batch in batches:
            for index, event in enumerate(batch.events):
                place = Position(batch.id, index)
                if isinstance(event, StreamkitError):
                    raise own(event)
                if after is None or place > after:
                    yield Placed(str(place), event)


def _new_events(batch: Batch, after: Position | None) -> list[Any]:
    """The events of ``batch`` after a position, and the end of the reply in any case: each stream has one."""
    skipped = after.offset + 1 if after is not None and after.entry == batch.id else 0
    return list(batch.events[skipped:]) or ([batch.events[-1]] if batch.is_last else [])
