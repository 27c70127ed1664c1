"""Blocking calls off the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

__all__ = ["in_thread"]

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """``call()`` in a daemon thread: a hanging one must not keep the interpreter alive as an executor's would."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(answer: Callable[[], None]) -> None:
        if not future.done():
            answer()

    def work() -> None:
        try:
            result = call()
        except BaseException as exc:
            error = exc if not isinstance(exc, StopIteration) else RuntimeError("StopIteration")  # no future takes it
            answer = lambda: future.set_exception(error)  # noqa: E731  # one name for either end
        else:
            answer = lambda: future.set_result(result)  # noqa: E731
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, answer)

    threading.Thread(target=work, name="streamkit call", daemon=True).start()
    return await future
