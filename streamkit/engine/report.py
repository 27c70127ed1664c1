"""Errors that nobody asked for: printed once, never swallowed."""

from __future__ import annotations

import sys

from ..errors import BrokenError

__all__ = ["ShutdownError", "report"]


class ShutdownError(BrokenError):
    """The loop went away under a subscription, by `sk.shutdown`, the end of ``asyncio.run`` or of the interpreter."""

    outcome = "cancelled"


def report(error: BaseException) -> None:
    """Hand ``error`` to `sys.excepthook`, which prints it; a shut down loop is no news to whoever shut it down."""
    if not isinstance(error, ShutdownError):
        sys.excepthook(type(error), error, error.__traceback__)
