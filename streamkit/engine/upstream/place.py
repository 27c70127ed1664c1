"""Places in a chain, the sources upstream of each, and what the operators downstream show of replies and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from ...events import Choice, Outcome, Reply
from ..failures import report

__all__ = ["ErrorFilter", "Place", "ReplyFilter", "ReplySource", "SentRequest", "figures"]

ReplyFilter: TypeAlias = Callable[[Reply], Reply]
ErrorFilter: TypeAlias = Callable[[Exception], Exception]


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that a server accepted: its JSON, in the form of ``api``."""

    api: str
    body: Mapping[str, Any]


class ReplySource(Protocol):
    """The reply of one request while it grows. ``sent_request`` is None until a server has accepted the request, and
    where the request is not known; ``keeps_text`` is True if the Reply has the text. `reply` is the Reply as it is seen
    at the place ``upto``; the run gets it as seen at the end of the chain."""

    @property
    def sent_request(self) -> SentRequest | None: ...
    @property
    def keeps_text(self) -> bool: ...
    def reply(self, outcome: Outcome | None = None, upto: Place | None = None) -> Reply: ...
    async def ended(self) -> None: ...


class Place:
    """One place in a chain, made when an operator is subscribed to, and linked to the one ``downstream`` of it. It may
    have the filters of that operator: ``reply_filter`` if that changes replies, ``error_filter`` if it hides something.
    It lasts as long as the subscription; replies may be asked for from any thread.

    ``sources`` is the list to which a source upstream adds itself: a list of its own if one is given, else that of the
    place downstream. From a place that ``is_part`` on, a reply is a part of another one: it keeps no more text than
    passes the places downstream, but the figures stay its own, as downstream there are only those of the whole.
    """

    __slots__ = ("_downstream", "_error_filter", "_is_part", "_reply_filter", "report_at_far_end", "sources")

    def __init__(
        self,
        downstream: Place | None = None,
        *,
        reply_filter: ReplyFilter | None = None,
        error_filter: ErrorFilter | None = None,
        sources: list[ReplySource] | None = None,
        is_part: bool = False,
    ) -> None:
        self._downstream, self._is_part = downstream, is_part
        self._reply_filter, self._error_filter = reply_filter, error_filter
        if sources is None:
            sources = downstream.sources if downstream else []
        self.sources: list[ReplySource] = sources
        self.report_at_far_end: Callable[[BaseException], None] = downstream.report_at_far_end if downstream else report
        """Reports an error at the far end of the chain, if an operator kept it from getting there."""

    def _way(self, upto: Place | None = None) -> Iterator[Place]:
        """This place and those downstream of it, before ``upto``."""
        place: Place | None = self
        while place is not None and place is not upto:
            yield place
            place = place._downstream

    @property
    def hides(self) -> bool:
        """True if something is hidden here or downstream."""
        return any(place._error_filter is not None for place in self._way())

    def show(self, reply: Reply, upto: Place | None = None) -> Reply:
        """The part of ``reply``, which is one of a source here, that arrives at ``upto`` or at the end of the chain."""
        part: Reply | None = None
        is_part = False
        for place in self._way(upto):
            is_part = is_part or place._is_part
            if place._reply_filter is not None:
                part = reply if is_part and part is None else part
                reply = place._reply_filter(reply)
        return reply if part is None else _with_text_of(reply, figures(part))

    def show_error(self, error: Exception) -> Exception:
        """The part of ``error`` that arrives at the end of the chain."""
        for place in self._way():
            if place._error_filter is not None:
                error = place._error_filter(error)
        return error

    @property
    def source(self) -> ReplySource | None:
        """The nearest source upstream; None if there is none yet."""
        return next(reversed(self.sources), None)

    @property
    def keeps_text(self) -> bool:
        """True if the reply of the nearest source upstream has its text, or if there is no source yet."""
        return self.source is None or self.source.keeps_text

    def reply(self, outcome: Outcome | None = None) -> Reply | None:
        """The reply of the nearest source upstream as seen here; None if there is no source of replies upstream."""
        source = self.source
        return None if source is None else source.reply(outcome, self)


class Sources(list[ReplySource]):
    """The sources upstream of one place in a chain. Each is also added to the list downstream of that place."""

    def __init__(self, downstream: list[ReplySource]) -> None:
        super().__init__()
        self._downstream = downstream

    def append(self, source: ReplySource) -> None:
        self._downstream.append(source)
        super().append(source)


def figures(reply: Reply) -> Reply:
    """``reply`` without any text and without the raw data of the server."""
    usage = None if reply.usage is None else replace(reply.usage, raw=None)
    return replace(reply, choices=(Choice(),), usage=usage, earlier=(), answers=(), warnings=(), raw=None)


def _with_text_of(visible: Reply, own: Reply) -> Reply:
    return replace(
        own, choices=visible.choices, earlier=visible.earlier, answers=visible.answers, warnings=visible.warnings
    )
