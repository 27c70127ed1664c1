"""The background loop as the place where a bus works, for callers on any loop and in any thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, ClassVar, Generic, Never, TypeVar, cast

from ..engine.failures import report
from ..engine.loops import background, running_loop
from ..errors import ConnectError

__all__ = ["Asked", "at_home", "insist"]

T = TypeVar("T")

PAUSES = (0.05, 0.1, 0.2, 0.5)
"""Seconds between attempts to reach the storage; the last one counts for all further attempts."""


class _Home(concurrent.futures.Executor):
    """Runs the coroutine that a function gives. It is an executor, because event loops (the one with virtual time too)
    know how to wait for executors."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        return asyncio.run_coroutine_threadsafe(fn(*args, **kwargs), background())


_home = _Home()


async def at_home(call: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
    """The result of ``await call(*args)`` on the background loop. If the caller is cancelled, so is the call."""
    loop = asyncio.get_running_loop()
    run = cast("Callable[[], T]", lambda: call(*args))  # what `_Home` takes is a function that gives a coroutine
    return await loop.run_in_executor(_home, run)


async def insist(step: Callable[[], Awaitable[T]], seconds: float) -> T:
    """The answer to ``step``, which is tried again while the storage cannot be reached; after so many seconds
    `ConnectError`. It is tried twice at least: a connection that broke while nobody used it is noticed only then."""
    loop = asyncio.get_running_loop()
    end, tries = loop.time() + seconds, 0
    while True:
        try:
            return await step()
        except ConnectError as exc:
            if tries and not seconds:
                raise
            if tries and loop.time() > end:
                raise ConnectError(f"the bus could not be reached for {seconds:g} s: {exc}", retryable=True) from exc
        await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
        tries += 1


class Asked(Generic[T]):
    """A request to a bus, already under way. ``await`` it, or take its `result` where no loop is running. Nobody need
    do either: a failure that nobody asked for is logged."""

    _misplaced: ClassVar[dict[str, str]] = {"stream": ": await it, or take its result()"}
    _is_heard = True

    def __init__(self, call: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> None:
        self._future: concurrent.futures.Future[T] = _home.submit(call, *args)
        self._is_heard = False

    def result(self, timeout: float | None = None) -> T:
        """Block until it is done, for ``timeout`` seconds at most (TimeoutError)."""
        if running_loop() is not None:
            raise RuntimeError("result() would block the running loop: await it instead")
        self._is_heard = True
        return self._future.result(timeout)

    def __bool__(self) -> Never:
        raise TypeError("the answer of a bus is not there yet: await it, or take its result()")

    def __await__(self) -> Generator[Any, None, T]:
        self._is_heard = True
        return at_home(self._done).__await__()

    async def _done(self) -> T:
        return await asyncio.shield(asyncio.wrap_future(self._future))

    def __del__(self) -> None:
        if not self._is_heard:
            self._future.add_done_callback(_report)


def _report(future: concurrent.futures.Future[Any]) -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None:
        report(error, "nobody has asked for the answer of a bus, which failed:")
