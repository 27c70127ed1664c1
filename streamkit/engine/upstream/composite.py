"""One reply that is made of several: those of a race, of further attempts, of the rounds of a tool loop."""

from __future__ import annotations

from ...events import Outcome, Reply
from .place import Place, SentRequest
from .scheduler import RunScheduler

__all__ = ["CompositeReply"]


class CompositeReply:
    """A source of replies that is made of several others. The run sees this one source in place of them.

    The parts are the streams that are subscribed to with the scheduler ``parts``, of which the last one to begin
    counts. A subclass may set another scheduler: then only its parts count. `whole` makes the reply of all parts.
    """

    def __init__(self, scheduler: RunScheduler) -> None:
        self.scheduler = scheduler
        self.parts = scheduler.for_part()
        scheduler.sources.append(self)

    def whole(self, outcome: Outcome | None) -> Reply:
        raise NotImplementedError

    def last_part(self, outcome: Outcome | None, without: Outcome = "truncated") -> Reply:
        """The reply of the last part; an empty one if there is none, whose outcome is ``without`` by default."""
        return self.parts.place.reply(outcome) or Reply(outcome=outcome or without)

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
