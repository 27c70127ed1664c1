"""The clocks of one reply, on one `Deadline`: a network read costs a clock reading, never a timer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Literal

from ...engine.streams import Reading
from ...engine.upstream import Deadline
from ...errors import ConnectError, StalledError, StreamkitError
from .limits import CLOCKS, Limits

__all__ = ["Clocks"]

Phase = Literal["connect", "first_byte", "body", "pause"]


class Clocks:
    """The clocks of one reading: it is interrupted when a clock of ``limits`` runs out."""

    __slots__ = (
        "_clock",
        "_deadline",
        "_last_byte",
        "_last_content",
        "_limits",
        "_phase",
        "_reading",
        "_since",
        "_started",
        "_time",
        "stop",
    )

    def __init__(self, reading: Reading, limits: Limits) -> None:
        self._reading, self._limits = reading, limits
        self._time, self._clock = reading.loop.time, reading.clock
        self._started = self._since = self._time()
        self._phase: Phase = "pause"
        self._last_byte = self._last_content = 0.0  # by the clock of the reading
        self._deadline = Deadline(reading.loop, self._remaining, self._expire)
        self.stop = self._deadline.stop

    def enter(self, phase: Phase) -> None:
        """Begin a new phase now, and its clock with it."""
        self._phase, self._since = phase, self._time()
        self._last_byte = self._last_content = self._clock.time()
        self._deadline.set()

    def read(self) -> None:
        """Note that bytes of the body have arrived, after the events in them were delivered."""
        now = self._last_byte = self._clock.time()
        if self._reading.has_content:
            self._reading.has_content = False
            self._last_content = now

    async def pause(self, seconds: float) -> None:
        """Wait between two requests; if a clock runs out meanwhile, its error is raised."""
        self.enter("pause")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            error = self._reading.cancelling.interrupted()
            if error is None:
                raise
            raise error from None

    def _remaining(self) -> float | None:
        return min((remaining for _, remaining in self._running()), default=None)

    def _expire(self) -> None:
        name, _ = min(self._running(), key=lambda clock: max(clock[1], 0.0))  # of several overdue ones the first
        self._reading.interrupt(self._error(name))

    def _running(self) -> Iterator[tuple[str, float]]:
        """Each clock that runs in this phase, with the seconds it has left. Idle clocks use the time of the reading."""
        limits, phase = self._limits, self._phase
        now, here = self._time(), self._clock.time()
        if phase == "connect" and limits.connect is not None:
            yield "connect", self._since + limits.connect - now
        if phase == "first_byte" and limits.first_byte is not None:
            yield "first_byte", self._since + limits.first_byte - now
        if phase == "body" and limits.byte_idle is not None:
            # The bytes whose events wait at the gate are noted once these are delivered: all of the limit is left.
            last_byte = here if self._clock.stands else self._last_byte
            yield "byte_idle", last_byte + limits.byte_idle - here  # as below: equal limits run out at the same time
        if phase == "body" and limits.event_idle is not None:
            yield "event_idle", self._last_content + limits.event_idle - here
        if limits.total is not None:
            yield "total", self._started + limits.total - now

    def _error(self, name: str) -> StreamkitError:
        seconds = getattr(self._limits, name)
        kind = ConnectError if name == "connect" else StalledError
        what, partial = f"{CLOCKS[name]} within {seconds:g} s", self._reading.snapshot(None)
        return kind(what, clock=name, retryable=name != "total", partial=partial)
