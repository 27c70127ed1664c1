"""Blocking calls off the loop, in a thread that never keeps the interpreter from its exit."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

from . import patience
from .errors import SinkError
from .events import Reply
from .runtimes import refuse_gevent

__all__ = ["Worker", "closing_limit", "in_thread"]

T = TypeVar("T")

MISLEADING = (StopIteration, GeneratorExit, asyncio.CancelledError, concurrent.futures.CancelledError)
"""Exceptions that would mean something else to the code that waits for the call."""

Call: TypeAlias = tuple["concurrent.futures.Future[Any]", Callable[..., Any], tuple[Any, ...]]


def closing_limit(reply: Reply) -> float | None:
    """Seconds that a sink has to close, None for as long as it takes."""
    return patience.CANCELLED_CLOSE if reply.outcome == "cancelled" else None


class Worker(concurrent.futures.Executor):
    """One thread, started by the first call, that makes calls in their order until `leave` or `end`.

    The thread is a daemon, unlike those of a ThreadPoolExecutor: a call that never returns must not keep the
    interpreter alive. The class is an executor nevertheless, because event loops (the one with virtual time too) know
    how to wait for executors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Call | None] | None = None
        self._latest: concurrent.futures.Future[Any] | None = None
        self._thread: threading.Thread | None = None
        self._dismiss: Callable[[], object]  # once there is a thread

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        if kwargs:
            raise TypeError("only positional arguments")
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._queue().put((future, fn, args))
        self._latest = future
        return future

    def call(self, fn: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Call ``fn`` in the thread when its turn has come, for its result. If cancelled earlier, it is not called."""
        return asyncio.get_running_loop().run_in_executor(self, fn, *args)

    def leave(self) -> None:
        """Let the thread end, after the calls that were submitted; nothing waits for it."""
        if self._calls is not None:
            self._dismiss()
            self._calls = self._latest = None

    async def end(self, fn: Callable[..., Any], *args: Any, limit: float | None) -> Any:
        """Make the last call, and return its result when the thread has ended. SinkError after ``limit`` seconds, at
        most 4 if a call that was given up still occupies the thread; the calls that are left are made as soon as that
        one returns."""
        if self._latest is not None and not self._latest.done():
            limit = patience.CANCELLED_CLOSE if limit is None else min(limit, patience.CANCELLED_CLOSE)
        last, all_done, thread = self.submit(fn, *args), self.call(_nothing), self._thread
        self.leave()
        try:
            await asyncio.wait([all_done], timeout=limit)
        finally:
            all_done.cancel()  # the last call itself is made in any case
        if not last.done():
            raise SinkError(f"the thread of sink {self._name} is still in a call after {limit:g} s: left behind")
        if thread is not None:
            thread.join()
        return last.result()

    def _queue(self) -> SimpleQueue[Call | None]:
        if self._calls is None:
            if self._thread is not None and self._thread.is_alive():
                raise SinkError(f"sink {self._name} cannot be used again: its thread is still in a call")
            refuse_gevent()
            self._calls = SimpleQueue()
            self._dismiss = weakref.finalize(self, self._calls.put, None)  # if neither `leave` nor `end` does it
            self._thread = threading.Thread(
                target=_serve, args=(self._calls,), name=f"streamkit {self._name}", daemon=True
            )
            self._thread.start()
        return self._calls


async def in_thread(call: Callable[[], T], unwanted: Callable[[T], object] | None = None) -> T:
    """The result of ``call()``, made in a thread with the context variables of the caller.

    If the caller is cancelled, ``unwanted`` is called with the result, in the same thread.
    """
    worker, context, results = Worker("call"), contextvars.copy_context(), list[T]()

    def work() -> T:
        results.append(context.run(call))
        return results[0]

    def drop() -> None:
        with suppress(Exception):  # there is no caller left to report it to
            for result in results:
                if unwanted is not None:
                    unwanted(result)

    try:
        return await worker.call(work)  # type: ignore[no-any-return]
    except asyncio.CancelledError:
        worker.submit(drop)
        raise
    finally:
        worker.leave()


def _serve(calls: SimpleQueue[Call | None]) -> None:
    while call := calls.get():
        _make(*call)
        del call  # while it waits, the thread keeps nothing alive


def _make(future: concurrent.futures.Future[Any], fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = fn(*args)
    except MISLEADING as exc:
        error = RuntimeError(f"{type(exc).__name__} was raised in a thread")
        error.__cause__ = exc
        future.set_exception(error)
    except BaseException as exc:
        future.set_exception(exc)
    else:
        future.set_result(result)


def _nothing() -> None: ...
