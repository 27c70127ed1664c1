"""What the package reports: the errors that come to the logger ``streamkit``."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamkit as sk
from streamkit.engine.loops import background, runs_here
from streamkit.engine.upstream import at_work

__all__ = ["Reports", "caught_up", "ended", "reported"]


class Reports(logging.Handler):
    """``errors``, ``messages`` and ``texts`` (with tracebacks) in the order in which they came; ``came`` is set by the
    first. What the background loop is about to report is waited for."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._errors: list[BaseException] = []
        self._messages: list[str] = []
        self._texts: list[str] = []
        self.came = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        error: Any = record.exc_info[1] if record.exc_info else None
        self._errors.append(error)
        self._messages.append(record.getMessage())
        self._texts.append(self.format(record))
        self.came.set()

    @property
    def errors(self) -> list[BaseException]:
        caught_up()
        return self._errors

    @property
    def messages(self) -> list[str]:
        caught_up()
        return self._messages

    @property
    def texts(self) -> list[str]:
        caught_up()
        return self._texts


def caught_up() -> None:
    """The background loop, if there is one, has done all that it was asked for until now."""
    if not any(thread.name == "streamkit" for thread in threading.enumerate()) or runs_here(background()):
        return
    done = threading.Event()
    background().call_soon_threadsafe(done.set)
    assert done.wait(5)


def ended(run: sk.Run[Any]) -> sk.Run[Any]:
    """``run``, which is served by the background loop, once it is over; its result is not asked for."""
    while run.id in at_work:
        caught_up()
    caught_up()
    return run


@contextmanager
def reported(level: int = logging.ERROR) -> Iterator[Reports]:
    """All that is reported within, from ``level`` on; it goes nowhere else."""
    logger, reports = logging.getLogger("streamkit"), Reports(level)
    logger.addHandler(reports)
    logger.propagate = False
    try:
        yield reports
    finally:
        logger.propagate = True
        logger.removeHandler(reports)
