"""Cancellation of tasks: whether it came from outside, and what awaiting something raises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

__all__ = ["cancelled_from_outside", "is_cancel", "outcome_of"]


def cancelled_from_outside() -> bool:
    """Of a CancelledError in a task of ours: False if what was awaited raised it by itself."""
    task = asyncio.current_task()
    return task is not None and bool(task.cancelling())


def is_cancel(exc: BaseException) -> bool:
    """Whether the task at hand is to end, and ``exc`` says so to it: not a CancelledError that somebody just raised."""
    return isinstance(exc, asyncio.CancelledError) and cancelled_from_outside()


async def outcome_of(answer: Awaitable[Any]) -> BaseException | None:
    """What awaiting ``answer`` raises. Not raised here: a task that raises SystemExit stops the loop of all others."""
    try:
        await answer
    except BaseException as exc:
        if is_cancel(exc):
            raise
        return exc
    return None
