"""Where and when a chain is set up: on the loop that will serve it, and before ``subscribe`` returns."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import reactivex as rx
from reactivex import Observable, abc, operators as rxo
from reactivex.subject import Subject

import streamkit as sk


def subscribing_thread() -> tuple[sk.Stream[int], list[str]]:
    names: list[str] = []

    def subscribe(observer: abc.ObserverBase[int], scheduler: Any = None) -> abc.DisposableBase:
        names.append(threading.current_thread().name)
        return rx.just(1).subscribe(observer, scheduler=scheduler)

    return sk.stream(Observable(subscribe)), names


def test_a_chain_is_set_up_on_the_loop_that_serves_it():
    """Subscribed to from another thread, ``concat`` now and then loses its second source."""
    stream, names = subscribing_thread()
    assert list(stream) == [1]
    done = threading.Event()
    stream.subscribe(on_completed=done.set)
    assert done.wait(5)
    assert names == ["streamkit", "streamkit"]


def test_nothing_is_lost_between_subscribing_and_the_first_item():
    for _ in range(50):
        assert list(sk.stream(rx.concat(rx.just(1), rx.just(2).pipe(rxo.delay(0.001))))) == [1, 2]


def test_a_subject_is_heard_as_soon_as_subscribe_returns():
    subject: Subject[int] = Subject()
    heard: list[int] = []
    done = threading.Event()
    sk.stream(subject).pipe(rxo.map(lambda x: x * 2)).subscribe(heard.append, on_completed=done.set)
    subject.on_next(1)
    subject.on_completed()
    assert done.wait(5)
    assert heard == [2]


def test_what_subscribing_raises_reaches_the_caller():
    def refuse(observer: Any, scheduler: Any = None) -> abc.DisposableBase:
        raise ValueError("not today")

    with pytest.raises(ValueError, match="not today"):
        list(sk.stream(Observable(refuse)))
