"""A bus: replies that others follow, in this process or in others, and that outlive those who read them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any, NamedTuple

from ..checks import check_number
from ..engine.streams import Reading, ReplyStream, Source, Stream
from ..errors import BusError, StreamkitError
from ..events import Event, Reply
from ..sources import stream
from ..stages import Fold
from .following import batches_after
from .home import at_home
from .hub import Batch, Hub
from .log import Log
from .position import Position, check_reply_id
from .writer import Writer

__all__ = ["Bus", "Placed"]


class Placed(NamedTuple):
    """An event of a reply, and its position in the log: the ``after`` of a follower that has it already."""

    position: str
    event: Event


class Bus:
    """Replies in a `Log`. Made by `bus.memory` and `bus.redis`, or of a log of one's own."""

    def __init__(self, log: Log, *, dead_after: float = 10.0, give_up_after: float = 30.0) -> None:
        self._log, self._give_up_after = log, give_up_after
        self._beat_every = dead_after / 5
        self._hub = Hub(log, min(5.0, dead_after / 2), give_up_after)

    def writer(self, reply_id: str, stop: Callable[[StreamkitError | None], None]) -> Writer:
        return Writer(
            self._log,
            check_reply_id(reply_id),
            stop,
            beat_every=self._beat_every,
            give_up_after=self._give_up_after,
        )

    def follow(self, reply_id: str, after: str | None = None, *, wait: float = 0.0) -> ReplyStream:
        """The events of a reply, from the first or from the one ``after`` a position on, and its `Reply`."""
        place = self._place(reply_id, after)
        wait = check_number("wait", wait, above=False)

        def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
            return self._events(reading, reply_id, place, wait)

        return ReplyStream(Source(produce), label="follow")

    def positions(self, reply_id: str, after: str | None = None, *, wait: float = 0.0) -> Stream[Placed]:
        """As `follow`, with the position of each event."""
        place = self._place(reply_id, after)
        return stream(lambda: self._placed(reply_id, place, wait))

    async def cancel(self, reply_id: str) -> bool:
        """Ask the writer to stop, wherever it is. False if the reply has ended already, or is not known."""
        answer = await at_home(self._log.cancel, check_reply_id(reply_id))
        return answer.verdict == "ok"

    def _place(self, reply_id: str, after: str | None) -> Position | None:
        check_reply_id(reply_id)
        if after is None:
            return None
        place = Position.parse(after)
        if place is None:
            raise BusError(f"not a position in a reply: {after!r}", reason="malformed")
        return place

    async def _events(
        self, reading: Reading, reply_id: str, after: Position | None, wait: float
    ) -> AsyncGenerator[Iterable[Event], None]:
        fold = Fold()
        reading.snapshot = lambda outcome: fold.reply(outcome or "truncated")
        reading.server = "the bus"
        async with aclosing(batches_after(self._log, self._hub, reply_id, after, wait)) as batches:
            async for batch in batches:
                events = _from(batch, after)
                error = events.pop() if events and isinstance(events[-1], StreamkitError) else None
                for event in events:
                    fold.feed(event)
                yield events
                if error is not None:
                    raise error
                if events and isinstance(events[-1], Reply):
                    return

    async def _placed(self, reply_id: str, after: Position | None, wait: float) -> AsyncGenerator[Placed, None]:
        async with aclosing(batches_after(self._log, self._hub, reply_id, after, wait)) as batches:
            async for batch in batches:
                events = _from(batch, after)
                start = len(batch.events) - len(events)
                for index, event in enumerate(events, start):
                    if isinstance(event, StreamkitError):
                        raise event
                    yield Placed(str(Position(batch.id, index)), event)
                    if isinstance(event, Reply):
                        return


def _from(batch: Batch, after: Position | None) -> list[Any]:
    """The events of ``batch`` that come after a position."""
    skipped = after.index + 1 if after is not None and after.entry == batch.id else 0
    return list(batch.events[skipped:])
