"""Places in a chain, and the replies of the sources upstream of them."""

from __future__ import annotations

import threading

from ...events import Outcome, Reply
from .context import ReplySource, SentRequest, Sources
from .scheduler import RunScheduler, as_part

__all__ = ["CompositeReply", "Place"]


class Place:
    """One place in a chain, made by an operator when it is subscribed to. `reply` is the reply of the nearest source
    upstream, after the operators between that source and this place. (`ReplySource.reply` has passed the operators
    downstream of this place as well.) Subscribe upstream with ``scheduler``. A place lasts as long as that
    subscription, and `reply` may be called from any thread.

    The sources are also entered in the list downstream, unless they are parts of a `CompositeReply`. Parts of a
    composite reply expose only the text that passed the operators downstream of the composite; their usage stays their
    own.
    """

    def __init__(self, scheduler: RunScheduler, *, part: bool = False) -> None:
        self.sources: list[ReplySource] = [] if part else Sources(scheduler.sources)
        self.scheduler = scheduler.derive(reply_filter=self._record, sources=self.sources)
        self._recorded = threading.local()  # the reply of a run may be read from any thread
        downstream = as_part(scheduler.reply_filter) if part else None
        if downstream is not None:
            self.scheduler.reply_filter = lambda reply: downstream(self._record(reply))

    def _record(self, reply: Reply) -> Reply:
        self._recorded.reply = reply
        return reply

    @property
    def keeps_text(self) -> bool:
        """True if the reply of the nearest source upstream has its text, or if there is no source yet."""
        return not self.sources or self.sources[-1].keeps_text

    def reply(self, outcome: Outcome | None = None) -> Reply | None:
        """The reply of the nearest source upstream as seen here; None if there is no source of replies upstream."""
        if not self.sources:
            return None
        reply: Reply = self.sources[-1].reply(outcome)
        return getattr(self._recorded, "reply", reply)


class CompositeReply:
    """A source of replies that is made of several others. The run sees this one source in place of them.

    The parts are the sources upstream of ``place``, of which the last one counts; `whole` makes the reply of all parts.
    """

    def __init__(self, scheduler: RunScheduler) -> None:
        self.place = Place(scheduler, part=True)
        self.context = scheduler.context
        self._visible_reply = scheduler.visible_reply
        scheduler.sources.append(self)

    def whole(self, outcome: Outcome | None) -> Reply:
        raise NotImplementedError

    @property
    def sent_request(self) -> SentRequest | None:
        sources = self.place.sources
        return sources[-1].sent_request if sources else None

    @property
    def keeps_text(self) -> bool:
        return self.place.keeps_text

    def reply(self, outcome: Outcome | None = None) -> Reply:
        return self._visible_reply(self.whole(outcome))

    async def ended(self) -> None:
        """Return at once: the run waits for the requests of the parts themselves."""
