"""One blocking call off the loop."""

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
    """``call()`` in a thread, with the context variables of here.

    ``unwanted`` gets, in the thread too, what it gave after whoever waited for it was cancelled.
    """
    worker, context, made = Worker("call"), contextvars.copy_context(), list[T]()

    def work() -> T:
        made.append(context.run(call))
        return made[0]

    def drop() -> None:
        with suppress(Exception):  # nobody is left to be told
            for result in made:
                if unwanted is not None:
                    unwanted(result)

    try:
        return await worker.call(work)  # type: ignore[no-any-return]
    except asyncio.CancelledError:
        worker.submit(drop)
        raise
    finally:
        worker.leave()
