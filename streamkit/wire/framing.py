"""How the pieces of a reply are told apart in the body of an answer: as server-sent events, or a JSON object a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..errors import StreamkitError
from .sse import Decoder, ServerSentEvent

__all__ = ["SSE", "Decoding", "Framing", "frame"]

LINE_END = re.compile(rb"\r\n|\r|\n")
UNSAFE = re.compile(r"[\r\n\0]")


class Decoding(Protocol):
    """What a `Parser` needs to cut a body into pieces; `Decoder` says what the members are."""

    @property
    def limit(self) -> int: ...
    @property
    def stray(self) -> list[tuple[int, str]]: ...
    @property
    def error(self) -> StreamkitError | None: ...
    @property
    def rest(self) -> ServerSentEvent | None: ...
    def split(self, chunk: bytes) -> list[bytes | ServerSentEvent]: ...
    def flush(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Framing:
    """A way to put pieces into a body: its media type, who reads it with a limit in bytes, and how a payload and its
    name (of an event, or None) are written."""

    media: str
    decoder: Callable[[int], Decoding]
    block: Callable[[bytes, str | None], bytes]


def frame(data: str | bytes, event: str | None = None, id: str | None = None) -> bytes:
    """One block of an event stream that says ``data``, whatever line ends are in it (a reader sees LF).

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


SSE = Framing("text/event-stream", Decoder, frame)
