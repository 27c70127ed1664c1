"""Errors and warnings that have no caller to be raised to: each is logged once, never swallowed.

They go to the logger ``streamkit``. Python prints its records on stderr if the program has not configured logging.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterable
from contextlib import suppress

from ...errors import BrokenError, SinkError, StreamkitError
from ...wording import described, one_line
from .tracebacks import without_libraries

__all__ = [
    "LOGGER",
    "ShutdownError",
    "as_raised",
    "failure_of",
    "own_error",
    "report",
    "same_failure",
    "slow_callable",
    "with_notes",
]

LOGGER = logging.getLogger("streamkit")
LIKE_AN_END = (StopIteration, StopAsyncIteration, asyncio.CancelledError, GeneratorExit)
"""Exceptions that would look like the normal end of an iteration or a task if they were raised again."""


class ShutdownError(BrokenError):
    """The loop went away under a subscription, by `sk.shutdown`, the end of ``asyncio.run`` or of the interpreter."""

    outcome = "cancelled"


def report(error: BaseException, what: str = "an error could not be raised to any caller:") -> None:
    """Log ``error`` with its traceback, after the sentence ``what``. The shutdown of a loop is not logged: the program
    that shut it down knows."""
    if _is_of_a_shutdown(error):
        return
    traceback = error.__traceback__
    if isinstance(error, StreamkitError):  # its message says what went wrong
        traceback = without_libraries(traceback)
    try:
        LOGGER.error("%s", one_line(what), exc_info=(type(error), error, traceback))
    except Exception as exc:  # raised by the program's own logging, which must not end anything here
        sys.excepthook(type(error), error, traceback)
        sys.excepthook(type(exc), exc, exc.__traceback__)


def _is_of_a_shutdown(error: BaseException) -> bool:
    """True for a `ShutdownError`, and for a SinkError that was made from one."""
    one: BaseException | None = error
    while isinstance(one, SinkError):
        one = one.__cause__
    return isinstance(one, ShutdownError)


def failure_of(what: str, exc: BaseException) -> Exception | None:
    """``exc`` as the failure of ``what``, which raised it. None for KeyboardInterrupt, SystemExit and the like: these
    are not a failure of anything, but meant for the caller."""
    if isinstance(exc, LIKE_AN_END):
        return SinkError.wrapping(f"{what} raised", exc)
    return exc if isinstance(exc, Exception) else None


def as_raised(what: str, exc: BaseException) -> BaseException:
    """``exc`` or its `failure_of`, in a form that can be raised again without being mistaken for something else."""
    failure = failure_of(what, exc)
    return exc if failure is None else failure


def own_error(what: str, exc: BaseException) -> StreamkitError:
    """``exc`` itself if it is an error of this package, else a SinkError that says ``what`` raised it."""
    return exc if isinstance(exc, StreamkitError) else SinkError.wrapping(f"{what} raised", exc)


def same_failure(one: BaseException | None, other: BaseException | None) -> bool:
    return one is other or (isinstance(one, StreamkitError) and one.is_same(other))


def with_notes(error: BaseException, others: Iterable[Exception]) -> None:
    """Add a note to ``error`` for each of the other errors, because only one error can be raised."""
    for other in others:
        with suppress(Exception):  # a class of exceptions may forbid to set attributes
            error.add_note(f"and beside it: {described(other)}")


def slow_callable(name: str, seconds: float) -> None:
    """Warn of a sink called in place that keeps everything else waiting."""
    LOGGER.warning(
        "sink %s blocks: %.2f s over one item, while everything else waits; "
        "make it async, or wrap it in sinks.threaded()",
        name,
        seconds,
    )
