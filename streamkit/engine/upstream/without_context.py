"""Calls whose exceptions must not show the error that is being handled by the caller.

Python makes the error that is being handled the ``__context__`` of every exception raised meanwhile, and prints both.
A function cannot change which errors its callers are handling; but it can handle a further one itself, and then that
one becomes the context.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from reactivex import abc

from ...errors import StreamkitError

__all__ = ["WithoutContext", "call_without_context"]

P = ParamSpec("P")
T = TypeVar("T")


def call_without_context(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``call`` and return its result. An exception that it raises does not get an error that was being handled
    before as its context."""
    if sys.exception() is None:
        return call(*args, **kwargs)
    try:
        raise StreamkitError("an error that is not shown, as it may quote what an operator hides")
    except StreamkitError as stand_in:
        stand_in.__context__ = stand_in.__traceback__ = None
        return call(*args, **kwargs)


class WithoutContext(abc.ObserverBase[Any]):
    """An observer that passes every signal on by `call_without_context`, on the thread it is called on."""

    def __init__(self, observer: abc.ObserverBase[Any]) -> None:
        self._observer = observer

    def on_next(self, value: Any) -> None:
        call_without_context(self._observer.on_next, value)

    def on_error(self, error: Exception) -> None:
        call_without_context(self._observer.on_error, error)

    def on_completed(self) -> None:
        call_without_context(self._observer.on_completed)
