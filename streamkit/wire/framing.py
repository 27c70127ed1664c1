"""The framings of a reply in the body of a response: server-sent events, or one JSON object per line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ..errors import StreamkitError
from .lines import LineDecoder
from .sse import BOM, FIELDS, Decoder, Item, ServerSentEvent

__all__ = ["LINES", "SSE", "Decoding", "Framing", "frame", "without_lead"]

LINE_END = re.compile(rb"\r\n|\r|\n")
UNSAFE = re.compile(r"[\r\n\0]")
LEAD = re.compile(rb"(?:\s|" + BOM + rb")*")


class Decoding(Protocol):
    """The interface by which a `Parser` splits a body into pieces; its members are described in `Decoder`. `flush`
    returns pieces that have no end mark and cannot have been cut."""

    @property
    def limit(self) -> int: ...
    @property
    def stray(self) -> list[tuple[int, str]]: ...
    @property
    def error(self) -> StreamkitError | None: ...
    @property
    def rest(self) -> ServerSentEvent | None: ...
    def split(self, chunk: bytes) -> list[Item]: ...
    def flush(self) -> list[ServerSentEvent]: ...


@dataclass(frozen=True, slots=True)
class Framing:
    """A way to put the pieces of a reply into a body.

    Attributes:
        media: its media type; ``called`` is the name for such a body in messages.
        begins: the beginnings of such a body; any other beginning is that of another kind of body under a wrong name.
        document: matches the beginning of a body that is one whole JSON document instead. ``doubtful``: matches a
            beginning after which more is needed to decide.
        decoder: makes the decoder that reads it, with a limit in bytes.
        block: writes a payload and its name (of an event, or None) as bytes, which end with ``end``.
        comment: a block without content that keeps a connection open; empty if readers would not understand it.
    """

    media: str
    called: str
    begins: tuple[bytes, ...]
    document: re.Pattern[bytes]
    doubtful: re.Pattern[bytes]
    decoder: Callable[[int], Decoding]
    block: Callable[[bytes, str | None], bytes]
    end: bytes
    comment: bytes

    def is_document(self, start: bytes) -> bool | None:
        """True if a body that begins with ``start`` is one JSON document; None as long as that is not decided."""
        start = without_lead(start)
        if not start or BOM.startswith(start) or self.doubtful.fullmatch(start):
            return None
        return self.document.match(start) is not None

    def is_stream(self, body: bytes) -> bool:
        """True if a whole ``body`` has this framing and is not a JSON document."""
        return without_lead(body).startswith(self.begins) and not self.is_document(body)


def without_lead(body: bytes) -> bytes:
    """``body`` without the white space, or the byte order mark, at its start."""
    return LEAD.sub(b"", body, count=1)


def frame(data: str | bytes, event: str | None = None, id: str | None = None) -> bytes:
    """One block of an event stream with ``data``, whatever line ends are in it (a reader sees LF).

    ValueError for an ``event`` or ``id`` with CR, LF or NUL: they would make further fields or events.
    """
    head = b""
    for name, value in (("event", event), ("id", id)):
        if value is None:
            continue
        if UNSAFE.search(value):
            raise ValueError(f"{name} must not hold CR, LF or NUL: {value!r}")
        head += f"{name}: {value}\n".encode("utf-8", "backslashreplace")
    body = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    return head + b"".join(b"data: " + line + b"\n" for line in LINE_END.split(body)) + b"\n"


def _line(data: bytes, event: str | None) -> bytes:
    """JSON as one line. A line cannot hold the name of an event."""
    return LINE_END.sub(b" ", data) + b"\n"


SSE = Framing(
    media="text/event-stream",
    called="an event stream",
    begins=FIELDS,
    document=re.compile(rb"[{\[]"),
    doubtful=re.compile(rb"(?!)"),
    decoder=partial(Decoder, leaves_names=True),
    block=frame,
    end=b"\n\n",
    comment=b": keep-alive\n\n",
)
LINES = Framing(
    media="application/x-ndjson",
    called="a stream of JSON lines",
    begins=(b"{",),
    document=re.compile(rb"\[|\{[ \t\r]*\n"),  # an object that goes on after its first line
    doubtful=re.compile(rb"\{[ \t\r]*"),
    decoder=LineDecoder,
    block=_line,
    end=b"\n",
    comment=b"",  # the official library of Ollama fails at a blank line
)
