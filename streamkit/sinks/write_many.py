"""The type of the function to which `batched` passes its batches, and its check."""

from __future__ import annotations

from inspect import isasyncgenfunction, isclass, iscoroutine, isgeneratorfunction, signature
from typing import Any, Protocol

from ..checks import quote

__all__ = ["WriteMany", "check_write_many"]

RIGHT = "write def write_many(items, *, key): ..., which may be async"


class WriteMany(Protocol):
    """Passes a batch on; may be async. A batch that comes again has the same items under the same key."""

    def __call__(self, items: list[Any], /, *, key: str) -> Any: ...


def check_write_many(function: Any) -> None:
    """Raise TypeError for an object that cannot be called with a batch and its key, before any items could be lost."""
    if iscoroutine(function):
        function.close()  # suppresses the warning that it was never awaited: the error below says more
    if isclass(function) or not callable(function):
        raise TypeError(
            f"write_many is a function that gets a list of items and their key, not {quote(function)}: {RIGHT}"
        )
    name = quote(function)
    functions = function, type(function).__call__  # the latter of an object that can be called
    if any(yields(one) for yields in (isgeneratorfunction, isasyncgenfunction) for one in functions):
        raise TypeError(f"{name} has a yield in it, so calling it would do nothing: {RIGHT}")
    try:
        parameters = signature(function)
    except (TypeError, ValueError):  # some functions written in C have no signature
        return
    try:
        parameters.bind([], key="")
    except TypeError as exc:
        raise TypeError(
            f"write_many is called as write_many(items, key=...), but {name} takes {parameters}: {RIGHT}"
        ) from exc
