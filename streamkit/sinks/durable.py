"""What sinks that keep things have in common: a number for every item, and the reply at the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Lock
from typing import Any, ClassVar, Literal
from uuid import uuid4

from ..events import Reply

__all__ = ["Durable", "new_stream"]


def new_stream(given: str | None = None) -> str:
    """``given`` if it can be a stream's id, else a new one."""
    if given is not None and not (isinstance(given, str) and given):
        raise ValueError(f"stream is an id, a str that is not empty, not {given!r}")
    return given or uuid4().hex


class Durable(ABC):
    """Numbers the items of each stream from 0 and adds its `Reply`, unless that was an item itself.

    A number is used up by an attempt to store, so a gap tells of an item that could not be stored.
    """

    on_cancel: ClassVar[Literal["drain"]] = "drain"

    def __init__(self, stream: str | None) -> None:
        self.stream = new_stream(stream)
        """The id of the stream that is being stored, or was the last."""
        self._renew, self._over = stream is None, False
        self._next, self._replied = 0, False
        self._turn = Lock()  # of two runs in two threads, one may close the file only between two items of the other

    def _keep(self, item: Any) -> None:
        with self._turn:
            self._add(item)

    def _add(self, item: Any) -> None:
        if self._over and self._renew:
            self.stream, self._next = new_stream(), 0
        seq, self._over = self._next, False
        self._next += 1
        self._store(item, seq)
        self._replied = isinstance(item, Reply)

    def _end(self, reply: Reply) -> None:
        with self._turn:
            try:
                if not self._replied:
                    self._add(reply)
            finally:
                self._replied, self._over = False, True
                self._release()

    @abstractmethod
    def _store(self, item: Any, seq: int) -> None: ...

    @abstractmethod
    def _release(self) -> None:
        """Let go of file and lock; the next item opens them again."""
