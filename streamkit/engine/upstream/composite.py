"""One reply that is made of several: those of a race, of further attempts, of the rounds of a tool loop."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from ...errors import StreamkitError
from ...events import Outcome, Reply
from ...timing import later
from .place import Place, SentRequest
from .scheduler import RunScheduler

__all__ = ["CompositeReply"]

E = TypeVar("E", bound=Exception)
AT_ONCE = 1e-3
"""Seconds: parts that begin within them begin together."""


class CompositeReply:
    """A source of replies that is made of several others. The run sees this one source in place of them.

    The parts are the streams that are subscribed to with the scheduler ``parts``, of which the last one to begin
    counts. A subclass may set another scheduler: then only its parts count. `whole` makes the reply of all parts. It
    calls `part_begins` before it subscribes to each; from the first of them on the timing of the whole is measured.
    """

    def __init__(self, scheduler: RunScheduler) -> None:
        self.scheduler = scheduler
        self.parts = scheduler.for_part()
        self.offset = 0.0
        """Seconds from the beginning of the whole to that of the part that counts."""
        self._began = scheduler.loop.time()
        self._finished: float | None = None
        scheduler.sources.append(self)

    def whole(self, outcome: Outcome | None) -> Reply:
        raise NotImplementedError

    def last_part(self, outcome: Outcome | None, without: Outcome = "truncated") -> Reply:
        """The reply of the last part; an empty one if there is none, whose outcome is ``without`` by default."""
        return self.placed(self.parts.place.reply(outcome) or Reply(outcome=outcome or without))

    def part_begins(self) -> None:
        elapsed = self.elapsed()
        self.offset = elapsed if elapsed >= AT_ONCE else 0.0

    def elapsed(self) -> float:
        """Seconds since the beginning of the whole, until it was over."""
        now = self.scheduler.loop.time() if self._finished is None else self._finished
        return round(now - self._began, 6)

    def finish(self) -> None:
        """Note that the whole is over, if it was not before."""
        if self._finished is None:
            self._finished = self.scheduler.loop.time()

    def placed(self, reply: Reply, offset: float | None = None) -> Reply:
        """``reply`` with a timing that is measured from the beginning of the whole. It is that of the part that counts,
        or of one that began after ``offset`` seconds."""
        timing = later(reply.timing, self.offset if offset is None else offset)
        return reply if timing is reply.timing else replace(reply, timing=timing)

    def with_placed_partial(self, error: E, offset: float | None = None) -> E:
        """``error`` with its partial reply `placed`."""
        if not isinstance(error, StreamkitError):
            return error
        partial = self.placed(error.partial, offset)
        return error if partial is error.partial else error.with_partial(partial)

    @property
    def sent_request(self) -> SentRequest | None:
        source = self.parts.place.source
        return source.sent_request if source is not None else None

    @property
    def keeps_text(self) -> bool:
        return self.parts.place.keeps_text

    def reply(self, outcome: Outcome | None = None, upto: Place | None = None) -> Reply:
        return self.scheduler.visible_reply(self.whole(outcome), upto)

    async def ended(self) -> None:
        """Return at once: the run waits for the requests of the parts themselves."""
