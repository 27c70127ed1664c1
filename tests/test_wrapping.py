"""Exceptions of code that is not ours, at each place where they become one of our errors."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NoReturn

import httpx
import pytest
import reactivex as rx
from reactivex import Observable, abc, operators as rxo

import streamkit as sk
from streamkit import ops, sinks, testing
from streamkit.engine.failures import own_error
from streamkit.errors import described, said
from streamkit.sources.tools.toolbox import Toolbox


class Silent(Exception):
    """One that cannot even say what it is."""

    def __init__(self, raising: type[BaseException]) -> None:
        super().__init__()
        self.raising = raising

    def __str__(self) -> str:
        raise self.raising


class NoText(Exception):
    def __str__(self) -> Any:
        return 7  # noqa: PLE0307  # which is what it is for


def raising(exc: BaseException) -> Callable[..., NoReturn]:
    def call(*args: Any, **kwargs: Any) -> NoReturn:
        raise exc

    return call


def careless(exc: Exception) -> Callable[[Observable[Any]], Observable[Any]]:
    """An operator that raises at its source instead of telling its observer."""

    def operator(source: Observable[Any]) -> Observable[Any]:
        def subscribe(observer: abc.ObserverBase[Any], scheduler: Any = None) -> abc.DisposableBase:
            return source.subscribe(raising(exc), observer.on_error, observer.on_completed, scheduler=scheduler)

        return Observable(subscribe)

    return operator


def caught(stream: Observable[Any], *branches: Any) -> sk.StreamkitError:
    with pytest.raises(sk.StreamkitError) as failed:
        sk.run(stream, *branches)
    return failed.value


def reply() -> sk.Stream[Any]:
    return testing.script("a")


def in_a_bare_subscribe(exc: Exception) -> Any:
    told: queue.Queue[Exception] = queue.Queue()
    reply().subscribe(raising(exc), told.put)
    return told.get(timeout=5)


def of_the_prompts(exc: Exception) -> Any:
    def prompts() -> Iterator[str]:
        yield "one"
        raise exc

    return caught(sk.batch(prompts(), lambda prompt: reply()))


def of_a_library(exc: Exception) -> Any:
    async def chunks() -> AsyncIterator[Any]:
        yield {"choices": [{"index": 0, "delta": {"content": "a"}}]}
        raise exc

    return caught(sk.from_sdk(chunks()))


def of_a_transport(exc: Exception) -> Any:
    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise exc

    transport = httpx.AsyncClient(transport=Broken())
    with sk.Client("http://127.0.0.1:9/v1", "k", model="m", transport=transport, retry=sk.Retry(attempts=0)) as client:
        return caught(client.chat("hi"))


PLACES: dict[str, Callable[[Exception], Any]] = {
    "a sink": lambda exc: caught(reply(), raising(exc)),
    "a branch": lambda exc: caught(reply(), sk.branch(careless(exc), into=print)),
    "an operator of a branch": lambda exc: caught(reply(), sk.branch(rxo.map(raising(exc)), into=print)),
    "an observer": lambda exc: caught(reply().pipe(careless(exc))),
    "a bare subscribe": in_a_bare_subscribe,
    "a check": lambda exc: caught(reply().pipe(ops.guard(raising(exc)))),
    "a sink of batches": lambda exc: caught(reply(), sinks.batched(raising(exc), retry=())),
    "the prompts": of_the_prompts,
    "a library": of_a_library,
    "a transport": of_a_transport,
}


@pytest.mark.parametrize("place", PLACES)
def test_the_exception_is_the_cause(place: str):
    exc = RuntimeError("what  went\nwrong \x1b[31m")
    error = PLACES[place](exc)
    assert exc in (error.__cause__, error.__cause__.__cause__)  # a sink of batches is a sink, which raised our error
    assert "what went wrong \\x1b[31m" in str(error)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("silent", [Silent(ValueError), NoText()])
def test_an_exception_that_raises_when_it_is_shown_is_known_by_its_class(place: str, silent: Exception):
    error: Any = PLACES[place](silent)
    assert silent in (error.__cause__, error.__cause__.__cause__)
    assert isinstance(error, sk.StreamkitError)
    assert type(silent).__name__ in str(error)


def test_so_it_is_where_all_have_failed():
    error = caught(sk.race(rx.throw(Silent(ValueError)), rx.throw(KeyError("b"))))
    assert str(error).startswith("all 2 failed: Silent; KeyError: 'b'")


def test_so_it_is_in_the_result_of_a_tool():
    tools = Toolbox({"look": raising(Silent(ValueError))})
    assert asyncio.run(tools.call(sk.ToolCall(id="1", name="look", arguments="{}"))).error == "Silent"


@pytest.mark.parametrize("raised", [ValueError, RecursionError, GeneratorExit, asyncio.CancelledError, StopIteration])
def test_what_looks_like_an_end_is_no_end_when_an_exception_is_shown(raised: type[BaseException]):
    assert described(Silent(raised)) == said(Silent(raised)) == "Silent"


def test_what_ends_programs_is_not_held_back():
    with pytest.raises(KeyboardInterrupt):
        described(Silent(KeyboardInterrupt))


def test_an_exception_without_a_text_is_known_by_its_class():
    assert str(sk.SinkError.wrapping("sink x raised", TimeoutError())) == "sink x raised TimeoutError"
    assert str(sk.SinkError.wrapping("sink x raised", KeyError(""))) == "sink x raised KeyError: ''"


def test_an_error_of_ours_is_not_wrapped_where_a_foreign_one_is():
    own, foreign = sk.ApiError("no"), ValueError("odd")
    assert own_error("an operator", own) is own
    wrapped = own_error("an operator", foreign)
    assert (str(wrapped), type(wrapped)) == ("an operator raised ValueError: odd", sk.SinkError)
    assert wrapped.__cause__ is foreign


def test_a_long_text_is_cut():
    error = sk.BrokenError.wrapping("the source failed:", ValueError("x" * 10_000), partial=sk.Reply(id="1"))
    assert str(error) == f"the source failed: ValueError: {'x' * 187}…"
    assert (type(error), error.partial.id, error.partial.outcome) == (sk.BrokenError, "1", "truncated")
