"""Sources are subscribed to directly: what comes is what came through the observer that Rx puts in front of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import reactivex as rx
from hypothesis import given, settings, strategies as st

import streamkit as sk

PIECES = [b'data: {"choices":[{"index":0,"delta":{"content":"%d "}}]}\n\n' % number for number in range(4)]
ENDINGS = {"whole": b"data: [DONE]\n\n", "cut": b"", "broken": b"data: {\n\n"}


def source(count: int, ending: str) -> sk.ReplyStream:
    async def body() -> AsyncIterator[bytes]:
        for piece in (*PIECES[:count], ENDINGS[ending]):
            yield piece
            await asyncio.sleep(0)

    return sk.from_bytes(body)


class Recorder:
    """Notes each signal, and at one of them raises or disposes the subscription."""

    def __init__(self, at: int, act: str) -> None:
        self.signals: list[Any] = []
        self.subscription: Any = None
        self._at, self._act = at, act

    def on_next(self, item: Any) -> None:
        self._note(type(item).__name__)

    def on_error(self, error: Exception) -> None:
        self._note(type(error).__name__)

    def on_completed(self) -> None:
        self._note("completed")

    def _note(self, signal: str) -> None:
        self.signals.append(signal)
        if len(self.signals) == self._at and self._act == "dispose":
            self.subscription.dispose()
        elif len(self.signals) == self._at and self._act == "raise":
            raise ValueError("from the observer")


def signals(subscribe: Callable[..., Any], stream: sk.ReplyStream, recorder: Recorder, whole: bool) -> list[Any]:
    async def play() -> None:
        callbacks = [recorder] if whole else [recorder.on_next, recorder.on_error, recorder.on_completed]
        recorder.subscription = subscribe(stream.source, *callbacks)
        for _ in range(40):
            await asyncio.sleep(0)
        recorder.subscription.dispose()

    asyncio.run(play())
    return recorder.signals


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 4),
    ending=st.sampled_from(sorted(ENDINGS)),
    at=st.integers(1, 7),
    act=st.sampled_from(["nothing", "dispose", "raise"]),
    whole=st.booleans(),
)
def test_signals_are_those_through_a_detaching_observer(
    count: int, ending: str, at: int, act: str, whole: bool
) -> None:
    def directly(stream: Any, *callbacks: Any) -> Any:
        return stream.subscribe(*callbacks)

    def through_rx(stream: Any, *callbacks: Any) -> Any:
        return rx.Observable.subscribe(stream, *callbacks)

    direct = signals(directly, source(count, ending), Recorder(at, act), whole)
    assert direct == signals(through_rx, source(count, ending), Recorder(at, act), whole)


def test_a_subscription_without_callbacks_reads_to_the_end() -> None:
    async def play() -> None:
        sk.from_bytes([*PIECES[:1], ENDINGS["whole"]]).source.subscribe()
        for _ in range(20):
            await asyncio.sleep(0)

    asyncio.run(play())


def test_an_error_while_subscribing_goes_to_on_error() -> None:
    class Odd:
        @property
        def _loop(self) -> None:
            raise ValueError("no loop here")

    odd: Any = Odd()
    errors: list[Exception] = []
    stream = sk.from_bytes(PIECES)
    stream.source.subscribe(on_error=errors.append, scheduler=odd)
    assert [str(error) for error in errors] == ["no loop here"]
    with pytest.raises(ValueError, match="no loop here"):
        stream.source.subscribe(scheduler=odd)
