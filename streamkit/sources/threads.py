"""Blocking calls off the loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

__all__ = ["in_thread"]

T = TypeVar("T")


async def in_thread(call: Callable[[], T], unwanted: Callable[[T], object] | None = None) -> T:
    """``call()`` in a daemon thread: a hanging one must not keep the interpreter alive as an executor's would.

    ``unwanted`` gets, in a thread too, what it gave after whoever waited for it was cancelled.
    """
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()
    future: asyncio.Future[T] = loop.create_future()

    def settle(answer: Callable[[], object], drop: Callable[[], object] | None) -> None:
        if not future.done():
            answer()
        elif drop is not None:
            _start(drop)

    def work() -> None:
        answer: Callable[[], object]
        drop: Callable[[], object] | None = None
        try:
            result = context.run(call)
        except BaseException as exc:
            error = exc if not isinstance(exc, StopIteration) else RuntimeError("StopIteration")  # no future takes it
            answer = partial(future.set_exception, error)
        else:
            answer = partial(future.set_result, result)
            drop = partial(unwanted, result) if unwanted is not None else None
        try:
            loop.call_soon_threadsafe(settle, answer, drop)
        except RuntimeError:  # the loop is closed: nobody waits
            if drop is not None:
                drop()

    _start(work)
    return await future


def _start(work: Callable[[], object]) -> None:
    def quietly() -> None:
        with suppress(Exception):  # nobody is left to be told
            work()

    threading.Thread(target=quietly, name="streamkit call", daemon=True).start()
