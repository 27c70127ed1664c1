"""The function `batch`. The modules that do the work are imported by its first call, because ``import streamkit``
imports this one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactivex import Observable

    from ..engine.streams import Stream
    from ..tokens import PriceList
    from .item import BatchItem
    from .ledger import Ledger

__all__ = ["batch"]


def batch(
    prompts: Iterable[Any] | AsyncIterable[Any] | Callable[[], Any] | str | os.PathLike[str],
    ask: Callable[[Any], Observable[Any]],
    *,
    key: Callable[[Any], str | None] | None = None,
    ledger: str | os.PathLike[str] | Ledger | None = None,
    concurrency: int = 16,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    budget: float | None = None,
    prices: PriceList = None,
    ordered: bool = False,
) -> Stream[BatchItem]:
    """Prompts → a `BatchItem` for each, as they come or (``ordered``) in the order of the prompts.

    ``prompts`` is read only as far as needed: an iterable (a blocking one in a thread), an async one, a callable that
    gives one, or the path of a JSONL file, each line of which is a prompt. ``ask(prompt)`` gives the stream to run,
    ``concurrency`` of them at a time. One that fails gives an item with its ``error``; the others go on. A slow reader
    holds the batch back: requests under way are finished, no new ones are started. Cancelling closes all requests.

    With a ``ledger`` (path or `Ledger`) every finished reply is in that file before it is delivered. A later batch on
    the same file delivers what it finds there and asks only for the rest, failed ones included. ``key(prompt)`` names a
    prompt in it, by default (or if None) a hash of its content does; prompts with the same key are asked only once.

    ``requests_per_minute`` and ``tokens_per_minute`` are kept by spreading the starts evenly. Tokens are estimated
    (four bytes each, and the mean of the answers so far), then corrected by the reported usage.

    ``budget`` is money, in the currency of ``prices`` (`Prices`, one for each model, or a `price_list`). Nothing is
    started once it is used up, counting what is under way at the mean cost so far, what a ledger says was paid before,
    and every request that a prompt took. So it may be exceeded by about one reply. The rest comes out with the outcome
    ``skipped``.

    TypeError and ValueError for options that make no sense; on the stream: `BrokenError` when the prompts themselves
    fail, `SinkError` when the ledger is in use or cannot be written. What was under way is delivered before.

    Note: a bare iterator is used up by the first subscription.
    """
    from .job import stream_of
    from .plan import Plan

    limits = (requests_per_minute, tokens_per_minute)
    return stream_of(Plan.checked(prompts, ask, key, ledger, concurrency, limits, budget, prices, ordered))
