"""Operators for tokens and their cost, while a reply is written. Vocabularies are loaded when an operator is made,
never while a stream runs. If one is not on this machine (the extra ``offline`` brings them), `meter` and `count_tokens`
estimate, and `budget` raises RuntimeError."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias, TypeVar

from ..checks import check_flag, check_number, check_whole
from ..engine.failures import LOGGER
from ..engine.streams import Keeps, Operator
from ..events import Event, Restart, RoundEnd, TextDelta
from ..messages import Messages
from ..protocols import Encoding
from ..stages.usage import Budget, Meter, StreamUsage, Unpriced
from ..tokens import CURRENT, PriceList, ReplyTokens, Rough, TokenCounter, check_prices, resolve
from ..wording import excerpt
from .above import Above, keeping_stage_operator, stage_operator
from .lift import Lifted

__all__ = ["budget", "count_tokens", "meter"]

S = TypeVar("S")

Tokenizer: TypeAlias = "str | Encoding | Any"
Tools: TypeAlias = "Sequence[Mapping[str, Any]] | None"


def count_tokens(encoding: Tokenizer | None = None, *, space_safe: bool = False) -> Operator[Event | str, int]:
    """Events → the tokens of the answer's text so far, after each piece of it; str counts as text.

    ``encoding`` and ``space_safe`` are those of `tokens.TokenCounter`: the name of a model or an encoding, or a
    tokenizer; without, it is o200k_base, that of current models. It begins anew with a `Restart`, and with each round
    of a tool loop. ValueError for an encoding that is misspelt.

    Note: without the vocabulary it gives a quarter of the bytes, and for an unknown model the tokens of
    o200k_base; the log says so once.
    """
    make = _counters(CURRENT if encoding is None else encoding, space_safe)
    return stage_operator("count_tokens", lambda above: _Counted(make))


def _counters(encoding: Tokenizer, space_safe: bool) -> Callable[[], TokenCounter | Rough]:
    """A factory of counters, one for each text. The vocabulary is loaded here, and an invalid ``encoding`` raises
    here."""
    try:
        TokenCounter(encoding, space_safe=space_safe)
    except RuntimeError as exc:
        _warn(f"ops.count_tokens gives estimates, a quarter of the bytes: {exc}")
        return Rough
    _warn_if_unknown("ops.count_tokens", encoding)
    return lambda: TokenCounter(encoding, space_safe=space_safe)


def _warn_if_unknown(name: str, encoding: Tokenizer | None) -> None:
    """Warn that the operator ``name`` only estimates the tokens of a model that is not known."""
    if isinstance(encoding, str) and not resolve(encoding).exact:
        _warn(f"{name} does not know the model {excerpt(encoding, 60)!r}: it estimates, with the tokens of {CURRENT}")


@cache
def _warn(what: str) -> None:
    """Log a warning once: the items of an operator are bare numbers, which cannot say that they are estimates."""
    LOGGER.warning("%s", what)


class _Counted:
    def __init__(self, make: Callable[[], TokenCounter | Rough]) -> None:
        self._make = make
        self._counter = make()

    def feed(self, item: Any) -> list[int]:
        if type(item) is TextDelta and not item.index:
            return [self._counter.feed(item.text)]
        if type(item) is str:
            return [self._counter.feed(item)]
        if type(item) is Restart:
            self._counter = self._make()
            self._counter.feed(item.kept)
        elif type(item) is RoundEnd and not item.last:
            self._counter = self._make()
        return []

    def flush(self) -> list[int]:
        before = self._counter.total
        return [total] if (total := self._counter.flush()) != before else []


def meter(
    prices: PriceList = None, *, encoding: Tokenizer | None = None, prompt: Messages | None = None, tools: Tools = None
) -> Keeps:
    """Events → the same events, and after each that costs tokens a `UsageUpdate` with the usage so far.

    Its ``origin`` says what the figures are (see `Usage`); what the server reports replaces the count made here when it
    comes. Whatever way the reply ends, its Reply has the last figures: also ``run.usage`` and the partial reply of
    errors. Thinking and tool calls count, as estimates; several requests (tool loops, continued replies) are added up.
    ``prices`` are `Prices`, those of each model, or a `price_list`; with them every usage has its ``cost``. A cost that
    the server reports takes the place of the computed one (`Usage.cost_origin`).

    The prompt is taken from the request of a `Client`, and counted once when the reply begins (about 40 ms for 100,000
    tokens); give ``prompt`` and ``tools`` where another source makes the request. ``encoding`` is the name of a model
    or a tokenizer, if that of current models is not the one, or if the server gives the model another name. Without
    its vocabulary counts are a quarter of the bytes, as an ``estimate``; the server's figures are what they are.

    A model without a price has usage without a cost: `Reply.warnings` name it, and the log does so once.

    Place it before operators that change text: it counts what it gets. TypeError where only text comes.
    """
    check_prices(prices)
    counts, unpriced = ReplyTokens(encoding, prompt=prompt, tools=tools, estimates=True), Unpriced(prices)
    return keeping_stage_operator(
        "meter", lambda above: Meter(counts, prices, above.request, unpriced), own_scheduler=True
    )


def budget(
    tokens: int | None = None,
    cost: float | None = None,
    *,
    prices: PriceList = None,
    drain: bool = False,
    encoding: Tokenizer | None = None,
    prompt: Messages | None = None,
    tools: Tools = None,
) -> Callable[[S], S]:
    """Events → the same events as long as they are within the budget; then the request is cancelled.

    ``tokens`` are those of prompt and answer together, ``cost`` is in the money of ``prices``; the rest is as for
    `meter`. The Reply's outcome is ``stopped``, by ``budget``, its text just fits, and its usage says what that came
    to; the server may bill a little more. With ``drain`` nothing more is shown, but the reply is read to its end, so
    the usage is the server's own (and all of it is billed).

    `BudgetError` before any content if ``prices`` have none for the model. RuntimeError without the vocabulary: no
    estimate keeps a budget; an ``encoding`` of an unknown model is estimated, and logged.
    """
    if tokens is None and cost is None:
        raise ValueError("a budget needs tokens or a cost")
    tokens = check_whole("ops.budget: tokens", tokens, low=0, infinite=True, optional=True)
    cost = check_number("ops.budget: cost", cost, above=False, infinite=True, optional=True)
    check_flag("drain", drain)
    if cost is not None and prices is None:
        raise ValueError("a budget of cost needs prices")
    check_prices(prices)
    counts = ReplyTokens(encoding, prompt=prompt, tools=tools)
    _warn_if_unknown("ops.budget", encoding)
    unpriced = Unpriced(prices) if cost is None else None  # with a cost, a missing price is an error

    def make(above: Above) -> Budget:
        stream_usage = StreamUsage(counts, prices, above.request, unpriced)
        return Budget(stream_usage, tokens=tokens, cost=cost, drain=drain, keep_text=above.keeps_text)

    return keeping_stage_operator("budget", make, _BudgetLifted, own_scheduler=True)


class _BudgetLifted(Lifted):
    """A subscription to a `Budget`: once the budget has ended the reply, a failure of its source is not passed on."""

    def on_error(self, error: Exception) -> None:
        if self._stage.quiet:
            self.on_completed()
        else:
            super().on_error(error)
