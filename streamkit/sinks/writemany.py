"""What `batched` passes its batches on with."""

from __future__ import annotations

from inspect import isasyncgenfunction, isclass, iscoroutine, isgeneratorfunction, signature
from typing import Any, Protocol

from ..checks import quote

__all__ = ["WriteMany", "check_write_many"]

RIGHT = "write def write_many(items, *, key): ..., which may be async"


class WriteMany(Protocol):
    """Passes a batch on; may be async. A batch that comes again has the same items under the same key."""

    def __call__(self, items: list[Any], /, *, key: str) -> Any: ...


def check_write_many(given: Any) -> None:
    """TypeError for what cannot be called with a batch and its key, before a reply is asked for that it would lose."""
    if iscoroutine(given):
        given.close()  # it is never awaited now, which is no news beside this
    if isclass(given) or not callable(given):
        raise TypeError(
            f"write_many is a function that gets a list of items and their key, not {quote(given)}: {RIGHT}"
        )
    name = quote(given)
    functions = given, type(given).__call__  # the latter of an object that can be called
    if any(yields(one) for yields in (isgeneratorfunction, isasyncgenfunction) for one in functions):
        raise TypeError(f"{name} has a yield in it, so calling it would do nothing: {RIGHT}")
    try:
        takes = signature(given)
    except (TypeError, ValueError):  # of some that are written in C nobody knows
        return
    try:
        takes.bind([], key="")
    except TypeError as exc:
        raise TypeError(
            f"write_many is called as write_many(items, key=...), but {name} takes {takes}: {RIGHT}"
        ) from exc
