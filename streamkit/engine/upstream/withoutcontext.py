"""What is called while an error is being handled of which nothing must be told.

Python makes the error that is being handled the context of whatever is raised meanwhile, and prints it with that. Which
errors are being handled is a matter of who called us, and cannot be undone from within; but a further one can be
handled, and then this one is the context.
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
    """What ``call`` gives. What it raises has no error as its context that was being handled already."""
    if sys.exception() is None:
        return call(*args, **kwargs)
    try:
        raise StreamkitError("an error that is not shown, as it may quote what an operator hides")
    except StreamkitError as stand_in:
        stand_in.__context__ = stand_in.__traceback__ = None
        return call(*args, **kwargs)


class WithoutContext(abc.ObserverBase[Any]):
    """Hands on every signal `call_without_context` from what is being handled above."""

    def __init__(self, observer: abc.ObserverBase[Any]) -> None:
        self._observer = observer

    def on_next(self, value: Any) -> None:
        call_without_context(self._observer.on_next, value)

    def on_error(self, error: Exception) -> None:
        call_without_context(self._observer.on_error, error)

    def on_completed(self) -> None:
        call_without_context(self._observer.on_completed)
