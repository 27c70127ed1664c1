"""A bus: replies that others follow, in this process or in others, and that outlive those who read them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from inspect import isclass
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

from ..checks import check_number, check_one_of, check_reply_id, quote, quote_refused
from ..engine.loops import running_loop
from ..engine.runs import Run, start
from ..engine.streams import ItemKind, ReplyStream, Stream, with_kind
from ..errors import BusError
from ..sinks import BusSink
from ..sources import stream
from .following import Following, appearance
from .home import Asked, at_home, insist
from .hub import Hub
from .log import Answer, Log, Status
from .position import Position
from .reading import Followed, Placed, placed_events
from .writer import Writer

__all__ = ["Bus"]

METHODS = ("open", "append", "take_over", "beat", "cancel", "read", "tail", "status", "close")
"""Those of a `Log`."""


class Bus:
    """Replies in a `Log`. Made by `bus.memory` and `bus.redis`, or with a log of one's own.

        with bus.redis("redis://localhost:6379/0") as replies:
            run = sk.start(client.chat("Hi"), sinks.bus(replies))
            sk.run(replies.follow(run.id, wait=5), sk.on(text=print))

    It may be used in any thread and on any event loop, by any number of runs. TypeError for what is not a log.

    ``dead_after`` is the number of seconds without a sign of life after which a writer counts as dead, and
    ``give_up_after`` that for which storage that cannot be reached is tried again. Use the same ``dead_after``
    wherever a reply is written or followed: a writer gives five signs of life in that time.
    """

    _misplaced: ClassVar[dict[str, str]] = {
        "stream": ": write replies.follow(reply_id)",
        "operator": "a bus: write sk.run(stream, sinks.bus(replies))",
        "sink": "a bus is not a sink: write sinks.bus(replies)",
    }

    def __init__(self, log: Log, *, dead_after: float = 10.0, give_up_after: float = 30.0) -> None:
        if isclass(log) or not all(callable(getattr(log, name, None)) for name in METHODS):
            hint = ": write bus.redis(url)" if isinstance(log, str) else ""
            raise TypeError(f"a bus is made with an object that has the methods of bus.Log, not {quote(log)}{hint}")
        self._log = log
        self._dead_after = check_number("dead_after", dead_after)
        self._give_up_after = check_number("give_up_after", give_up_after, above=False)
        self._hub = Hub(log, self._dead_after, self._give_up_after)
        self._attempts: set[asyncio.Future[None]] = set()

    def follow(
        self,
        reply_id: str,
        after: str | None = None,
        *,
        wait: float = 0.0,
        on_dead_writer: Literal["fail", "restart"] = "fail",
        attempt: ReplyStream | None = None,
    ) -> ReplyStream:
        """The events of a reply from the first, or from the one after the position ``after``, and its `Reply`.

            for event in replies.follow("r-1", wait=5):
                ...

        ``wait`` is the number of seconds to wait for the reply if it has not begun. If its writer dies, followers get
        a `BrokenError`; with ``on_dead_writer="restart"`` one of them starts ``attempt``, such as ``client.chat(...)``,
        which is paid for, and all get a `Restart` and its events.

        `BusError` for a position that is malformed, at once; and when the stream starts, for a reply or a position
        that is not there. `ConnectError` if the storage cannot be reached for a while.
        """
        return ReplyStream(Followed(self._following(reply_id, after, wait, on_dead_writer, attempt)), label="follow")

    def positions(
        self,
        reply_id: str,
        after: str | None = None,
        *,
        wait: float = 0.0,
        on_dead_writer: Literal["fail", "restart"] = "fail",
        attempt: ReplyStream | None = None,
    ) -> Stream[Placed]:
        """The events of a reply as of `follow`, each with its position: `Placed`.

            for position, event in replies.positions("r-1", after=last):
                ...

        Options and errors are those of `follow`; the error that ended a reply has no position, and after the last event
        there is none.
        """
        kind = ItemKind("values", "positions", "follow(reply_id) gives the events themselves")
        following = self._following(reply_id, after, wait, on_dead_writer, attempt)
        return with_kind(stream(partial(placed_events, following)), kind)

    def cancel(self, reply_id: str, *, wait: float = 0.0) -> Asked[bool]:
        """Ask the writer to stop, wherever it is: its run is cancelled.

            stopped = await replies.cancel("r-1", wait=5)

        False if the reply has ended already, or has not begun within ``wait`` seconds. True says that the writer is
        asked: it hears of that with the answer to its next batch or sign of life, within a fifth of ``dead_after``.
        `ConnectError` if the storage cannot be reached.
        """
        return Asked(self._cancel, check_reply_id(reply_id), check_number("wait", wait, above=False))

    def status(self, reply_id: str) -> Asked[Status | None]:
        """The state of a reply: whether it is still written, and the last sign of life. None if there is no such reply.

            status = await replies.status("r-1")

        `ConnectError` if the storage cannot be reached.
        """
        return Asked(self._status, check_reply_id(reply_id))

    def writer(self, reply_id: str, on_cancel: Callable[[], None], *, taken: Answer | None = None) -> Writer:
        """A writer of a reply; `sinks.bus` has one for each run. ``on_cancel`` is called, in another thread, when the
        reply is cancelled from elsewhere."""
        return Writer(
            self._log,
            reply_id,
            on_cancel,
            beat_every=self._dead_after / 5,
            give_up_after=self._give_up_after,
            taken=taken,
        )

    def close(self) -> None:
        """Close the connections, without waiting for that where a loop is running. They are opened again with the
        next use."""
        asked = Asked(self._log.close)
        if running_loop() is None:
            asked.result()

    async def aclose(self) -> None:
        """Close the connections."""
        await at_home(self._log.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    def _following(
        self, reply_id: str, after: str | None, wait: float, on_dead_writer: str, attempt: ReplyStream | None
    ) -> Following:
        check_one_of("on_dead_writer", on_dead_writer, ("fail", "restart"))
        if (attempt is not None) != (on_dead_writer == "restart"):
            raise ValueError('on_dead_writer="restart" and attempt=<the stream that asks again> belong together')
        if attempt is not None:
            _check_attempt(attempt)
        wait = check_number("wait", wait, above=False)
        place = None if after is None else _position(after)
        begin = None if attempt is None else partial(self._begin, reply_id, attempt)
        reply_id = check_reply_id(reply_id)
        return Following(self._log, self._hub, reply_id, place, wait, self._give_up_after, begin)

    def _begin(self, reply_id: str, attempt: ReplyStream, taken: Answer) -> None:
        """Begin a new attempt at a reply that was taken over. Called on the background loop."""
        run = start(attempt, BusSink(_Successor(self, taken), reply_id))
        if taken.is_cancelled:  # before its writer died: nothing is asked for any more, and the reply ends
            run.cancel()
        task = asyncio.ensure_future(_unheard(run))
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)

    async def _cancel(self, reply_id: str, wait: float) -> bool:
        await appearance(self._log, reply_id, wait)
        return (await insist(lambda: self._log.cancel(reply_id), wait)).verdict == "ok"

    async def _status(self, reply_id: str) -> Status | None:
        return await insist(lambda: self._log.status(reply_id), 0)


class _Successor:
    """A bus as the sink of a new attempt sees it: its writer goes on after the one that has died."""

    def __init__(self, bus: Bus, taken: Answer) -> None:
        self._bus, self._taken = bus, taken

    def writer(self, reply_id: str, on_cancel: Callable[[], None]) -> Writer:
        return self._bus.writer(reply_id, on_cancel, taken=self._taken)


def _check_attempt(attempt: object) -> None:
    if not isinstance(attempt, ReplyStream):
        wanted = "the stream of the events of a reply, as client.chat(...) gives"
        hint = ": call it" if callable(attempt) else ""
        raise TypeError(f"attempt is {wanted}, not {quote_refused(attempt)}{hint}")
    if isinstance(attempt.source, Followed):
        raise TypeError("attempt asks the model again, as client.chat(...) does; to follow a reply is not that")


def _position(after: object) -> Position:
    """The position that the user has given."""
    if not isinstance(after, str):
        hint = ": write placed.position" if isinstance(after, Placed) else ""
        raise TypeError(f"after is a position, which is a str, not {quote_refused(after)}{hint}")
    place = Position.parse(after)
    if place is None:
        raise BusError(f"{quote(after)} is not a position, such as 1796044985264-0.3", reason="malformed")
    return place


async def _unheard(run: Run[Any]) -> None:
    """Wait for a run; whoever follows the reply hears of its failure."""
    with suppress(Exception):
        await run
