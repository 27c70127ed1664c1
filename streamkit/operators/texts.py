"""Views: operators that pick text, tool calls or one choice from the events of a reply. All use the first choice;
`choice` picks another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, get_args, overload

from reactivex import Observable, abc

from ..checks import check_whole, quote
from ..engine.streams import Connect, Keeps, Operator, Scheduler, keeping_operator, not_events, operator_of
from ..events import Choice, Event, ReasoningDelta, Reply, TextDelta, ToolCall
from ..stages import Pieces

__all__ = ["choice", "of_type", "reasoning", "text", "tool_calls"]

A = TypeVar("A")
B = TypeVar("B")
Feed = Callable[[Any], None]
EVENTS = frozenset(get_args(Event))


def _view(name: str, make: Callable[[Feed], Feed]) -> Operator[Any, Any]:
    """An operator that only reads items: ``make(emit)`` returns the function that is called with each."""

    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        return source.subscribe(make(observer.on_next), observer.on_error, observer.on_completed, scheduler=scheduler)

    return operator_of(name, connect)


def _of_events(name: str, make: Callable[[Feed], Feed]) -> Connect:
    """The connection of such an operator that does not work on text. A str among the events is left out; if nothing
    but str came, the end is an error that says so."""

    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        feed, events, texts = make(observer.on_next), False, False

        def on_next(item: Any) -> None:
            nonlocal events, texts
            if type(item) is str:
                texts = True
            else:
                events = True
                feed(item)

        def on_completed() -> None:
            if texts and not events:
                observer.on_error(not_events(f"{name}()"))
            else:
                observer.on_completed()

        return source.subscribe(on_next, observer.on_error, on_completed, scheduler=scheduler)

    return connect


def _pieces(kind: type[TextDelta] | type[ReasoningDelta], emit: Callable[[str], None]) -> Feed:
    pieces = Pieces(kind)

    def feed(item: Any) -> None:
        text = pieces.feed(item)
        if text or type(item) is str:
            emit(text)

    return feed


def text() -> Operator[Event | str, str]:
    """Events → the pieces of the answer's text as they come; str passes.

    In a tool loop the text of a further round begins with a paragraph break.

    Note: after a `Restart` come pieces of the new text, and nothing says so; `snapshots` has the text that counts.
    """
    return _view("text", partial(_pieces, TextDelta))


def reasoning() -> Operator[Event, str]:
    """Events → the pieces of the shown reasoning as they come, rounds as in `text`; str passes."""
    return _view("reasoning", partial(_pieces, ReasoningDelta))


def tool_calls() -> Operator[Event, ToolCall]:
    """Events → whole tool calls, each as soon as it is complete."""

    def make(emit: Callable[[ToolCall], None]) -> Feed:
        return lambda item: emit(item) if type(item) is ToolCall and not item.index else None

    return operator_of("tool_calls", _of_events("tool_calls", make))


@overload
def of_type(kind: type[B], /) -> Operator[object, B]: ...
@overload
def of_type(*kinds: type[Any]) -> Operator[Any, Any]: ...
def of_type(*kinds: type[Any]) -> Operator[Any, Any]:
    """Items → those of the given types, unchanged (and typed, unlike ``filter(isinstance)``)."""
    if not kinds:
        raise TypeError("of_type needs at least one type")
    for kind in kinds:
        if not isinstance(kind, type):
            raise TypeError(f"of_type takes types of items, as sk.ToolCall, not {quote(kind)}")

    def make(emit: Callable[[Any], None]) -> Feed:
        return lambda item: emit(item) if isinstance(item, kinds) else None

    of_events = all(kind in EVENTS for kind in kinds)
    return _view("of_type", make).with_kinds("events", "events") if of_events else _view("of_type", make)


def choice(index: int) -> Keeps:
    """Events → those of one choice, as if it were the only one: every other operator then works on it.

    Events that belong to no choice pass; the `Reply` holds that choice alone (an empty one if there was none).
    A str that was made of events before is left out, because its choice is not known any more.
    """

    index = check_whole("index", index, low=0)

    def make(emit: Callable[[Event], None]) -> Feed:
        def feed(event: Any) -> None:
            if isinstance(event, Reply):
                matching = [replace(c, index=0) for c in event.choices if c.index == index]
                emit(replace(event, choices=tuple(matching) or (Choice(),)))
            elif not hasattr(event, "index"):
                emit(event)
            elif event.index == index:
                emit(event if index == 0 and type(event) in EVENTS else replace(event, index=0))

        return feed

    return keeping_operator("choice", _of_events("choice", make))
