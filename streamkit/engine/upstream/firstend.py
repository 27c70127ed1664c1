"""The far end of a chain, which hears of every way out once, whatever the operators in between do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..loops import as_raised

__all__ = ["FirstEnd"]


class FirstEnd:
    """Hands on the first end only. Whoever finds that an operator did not pass it on tells `error` directly.

    ``late`` hears of an error that comes after the end, from an operator that raised while it was told of that.
    """

    __slots__ = ("_completed", "_error", "_late", "over")

    def __init__(
        self,
        on_error: Callable[[Any], None],
        on_completed: Callable[[], None],
        late: Callable[[BaseException], None],
    ) -> None:
        self.over = False
        self._error, self._completed, self._late = on_error, on_completed, late

    def error(self, error: BaseException) -> None:
        error = as_raised("an operator", error)
        if self.over:
            self._late(error)
        else:
            self.over = True
            self._error(error)

    def completed(self) -> None:
        if not self.over:
            self.over = True
            self._completed()
