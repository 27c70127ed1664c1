"""The streams of a follower: the events of a reply, and the same with their positions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from functools import partial
from typing import Any, NamedTuple

from ..engine.streams import Reading, Source
from ..errors import StreamkitError
from ..events import Event, Reply
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
    """The events of each batch, and the end of the reply in any case: each stream has one."""
    fold = Fold()
    reading.snapshot = lambda outcome: fold.reply(outcome or "truncated")
    reading.server = "the bus"
    async with aclosing(_parts(following, fold)) as parts:
        async for batch, _, events in parts:
            end = batch.events[-1]
            yield events if events or not isinstance(end, Reply) else [end]


async def placed_events(following: Following) -> AsyncGenerator[Placed, None]:
    """Each event with its position."""
    async with aclosing(_parts(following, Fold())) as parts:
        async for batch, first, events in parts:
            for index, event in enumerate(events, first):
                yield Placed(str(Position(batch.id, index)), event)


async def _parts(following: Following, fold: Fold) -> AsyncGenerator[tuple[Batch, int, list[Any]], None]:
    """Each batch, with its events after the position and the number of the first of them. Raises the error that ended
    the reply, which has its partial reply, or one of the bus, with what ``fold`` has made of the events."""
    after = following.after
    error: StreamkitError | None = None
    try:
        async with aclosing(following.batches()) as batches:
            async for batch in batches:
                first = after.offset + 1 if after is not None and after.entry == batch.id else 0
                events = list(batch.events[first:])
                if isinstance(batch.events[-1], StreamkitError):
                    error = batch.events[-1]
                    del events[-1:]
                for event in events:
                    fold.feed(event)
                yield batch, first, events
    except StreamkitError as exc:
        exc.partial = fold.reply("truncated")
        raise
    if error is not None:
        error = own(error)
        error.add_note(f"The log of reply {following.reply_id} on the bus ends with this error.")
        raise error
