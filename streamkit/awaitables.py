"""Functions that are async or have a yield, and answers that nothing will await. What has to be awaited is what
`inspect.isawaitable` says, everywhere."""

from __future__ import annotations

import inspect
from types import FunctionType, MethodType
from typing import Any

__all__ = ["close_unused", "has_yield", "is_async", "never_began"]


def is_async(function: Any) -> bool:
    """True for a coroutine function, a partial of one, and an object whose ``__call__`` is one."""
    return any(map(inspect.iscoroutinefunction, _functions_of(function)))


def has_yield(function: Any) -> bool:
    """True if a call only makes a generator, an async one too, and so does nothing yet."""
    if type(function) is FunctionType:  # as `inspect` does it, which would take ten calls
        return bool(function.__code__.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR))
    return any(inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one) for one in _functions_of(function))


def never_began(answer: Any) -> bool:
    """True for a coroutine of which nothing has run."""
    return inspect.iscoroutine(answer) and inspect.getcoroutinestate(answer) == inspect.CORO_CREATED


def close_unused(answer: Any) -> None:
    """Close ``answer`` if it can be closed: a coroutine that nothing awaits would warn of that."""
    close = getattr(answer, "close", None)
    if callable(close):
        close()


def _functions_of(function: Any) -> tuple[Any, ...]:
    """``function`` and, if it is another object that can be called, the function that its call runs."""
    is_object = callable(function) and not isinstance(function, (FunctionType, MethodType))
    return (function, type(function).__call__) if is_object else (function,)
