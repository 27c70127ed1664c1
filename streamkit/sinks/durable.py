"""The base class of sinks that store items: a number for every item, and the reply at the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Lock
from typing import Any, ClassVar, Literal

from ..checks import check_text
from ..engine.branches import OwnSink
from ..engine.upstream import new_id
from ..events import Reply

__all__ = ["Durable"]


class Durable(OwnSink, ABC):
    """Numbers the items of each stream from 0 and adds its `Reply`, unless that was an item itself.

    An attempt to store uses up a number, so a gap in the numbers is an item that could not be stored.
    """

    on_cancel: ClassVar[Literal["drain"]] = "drain"

    def __init__(self, stream: str | None) -> None:
        check_text("stream", stream, optional=True)
        if stream == "":
            raise ValueError("stream is an id, a str that is not empty")
        self.stream = stream or new_id()
        """The id of the stream that is being stored, or of the last one."""
        self._renew, self._ended = stream is None, False
        self._next, self._replied = 0, False
        self._lock = Lock()  # `write` may be called by several threads, if a caller shares this sink between them

    def begin(self, *, run_id: str) -> None:
        """Store the items that follow under this id, unless the stream was named."""
        if self._renew:
            with self._lock:
                self.stream, self._next, self._replied, self._ended = run_id, 0, False, False

    def _keep(self, item: Any) -> None:
        with self._lock:
            self._add(item)

    def _add(self, item: Any) -> None:
        if self._ended and self._renew:
            self.stream, self._next = new_id(), 0
        seq, self._ended = self._next, False
        self._next += 1
        self._store(item, seq)
        self._replied = isinstance(item, Reply)

    def _end(self, reply: Reply) -> None:
        with self._lock:
            try:
                if not self._replied:
                    self._add(reply)
            finally:
                self._replied, self._ended = False, True
                self._release()

    @abstractmethod
    def _store(self, item: Any, seq: int) -> None: ...

    @abstractmethod
    def _release(self) -> None:
        """Release file and lock; the next item opens them again."""
