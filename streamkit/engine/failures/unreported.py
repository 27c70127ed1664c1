"""Errors of runs that were not raised to any caller: they are logged as soon as no caller can ask for them any more.

A caller asks a run with `result`, `await`, a loop to its end, or the end of a ``with``. If no caller has done so by the
time that the `Run` object is collected, that the background loop is shut down, or that the interpreter exits, the
errors of the run are logged here. What is kept for the exit is a weak reference, so it keeps no run alive. A caller
that leaves a loop over a run early asks for nothing more: then the stream's own error is not logged, though the
failures of sinks still are.
"""

from __future__ import annotations

import asyncio
import atexit
import sys
from collections.abc import Iterable
from contextlib import suppress
from weakref import ref

from .reporting import report

__all__ = ["UnreportedErrors", "forget_unreported", "log_unreported"]


class UnreportedErrors:
    """The errors of one run that were not raised yet. Made with the run's result; may be called from any thread.

    There is no lock, because the garbage collector may call `mark_unreachable` in the middle of any other method.
    Instead `add` and `mark_unreachable` each set their own state first and then check that of the other.
    """

    __slots__ = (
        *("__weakref__", "_errors", "_is_unreachable", "_message", "_ref", "_side_errors"),
        *("iteration_left", "loop", "was_raised"),
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.was_raised = False
        """True once the error was raised to a caller."""
        self.iteration_left = False
        """True once a caller has left a loop over the run, and so asks for nothing more."""
        self._errors: list[BaseException] = []
        self._side_errors: list[BaseException] = []
        self._message = ""
        self._is_unreachable = False
        self._ref: ref[UnreportedErrors] | None = None

    @property
    def _open_errors(self) -> list[BaseException]:
        return self._side_errors if self.iteration_left else self._errors

    def add(self, errors: Iterable[BaseException], side_errors: Iterable[BaseException], message: str) -> None:
        """Take the ``errors`` that the run has ended with; ``side_errors`` are those to log if the stream's own error
        is not to be logged. ``message`` is the sentence that each is logged with."""
        self._message = message
        if self.was_raised:
            return
        self._side_errors.extend(side_errors)
        self._errors.extend(errors)
        if not self._errors:
            return
        self._ref = ref(self, _with_errors.discard)
        _with_errors.add(self._ref)
        if self._is_unreachable:
            self.log()

    def mark_raised(self) -> None:
        """Note that the error is about to be raised to a caller."""
        self.was_raised = True
        self._forget()

    def mark_reachable(self) -> None:
        """Note that a `Run` object exists again, so that a caller can ask."""
        self._is_unreachable = False

    def mark_unreachable(self) -> None:
        """Note that the `Run` object is gone, so that no caller can ask any more."""
        self._is_unreachable = True
        if self._open_errors and not sys.is_finalizing():  # at the exit they were logged already
            self._log_soon()

    def _log_soon(self) -> None:
        """Log on the loop, not here: the garbage collector may have called in the middle of the program's own logging,
        which holds locks then."""
        _scheduled.add(self)
        if self.loop.is_running():
            with suppress(RuntimeError):  # the loop was closed just now
                self.loop.call_soon_threadsafe(self.log)
                return
        self.log()

    def log(self) -> None:
        errors = self._open_errors
        while errors:
            try:
                error = errors.pop(0)
            except IndexError:  # another thread was faster
                break
            report(error, self._message)
        self._forget()

    def _forget(self) -> None:
        self._errors.clear()
        self._side_errors.clear()
        if self._ref is not None:
            _with_errors.discard(self._ref)
        _scheduled.discard(self)


_with_errors: set[ref[UnreportedErrors]] = set()
"""References to the objects that hold errors."""
_scheduled: set[UnreportedErrors] = set()
"""Objects whose loop is about to log them; a strong reference, in case the loop stops before it does."""


def log_unreported(*, closed: bool = False) -> None:
    """Log all errors that were not raised to a caller; with ``closed`` only those of runs whose loop is closed."""
    for one in tuple(_with_errors):
        errors = one()
        if errors is not None and (errors.loop.is_closed() or not closed):
            errors.log()


def forget_unreported() -> None:
    """Drop everything, in the child of a fork: the parent logs these errors."""
    for one in tuple(_with_errors):
        errors = one()
        if errors is not None:
            errors.mark_raised()


atexit.register(log_unreported)  # for runs in threads that the exit waits for, which end after the hook of `loop`
