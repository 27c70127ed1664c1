"""Failures: exceptions made into errors of this package, their tracebacks, and the log of those without a caller."""

from .reporting import (
    LOGGER,
    ShutdownError,
    as_raised,
    failure_of,
    own_error,
    report,
    same_failure,
    slow_callable,
    with_notes,
)
from .tracebacks import LIBRARIES, trim, trimming, without_libraries
from .unreported import UnreportedErrors, forget_unreported, log_unreported

__all__ = [
    "LIBRARIES",
    "LOGGER",
    "ShutdownError",
    "UnreportedErrors",
    "as_raised",
    "failure_of",
    "forget_unreported",
    "log_unreported",
    "own_error",
    "report",
    "same_failure",
    "slow_callable",
    "trim",
    "trimming",
    "with_notes",
    "without_libraries",
]
