"""Cancellation of tasks: whether it came from outside, and what awaiting something raises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

__all__ = ["cancelled_from_outside", "is_cancel", "outcome_of"]


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
