"""What the package reports: the errors that come to the logger ``streamkit``."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Reports", "reported"]


class Reports(logging.Handler):
    """``errors``, ``messages`` and ``texts`` (with tracebacks) in the order in which they came; ``came`` is set by the
    first."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.errors: list[BaseException] = []
        self.messages: list[str] = []
        self.texts: list[str] = []
        self.came = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        error: Any = record.exc_info[1] if record.exc_info else None
        self.errors.append(error)
        self.messages.append(record.getMessage())
        self.texts.append(self.format(record))
        self.came.set()


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
