"""A part of a batch as a plain function that can be sent to other processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from ..engine.runs import run
from .asking import batch
from .item import BatchItem

__all__ = ["Tally", "run_shard"]


@dataclass(slots=True)
class Tally:
    """The results of a shard in numbers."""

    outcomes: dict[str, int] = field(default_factory=dict)
    """How many prompts had each outcome, those from the ledger included."""
    from_ledger: int = 0
    cost: float = 0.0
    """Of the prompts that this call asked, those from the ledger excluded."""
    failed: list[str] = field(default_factory=list)
    """The keys of prompts to ask again: failed or skipped."""

    def add(self, item: BatchItem) -> None:
        self.outcomes[item.outcome] = self.outcomes.get(item.outcome, 0) + 1
        self.from_ledger += item.from_ledger
        self.cost += 0.0 if item.from_ledger else item.cost or 0.0
        if item.reply is None:
            self.failed.append(item.key)


def run_shard(
    prompts: Sequence[Any],
    recipe: Callable[[], Callable[[Any], Any] | AbstractContextManager[Callable[[Any], Any]]],
    *,
    into: Sequence[Any] = (),
    **options: Any,
) -> Tally:
    """Ask all ``prompts`` and block until the last is answered: a `Tally`. The answers are in the ledger, and go to
    the sinks ``into``.

    Everything it takes and gives can be pickled if the parts can. ``recipe()`` is called where the shard runs and makes
    the ``ask`` of `batch`; if it gives a context manager, that is entered for it and left at the end, so that a client
    is closed. ``options`` are those of `batch`: give each shard a ledger of its own, and its part of the limits.

    For a plain thread or process: RuntimeError under a running loop.
    """
    tally, recipe_result = Tally(), recipe()
    with recipe_result if isinstance(recipe_result, AbstractContextManager) else nullcontext(recipe_result) as ask:
        run(batch(prompts, ask, **options), tally.add, *into)
    return tally
