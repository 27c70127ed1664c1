"""The clocks of one reply, on one timer that is moved lazily.

A network read costs a clock reading, never a timer; a new phase costs no timer if the one that is set fires in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Literal

from ...engine.streams import Reading
from ...errors import ConnectError, StalledError, StreamkitError
from .limits import CLOCKS, Limits

__all__ = ["Clocks"]

Phase = Literal["connect", "first_byte", "body", "pause"]


class Clocks:
    """The clocks of one reading: it is interrupted when a clock of ``limits`` runs out."""

    def __init__(self, reading: Reading, limits: Limits) -> None:
        self._reading, self._limits = reading, limits
        self._started = self._since = reading.loop.time()
        self._phase: Phase = "pause"
        self._last_byte = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, phase: Phase) -> None:
        """Begin a new phase now, and its clock with it."""
        reading = self._reading
        self._phase, self._since = phase, reading.loop.time()
        self._last_byte = reading.last_content = reading.time()
        self._arm()

    def read(self) -> None:
        """Note that bytes of the body have arrived."""
        reading = self._reading
        self._last_byte = reading.time()

    async def pause(self, seconds: float) -> None:
        """Wait between two requests; if a clock runs out meanwhile, its error is raised."""
        self.enter("pause")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            error = self._reading.interrupted()
            if error is None:
                raise
            raise error from None

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        remaining = min((remaining for _, remaining in self._running()), default=None)
        if remaining is None:
            return
        due = self._reading.loop.time() + max(remaining, 0.0)
        if self._timer is None or self._timer.when() > due:
            self.stop()
            self._timer = self._reading.loop.call_at(due, self._check)

    def _check(self) -> None:
        self._timer = None
        for name, remaining in self._running():
            if remaining <= 0:
                self._reading.interrupt(self._error(name))
                return
        self._arm()

    def _running(self) -> Iterator[tuple[str, float]]:
        """Each clock that runs in this phase, with the seconds it has left. Idle clocks use the time of the reading."""
        limits, phase = self._limits, self._phase
        now, here = self._reading.loop.time(), self._reading.time()
        if phase == "connect" and limits.connect is not None:
            yield "connect", self._since + limits.connect - now
        if phase == "first_byte" and limits.first_byte is not None:
            yield "first_byte", self._since + limits.first_byte - now
        if phase == "body" and limits.byte_idle is not None:
            yield "byte_idle", self._last_byte + limits.byte_idle - here
        if phase == "body" and limits.event_idle is not None:
            yield "event_idle", self._reading.last_content + limits.event_idle - here
        if limits.total is not None:
            yield "total", self._started + limits.total - now

    def _error(self, name: str) -> StreamkitError:
        seconds = getattr(self._limits, name)
        kind = ConnectError if name == "connect" else StalledError
        what, partial = f"{CLOCKS[name]} within {seconds:g} s", self._reading.snapshot(None)
        return kind(what, clock=name, retryable=name != "total", partial=partial)
