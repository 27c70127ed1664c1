"""Failures of runs that nobody has been told of: they are logged as soon as nobody can ask for them any more.

A run is asked with `result`, `await`, a loop to its end, or the end of a ``with``. What it failed with is told here if
nobody has asked by the time that its `Run` is gone, that the background loop is shut down, or that the interpreter
exits. What is kept for the exit is a weak reference, so it keeps no run alive. Who leaves a loop over a run has asked
for no more: then the stream's own error is no news, though the failures of sinks still are.
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
    """What one run has to tell. From any thread; no lock, as `leave` may be called by the garbage collector amid
    anything: each of two steps is made first and then looked for in the other."""

    __slots__ = ("__weakref__", "_besides", "_errors", "_left", "_me", "_what", "enough", "heard", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.heard = False
        """Somebody was raised the error."""
        self.enough = False
        """Somebody has left a loop over the run, and so asked for no more."""
        self._errors: list[BaseException] = []
        self._besides: list[BaseException] = []
        self._what = ""
        self._left = False
        self._me = ref(self, _kept.discard)
        hash(self._me)  # a reference that is asked for its hash when this is gone raises, unless it was asked before

    @property
    def _untold(self) -> list[BaseException]:
        return self._besides if self.enough else self._errors

    def come(self, errors: Iterable[BaseException], besides: Iterable[BaseException], what: str) -> None:
        """The run has ended with ``errors``; ``besides`` is what to tell if the stream's own error is no news. ``what``
        is the sentence that each is told with."""
        self._what = what
        if self.heard:
            return
        self._besides.extend(besides)
        self._errors.extend(errors)
        if not self._errors:
            return
        _kept.add(self._me)
        if self._left:
            self.log()

    def hear(self) -> None:
        """The error is about to be raised to somebody."""
        self.heard = True
        self._forget()

    def stay(self) -> None:
        """Somebody can ask again."""
        self._left = False

    def leave(self) -> None:
        """Nobody can ask any more."""
        self._left = True
        if self._untold and not sys.is_finalizing():  # what is left then was told at the exit
            self._tell_soon()

    def _tell_soon(self) -> None:
        """Not here: the garbage collector may be calling amid the program's own logging, which holds locks then."""
        _due.add(self)
        if self.loop.is_running():
            with suppress(RuntimeError):  # closed just now
                self.loop.call_soon_threadsafe(self.log)
                return
        self.log()

    def log(self) -> None:
        errors = self._untold
        while errors:
            try:
                error = errors.pop(0)
            except IndexError:  # somebody else was faster
                break
            report(error, self._what)
        self._forget()

    def _forget(self) -> None:
        self._errors.clear()
        self._besides.clear()
        _kept.discard(self._me)
        _due.discard(self)


_kept: set[ref[UnreportedErrors]] = set()
"""Those with something to tell."""
_due: set[UnreportedErrors] = set()
"""Those that are to be told by their loop, kept in case that it stops before it does."""


def log_unreported(*, closed: bool = False) -> None:
    """Whatever nobody has been told of; only of runs whose loop is ``closed``, if that is asked for."""
    for one in tuple(_kept):
        news = one()
        if news is not None and (news.loop.is_closed() or not closed):
            news.log()


def forget_unreported() -> None:
    """In the child of a fork: what there is to tell is the parent's."""
    for one in tuple(_kept):
        news = one()
        if news is not None:
            news.hear()


atexit.register(log_unreported)  # for runs in threads that the exit waits for, which end after our own hook
