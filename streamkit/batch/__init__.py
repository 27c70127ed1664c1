"""Many prompts as one stream of results: bounded, paced, within a budget, and continued where it was after a kill.

`batch` is `streamkit.batch` too, so ``streamkit`` imports this module at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily
from .asking import batch

if TYPE_CHECKING:
    from .bar import progress
    from .item import BatchItem
    from .ledger import Ledger
    from .shard import Tally, run_shard

__all__ = ["BatchItem", "Ledger", "Tally", "batch", "progress", "run_shard"]


if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__, {"bar": "progress", "item": "BatchItem", "ledger": "Ledger", "shard": "Tally run_shard"}
    )


def __dir__() -> list[str]:
    return __all__
