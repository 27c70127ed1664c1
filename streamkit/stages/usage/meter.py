"""The usage of the replies of a stream while they are written, request by request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ...events import CUT, Event, Reply, Restart, Start, UsageUpdate
from ...protocols import StageBase
from ...tokens import ModelPrices, PriceList, Prices, ReplyTokens, price_of
from ...usage import Usage, as_partial, has_reported_cost, sum_usage, with_cost
from ...wording import one_line
from .request_usage import BILLED, RequestUsage

__all__ = ["Meter", "RequestLookup", "StreamUsage", "Unpriced"]

RequestLookup: TypeAlias = "Callable[[], tuple[str, Mapping[str, Any]] | None]"
"""Called when a reply begins: returns the API and the JSON of its request, if they are known."""


def _unknown() -> None:
    return None


class Unpriced:
    """Reports the models that are missing in ``prices``: each is logged once, however many replies there are."""

    def __init__(self, prices: PriceList = None) -> None:
        self._prices = prices
        self._logged: set[str] = set()

    def warning(self, model: str) -> str:
        """The warning for ``model``, for the warnings of a Reply."""
        reason = (
            f"there is no price for the model {one_line(model)!r}" if model else "the model of the reply is not known"
        )
        text = f"{reason}, so its cost is not known either: {self._there_are()}"
        if model not in self._logged:
            self._logged.add(model)
            logging.getLogger("streamkit").warning("%s", text)
        return text

    def _there_are(self) -> str:
        """The prices that there are."""
        if isinstance(self._prices, ModelPrices):
            return f"the prices are those of {one_line(str(self._prices))}"
        listed = one_line(", ".join(map(str, self._prices))) if isinstance(self._prices, Mapping) else ""
        return f"there are prices for {listed or 'no model at all'}"


class StreamUsage:
    """The usage of a stream so far. A `Start` after content begins a further request (the next round of a tool loop, a
    reply that is continued). The requests before it cost as well, so the figures are those of all requests together.

    A report replaces the count of the last requests, as many as it covers: one, or all if a meter upstream has added
    them up.
    """

    def __init__(
        self,
        reply_tokens: ReplyTokens,
        prices: PriceList = None,
        request: RequestLookup = _unknown,
        unpriced: Unpriced | None = None,
    ) -> None:
        self._reply_tokens, self._prices, self._request = reply_tokens, prices, request
        self._unpriced = unpriced
        self._unpriced_models: list[str] = []  # of the requests that are closed
        self._prices_of: dict[str, Prices | None] = {}  # by model, of the reply that began last
        self._began: Start | None = None
        self._current: RequestUsage | None = None
        self._before_first: RequestUsage | None = None
        self._closed: list[Usage] = []
        self._has_started = False

    @property
    def model(self) -> str:
        return self._current.model if self._current is not None else ""

    @property
    def price(self) -> Prices | None:
        return self._price(self.model)

    def feed(self, event: Event) -> bool:
        """Take an event; True if it may have changed the figures."""
        field = BILLED.get(type(event))
        if field is not None:
            self.add(event, getattr(event, field))
        elif isinstance(event, Start):
            self._start(event)
        elif isinstance(event, UsageUpdate):
            self._report(event.usage)
        elif isinstance(event, Restart):
            self._close(cut=True)
        else:
            return False
        return True

    def add(self, event: Any, text: str) -> None:
        """Count ``text``, a part of an event that costs."""
        (self._current or self._open("")).feed(event, text)

    def end(self, reply: Reply | None = None) -> None:
        """End the stream. Figures that only the Reply has count too."""
        usage = reply.usage if reply is not None else None
        if usage is not None and usage.origin == "provider" and not self._is_reported():
            self._report(usage)
        if self._current is not None:
            self._current.flush()

    def usage(self) -> Usage | None:
        """The figures so far with their cost; None if nothing is known."""
        request = self._current or self._before_start()
        usage = self._priced(request) if request is not None else None
        if not self._closed:
            return usage
        return sum_usage([*self._closed, usage] if usage is not None else self._closed)

    def of(self, reply: Reply) -> Reply:
        """``reply`` with its usage, as far as it is known here."""
        usage = self.usage()
        if reply.usage is not None and (usage is None or not self._is_reported()):
            usage = self._cost(reply.usage, self.model or reply.model)
        usage = as_partial(usage) if reply.outcome in CUT else usage
        return replace(reply, usage=usage, warnings=(*reply.warnings, *self._price_warnings(reply)))

    def _is_reported(self) -> bool:
        return bool(self._closed) or (self._current is not None and self._current.reported is not None)

    def _before_start(self) -> RequestUsage | None:
        """The usage before any event, as a server may already have accepted the request. Called from any thread."""
        if self._closed or self._before_first is not None:
            return self._before_first
        request = self._request()
        self._before_first = RequestUsage(self._reply_tokens, "", request) if request is not None else None
        return self._before_first

    def _start(self, event: Start) -> None:
        ahead = self._current if not self._has_started else None
        # Some servers report before they start.
        reported = ahead.reported if ahead is not None and not ahead.tokens else None
        if reported is None:
            self._close(cut=False)
        request = self._open(event.model)
        self._has_started, self._began = True, event
        self._prices_of.clear()
        if reported is not None:
            request.report(reported)

    def _open(self, model: str) -> RequestUsage:
        self._current, self._before_first = RequestUsage(self._reply_tokens, model, self._request()), None
        return self._current

    def _report(self, usage: Usage) -> None:
        request, more = self._current or self._open(""), usage.requests - 1
        while more > 0 and self._closed:
            more -= self._closed.pop().requests
        request.report(usage)

    def _close(self, *, cut: bool) -> None:
        request, self._current, self._has_started = self._current, None, False
        if request is not None:
            request.flush()
            usage = self._priced(request)
            self._unpriced_models += self._without_price(request.model, usage)
            self._closed += [] if usage is None else [as_partial(usage) if cut else usage]

    def _priced(self, request: RequestUsage) -> Usage | None:
        usage = request.usage()
        return None if usage is None else self._cost(usage, request.model)

    def _cost(self, usage: Usage, model: str) -> Usage:
        if has_reported_cost(usage):
            return usage
        prices = self._price(model)
        return usage if prices is None else with_cost(usage, prices.cost(usage))

    def _price(self, model: str) -> Prices | None:
        """The prices of ``model`` for the current request. They are looked up once, as a meter asks with each piece of
        the reply."""
        try:
            return self._prices_of[model]
        except KeyError:
            prices = self._prices_of[model] = price_of(self._prices, model, self._began)
            return prices

    def _without_price(self, model: str, usage: Usage | None) -> list[str]:
        """``model`` if ``usage`` has no cost for lack of a price."""
        reported = usage is not None and has_reported_cost(usage)
        return [] if reported or self._prices is None or self._price(model) is not None else [model]

    def _price_warnings(self, reply: Reply) -> list[str]:
        """The warnings about models without a price."""
        if self._unpriced is None or self._prices is None or (self._current is None and not self._closed):
            return []
        current = self._current
        last = [] if current is None else self._without_price(self.model or reply.model, current.usage() or reply.usage)
        warnings = [self._unpriced.warning(model) for model in dict.fromkeys([*self._unpriced_models, *last])]
        return [warning for warning in warnings if warning not in reply.warnings]


class Meter(StageBase):
    """A stage: events, and a `UsageUpdate` after each that changes the figures; the Reply has the last figures.

    A server's report is passed on with its cost. Bare str passes and is not counted: TypeError at the end if there
    was nothing else.
    """

    def __init__(
        self,
        reply_tokens: ReplyTokens,
        prices: PriceList = None,
        request: RequestLookup = _unknown,
        unpriced: Unpriced | None = None,
    ) -> None:
        self._stream_usage = StreamUsage(reply_tokens, prices, request, unpriced or Unpriced(prices))
        self._last_update: Usage | None = None
        self._texts = self._events = False

    def feed(self, event: Any) -> list[Any]:
        usage = self._stream_usage
        if type(event) is str:
            self._texts = True
            return [event]
        self._events = True
        if type(event) is Reply:
            usage.end(event)
            return [*self._update(), usage.of(event)]
        if not usage.feed(event):
            return [event]
        if type(event) is UsageUpdate:
            self._last_update = usage.usage() or event.usage
            return [replace(event, usage=self._last_update)]
        return [event, *self._update()]

    def flush(self) -> tuple[()]:
        self._stream_usage.end()
        if self._texts and not self._events and not self.broken:
            raise TypeError("meter() works on events, and only text came: put it before what makes text of them")
        return ()

    def reply(self, reply: Reply) -> Reply:
        return self._stream_usage.of(reply)

    def _update(self) -> list[UsageUpdate]:
        usage, last = self._stream_usage.usage(), self._last_update
        if usage is None:
            return []
        # Nearly always the count has changed, which takes no comparison of all fields to see.
        if last is not None and usage.completion_tokens == last.completion_tokens and usage == last:
            return []
        self._last_update = usage
        return [UsageUpdate(usage)]
