"""The end of a reply that becomes too expensive."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ..errors import BudgetError
from ..events import Reply, Start, TextDelta, ToolCall, ToolCallDelta
from ..usage import Usage, unfinished
from .bill import BILLED
from .fold import Fold
from .meter import Account

__all__ = ["Budget"]

MOST = 8
"""Tokens that a character can add, with room to spare: it has four bytes at most."""
MARGIN = 64
"""Tokens by which a count may jump, because what was one token becomes several when more follows."""


class Budget:
    """A stage: events as long as all tokens together, or what they cost, are within the limit; then a Reply that was
    ``stopped`` by ``budget``. Of the text that exceeds it, the part before the first character too many is let through,
    so it does not matter in what pieces it came.

    With ``drain`` the source is read to its end before the Reply is given, but nothing more is shown.
    """

    def __init__(
        self, account: Account, *, tokens: int | None = None, cost: float | None = None, drain: bool = False
    ) -> None:
        self.done = False
        self.quiet = False
        """The limit was reached, and the rest of the source is read without showing it."""
        self._account, self._tokens, self._cost, self._drain = account, tokens, cost, drain
        self._left = math.inf
        self._within: Usage | None = None
        self._fold = Fold()
        self._last: Reply | None = None
        self._events = False

    def feed(self, event: Any) -> list[Any]:
        if self.done:
            return []
        if type(event) is str:
            return [] if self.quiet else [delta.text for delta in self._take(TextDelta(event))]
        self._events = True
        if type(event) is Reply:
            return [self._reply(event)]
        if self.quiet:
            self._account.feed(event)
            return []
        shown = self._take(event)
        for one in shown:
            self._fold.feed(one)
        return [*shown, self._end()] if self.done else shown

    def flush(self) -> list[Any]:
        """What a quiet end still owes."""
        self._account.end()
        return [self._end()] if self.quiet and self._events and self._last is None else []

    def reply(self, reply: Reply) -> Reply:
        if self._last is not None:
            return self._last
        return self._stopped(reply) if self.quiet else self._account.of(reply)

    # -- the limit -------------------------------------------------------------------------------------------------

    def _take(self, event: Any) -> list[Any]:
        field = BILLED.get(type(event))
        if field is None:
            self._account.feed(event)
            if type(event) is Start and not self._fits():
                self._stop()
            return [event]
        text = getattr(event, field)
        size = self._fitting(event, text)
        if size == len(text):
            return [event]
        self._stop()
        if size or (size == 0 and isinstance(event, ToolCallDelta) and event.name):
            return [replace(event, **{field: text[:size]}, raw=None)]
        return []

    def _fitting(self, event: Any, text: str) -> int | None:
        """How many characters of ``text`` are within the limit; None if not even an event without text is."""
        if isinstance(event, (ToolCall, ToolCallDelta)):  # these cost by themselves
            self._account.add(event, "")
            if not self._fits():
                return None
            if isinstance(event, ToolCall):
                return len(text)
        at = 0
        while at < len(text):
            step = max(1, int(min(self._left, len(text) * MOST + MARGIN) - MARGIN) // MOST)
            self._account.add(event, text[at : at + step])
            if not self._fits():
                return at
            at += step
        return len(text)

    def _fits(self) -> bool:
        """Whether what came so far is within the limit; looks how much is left."""
        usage = self._account.usage()
        self._left = min(self._tokens_left(usage), self._money_left(usage)) if usage is not None else math.inf
        if self._left >= 0:
            self._within = usage
        return self._left >= 0

    def _tokens_left(self, usage: Usage) -> float:
        if self._tokens is None:
            return math.inf
        known = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
        return self._tokens - max(known, usage.total_tokens or 0)

    def _money_left(self, usage: Usage) -> float:
        """In further tokens of the reply."""
        if self._cost is None:
            return math.inf
        price = self._account.price
        if price is None or usage.cost is None:
            model = self._account.model
            raise BudgetError(f"no price is known for the model {model!r}", partial=self._fold.reply())
        left = self._cost - usage.cost
        if left < -1e-12:
            return -1
        return left * 1_000_000 / price.output if price.output else math.inf

    # -- the end ---------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        self.quiet, self.done = self._drain, not self._drain

    def _end(self) -> Reply:
        self.done = True
        self._last = self._stopped(self._fold.reply("stopped"))
        return self._last

    def _reply(self, reply: Reply) -> Reply:
        self._account.end(reply)
        if self.quiet:
            self.done = True
        self._last = self.reply(reply)
        return self._last

    def _stopped(self, reply: Reply) -> Reply:
        """``reply`` as far as it was shown. When drained, all that came was spent."""
        shown = self._fold.reply("stopped")
        usage = self._account.of(replace(reply, outcome="stopped")).usage if self.quiet else unfinished(self._within)
        return replace(reply, choices=shown.choices, usage=usage, outcome="stopped", stopped_by="budget")
