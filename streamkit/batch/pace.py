"""When the next prompt may start: so many requests and tokens a minute, and money left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..events import Reply
from .costs import Costs, usage_of

__all__ = ["Bucket", "Pace", "Ticket"]

NEARLY = 1e-6  # seconds; less may be lost in the rounding of a clock, so that one would wait for ever
GUESS = 500
"""Tokens of an answer as long as none is known."""


class Bucket:
    """So many a minute, never more in any minute, with at most a second's worth (or one) at once.

    Whoever finds one in it may take any amount; the next one waits until that is made up for. A large amount so takes
    the time that it needs, but never waits for a bucket that cannot hold it.
    """

    def __init__(self, per_minute: float, time: Callable[[], float]) -> None:
        self._most = max(1.0, per_minute / 60)
        self._rate = (per_minute + 1 - self._most) / 60  # what is there at first counts for the minute, too
        self._level, self._at, self._time = self._most, time(), time
        self._changed = asyncio.Event()
        self._stopped = False

    async def take(self, amount: float) -> None:
        """For one caller at a time: whoever waits here holds the door."""
        while (wait := self._wait()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                pass
        self._level -= amount

    def give(self, amount: float) -> None:
        """Correct what was taken: back if positive."""
        self._level += amount
        self._changed.set()

    def stop(self) -> None:
        """Nobody waits any more."""
        self._stopped = True
        self._changed.set()

    def _wait(self) -> float:
        if self._stopped:
            return 0.0
        now = self._time()
        self._level = min(self._most, self._level + (now - self._at) * self._rate)
        self._at = now
        wait = (1.0 - self._level) / self._rate
        return wait if wait > NEARLY else 0.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """``size``: tokens of the prompt, about; ``expected``: those of prompt and answer."""

    size: int
    expected: float


class Pace:
    """One door for all prompts of a batch, which pass it in their order."""

    def __init__(
        self,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
        costs: Costs,
        time: Callable[[], float],
    ) -> None:
        self._requests = Bucket(requests_per_minute, time) if requests_per_minute else None
        self._tokens = Bucket(tokens_per_minute, time) if tokens_per_minute else None
        self._costs = costs
        self._door = asyncio.Lock()
        self._stopped = False
        self._seen, self._beyond = 0, float(GUESS)

    async def admit(self, size: int) -> Ticket | None:
        """Wait until a prompt of this size may start; None if none may: no budget is left, or `stop` was called."""
        async with self._door:
            if self._stopped or not await self._costs.room():
                return None
            expected = size + self._beyond
            if self._requests is not None:
                await self._requests.take(1)
            if self._tokens is not None:
                await self._tokens.take(expected)
            if self._stopped or not await self._costs.room():  # what was under way may have cost more than expected
                return None
            self._costs.start()
            return Ticket(size, expected)

    def stop(self) -> None:
        """Nothing may start any more."""
        self._stopped = True
        for bucket in (self._requests, self._tokens):
            if bucket is not None:
                bucket.stop()

    def settle(self, ticket: Ticket, replies: Sequence[Reply]) -> float | None:
        """A prompt is over, which took these requests: what it cost, if that is known."""
        usages = [usage_of(reply, ticket.size) for reply in replies]
        real = sum((usage.prompt_tokens or 0) + (usage.completion_tokens or 0) for usage in usages)
        if real:
            self._seen += 1
            self._beyond += (max(0, real - ticket.size) - self._beyond) / self._seen
        if self._tokens is not None:
            self._tokens.give(ticket.expected - real)
        if self._requests is not None:
            self._requests.give(min(0, 1 - sum(reply.attempts for reply in replies)))
        return self._costs.settle(list(zip(usages, (reply.model for reply in replies), strict=True)))
