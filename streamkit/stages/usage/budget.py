"""The end of a reply that becomes too expensive."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...errors import BudgetError
from ...events import Reply, Start, TextDelta, ToolCall, ToolCallDelta
from ...protocols import StageBase
from ...usage import Usage, unfinished
from ..fold import Fold
from .meter import StreamUsage
from .requestusage import BILLED

__all__ = ["Allowance", "Budget"]

MILLION = 1_000_000
CENT = 1e-12
"""Sums of prices may be off by that."""
MOST = 8
"""Tokens that a character can add, with room to spare: it has four bytes at most."""
MARGIN = 64
"""Tokens by which a count may jump, because what was one token becomes several when more follows."""


class Allowance:
    """What may be spent, in tokens or in money. ``within`` is the last usage that was not too much."""

    def __init__(self, account: StreamUsage, *, tokens: int | None = None, cost: float | None = None) -> None:
        self.within: Usage | None = None
        self._account, self._tokens, self._cost = account, tokens, cost
        self._left: float | None = None  # in tokens; None: has to be asked

    def is_kept(self) -> bool:
        """Whether what came so far is within the limit, none of which was held back."""
        if self._left is None:
            self.within = self._account.usage()
            self._left = self._of(self.within)
        return self._left >= 0

    def changed(self) -> None:
        """The account took something in by itself."""
        self._left = None

    def spend(self, event: Any, text: str) -> tuple[int, int]:
        """Count ``text`` of ``event`` until it is too much: how many characters are not, and how many were counted.

        (-1, ...) if not even an event without text is within the limit.
        """
        if isinstance(event, ToolCall):
            return (len(text) if self._add(event, text) else -1), len(text)
        if isinstance(event, ToolCallDelta) and not self._add(event, ""):
            return -1, 0
        at = 0
        while at < len(text):
            step = self._step(len(text))
            if not self._add(event, text[at : at + step]):
                return at, at + step
            at += step
        return len(text), len(text)

    def _add(self, event: Any, text: str) -> bool:
        self._account.add(event, text)
        usage = self._account.usage()
        self._left = self._of(usage)
        if self._left >= 0:
            self.within = usage
        return self._left >= 0

    def _step(self, most: int) -> int:
        """So many characters can be counted at once without running over the limit in their middle."""
        left = self._left if self._left is not None else 0
        return max(1, int(min(left, most * MOST + MARGIN) - MARGIN) // MOST)

    def _of(self, usage: Usage | None) -> float:
        usage = usage or Usage()
        return min(self._tokens_left(usage), self._money_left(usage))

    def _tokens_left(self, usage: Usage) -> float:
        if self._tokens is None:
            return math.inf
        known = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
        return self._tokens - max(known, usage.total_tokens or 0)

    def _money_left(self, usage: Usage) -> float:
        if self._cost is None:
            return math.inf
        price = self._account.price
        if price is None:
            raise BudgetError(f"no price is known for the model {self._account.model!r}")
        left = self._cost - (usage.cost or 0.0) + CENT
        if left < 0:
            return -1
        return left * MILLION / price.output if price.output else math.inf


class Budget(StageBase):
    """A stage: events as long as all tokens together, or what they cost, are within the limit; then a Reply that was
    ``stopped`` by ``budget``. Of the text that exceeds it, the part before the first character too many is let through,
    so it does not matter in what pieces it came.

    With ``drain`` the source is read to its end before the Reply is given, but nothing more is shown. ``keep_text`` is
    that of `Fold`.
    """

    def __init__(
        self,
        account: StreamUsage,
        *,
        tokens: int | None = None,
        cost: float | None = None,
        drain: bool = False,
        keep_text: Callable[[], bool] | bool = True,
    ) -> None:
        self.done = False
        self.quiet = False
        """The limit was reached, and the rest of the source is read without showing it."""
        self._account, self._drain = account, drain
        self._limit = Allowance(account, tokens=tokens, cost=cost)
        self._fold = Fold(keep_text=keep_text)
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
        try:
            shown = self._take(event)
        except BudgetError as exc:
            exc.partial = self._fold.reply()
            raise
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

    def _take(self, event: Any) -> list[Any]:
        """``event`` as far as it is within the limit."""
        field = BILLED.get(type(event))
        if field is not None:
            return self._spend(event, field)
        if self._account.feed(event):
            self._limit.changed()
        if type(event) is Start and not self._limit.is_kept():
            self._stop()
        return [event]

    def _spend(self, event: Any, field: str) -> list[Any]:
        text = getattr(event, field)
        size, counted = self._limit.spend(event, text) if self._limit.is_kept() else (-1, 0)
        if size == len(text):
            return [event]
        self._stop()
        if self._drain and counted < len(text):
            self._account.add(event, text[counted:])
        begins = size == 0 and isinstance(event, ToolCallDelta) and event.name
        return [replace(event, **{field: text[:size]}, raw=None)] if size > 0 or begins else []

    def _stop(self) -> None:
        self.quiet, self.done = self._drain, not self._drain

    def _end(self) -> Reply:
        self.done = True
        self._last = self._stopped(self._fold.reply())
        return self._last

    def _reply(self, reply: Reply) -> Reply:
        self._account.end(reply)
        self.done = self.quiet
        self._last = self.reply(reply)
        return self._last

    def _stopped(self, reply: Reply) -> Reply:
        """``reply`` as far as it was shown. When drained, all that came was spent."""
        shown = replace(reply, choices=self._fold.reply().choices, outcome="stopped", stopped_by="budget")
        return self._account.of(shown) if self.quiet else replace(shown, usage=unfinished(self._limit.within))
