"""The pace of a batch: limits of requests and tokens per minute, and of money, on the start of the next prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..events import Reply
from .costs import Costs, usage_or_estimate

__all__ = ["Bucket", "Pace", "Ticket"]

NEARLY = 1e-6  # seconds; a shorter wait may be lost in the rounding of a clock, and would be repeated for ever
GUESS = 500
"""Expected tokens of an answer until the first one is known."""


class Bucket:
    """A token bucket: at most ``per_minute`` in any minute, in bursts of one second, at least one token.

    If it holds at least one token, a caller may take any amount; the next one waits until the debt is refilled. So a
    large amount takes the time that it needs, but never waits for a bucket that cannot hold it.
    """

    def __init__(self, per_minute: float, time: Callable[[], float]) -> None:
        self._most = max(1.0, per_minute / 60)
        self._rate = (per_minute + 1 - self._most) / 60  # the initial level counts for the first minute, too
        self._level, self._at, self._time = self._most, time(), time
        self._changed = asyncio.Event()
        self._stopped = False

    async def take(self, amount: float) -> None:
        """Wait until it holds one, then take ``amount``. For one caller at a time: `Pace.admit` has its lock."""
        while (wait := self._wait()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                pass
        self._level -= amount

    def give(self, amount: float) -> None:
        """Correct the amount that was taken: a positive ``amount`` is put back."""
        self._level += amount
        self._changed.set()

    def stop(self) -> None:
        """Let `take` return at once from now on."""
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
    """The permission to start one prompt. ``size``: its estimated tokens; ``expected``: those of prompt and answer."""

    size: int
    expected: float


class Pace:
    """Admits the prompts of a batch one after another, in their order."""

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
        self._admission = asyncio.Lock()
        self._stopped = False
        self._counted, self._answer_size = 0, float(GUESS)

    async def admit(self, size: int) -> Ticket | None:
        """Wait until a prompt of this size may start; None if none may: no budget is left, or `stop` was called."""
        async with self._admission:
            if self._stopped or not await self._costs.room():
                return None
            expected = size + self._answer_size
            if self._requests is not None:
                await self._requests.take(1)
            if self._tokens is not None:
                await self._tokens.take(expected)
            if self._stopped or not await self._costs.room():  # prompts under way may have cost more than expected
                return None
            self._costs.start()
            return Ticket(size, expected)

    def stop(self) -> None:
        """Admit no more prompts, and release the one that waits."""
        self._stopped = True
        for bucket in (self._requests, self._tokens):
            if bucket is not None:
                bucket.stop()

    def settle(self, ticket: Ticket, replies: Sequence[Reply]) -> float | None:
        """Count a finished prompt with the replies of its requests: its cost, None if that is not known."""
        usages = [usage_or_estimate(reply, ticket.size) for reply in replies]
        real = sum((usage.prompt_tokens or 0) + (usage.completion_tokens or 0) for usage in usages)
        if real:
            self._counted += 1
            self._answer_size += (max(0, real - ticket.size) - self._answer_size) / self._counted
        if self._tokens is not None:
            self._tokens.give(ticket.expected - real)
        if self._requests is not None:
            self._requests.give(min(0, 1 - sum(reply.attempts for reply in replies)))
        return self._costs.settle(list(zip(usages, replies, strict=True)))
