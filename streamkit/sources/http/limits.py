"""How long and how much: the clocks and sizes of a reply, and when a request is made again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ...checks import check_flag, check_number, check_whole, keep_number
from ...errors import StatusError, StreamkitError

__all__ = ["CLOCKS", "Limits", "Retry", "given_up", "requests_of"]

MIB = 2**20
CLOCKS = {
    "connect": "not connected",
    "first_byte": "no answer",
    "byte_idle": "silence",
    "event_idle": "nothing but keep-alives",
    "total": "the reply was not complete",
}
"""Each with what is said when it has run out."""

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

    A `Reply` gathers all its text, which is what grows with a reply; ``keep_text=False`` leaves it (with thoughts,
    refusal and log probabilities) to those who get the events; operators below gather it neither, but for what they
    have to give (`ops.json_values`, prefilling `ops.continue_with`). The Responses API does, as it tells every text
    again at its end: what was said must be known by then.
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
    """Further requests after the first, made before the first content only: ``attempts`` of them at most.

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
        """Seconds to wait before the next request after ``made`` of them, None if there is to be none."""
        if not error.retryable or error.given_up or made > self.attempts:
            return None
        asked = error.retry_after if isinstance(error, StatusError) else None
        if asked is not None:
            return asked if asked <= self.retry_after else None
        wait = min(self.first * 2.0 ** min(made - 1, 99), self.longest)
        return float(wait * (1 - self.jitter * rand()))


def given_up(error: E, policy: Retry) -> E:
    """``error`` as a policy raises it that does not ask again. It is marked as given up, so that no policy around it
    asks either; not so if this policy has no attempts at all, or the error is not retryable."""
    return error.as_given_up() if error.retryable and policy.attempts else error


def requests_of(error: StreamkitError) -> int:
    """How many requests were made for the question that failed. Each round of a tool loop asks a question of its own,
    so one request for each earlier round is not counted."""
    return max(1, error.partial.attempts - error.partial.rounds + 1)
