"""The type of the function to which `batched` passes its batches, and its check."""

from __future__ import annotations

from inspect import isclass, signature
from typing import Any, Protocol

from ..awaitables import has_yield
from ..checks import quote, quote_refused

__all__ = ["WriteMany", "check_write_many"]

RIGHT = "write def write_many(items, *, key): ..., which may be async"


class WriteMany(Protocol):
    """Passes a batch on; may be async. A batch that comes again has the same items under the same key."""

    def __call__(self, items: list[Any], /, *, key: str) -> Any: ...


def check_write_many(function: Any) -> None:
    """Raise TypeError for an object that cannot be called with a batch and its key, before any items could be lost."""
    if isclass(function) or not callable(function):
        raise TypeError(
            f"write_many is a function that gets a list of items and their key, not {quote_refused(function)}: {RIGHT}"
        )
    name = quote(function)
    if has_yield(function):
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
