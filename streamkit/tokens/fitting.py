"""The newest part of a conversation that fits into a number of tokens, cut where no call loses its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf
from typing import Any

from ..checks import check_whole, quote_refused
from ..messages import Messages, messages_of
from ..protocols import Encoding
from ..wire import Place, chat_messages, chat_tools, place_of, readable_text
from .prompt import RequestCounter

__all__ = ["TooLongError", "fitted"]


class TooLongError(ValueError):
    """The part of a history that cannot be left out has more tokens than there is room for: it has ``needed`` tokens,
    and ``tokens`` is the limit."""

    def __init__(self, needed: int, tokens: int) -> None:
        super().__init__(
            f"the instructions, the tools and the newest turn of the user take {needed} tokens, and tokens={tokens}: "
            "shorten them (results of tools are often the longest), or raise the limit"
        )
        self.needed, self.tokens = needed, tokens

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.needed, self.tokens)


def fitted(
    messages: Messages, model: str | Encoding, *, tokens: int, tools: Sequence[Mapping[str, Any]] | None = None
) -> list[Any]:
    """`fit`, for tools in the form of a request."""
    limit = check_whole("tokens", tokens, low=1)
    forms = messages_of(messages)
    history = forms if isinstance(messages, str) else _as_list(messages)
    counter = RequestCounter(model, readable_text)
    if tools:
        counter.tools(chat_tools(tools))
    head, *starts = _starts([place_of(form) for form in forms])
    bounds = [*starts, len(forms)] if starts else [head, len(forms)]
    needed = _added(counter, [*forms[:head], *forms[bounds[-2] :]])
    if needed > limit:
        raise TooLongError(needed, limit)
    start = bounds[-2]
    for first, end in reversed(list(pairwise([head, *bounds[:-1]]))):
        if _added(counter, forms[first:end]) > limit:
            break
        start = first
    return history[:head] + history[start:]


def _as_list(messages: Any) -> list[Any]:
    if not isinstance(messages, Sequence):  # an iterator has been read by now
        raise TypeError(f"messages are a list, of which the newest are kept, not {quote_refused(messages)}")
    return list(messages)


def _added(counter: RequestCounter, forms: Sequence[Mapping[str, Any]]) -> int:
    """The tokens of the request after these messages are added to it, images included."""
    for form in forms:
        turns = chat_messages(form)
        for turn in turns:
            counter.message(turn)
        if not turns:
            counter.uncounted(str(form.get("type", "item")), form)
    count = counter.count()
    return count.tokens + count.images


def _starts(places: Sequence[Place]) -> list[int]:
    """The end of the instructions at the start, and the positions after it at which a round begins.

    Instructions directly before a message of the user belong to its round. There is no position between a call and its
    result: a round that has results of calls of the one before is one with it.
    """
    head = next((number for number, place in enumerate(places) if not place.instructs), len(places))
    calls = _oldest_calls(places)
    starts: list[int] = []
    oldest = inf
    asks = False
    for number in range(len(places) - 1, head, -1):
        oldest = min(oldest, calls[number])
        asks = places[number].asks or (asks and places[number].instructs)
        if asks and not places[number - 1].instructs and oldest >= number:
            starts.append(number)
    return [head, *reversed(starts)]


def _oldest_calls(places: Sequence[Place]) -> list[float]:
    """For each message the position of the oldest call of which it has the result; infinity if it has none.

    A result belongs to the last call of its id before it. One without an id belongs to the last call before it, and one
    whose id no call has to the last that has no id.
    """
    by_id: dict[str | None, float] = {}
    last = inf
    found = []
    for number, place in enumerate(places):
        for id in place.calls:
            by_id[id] = last = number
        called = [last if id is None else by_id.get(id, by_id.get(None, inf)) for id in place.results]
        found.append(min(called, default=inf))
    return found
