"""The end of a stream; at the far end of a chain it comes once, whatever the operators in between do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactivex import abc

from ..failures import as_raised

__all__ = ["FirstEnd", "pass_end"]


def pass_end(observer: abc.ObserverBase[Any], error: Exception | None) -> None:
    if error is None:
        observer.on_completed()
    else:
        observer.on_error(error)


class FirstEnd:
    """Passes on the first end only, on the thread that it is called on; after that it is ``ended``.

    The chain calls it; code that finds that an operator did not pass an error on calls `error` directly. ``late`` is
    called with an error that comes after the end, from an operator that raised while it handled the end.
    """

    __slots__ = ("_completed", "_error", "_late", "ended")

    def __init__(
        self,
        on_error: Callable[[Any], None],
        on_completed: Callable[[], None],
        late: Callable[[BaseException], None],
    ) -> None:
        self.ended = False
        self._error, self._completed, self._late = on_error, on_completed, late

    def error(self, error: BaseException) -> None:
        error = as_raised("an operator", error)
        if self.ended:
            self._late(error)
        else:
            self.ended = True
            self._error(error)

    def completed(self) -> None:
        if not self.ended:
            self.ended = True
            self._completed()
