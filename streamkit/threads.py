"""One blocking call in a thread, outside the event loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from .worker import Worker

__all__ = ["in_thread"]

T = TypeVar("T")


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
