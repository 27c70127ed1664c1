"""What nobody asked for but should know: errors, logged once and never swallowed, and what holds everything up.

All of it goes to the logger ``streamkit``. Python prints what comes there on stderr if the program has no logging.
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
    "LIKE_AN_END",
    "LOGGER",
    "ShutdownError",
    "as_raised",
    "failure_of",
    "report",
    "same_failure",
    "slow_callable",
    "with_notes",
]

LOGGER = logging.getLogger("streamkit")
LIKE_AN_END = (StopIteration, StopAsyncIteration, asyncio.CancelledError, GeneratorExit)
"""What would pass for the normal end of an iteration or a task if it were raised again."""


class ShutdownError(BrokenError):
    """The loop went away under a subscription, by `sk.shutdown`, the end of ``asyncio.run`` or of the interpreter."""

    outcome = "cancelled"


def report(error: BaseException, what: str = "an error came that could be raised to nobody:") -> None:
    """Log ``error`` with its traceback, after the sentence ``what``. A loop that was shut down is no news to whoever
    shut it down."""
    if _is_of_a_shutdown(error):
        return
    traceback = error.__traceback__
    if isinstance(error, StreamkitError):  # it says by itself what went wrong
        traceback = without_libraries(traceback)
    try:
        LOGGER.error("%s", one_line(what), exc_info=(type(error), error, traceback))
    except Exception as exc:  # of the program's own logging, which must not end what goes on here
        sys.excepthook(type(error), error, traceback)
        sys.excepthook(type(exc), exc, exc.__traceback__)


def _is_of_a_shutdown(error: BaseException) -> bool:
    """Whether it is a `ShutdownError`, or of a sink or branch that was raised one."""
    one: BaseException | None = error
    while isinstance(one, SinkError):
        one = one.__cause__
    return isinstance(one, ShutdownError)


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


def same_failure(one: BaseException | None, other: BaseException | None) -> bool:
    return one is other or (isinstance(one, StreamkitError) and one.is_same(other))


def with_notes(error: BaseException, others: Iterable[Exception]) -> None:
    """Only one error can be raised: it names those that there were besides."""
    for other in others:
        with suppress(Exception):  # a class of exceptions may forbid to set attributes
            error.add_note(f"and beside it: {described(other)}")


def slow_callable(name: str, seconds: float) -> None:
    """Warn of a sink in place that keeps everything else waiting."""
    LOGGER.warning(
        "sink %s blocks: %.2f s over one item, while everything else waits; "
        "make it async, or wrap it in sinks.threaded()",
        name,
        seconds,
    )
