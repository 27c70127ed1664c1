"""What one place in a chain may know of the replies above it."""

from __future__ import annotations

import threading

from ...events import Outcome, Reply
from .context import ReplySource, SentRequest, Sources
from .scheduler import RunScheduler, as_part

__all__ = ["CompositeReply", "Place"]


class Place:
    """A place in a chain. `reply` is the reply of the nearest source upstream, after the operators between that source
    and this place. (`ReplySource.reply` has passed the operators downstream of this place as well.) Subscribe upstream
    with ``scheduler``.

    The sources are also entered in the list downstream, unless they are parts of a `CompositeReply`. Parts of a
    composite reply expose only the text that passed the operators downstream of the composite; their usage stays their
    own.
    """

    def __init__(self, scheduler: RunScheduler, *, part: bool = False) -> None:
        self.sources: list[ReplySource] = [] if part else Sources(scheduler.sources)
        self.scheduler = scheduler.derive(reply_filter=self._look, sources=self.sources)
        self._seen = threading.local()  # runs are asked from any thread
        below = as_part(scheduler.reply_filter) if part else None
        if below is not None:
            self.scheduler.reply_filter = lambda reply: below(self._look(reply))

    def _look(self, reply: Reply) -> Reply:
        self._seen.reply = reply
        return reply

    @property
    def keeps_text(self) -> bool:
        """Whether the replies above have their text."""
        return not self.sources or self.sources[-1].keeps_text

    def reply(self, outcome: Outcome | None = None) -> Reply | None:
        """None if there is no source of replies above."""
        if not self.sources:
            return None
        seen: Reply = self.sources[-1].reply(outcome)
        return getattr(self._seen, "reply", seen)


class CompositeReply:
    """A source of replies that is made of several others: towards the run it stands for them.

    They enter themselves by way of a ``place``, of which the last one counts; `whole` makes the reply of all of them.
    """

    def __init__(self, scheduler: RunScheduler) -> None:
        self.place = Place(scheduler, part=True)
        self.context = scheduler.context
        self._let_through = scheduler.visible_reply
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
        return self._let_through(self.whole(outcome))

    async def ended(self) -> None:
        """Its requests are waited for as such."""
