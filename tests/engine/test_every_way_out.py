"""Whatever an operator does wrong, whoever waits for the stream hears of it: nobody may wait for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from reactivex import Observable, abc, operators as rxo

import streamkit as sk
from streamkit import operators as ops
from tests.reports import Reports

ERROR = [b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n', b'data: {"error": {"message": "no"}}\n\n']


def operator(**bad: Any) -> Any:
    """Passes everything on, but for the signals named in ``bad``."""

    def lifted(source: Observable[Any]) -> Observable[Any]:
        def subscribe(observer: abc.ObserverBase[Any], scheduler: Any = None) -> abc.DisposableBase:
            names = ("on_next", "on_error", "on_completed")
            return source.subscribe(
                *(bad[name] if name in bad else getattr(observer, name) for name in names), scheduler=scheduler
            )

        return Observable(subscribe)

    return lifted


def raising(error: BaseException) -> Callable[..., Any]:
    def boom(*_: Any) -> None:
        raise error

    return boom


def _run(stream: sk.Stream[Any]) -> Any:
    return sk.run(stream)


def _start(stream: sk.Stream[Any]) -> Any:
    return sk.start(stream).result(5)


def _for(stream: sk.Stream[Any]) -> Any:
    return list(stream)[-1]


def _await(stream: sk.Stream[Any]) -> Any:
    async def main() -> Any:
        async with asyncio.timeout(5):
            return await stream

    return asyncio.run(main())


def _subscribe(stream: sk.Stream[Any]) -> Any:
    over, ends = threading.Event(), []

    def end(error: Any = None) -> None:
        ends.append(error)
        over.set()

    stream.subscribe(lambda _: None, end, end)
    assert over.wait(5)
    (end_,) = ends
    if end_ is not None:
        raise end_


ways = pytest.mark.parametrize("way", [_run, _start, _for, _await, _subscribe])


@ways
@pytest.mark.parametrize("signal", ["on_next", "on_completed"])
def test_an_operator_that_raises(signal: str, way: Callable[[Any], Any]):
    stream = sk.from_text(["a"]).pipe(operator(**{signal: raising(ZeroDivisionError("oops"))}))
    with pytest.raises(sk.SinkError, match="ZeroDivisionError: oops"):
        way(stream)


@ways
@pytest.mark.parametrize("between", [None, ops.map_async(lambda item: _given(item)), ops.attach(lambda item: None)])
def test_an_operator_that_raises_when_told_of_an_error(between: Any, way: Callable[[Any], Any]):
    stream = sk.from_bytes(ERROR)
    broken = operator(on_error=raising(ZeroDivisionError()))
    with pytest.raises(sk.ApiError, match="no") as caught:
        way(stream.pipe(broken) if between is None else stream.pipe(between, broken))
    assert caught.value.partial.text == "a"


async def _given(item: Any) -> Any:
    return item


@ways
@pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration])
def test_an_error_that_would_pass_for_a_normal_end(error: type[Exception], way: Callable[[Any], Any]):
    with pytest.raises(sk.SinkError, match=error.__name__):
        way(sk.from_text(["a"]).pipe(rxo.map(raising(error()))))


@ways
@pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit])
def test_an_error_that_looks_like_being_cancelled(error: type[BaseException], way: Callable[[Any], Any]):
    with pytest.raises(sk.SinkError, match=error.__name__):
        way(sk.from_text(["a"]).pipe(rxo.map(raising(error()))))


@ways
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_meant_for_the_caller_reaches_it(error: type[BaseException], way: Callable[[Any], Any]):
    """And the background thread lives on: it serves everybody."""
    with pytest.raises(error):
        way(sk.from_text(["a"]).pipe(rxo.map(raising(error()))))
    assert sk.start(sk.from_text(["b"])).result(5).text == "b"


class Mine(BaseException):
    """Of the user's own making, and meant for the caller."""


def _raising_later(error: BaseException) -> Callable[..., Any]:
    async def boom(*_: Any) -> None:
        await asyncio.sleep(0)
        raise error

    return boom


def _raising_at_the_second(error: BaseException) -> Callable[..., Any]:
    calls: list[Any] = []

    def fn(item: Any) -> Any:
        calls.append(item)
        if len(calls) > 1:
            raise error
        return _given(item)

    return fn


makes = pytest.mark.parametrize("make", [raising, _raising_later, _raising_at_the_second])


@ways
@makes
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, Mine])
def test_what_a_call_raises_for_the_caller_reaches_it(error: type[BaseException], make: Any, way: Callable[[Any], Any]):
    with pytest.raises(error):
        way(sk.from_text(["a", "b"]).pipe(ops.map_async(make(error()))))
    assert sk.start(sk.from_text(["b"])).result(5).text == "b"


@ways
@makes
@pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit])
def test_a_call_that_looks_cancelled(error: type[BaseException], make: Any, way: Callable[[Any], Any]):
    with pytest.raises(sk.SinkError, match="a call of map_async"):
        way(sk.from_text(["a", "b"]).pipe(ops.map_async(make(error()))))


@ways
@pytest.mark.parametrize("signal", ["on_next", "on_completed"])
@pytest.mark.parametrize(
    ("error", "told"),
    [(ZeroDivisionError("oops"), Exception), (GeneratorExit("oops"), sk.SinkError), (Mine("oops"), Mine)],
)
def test_an_operator_that_raises_below_a_call(error: Any, told: Any, signal: str, way: Callable[[Any], Any]):
    with pytest.raises(told, match="oops"):
        way(sk.from_text(["a"]).pipe(ops.map_async(_given), operator(**{signal: raising(error)})))


def test_ctrl_c_in_a_callback_ends_the_loop_it_was_called_on():
    async def main() -> None:
        sk.from_text(["a"]).subscribe(raising(KeyboardInterrupt()), lambda _: None)
        await asyncio.sleep(10)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())


@pytest.mark.parametrize(
    "broken",
    [operator(on_completed=raising(ZeroDivisionError("oops"))), rxo.finally_action(raising(ZeroDivisionError("oops")))],
)
def test_the_end_of_a_branch_does_not_disturb_its_siblings(broken: Any):
    kept = sk.sinks.memory()
    with pytest.raises(sk.SinkError, match="oops"):
        sk.start(sk.from_text(["a"]), sk.branch(broken, into=lambda _: None), kept).result(5)
    assert kept.text == "a"
    assert kept.reply is not None


def test_without_a_run_and_on_a_foreign_scheduler_it_is_logged(reports: Reports):
    from reactivex.scheduler import NewThreadScheduler

    broken = sk.from_bytes(ERROR).pipe(operator(on_error=raising(ZeroDivisionError())))
    broken.subscribe(lambda _: None, lambda _: None, scheduler=NewThreadScheduler())
    assert reports.came.wait(5)
    assert isinstance(reports.errors[0], sk.ApiError)


@ways
def test_a_source_whose_reply_cannot_be_told(way: Callable[[Any], Any]):
    for pieces in ([b"bytes"], [1]):
        with pytest.raises(sk.BrokenError, match="a piece of text is a str"):
            way(sk.from_text(pieces))  # type: ignore[arg-type]
