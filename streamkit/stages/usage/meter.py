"""What the replies of a stream come to while they are written, request by request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ...events import CUT, Event, Reply, Restart, Start, UsageUpdate
from ...protocols import StageBase
from ...tokens import PriceList, Prices, ReplyTokens, price_of
from ...usage import Usage, summed, unfinished
from ...wording import one_line
from .requestusage import BILLED, RequestUsage

__all__ = ["Meter", "RequestLookup", "StreamUsage", "Unpriced"]

RequestLookup: TypeAlias = "Callable[[], tuple[str, Mapping[str, Any]] | None]"
"""Asked when a reply begins: the API and the JSON of its request, if they are known."""


def _unknown() -> None:
    return None


class Unpriced:
    """Says which models ``prices`` do not have: on the log once, however many replies there are."""

    def __init__(self, prices: PriceList = None) -> None:
        self._listed = one_line(", ".join(map(str, prices))) if isinstance(prices, Mapping) else ""
        self._told: set[str] = set()

    def warning(self, model: str) -> str:
        """In plain words, for the warnings of a Reply."""
        named = (
            f"there is no price for the model {one_line(model)!r}" if model else "the model of the reply is not known"
        )
        text = f"{named}, so its cost is not known either: there are prices for {self._listed or 'no model at all'}"
        if model not in self._told:
            self._told.add(model)
            logging.getLogger("streamkit").warning("%s", text)
        return text


class StreamUsage:
    """The usage of a stream so far. A `Start` after content begins a further request (a tool loop's next round, a reply
    that is continued); what came before was spent as well, so the figures are of all requests together.

    Reports stand for the last requests, as many as they cover: one, or all if a meter upstream has added them up.
    """

    def __init__(
        self,
        gauge: ReplyTokens,
        prices: PriceList = None,
        request: RequestLookup = _unknown,
        unpriced: Unpriced | None = None,
    ) -> None:
        self._gauge, self._prices, self._request = gauge, prices, request
        self._unpriced = unpriced
        self._models: list[str] = []  # of the requests that are closed
        self._bill: RequestUsage | None = None
        self._early: RequestUsage | None = None
        self._closed: list[Usage] = []
        self._begun = False

    @property
    def model(self) -> str:
        return self._bill.model if self._bill is not None else ""

    @property
    def price(self) -> Prices | None:
        return price_of(self._prices, self.model)

    def feed(self, event: Event) -> bool:
        """Take an event; whether it may have changed the figures."""
        field = BILLED.get(type(event))
        if field is not None:
            self.add(event, getattr(event, field))
        elif isinstance(event, Start):
            self._start(event.model)
        elif isinstance(event, UsageUpdate):
            self._report(event.usage)
        elif isinstance(event, Restart):
            self._close(cut=True)
        else:
            return False
        return True

    def add(self, event: Any, text: str) -> None:
        """A part of an event that costs."""
        (self._bill or self._open("")).feed(event, text)

    def end(self, reply: Reply | None = None) -> None:
        """Nothing more comes. What only the Reply tells counts too."""
        usage = reply.usage if reply is not None else None
        if usage is not None and usage.origin == "provider" and not self._is_reported():
            self._report(usage)
        if self._bill is not None:
            self._bill.flush()

    def usage(self) -> Usage | None:
        """The figures so far with their cost; None if nothing is known."""
        bill = self._bill or self._before_start()
        usage = self._priced(bill) if bill is not None else None
        return summed([*self._closed, usage] if usage is not None else self._closed)

    def of(self, reply: Reply) -> Reply:
        """``reply`` with its usage, as far as it is known here."""
        usage = self.usage()
        if reply.usage is not None and (usage is None or not self._is_reported()):
            usage = self._cost(reply.usage, self.model or reply.model)
        usage = unfinished(usage) if reply.outcome in CUT else usage
        return replace(reply, usage=usage, warnings=(*reply.warnings, *self._without_price(reply)))

    def _is_reported(self) -> bool:
        return bool(self._closed) or (self._bill is not None and self._bill.reported is not None)

    def _before_start(self) -> RequestUsage | None:
        """Nothing came yet, but perhaps a server took the request. Asked from any thread."""
        if self._closed or self._early is not None:
            return self._early
        asked = self._request()
        self._early = RequestUsage(self._gauge, "", asked) if asked is not None else None
        return self._early

    def _start(self, model: str) -> None:
        ahead = self._bill if not self._begun else None
        reported = ahead.reported if ahead is not None and not ahead.tokens else None  # some say it before they start
        if reported is None:
            self._close(cut=False)
        bill = self._open(model)
        self._begun = True
        if reported is not None:
            bill.report(reported)

    def _open(self, model: str) -> RequestUsage:
        self._bill, self._early = RequestUsage(self._gauge, model, self._request()), None
        return self._bill

    def _report(self, usage: Usage) -> None:
        bill, more = self._bill or self._open(""), usage.requests - 1
        while more > 0 and self._closed:
            more -= self._closed.pop().requests
        bill.report(usage)

    def _close(self, *, cut: bool) -> None:
        bill, self._bill, self._begun = self._bill, None, False
        if bill is not None:
            bill.flush()
            usage = self._priced(bill)
            self._models.append(bill.model)
            self._closed += [] if usage is None else [unfinished(usage) if cut else usage]

    def _priced(self, bill: RequestUsage) -> Usage | None:
        usage = bill.usage()
        return None if usage is None else self._cost(usage, bill.model)

    def _cost(self, usage: Usage, model: str) -> Usage:
        prices = price_of(self._prices, model)
        return usage if prices is None else replace(usage, cost=prices.cost(usage))

    def _without_price(self, reply: Reply) -> list[str]:
        """What is to be said about models that the prices do not have."""
        if self._unpriced is None or self._prices is None or (self._bill is None and not self._closed):
            return []
        models = [*self._models, self.model or reply.model] if self._bill is not None else self._models
        lacking = dict.fromkeys(model for model in models if price_of(self._prices, model) is None)
        warnings = [self._unpriced.warning(model) for model in lacking]
        return [warning for warning in warnings if warning not in reply.warnings]


class Meter(StageBase):
    """A stage: events, and after each that changes the figures a `UsageUpdate`; the Reply says the last of them.

    A server's report is passed on with its cost. Bare str passes, and is not counted: TypeError at the end if there was
    nothing else.
    """

    def __init__(
        self,
        gauge: ReplyTokens,
        prices: PriceList = None,
        request: RequestLookup = _unknown,
        unpriced: Unpriced | None = None,
    ) -> None:
        self._account = StreamUsage(gauge, prices, request, unpriced or Unpriced(prices))
        self._shown: Usage | None = None
        self._texts = self._events = False

    def feed(self, event: Any) -> list[Any]:
        account = self._account
        if type(event) is str:
            self._texts = True
            return [event]
        self._events = True
        if type(event) is Reply:
            account.end(event)
            return [*self._update(), account.of(event)]
        if not account.feed(event):
            return [event]
        if type(event) is UsageUpdate:
            self._shown = account.usage() or event.usage
            return [replace(event, usage=self._shown)]
        return [event, *self._update()]

    def flush(self) -> tuple[()]:
        self._account.end()
        if self._texts and not self._events and not self.broken:
            raise TypeError("meter() works on events, and only text came: put it before what makes text of them")
        return ()

    def reply(self, reply: Reply) -> Reply:
        return self._account.of(reply)

    def _update(self) -> list[UsageUpdate]:
        usage = self._account.usage()
        if usage is None or usage == self._shown:
            return []
        self._shown = usage
        return [UsageUpdate(usage)]
