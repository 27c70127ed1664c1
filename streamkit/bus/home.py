"""Where a bus works: the background loop, for callers on any loop and in any thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..engine.loops import background

__all__ = ["at_home"]

T = TypeVar("T")


class _Home(concurrent.futures.Executor):
    """An executor, because event loops (the one with virtual time too) know how to wait for executors."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        return asyncio.run_coroutine_threadsafe(fn(*args, **kwargs), background())


_home = _Home()


async def at_home(call: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
    """The result of ``await call(*args)`` on the background loop. If the caller is cancelled, so is the call."""
    return await asyncio.get_running_loop().run_in_executor(_home, call, *args)  # type: ignore[arg-type]  # a coroutine
