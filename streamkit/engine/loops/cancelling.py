"""Cancellation of tasks: whether it came from outside, and what awaiting something raises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from ...errors import StreamkitError

__all__ = ["CancelOnce", "cancelled_from_outside", "is_cancel", "outcome_of"]


def cancelled_from_outside() -> bool:
    """True if a CancelledError in a task of this package came from outside; False if the awaited object raised it."""
    task = asyncio.current_task()
    return task is not None and bool(task.cancelling())


def is_cancel(exc: BaseException) -> bool:
    """True if ``exc`` is the cancellation of the current task, not a CancelledError raised by user code."""
    return isinstance(exc, asyncio.CancelledError) and cancelled_from_outside()


async def outcome_of(answer: Awaitable[Any]) -> BaseException | None:
    """The exception that awaiting ``answer`` raises, or None. Returned, because a task that raises SystemExit stops the
    loop with everything else on it."""
    try:
        await answer
    except BaseException as exc:
        if is_cancel(exc):
            raise
        return exc
    return None


class CancelOnce:
    """Cancels one task at most once, as a second cancel would interrupt the closing that the first one began."""

    __slots__ = ("_is_cancelled", "_is_deferred", "_is_final", "interruption", "task")

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.interruption: StreamkitError | None = None
        self._is_cancelled = self._is_deferred = self._is_final = False

    def cancel(self) -> None:
        """Cancel for good. A task that is running at this moment is not interrupted: it looks by itself."""
        self._is_final = True
        if self.task is not asyncio.current_task():
            self._cancel()

    def interrupt(self, error: StreamkitError) -> None:
        """Cancel what the task awaits; it gets ``error`` from `interrupted` and may go on."""
        if self.interruption is None:
            self.interruption = error
            self._cancel()

    def interrupted(self) -> StreamkitError | None:
        """For a task that caught CancelledError: the error of `interrupt`, after which it can go on; None if it was
        cancelled for another reason."""
        error, self.interruption = self.interruption, None
        if error is None or self.task is None or self._is_final:
            return None
        self._is_cancelled = False
        self.task.uncancel()
        return error

    def defer(self, deferred: bool) -> None:
        """Postpone cancels, or make up for those that were postponed."""
        self._is_deferred = deferred
        if self._is_final or self.interruption is not None:
            self._cancel()

    def _cancel(self) -> None:
        if self.task is not None and not self._is_cancelled and not self._is_deferred:
            self._is_cancelled = True
            self.task.cancel()
