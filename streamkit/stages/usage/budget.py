"""A stage that ends a reply when it becomes too expensive."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...errors import BudgetError
from ...events import Reply, Start, TextDelta, ToolCall, ToolCallDelta
from ...usage import Usage, as_partial
from ..rewriting import ShownReply
from .meter import StreamUsage
from .request_usage import BILLED

__all__ = ["Allowance", "Budget"]

MILLION = 1_000_000
ROUNDING = 1e-12
"""Sums of prices may be off by that much."""
MOST = 8
"""The most tokens that a character can add, with room to spare: it has four bytes at most."""
MARGIN = 64
"""Tokens by which a count may jump, because one token may become several when more text follows."""


class Allowance:
    """The allowance that may be spent, in tokens or in money. ``within`` is the last usage that did not exceed it."""

    def __init__(self, stream_usage: StreamUsage, *, tokens: int | None = None, cost: float | None = None) -> None:
        self.within: Usage | None = None
        self._stream_usage, self._tokens, self._cost = stream_usage, tokens, cost
        self._remaining: float | None = None  # in tokens; None: it has to be computed

    def is_kept(self) -> bool:
        """True if everything that came so far is within the limit; none of it was held back."""
        if self._remaining is None:
            self.within = self._stream_usage.usage()
            self._remaining = self._remaining_of(self.within)
        return self._remaining >= 0

    def changed(self) -> None:
        """Mark the remaining allowance as unknown: ``stream_usage`` has taken an event by itself."""
        self._remaining = None

    def spend(self, event: Any, text: str) -> tuple[str | None, str]:
        """Count ``text`` of ``event`` up to the limit: returns its part within the limit, and its part not counted.

        The first is None if not even ``event`` without text is within the limit.
        """
        if not self.is_kept():
            return None, text
        if isinstance(event, ToolCall):
            return (text if self._add(event, text) else None), ""
        if isinstance(event, ToolCallDelta) and not self._add(event, ""):
            return None, text
        position = 0
        while position < len(text):
            end = position + self._step(len(text))
            if not self._add(event, text[position:end]):
                return text[:position], text[end:]
            position = end
        return text, ""

    def _add(self, event: Any, text: str) -> bool:
        self._stream_usage.add(event, text)
        usage = self._stream_usage.usage()
        self._remaining = self._remaining_of(usage)
        if self._remaining >= 0:
            self.within = usage
        return self._remaining >= 0

    def _step(self, most: int) -> int:
        """The number of characters that can be counted at once without exceeding the limit in their middle."""
        remaining = self._remaining if self._remaining is not None else 0
        return max(1, int(min(remaining, most * MOST + MARGIN) - MARGIN) // MOST)

    def _remaining_of(self, usage: Usage | None) -> float:
        usage = usage or Usage()
        return min(self._tokens_left(usage), self._money_left(usage))

    def _tokens_left(self, usage: Usage) -> float:
        if self._tokens is None:
            return math.inf
        counted = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
        return self._tokens - max(counted, usage.total_tokens or 0)

    def _money_left(self, usage: Usage) -> float:
        if self._cost is None:
            return math.inf
        price = self._stream_usage.price
        if price is None:
            raise BudgetError(f"no price is known for the model {self._stream_usage.model!r}")
        remaining = self._cost - (usage.cost or 0.0) + ROUNDING
        if remaining < 0:
            return -1
        rates = price.applying_to(usage)
        dearest = max(rates.output, rates.reasoning or 0)
        return remaining * MILLION / dearest if dearest else math.inf


class Budget(ShownReply):
    """A stage: events as long as all tokens together, or their cost, are within the limit; then a Reply that was
    ``stopped`` by ``budget``. Of the text that exceeds the limit, the part before the first character too many passes,
    so the size of the pieces does not matter.

    With ``drain`` the source is read to its end before the Reply is emitted, but nothing more is shown. ``keep_text``
    is that of `Fold`.
    """

    def __init__(
        self,
        stream_usage: StreamUsage,
        *,
        tokens: int | None = None,
        cost: float | None = None,
        drain: bool = False,
        keep_text: Callable[[], bool] | bool = True,
    ) -> None:
        super().__init__("budget", keep_text)
        self.quiet = False
        """The limit was reached, and the rest of the source is read without showing it."""
        self._stream_usage, self._drain = stream_usage, drain
        self._allowance = Allowance(stream_usage, tokens=tokens, cost=cost)
        self._events = False

    def feed(self, event: Any) -> list[Any]:
        if self.done:
            return []
        if type(event) is str:
            return [] if self.quiet else [delta.text for delta in self._pass(TextDelta(event))]
        self._events = True
        if type(event) is Reply:
            self._stream_usage.end(event)
            self.done = self.quiet
            return [self._last(event)]
        if self.quiet:
            self._stream_usage.feed(event)
            return []
        try:
            items = self._pass(event)
        except BudgetError as exc:
            exc.partial = self.answered(self._fold.reply())
            raise
        return [*self._shown(items), self._stop()] if self.done else self._shown(items)

    def flush(self) -> list[Any]:
        """The Reply that is still to come after a quiet end."""
        self._stream_usage.end()
        return [self._stop()] if self.quiet and self._events and self._final is None else []

    def _of_source(self, reply: Reply) -> Reply:
        return self._stopped(reply) if self.quiet else self._stream_usage.of(reply)

    def _pass(self, event: Any) -> list[Any]:
        """The part of ``event`` that is within the limit."""
        field = BILLED.get(type(event))
        if field is not None:
            return self._spend(event, field)
        if self._stream_usage.feed(event):
            self._allowance.changed()
        if type(event) is Start and not self._allowance.is_kept():
            self._reach_limit()
        return [event]

    def _spend(self, event: Any, field: str) -> list[Any]:
        text = getattr(event, field)
        within, uncounted = self._allowance.spend(event, text)
        if within == text:
            return [event]
        self._reach_limit()
        if self._drain and uncounted:
            self._stream_usage.add(event, uncounted)
        begins = within is not None and isinstance(event, ToolCallDelta) and event.name
        return [replace(event, **{field: within}, raw=None)] if within or begins else []

    def _reach_limit(self) -> None:
        self.quiet, self.done = self._drain, not self._drain

    def _stop(self) -> Reply:
        self.done, self._final = True, self._stopped(self.answered(self._fold.reply()))
        return self._final

    def _stopped(self, reply: Reply) -> Reply:
        """The part of ``reply`` that was shown. When the source was drained, the usage is that of all events."""
        reply = replace(reply, choices=self._fold.reply().choices, outcome="stopped", stopped_by=self._name)
        return self._stream_usage.of(reply) if self.quiet else replace(reply, usage=as_partial(self._allowance.within))
