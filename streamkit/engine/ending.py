"""The far end of a chain, which hears of every way out once, whatever the operators in between do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..errors import SinkError

__all__ = ["Ending"]

LIKE_AN_END = (StopIteration, StopAsyncIteration, asyncio.CancelledError, GeneratorExit)
"""What would pass for the normal end of an iteration or a task if it were raised again."""


class Ending:
    """Hands on the first end only. Whoever finds that an operator did not pass it on tells `error` directly."""

    __slots__ = ("_completed", "_error", "over")

    def __init__(self, on_error: Callable[[Any], None], on_completed: Callable[[], None] | None) -> None:
        self.over = False
        self._error, self._completed = on_error, on_completed

    def error(self, error: BaseException) -> None:
        if self.over:
            return
        self.over = True
        if isinstance(error, LIKE_AN_END):
            error = SinkError.wrapping("an operator raised", error)
        self._error(error)

    def completed(self) -> None:
        if not self.over:
            self.over = True
            if self._completed is not None:
                self._completed()
