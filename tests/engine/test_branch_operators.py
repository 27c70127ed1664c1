"""Operators of a branch that raise: the message says that it was an operator, and the cause is kept."""

from __future__ import annotations

from typing import Any

import pytest
from reactivex import Observable
from reactivex.disposable import Disposable

import streamkit as sk
from streamkit import sinks, testing


def when_built(source: Observable[Any]) -> Observable[Any]:
    raise KeyError("mine")


def when_subscribed(source: Observable[Any]) -> Observable[Any]:
    def subscribe(observer: Any, scheduler: Any = None) -> Any:
        raise KeyError("mine")

    return Observable(subscribe)


def when_disposed(source: Observable[Any]) -> Observable[Any]:
    def subscribe(observer: Any, scheduler: Any = None) -> Any:
        def dispose() -> None:
            raise KeyError("mine")

        source.subscribe(observer.on_next, observer.on_error, observer.on_completed, scheduler=scheduler)
        return Disposable(dispose)

    return Observable(subscribe)


def at_the_end(source: Observable[Any]) -> Observable[Any]:
    def subscribe(observer: Any, scheduler: Any = None) -> Any:
        def complete() -> None:
            raise KeyError("mine")

        return source.subscribe(observer.on_next, observer.on_error, complete, scheduler=scheduler)

    return Observable(subscribe)


@pytest.mark.parametrize("operator", [when_built, when_subscribed, when_disposed, at_the_end])
def test_an_operator_that_raises_is_not_reported_as_the_sink(operator: Any):
    kept = sinks.memory()
    error = testing.clock().run(testing.script("a"), sk.branch(operator, into=print, name="painter"), kept).error
    assert str(error).startswith(("an operator", "branch painter failed"))
    assert isinstance(error.__cause__, KeyError)
    assert kept.text == "a"


def test_a_sink_that_raises_behind_operators_is():
    def sink(item: Any) -> None:
        raise KeyError("mine")

    error = testing.clock().run(testing.script("a"), sk.branch(sk.ops.text(), into=sink, name="painter")).error
    assert str(error) == "sink painter raised KeyError: 'mine'"
