"""Money: what the prompts of a batch have cost, and whether there is enough left for another one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from ..events import Reply, Usage
from ..stages.usage import Unpriced
from ..tokens import PriceList, price_of
from ..usage import has_reported_cost
from ..wording import one_line
from .prompts import size_of

__all__ = ["Costs", "usage_or_estimate"]


class Costs:
    """The money of one batch: ``spent`` so far and the ``budget`` (None: no limit), in the currency of the prices."""

    def __init__(self, prices: PriceList, budget: float | None) -> None:
        self.budget, self.spent = budget, 0.0
        self._prices, self._unpriced = prices, Unpriced(prices)
        self._paid_for = self._under_way = 0
        self._settled = asyncio.Event()

    def paid_before(self, spent: float, prompts: int) -> None:
        self.spent += spent
        self._paid_for += prompts

    async def room(self) -> bool:
        """True if the budget has room for another prompt; waits for prompts under way if that depends on their costs.

        As long as no cost is known, only one prompt is under way: the cost of the others is estimated from it.
        """
        while self.budget is not None:
            if self.spent >= self.budget:
                return False
            if not self._under_way or self.spent + self._under_way * self._mean() < self.budget:
                return True
            self._settled.clear()
            await self._settled.wait()
        return True

    def _mean(self) -> float:
        return self.spent / self._paid_for if self._paid_for else math.inf

    def start(self) -> None:
        self._under_way += 1

    def settle(self, used: Sequence[tuple[Usage, Reply]]) -> float | None:
        """Count a finished prompt with its requests (usage, reply): their cost together, None if it is not known.

        ValueError if there is a budget, and no price for one of the models.
        """
        self._under_way -= 1
        self._settled.set()
        if self._prices is None and not any(has_reported_cost(usage) for usage, _ in used):
            return None
        costs = [cost_of(self._prices, usage, reply) for usage, reply in used]
        known = [cost for cost in costs if cost is not None]
        self.spent += math.fsum(known)
        self._paid_for += any(known)
        if len(known) == len(costs):
            return math.fsum(known)
        if self.budget is not None:
            models = {reply.model for (_, reply), cost in zip(used, costs, strict=True) if cost is None}
            names = one_line(", ".join(sorted(models)))
            raise ValueError(f"the budget cannot be kept: there is no price for {names}")
        for (_, reply), cost in zip(used, costs, strict=True):
            if cost is None and self._prices is not None:
                self._unpriced.warning(reply.model)
        return None


def cost_of(prices: PriceList, usage: Usage, reply: Reply) -> float | None:
    """The cost of a request with ``usage``, as reported, else by ``prices``; None if the model has no price."""
    if has_reported_cost(usage):
        return usage.cost
    if not (usage.prompt_tokens or usage.completion_tokens):
        return 0.0
    price = price_of(prices, reply.model, reply)
    return None if price is None else price.cost(usage)


def usage_or_estimate(reply: Reply, size: int) -> Usage:
    """The reported tokens of one request, else an estimate: ``size`` for the prompt, and the text of the reply. A
    request that failed before any text came counts as no tokens."""
    if reply.usage is not None:
        return reply.usage
    answer_size = sum(
        size_of([c.text, c.reasoning, c.refusal, [call.arguments for call in c.tool_calls]]) for c in reply.choices
    )
    if not answer_size and reply.outcome in ("failed", "truncated"):
        return Usage(0, 0, 0, origin="estimate")
    return Usage(size, answer_size, size + answer_size, origin="estimate")
