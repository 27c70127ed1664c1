"""Functions that are async or have a yield, and answers that nothing will await. What has to be awaited is what
`inspect.isawaitable` says, everywhere."""

from __future__ import annotations

from inspect import (
    CORO_CREATED,
    getcoroutinestate,
    isasyncgenfunction,
    iscoroutine,
    iscoroutinefunction,
    isgeneratorfunction,
)
from typing import Any

__all__ = ["close_unused", "has_yield", "is_async", "never_began"]


def is_async(function: Any) -> bool:
    """True for a coroutine function, a partial of one, and an object whose ``__call__`` is one."""
    return iscoroutinefunction(function) or iscoroutinefunction(_call_of(function))


def has_yield(function: Any) -> bool:
    """True if a call only makes a generator, an async one too, and so does nothing yet."""
    functions = function, _call_of(function)
    return any(isgeneratorfunction(one) or isasyncgenfunction(one) for one in functions)


def never_began(answer: Any) -> bool:
    """True for a coroutine of which nothing has run."""
    return iscoroutine(answer) and getcoroutinestate(answer) == CORO_CREATED


def close_unused(answer: Any) -> None:
    """Close ``answer`` if it can be closed: a coroutine that nothing awaits would warn of that."""
    close = getattr(answer, "close", None)
    if callable(close):
        close()


def _call_of(function: Any) -> Any:
    return type(function).__call__ if callable(function) else None
