"""What nobody asked for but should know: errors, printed once and never swallowed, and what holds everything up."""

from __future__ import annotations

import asyncio
import logging
import sys

from ..errors import BrokenError, SinkError

__all__ = ["LIKE_AN_END", "ShutdownError", "as_raised", "failure_of", "report", "slow_callable"]

LIKE_AN_END = (StopIteration, StopAsyncIteration, asyncio.CancelledError, GeneratorExit)
"""What would pass for the normal end of an iteration or a task if it were raised again."""


class ShutdownError(BrokenError):
    """The loop went away under a subscription, by `sk.shutdown`, the end of ``asyncio.run`` or of the interpreter."""

    outcome = "cancelled"


def report(error: BaseException) -> None:
    """Hand ``error`` to `sys.excepthook`, which prints it; a shut down loop is no news to whoever shut it down."""
    if not isinstance(error, ShutdownError):
        sys.excepthook(type(error), error, error.__traceback__)


def failure_of(what: str, exc: BaseException) -> Exception | None:
    """``exc`` as the failure of ``what``, which raised it. None for KeyboardInterrupt, SystemExit and the like: these
    are no failure of anything, but meant for whoever asked."""
    if isinstance(exc, LIKE_AN_END):
        return SinkError.wrapping(f"{what} raised", exc)
    return exc if isinstance(exc, Exception) else None


def as_raised(what: str, exc: BaseException) -> BaseException:
    """``exc``, or `failure_of` it, as it can be raised again without being taken for something else."""
    failure = failure_of(what, exc)
    return exc if failure is None else failure


def slow_callable(name: str, seconds: float) -> None:
    """Warn by way of the logger ``streamkit``, which prints to stderr if the program has no logging of its own."""
    logging.getLogger("streamkit").warning(
        "sink %s blocks: %.2f s over one item, while everything else waits; "
        "make it async, or wrap it in sinks.threaded()",
        name,
        seconds,
    )
