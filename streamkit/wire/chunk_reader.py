"""The way of a chunk through a dialect: most are a piece of text and nothing else, and are not read any further."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import from_json

from ..events import Event, TextDelta
from .heartbeats import is_heartbeat
from .sse import NamedLine, ServerSentEvent, event_of
from .templates import Places, Templates

__all__ = ["ChunkReader"]


class ChunkReader(ABC):
    """The base class of `Dialect`: tries the short ways first.

    Attributes:
        places: what templates of the chunks have to know.
    """

    places = Places()

    def __init__(self) -> None:
        self._templates = Templates(self.places)

    @abstractmethod
    def feed(self, sse: ServerSentEvent) -> Iterable[Event]:
        """The events of one server-sent event."""

    @abstractmethod
    def quick(self, chunk: Any) -> TextDelta | None:
        """The event of a chunk that is a piece of text and nothing else, as nearly all are; None for any other."""

    def feed_line(self, data: bytes, name: bytes = b"") -> Iterable[Event]:
        """The events of a server-sent event that is nothing but one line of ``data``, and perhaps a name."""
        templates = self._templates
        if templates.current is not None and templates.name == name:
            event = templates.current.event(data)
            if event is not None:
                return (event,)
        word = name.decode("utf-8", "replace")
        try:
            chunk = from_json(data)
        except ValueError:
            chunk = None
        if chunk is None or (word and is_heartbeat(word)):
            return self.feed(event_of(NamedLine(name, data)))
        event = self.quick(chunk)
        if event is None:
            return self._events(chunk, "" if word == "message" else word)
        templates.learn(data, name, event.index, self._pieces())
        return (event,)

    def feed_object(self, chunk: Any, name: str = "") -> Iterable[Event]:
        """The events of one parsed chunk; ``name`` is the name of its server-sent event, if it had one."""
        event = self.quick(chunk)
        return self._events(chunk, name) if event is None else (event,)

    @abstractmethod
    def _events(self, chunk: Any, name: str) -> Iterator[Event]:
        """The events of any chunk."""

    def _pieces(self) -> list[str] | None:
        """The list to which `quick` adds each text, if there is one."""
        return None
