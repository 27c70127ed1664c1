"""A sink that writes the events of a reply to a bus, where others follow them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from inspect import isclass
from typing import Any, ClassVar, Literal, Protocol

from ..checks import check_reply_id, quote_refused
from ..engine.branches import OwnSink
from ..engine.upstream import at_work, new_id
from ..errors import SinkError, StreamkitError
from ..events import Reply
from ..worker import closing_limit

__all__ = ["BusSink", "bus"]


class ReplyWriter(Protocol):
    """A writer of one reply."""

    failure: StreamkitError | None

    @property
    def has_end(self) -> bool: ...

    def add(self, item: Any) -> None: ...

    async def ended(self) -> None: ...


class WritableBus(Protocol):
    """A bus as far as this sink needs it; `streamkit.bus.Bus` is one."""

    def writer(self, reply_id: str, on_cancel: Callable[[], None]) -> ReplyWriter: ...


class BusSink(OwnSink):
    """Writes events to a bus; see `bus`."""

    on_cancel: ClassVar[Literal["drain"]] = "drain"
    storage = "bus"
    _works_on: ClassVar[tuple[str, str]] = ("sinks.bus()", "events")

    def __init__(self, bus: WritableBus, reply_id: str | None) -> None:
        if isclass(bus) or not callable(getattr(bus, "writer", None)):
            is_url = isinstance(bus, str) and "://" in bus
            hint = ": write bus.redis(url)" if is_url else ": call it" if callable(bus) else ""
            raise TypeError(f"sinks.bus takes a bus, such as bus.redis(url) gives, not {quote_refused(bus)}{hint}")
        self._bus, self._named = bus, None if reply_id is None else check_reply_id(reply_id)
        self._run_id: str | None = None
        self._writer: ReplyWriter | None = None
        self._error: StreamkitError | None = None

    def begin(self, *, run_id: str) -> None:
        self._run_id = run_id
        self._open()

    def write(self, item: Any) -> None:
        try:
            (self._writer or self._open()).add(item)
        except TypeError as exc:  # followers hear of it, too: what they have is not all that there was
            self._error = SinkError.wrapping("the reply cannot be written to the bus:", exc)
            raise

    def fail(self, error: Exception) -> None:
        self._error = error if isinstance(error, StreamkitError) else SinkError.wrapping("the stream failed:", error)

    async def close(self, reply: Reply) -> None:
        writer, self._writer = self._writer or self._open(), None
        error, self._error = self._error, None
        if not writer.has_end and writer.failure is None:
            writer.add(reply if error is None else error.with_partial(reply))
        limit = closing_limit(reply)
        try:
            await asyncio.wait_for(writer.ended(), limit)
        except TimeoutError:
            message = f"the bus has not taken the end of the reply within {limit:g} s; it is tried further"
            raise SinkError(message) from None
        if writer.failure is not None:
            raise writer.failure

    def _open(self) -> ReplyWriter:
        run_id = self._run_id
        writer = self._writer = self._bus.writer(self._named or run_id or new_id(), lambda: _cancel(run_id))
        return writer

    def __repr__(self) -> str:
        return "<bus>"


def _cancel(run_id: str | None) -> None:
    entry = at_work.get(run_id or "")
    if entry is not None:
        entry.run().cancel()


def bus(bus: WritableBus, reply_id: str | None = None) -> BusSink:
    """A sink that writes a reply to a bus, where others follow it: `streamkit.bus`.

        replies = bus.redis("redis://localhost:6379/0")
        run = sk.start(client.chat("Hi"), sinks.bus(replies))
        run.id  # what others follow

    Writing never waits: events are collected for 50 ms or 128 characters at most, and appended in the background. The
    id of the reply is ``reply_id``, or that of the run: of 1 to 128 letters, digits and ``._:-``, and used once
    (ValueError, and a `SinkError` of the second run).

    events → entries of the bus, the last of which holds the `Reply` or the error. If the bus cannot be reached for
    ``give_up_after`` seconds, or another writer has taken over, the sink fails: the run goes on, and ends with a
    `SinkError`.
    """
    return BusSink(bus, reply_id)
