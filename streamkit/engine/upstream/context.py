"""What all sources and operators of one run share, and what they know of each other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from reactivex import abc

from ...events import Outcome, Reply
from ..loops import report

__all__ = ["ByteListener", "Context", "Note", "ReplySource", "SentRequest", "Sources", "new_id"]

T = TypeVar("T")


def new_id() -> str:
    """32 hexadecimal digits, by chance, so that they are the only ones anywhere."""
    return os.urandom(16).hex()


class ByteListener(Protocol):
    """Sees what one source reads before it is parsed: `begin` for each request, `write` for each read of the body."""

    def begin(self, api: str, model: str) -> None: ...
    def write(self, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that a server took: its JSON, in the form of ``api``."""

    api: str
    body: Mapping[str, Any]


class ReplySource(Protocol):
    """One request's reply while it grows. ``sent_request`` is None until a server took it, and where it is not known;
    ``keeps_text`` says whether the Reply has the text."""

    @property
    def sent_request(self) -> SentRequest | None: ...
    @property
    def keeps_text(self) -> bool: ...
    def reply(self, outcome: Outcome | None = None) -> Reply: ...
    async def ended(self) -> None: ...


@dataclass(slots=True)
class Note:
    """What passed one place of a chain: how many items, and when (seconds on the loop's clock)."""

    items: int = 0
    first: float | None = None
    last: float | None = None
    error: Exception | None = None


class Context:
    """What all sources and operators of one run share."""

    __slots__ = (
        *("_streams", "abort", "cancelled", "closing", "failures", "listener_errors", "id", "left"),
        *("lost", "main", "notes", "readings", "replies"),
    )

    def __init__(self) -> None:
        self.id = new_id()
        """That of the run."""
        self._streams: dict[Hashable, int] = {}
        self.replies: list[ReplySource] = []
        """All requests, in order."""
        self.main: list[ReplySource] = []
        """Those of the main chain: the last one's reply is the run's."""
        self.readings: set[abc.DisposableBase] = set()
        """Those that are under way."""
        self.cancelled = self.left = False
        """Whether a run was told to end, and whether nobody reads any more what is no run."""
        self.notes: dict[str, Note] = {}
        self.closing: set[asyncio.Task[Any]] = set()
        """What still has to end when the stream has: a run waits for it."""
        self.abort: Callable[[BaseException], None] = report
        """Ends all of it because of KeyboardInterrupt or the like, which whoever asked then gets."""
        self.lost: Callable[[BaseException], None] = report
        """Tells the far end of the chain of an error that an operator kept from going down."""
        self.failures: list[Exception] | None = None
        """What went wrong beside the stream itself, if there is a run to raise it at its end."""
        self.listener_errors: list[Exception] = []
        """What listeners in the middle of the chain were told of."""

    def stream(self, place: Hashable = None) -> str:
        """The id of a stream that is kept in ``place``, if it numbers its items: the run's, with a number for each
        further one, as their items are numbered from 0 too."""
        if place is None:
            return self.id
        number = self._streams[place] = self._streams.get(place, 0) + 1
        return self.id if number == 1 else f"{self.id}.{number}"

    def current(self) -> ReplySource | None:
        """The source whose reply is the run's so far."""
        return (self.main or self.replies or [None])[-1]  # type: ignore[list-item]  # of all three kinds

    def stop_reading(self) -> None:
        """End every source, for want of a subscription that would end those in one chain."""
        for reading in tuple(self.readings):
            reading.dispose()

    def spawn(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """A task on behalf of the run."""
        task = loop.create_task(work, name=name)
        self.closing.add(task)
        task.add_done_callback(self.closing.discard)
        return task

    def insist(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Callable[[], Coroutine[Any, Any, None]],
        give_up: Callable[[], None],
        name: str,
    ) -> asyncio.Task[None]:
        """As `spawn`, for what must be done. The end of a loop cancels all tasks, and one that has not begun never
        does: then ``work`` begins once more. If that is cancelled too, ``give_up`` does what can be done at once."""

        def again(task: asyncio.Task[None]) -> None:
            if task.cancelled():
                self.spawn(loop, work(), name).add_done_callback(last)

        def last(task: asyncio.Task[None]) -> None:
            if task.cancelled():
                give_up()

        first = self.spawn(loop, work(), name)
        first.add_done_callback(again)
        return first


class Sources(list[ReplySource]):
    """The sources above one place of a chain, which are entered in the list below it too."""

    def __init__(self, below: list[ReplySource]) -> None:
        super().__init__()
        self._below = below

    def append(self, source: ReplySource) -> None:
        self._below.append(source)
        super().append(source)

    def extend(self, sources: Iterable[ReplySource]) -> None:
        for source in sources:
            self.append(source)
