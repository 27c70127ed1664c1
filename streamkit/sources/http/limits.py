"""The limits of a reply, in time and size, and the policy of further requests after a failure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ...checks import check_flag, check_number, check_whole, keep_number
from ...errors import StatusError, StreamkitError

__all__ = ["CLOCKS", "Limits", "Retry", "mark_given_up", "requests_of"]

MIB = 2**20
CLOCKS = {
    "connect": "not connected",
    "first_byte": "no answer",
    "byte_idle": "silence",
    "event_idle": "nothing but keep-alives",
    "total": "the reply was not complete",
}
"""The clocks, each with the text of the error that is raised when it has run out."""

E = TypeVar("E", bound=StreamkitError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Clocks in seconds and sizes in bytes; None switches one off. All are finite by default.

    ==============  =========================================================  ====================
    clock           from, to                                                   error
    ==============  =========================================================  ====================
    ``connect``     request asked, connected (DNS and TLS included)            `ConnectError`
    ``first_byte``  request sent, first byte of the body                       `StalledError`
    ``byte_idle``   last byte of the body (comments count)                     `StalledError`
    ``event_idle``  last content; comments, empty deltas, usage do not count   `StalledError`
    ``total``       subscribed, ended: all attempts and waits                  `StalledError`
    ==============  =========================================================  ====================

    ``byte_idle`` and ``event_idle`` stand still while a slow sink holds the source. ``first_byte`` is long because a
    model that thinks, or reads a long prompt on a local machine, is silent for minutes. Sizes raise `TooLargeError`:
    ``event_bytes`` of one event, ``reply_bytes`` of the whole text; of an error's body ``error_body_bytes`` are read.

    A `Reply` gathers all its text, so it grows with the reply. With ``keep_text=False`` it does not: the text (with
    thoughts, refusal and log probabilities) is in the events only. Operators downstream do not gather it either, except
    for what they have to emit (`ops.json_values`, prefilling `ops.continue_with`). The parser of the Responses API
    still gathers it: that API repeats every text at its end, so what has already been sent must be known by then.
    """

    connect: float | None = 10.0
    first_byte: float | None = 300.0
    byte_idle: float | None = 60.0
    event_idle: float | None = 600.0
    total: float | None = 3600.0
    event_bytes: int | None = 16 * MIB
    error_body_bytes: int = 64 * 1024
    reply_bytes: int | None = 256 * MIB
    keep_text: bool = True

    def __post_init__(self) -> None:
        check_flag("Limits.keep_text", self.keep_text)
        for name in CLOCKS:
            keep_number(self, name, check_number, optional=True, what="a number of seconds")
        keep_number(self, "error_body_bytes", check_whole)
        for name in ("event_bytes", "reply_bytes"):
            keep_number(self, name, check_whole, optional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The policy of further requests after the first, made before the first content only: at most ``attempts``.

    Waits grow from ``first`` to ``longest`` seconds, each shortened by up to ``jitter`` (a share) at random. A server's
    Retry-After is obeyed up to ``retry_after`` seconds; if it asks for more, the error is raised at once.

    Note: a `Client` does not ask again after silence (`StalledError`), as the server may still be at work on the first
    request, and charge for both; `ops.retry_unstarted` and `ops.continue_with` do.
    """

    attempts: int = 2
    first: float = 0.5
    longest: float = 8.0
    jitter: float = 0.25
    retry_after: float = 60.0

    def __post_init__(self) -> None:
        keep_number(self, "attempts", check_whole, low=0, infinite=True)
        for name in ("first", "jitter", "longest", "retry_after"):
            keep_number(self, name, check_number, above=False, infinite=name in ("longest", "retry_after"))
        if self.jitter > 1:
            raise ValueError(f"Retry.jitter is a share, from 0 to 1, not {self.jitter!r}")

    def wait(self, made: int, error: StreamkitError, rand: Callable[[], float] = random.random) -> float | None:
        """Seconds to wait before the next request after ``made`` requests; None if there is to be no further one."""
        if not error.retryable or error.given_up or made > self.attempts:
            return None
        requested = error.retry_after if isinstance(error, StatusError) else None
        if requested is not None:
            return requested if requested <= self.retry_after else None
        wait = min(self.first * 2.0 ** min(made - 1, 99), self.longest)
        return float(wait * (1 - self.jitter * rand()))


def mark_given_up(error: E, policy: Retry) -> E:
    """``error`` as it is raised by a policy that makes no further request. It is marked as given up, so that no outer
    policy makes one either; it is not marked if this policy has no attempts at all, or the error is not retryable."""
    return error.as_given_up() if error.retryable and policy.attempts else error


def requests_of(error: StreamkitError) -> int:
    """The number of requests made for the question that failed. Each round of a tool loop asks a question of its own,
    so one request for each earlier round is not counted."""
    return max(1, error.partial.attempts - error.partial.rounds + 1)
